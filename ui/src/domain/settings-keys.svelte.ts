/**
 * Changing the keys: one action waits for a key press; a key that is taken is refused with the name of who has it, and
 * can be exchanged with that one.
 *
 * `KeyEditor` asks the window's keymap and keeps changes as preferences. Neighbours: `domain/keys`, `views/settings`.
 */
import { t } from '$language';
import { both } from './format';
import { actionName, chordOf, firstKeys, printed, type ActionId, type KeyOverrides } from './keys';
import type { WindowController } from './window.svelte';

/** `action` takes `chord` from `other`, which gets the key that `action` gives up. */
export interface Exchange {
  action: ActionId;
  chord: string;
  other: ActionId;
}

export class KeyEditor {
  /** The action that waits for a key. */
  waiting = $state<ActionId | null>(null);
  /** Why the last key was refused. */
  refusal = $state<string | null>(null);

  /** What the refused key could be exchanged for. */
  offer = $state.raw<Exchange | null>(null);

  constructor(private readonly shell: WindowController) {}

  get #overrides(): KeyOverrides {
    return this.shell.preferences.keys;
  }

  /** The next key press becomes the key of `action`. Until then the window's keys rest. */
  wait(action: ActionId): void {
    this.waiting = action;
    this.#accept();
    this.shell.actions.suspended = true;
  }

  stopWaiting(): void {
    this.waiting = null;
    this.offer = null;
    this.shell.actions.suspended = false;
  }

  /** Takes the offer. The other action keeps what else it has, and gets no key that would clash. */
  exchange(): void {
    const { offer } = this;
    if (offer === null) return;
    const { action, chord, other } = offer;
    const { keymap } = this.shell;
    const [given] = keymap.keysOf(action);
    const rest = keymap.keysOf(other).filter((key) => key !== chord);
    const fits =
      given !== undefined && keymap.clashes(other, given).every((clash) => clash === action);
    const keys = fits ? [given, ...rest] : rest;
    this.#save({ ...this.#overrides, [action]: [chord], [other]: keys });
    this.#accept();
    this.stopWaiting();
  }

  #accept(): void {
    this.refusal = null;
    this.offer = null;
  }

  /** Takes a key press while an action waits. Escape alone leaves things as they are, and Enter takes an offer. */
  press(event: KeyboardEvent): void {
    const action = this.waiting;
    if (action === null) return;
    event.preventDefault();
    event.stopPropagation();
    const chord = chordOf(event);
    if (chord === null) return;
    if (chord === 'Escape') {
      this.#accept();
      this.stopWaiting();
      return;
    }
    if (chord === 'Enter' && this.offer !== null) return this.exchange();
    const taken = this.shell.keymap.clashes(action, chord);
    if (taken.length > 0) {
      const actions = both(taken.map((other) => `“${actionName(other)}”`));
      this.refusal = t('settings.keys.taken', { key: printed(chord), actions });
      const [other, ...more] = taken;
      const single = other !== undefined && more.length === 0;
      this.offer = single ? { action, chord, other } : null;
      return;
    }
    this.#save({ ...this.#overrides, [action]: [chord] });
    this.#accept();
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
    const taken = firstKeys(keymap.preset, action).flatMap((chord) =>
      keymap.clashes(action, chord),
    );
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
