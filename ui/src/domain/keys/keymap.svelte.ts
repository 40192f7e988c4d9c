/**
 * Which key means what: the keys of a preset with the reviewer's own laid over them.
 *
 * A single character can be made to need Alt, so that a stray touch or speech input cannot decide anything.
 */
import { ACTION_IDS, ACTIONS, overlap, type ActionId } from './actions';
import { isSingleCharacter } from './chord';
import { firstKeys, type KeyPreset } from './presets';

export interface Conflict {
  chord: string;
  actions: [ActionId, ActionId];
}

export type KeyOverrides = Partial<Record<ActionId, string[]>>;

export class Keymap {
  preset = $state<KeyPreset>('saring');
  overrides = $state.raw<KeyOverrides>({});
  /** False: single characters need Alt. */
  singleKeys = $state(true);

  readonly conflicts = $derived(findConflicts((action) => this.keysOf(action)));

  /** The keys of an action as they are set, before `singleKeys`. */
  keysOf(action: ActionId): readonly string[] {
    return this.overrides[action] ?? firstKeys(this.preset, action);
  }

  /** The keys that have to be pressed. */
  pressed(action: ActionId): string[] {
    return this.keysOf(action).map((chord) =>
      !this.singleKeys && isSingleCharacter(chord) ? `Alt+${chord}` : chord,
    );
  }

  /** What is printed on the button, null if the action has no key. */
  mainKey(action: ActionId): string | null {
    return this.pressed(action)[0] ?? null;
  }

  /** Every action that a chord may mean; which one is decided by what can be done now. */
  meanings(chord: string): ActionId[] {
    return ACTION_IDS.filter((action) => this.pressed(action).includes(chord));
  }

  /** What `action` would clash with if it had `chord`. */
  clashes(action: ActionId, chord: string): ActionId[] {
    return ACTION_IDS.filter(
      (other) =>
        other !== action &&
        overlap(ACTIONS[other].scope, ACTIONS[action].scope) &&
        this.keysOf(other).includes(chord),
    );
  }

  /** Gives an action its keys; an empty list takes them away, null puts the first ones back. */
  remap(action: ActionId, keys: string[] | null): void {
    const { [action]: _old, ...others } = this.overrides;
    this.overrides = keys === null ? others : { ...others, [action]: keys };
  }

  reset(): void {
    this.overrides = {};
  }
}

/** Pairs of actions that would answer to the same key at the same time. */
export function findConflicts(keysOf: (action: ActionId) => readonly string[]): Conflict[] {
  const found: Conflict[] = [];
  for (const [index, first] of ACTION_IDS.entries()) {
    for (const second of ACTION_IDS.slice(index + 1)) {
      if (!overlap(ACTIONS[first].scope, ACTIONS[second].scope)) continue;
      for (const chord of keysOf(first)) {
        if (keysOf(second).includes(chord)) found.push({ chord, actions: [first, second] });
      }
    }
  }
  return found;
}
