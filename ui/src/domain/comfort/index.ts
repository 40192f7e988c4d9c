/** What makes the work easier to bear, for those who want it: covered words and reminders of a break. */
export { BreakController } from './breaks.svelte';
export { MutedWords } from './muted.svelte';
export { cutAt, readWords, stretches, type Stretch, type WordList } from './muting';
