/** Named actions, the keys that mean them, and the place where the two meet. */
export {
  ACTIONS,
  ACTION_IDS,
  actionName,
  numberedAction,
  type ActionId,
  type ActionInfo,
  type Scope,
} from './actions';
export { chordOf, isSingleCharacter, printed, takesText } from './chord';
export { KEY_SECTIONS, sectionTitle, type KeySection } from './sections';
export { Keymap, type Conflict, type KeyOverrides } from './keymap.svelte';
export { firstKeys, KEY_PRESETS, type KeyPreset } from './presets';
export { ActionHub, type Handler, type Handlers } from './action-hub.svelte';
