/** The frame of the window, the palette, the first start. */
export const frame = {
  'screen.queues': 'Queues',
  'screen.review': 'Review',
  'screen.adjudicate': 'Settle',
  'screen.team': 'Team',
  'screen.import': 'Import',
  'screen.run': 'Run',
  'screen.guards': 'Guards',
  'screen.export': 'Export',
  'screen.insight': 'Insight',
  'screen.settings': 'Settings',
  'frame.screens': 'Screens',
  'frame.dropGuard': 'Let go to add the guard',
  'frame.dropImport': 'Let go to import',

  'palette.title': 'All commands',
  'palette.placeholder': 'Type a command, a screen, a queue or a saved filter',
  'palette.empty': 'Nothing of that name',
  'palette.now': 'Now',
  'palette.review': 'Review a queue',
  'palette.saved': 'Open a saved filter',
  'palette.pending': '{{n, number}} pending',

  'start.title': 'Three ways to begin',
  'start.text':
    'A guard pre-labels items on this machine, you confirm or correct. Nothing leaves the machine.',
  'start.demo': 'Try the demo',
  'start.demoText':
    'Harmless items in eight languages and a small guard that is already here. Ten minutes show how it goes.',
  'start.demoOpen': 'Open the demo',
  'start.demoScores': 'What it scores on the demo queue',
  'start.guard': 'Add a guard',
  'start.guardText':
    'A folder with a SEA-Guard or Qwen3Guard checkpoint, as the model hub ships it.',
  'start.guardChoose': 'Choose a folder…',
  'start.import': 'Import a file',
  'start.importText':
    'JSONL or CSV. You see its rows and choose the columns before anything is saved.',
  'start.importChoose': 'Choose a file…',
  'start.scoresAbout':
    'AUPRC on the held-out demo queue. It says that the toy has learned the toy’s task, and nothing about real content.',
  'start.demoGuard': 'Demo guard',
  'start.baseline': 'n-gram baseline',
} as const;
