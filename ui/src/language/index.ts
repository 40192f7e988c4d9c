/**
 * Every text of the window: what it says, in which language, and how numbers are written there.
 *
 * `en/` holds the texts by area and is what a key is checked against; `id/` must have the same ones, or nothing compiles.
 * `tests/language.test.ts` finds keys that nobody uses and words that bypass all this. Neighbours: everything above it;
 * this folder knows nothing of the program.
 */
export {
  LANGUAGES,
  LANGUAGE_NAMES,
  language,
  speak,
  systemLanguage,
  t,
  type Language,
} from './current.svelte';
export { around, type FailureCode, type MessageKey } from './message';
