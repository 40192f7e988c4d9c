/**
 * Sets of first keys. Ours is the one in `actions.ts`; the others say only what differs from it.
 *
 * Prodigy's: what is chosen by digit is sent off with A, and Backspace or Delete takes back.
 */
import { ACTIONS, type ActionId } from './actions';

export const KEY_PRESETS = ['saring', 'prodigy'] as const;
export type KeyPreset = (typeof KEY_PRESETS)[number];

const DIFFERING: Record<KeyPreset, Partial<Record<ActionId, readonly string[]>>> = {
  saring: {},
  prodigy: { submit: ['A'], undo: ['Backspace', 'Delete', 'Ctrl+Z'] },
};

/** The keys that an action has in a set before the reviewer changes them. */
export function firstKeys(preset: KeyPreset, action: ActionId): readonly string[] {
  return DIFFERING[preset][action] ?? ACTIONS[action].keys;
}
