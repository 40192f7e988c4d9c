/** Covers, muted words and breaks: worded so that nothing is promised. */
export const comfort = {
  'comfort.title': 'Comfort',
  'comfort.text':
    'All of this is optional and yours alone: it is kept with your pseudonym. People differ in what they find easier, and none of it replaces a break.',
  'comfort.smallImages': 'Small images',
  'comfort.smallImagesHint': 'Images and their small copies take less room; they can be enlarged',
  'comfort.break': 'Remind me of a break',
  'comfort.never': 'Never',
  'comfort.afterMinutes': 'After {{n, number}} min',
  'comfort.muted': 'Covered words',
  'comfort.mutedText':
    'Words that you would rather not meet unprepared are covered in items until you reveal them. The lists stay on this machine.',
  'comfort.listName': 'Kind of words',
  'comfort.words': 'Words',
  'comfort.wordsHint':
    'One word or phrase a line. A star at its end also covers words that begin with it',
  'comfort.cover': 'Cover these words',
  'comfort.addList': 'Add a list',
  'comfort.removeList': 'Remove the list',
  'comfort.word': 'covered word: {{list}}',
  'comfort.breakDue': 'You have been reviewing for {{minutes, number}} min.',
  'comfort.unsafeSeen_one': '{{count, number}} unsafe item was on screen.',
  'comfort.unsafeSeen_other': '{{count, number}} unsafe items were on screen.',
  'comfort.takeBreak': 'Take a break',
  'comfort.later': 'In 10 minutes',
  'comfort.resting': 'A break',
  'comfort.restingText': 'Nothing of the queue is in view. It waits for you as you left it.',
  'comfort.back': 'Go on reviewing',
} as const;
