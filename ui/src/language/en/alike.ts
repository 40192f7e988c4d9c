/** What is nearly the same as the item, its language, and its encoding. */
export const alike = {
  'alike.title': 'Nearly the same',
  'alike.nothing': 'Nothing in this queue is nearly the same',
  'alike.found_one': '{{count, number}} item, {{open, number}} undecided',
  'alike.found_other': '{{count, number}} items, {{open, number}} undecided',
  'alike.foundMore': 'more than {{count, number}} items, {{open, number}} of these undecided',
  'alike.together': 'Decide these together with it',
  'alike.armed_one': 'Your next label goes to {{count, number}} more item',
  'alike.armed_other': 'Your next label goes to {{count, number}} more items',
  'alike.text': 'text {{share}} different',
  'alike.pictures': 'images {{n, number}} of 256 bits different',
  'alike.decided_one': '{{said}}, and {{count, number}} more item',
  'alike.decided_other': '{{said}}, and {{count, number}} more items',

  'itemLanguage.title': 'Language of the item',
  'itemLanguage.file': 'The file says so',
  'itemLanguage.detected': 'Detected: the file does not say',
  'itemLanguage.corrected': 'A reviewer says so',
  'itemLanguage.none': 'Neither the file nor the text says',
  'itemLanguage.saved': 'Language: {{name}}',

  'zawgyi.name': 'Zawgyi, shown in Unicode',
  'zawgyi.title': 'Written in the Zawgyi encoding; shown in Unicode, as guards read it',
} as const;
