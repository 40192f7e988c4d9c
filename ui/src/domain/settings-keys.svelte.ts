/**
 * Changing the keys: one action waits for a key press; a key that is taken is refused with the name of who has it.
 *
 * `KeyEditor` asks the window's keymap and keeps changes as preferences. Neighbours: `domain/keys`, `views/settings`.
 */
import { t } from '$language';
import { both } from './format';
import { actionName, ACTIONS, chordOf, printed, type ActionId, type KeyOverrides } from './keys';
import type { WindowController } from './window.svelte';

export class KeyEditor {
  /** The action that waits for a key. */
  waiting = $state<ActionId | null>(null);
  /** Why the last key was refused. */
  refusal = $state<string | null>(null);

  constructor(private readonly shell: WindowController) {}

  get #overrides(): KeyOverrides {
    return this.shell.preferences.keys;
  }

  /** The next key press becomes the key of `action`. Until then the window's keys rest. */
  wait(action: ActionId): void {
    this.waiting = action;
    this.refusal = null;
    this.shell.actions.suspended = true;
  }

  stopWaiting(): void {
    this.waiting = null;
    this.shell.actions.suspended = false;
  }

  /** Takes a key press while an action waits. Escape alone leaves things as they are. */
  press(event: KeyboardEvent): void {
    const action = this.waiting;
    if (action === null) return;
    event.preventDefault();
    event.stopPropagation();
    const chord = chordOf(event);
    if (chord === null) return;
    if (chord === 'Escape') {
      this.stopWaiting();
      return;
    }
    const taken = this.shell.keymap.clashes(action, chord);
    if (taken.length > 0) {
      const actions = both(taken.map((other) => `“${actionName(other)}”`));
      this.refusal = t('settings.keys.taken', { key: printed(chord), actions });
      return;
    }
    this.#save({ ...this.#overrides, [action]: [chord] });
    this.refusal = null;
    this.stopWaiting();
  }

  /** The action can be reached by button and palette only. */
  takeAway(action: ActionId): void {
    this.#save({ ...this.#overrides, [action]: [] });
  }

  isChanged(action: ActionId): boolean {
    return this.#overrides[action] !== undefined;
  }

  /** Puts the first keys of an action back, unless another action has been given one of them since. */
  restore(action: ActionId): void {
    const { keymap } = this.shell;
    const taken = ACTIONS[action].keys.flatMap((chord) => keymap.clashes(action, chord));
    const [other] = taken;
    if (other !== undefined) {
      this.refusal = t('settings.keys.restoreTaken', { action: actionName(other) });
      return;
    }
    const rest = { ...this.#overrides };
    delete rest[action];
    this.refusal = null;
    this.#save(rest);
  }

  restoreAll(): void {
    this.refusal = null;
    this.#save({});
  }

  #save(keys: KeyOverrides): void {
    void this.shell.prefer({ keys });
  }
}
