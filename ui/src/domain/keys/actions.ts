/**
 * Everything that can be done by key, as data: the names of actions, what they are called, where they hold and the keys
 * that they have at first.
 *
 * Neighbours: `keymap.svelte.ts` lays the reviewer's changes over it, `action-hub.svelte.ts` runs what is meant.
 */

/**
 * Where an action holds. `label` and `armed` are the two steps of a decision and exclude each other, so they may share
 * keys. `picture` holds while a picture is enlarged: its keys come before those of the review, and after those of a
 * decision, and may be theirs otherwise. Every other pair overlaps.
 */
export type Scope = 'window' | 'review' | 'label' | 'armed' | 'picture';

export interface ActionInfo {
  name: string;
  scope: Scope;
  /** Chords: modifiers in the order Ctrl, Alt, Shift, joined by "+", then the key. The first is printed on the button. */
  keys: readonly string[];
  /** May repeat while the key is held. */
  repeats?: true;
  /** Works while a text field has the focus. */
  inText?: true;
}

const LABELS_MAX = 5;
const CATEGORIES_MAX = 10;

function numbered(
  count: number,
  prefix: 'label' | 'category',
  name: string,
  scope: Scope,
): [string, ActionInfo][] {
  return Array.from({ length: count }, (_, index) => [
    `${prefix}-${index + 1}`,
    { name: `${name} ${index + 1}`, scope, keys: [String((index + 1) % 10)] },
  ]);
}

const FIXED = {
  'zoom-fit': { name: 'Fit the image in its box', scope: 'picture', keys: ['0'] },
  'pan-left': {
    name: 'Left part of the image',
    scope: 'picture',
    keys: ['ArrowLeft'],
    repeats: true,
  },
  'pan-right': {
    name: 'Right part of the image',
    scope: 'picture',
    keys: ['ArrowRight'],
    repeats: true,
  },
  'pan-up': { name: 'Upper part of the image', scope: 'picture', keys: ['ArrowUp'], repeats: true },
  'pan-down': {
    name: 'Lower part of the image',
    scope: 'picture',
    keys: ['ArrowDown'],
    repeats: true,
  },
  accept: { name: 'Accept the suggestion', scope: 'review', keys: ['A'] },
  reject: { name: 'Reject the suggestion', scope: 'review', keys: ['X'] },
  'refusal-yes': { name: 'The response refuses', scope: 'armed', keys: ['R'] },
  'refusal-no': { name: 'The response complies', scope: 'armed', keys: ['C'] },
  commit: { name: 'Save, or go on', scope: 'review', keys: ['Enter'] },
  disarm: { name: 'Back to the choice of labels', scope: 'armed', keys: ['Escape'] },
  skip: { name: 'Skip', scope: 'review', keys: ['Space'] },
  escalate: { name: 'Escalate', scope: 'review', keys: ['E'] },
  flag: { name: 'Flag, or take the flag off', scope: 'review', keys: ['F'] },
  quarantine: { name: 'Quarantine', scope: 'review', keys: ['Q'] },
  undo: { name: 'Undo', scope: 'review', keys: ['Ctrl+Z', 'Backspace'] },
  note: { name: 'Write a note', scope: 'review', keys: ['N'] },
  policy: { name: 'Policy', scope: 'review', keys: ['H'] },
  next: {
    name: 'Next item',
    scope: 'review',
    keys: ['J', 'ArrowDown', 'ArrowRight'],
    repeats: true,
  },
  previous: {
    name: 'Previous item',
    scope: 'review',
    keys: ['K', 'ArrowUp', 'ArrowLeft'],
    repeats: true,
  },
  'switch-task': { name: 'Prompt or response', scope: 'review', keys: ['T'] },
  'page-down': {
    name: 'Further down in the item',
    scope: 'review',
    keys: ['PageDown'],
    repeats: true,
  },
  'page-up': { name: 'Further up in the item', scope: 'review', keys: ['PageUp'], repeats: true },
  reveal: { name: 'Reveal the image while held', scope: 'review', keys: ['V'] },
  'reveal-keep': { name: 'Reveal the image, or cover it', scope: 'review', keys: ['Shift+V'] },
  'picture-next': { name: 'Next image', scope: 'review', keys: ['I'] },
  'picture-previous': { name: 'Previous image', scope: 'review', keys: ['U'] },
  'zoom-in': { name: 'Enlarge the image', scope: 'review', keys: ['+', '='], repeats: true },
  'zoom-out': { name: 'Make the image smaller', scope: 'review', keys: ['-'], repeats: true },
  'zoom-actual': { name: 'Actual size of the image, or fit', scope: 'review', keys: ['Z'] },
  assistant: { name: 'Assistant', scope: 'review', keys: ['G'] },
  'assist-translate': { name: 'Assistant: translate', scope: 'review', keys: ['Shift+T'] },
  'assist-explain': { name: 'Assistant: explain', scope: 'review', keys: ['Shift+E'] },
  'assist-policy': { name: 'Assistant: policy', scope: 'review', keys: ['Shift+P'] },
  'assist-ask': { name: 'Assistant: ask in your own words', scope: 'review', keys: ['O'] },
  'assist-stop': { name: 'Stop the assistant', scope: 'review', keys: ['Shift+X'] },
  'assist-down': {
    name: 'Further down in what the assistant wrote',
    scope: 'review',
    keys: ['Shift+PageDown'],
    repeats: true,
  },
  'assist-up': {
    name: 'Further up in what the assistant wrote',
    scope: 'review',
    keys: ['Shift+PageUp'],
    repeats: true,
  },
  list: { name: 'Show or hide the list', scope: 'review', keys: ['L'] },
  history: { name: 'History of the item', scope: 'review', keys: ['Y'] },
  provenance: { name: 'How the verdict was made', scope: 'review', keys: ['W'] },
  search: { name: 'Search in the queue', scope: 'review', keys: ['/', 'Ctrl+F'] },
  palette: { name: 'All commands', scope: 'window', keys: ['Ctrl+K'], inText: true },
  keys: { name: 'All keys', scope: 'window', keys: ['?'] },
  'text-larger': { name: 'Larger text', scope: 'window', keys: ['Ctrl++', 'Ctrl+='], inText: true },
  'text-smaller': { name: 'Smaller text', scope: 'window', keys: ['Ctrl+-'], inText: true },
  'text-normal': { name: 'Normal text size', scope: 'window', keys: ['Ctrl+0'], inText: true },
  'go-queues': { name: 'Go to queues', scope: 'window', keys: [] },
  'go-review': { name: 'Go to review', scope: 'window', keys: [] },
  'go-import': { name: 'Go to import', scope: 'window', keys: [] },
  'go-run': { name: 'Go to run', scope: 'window', keys: [] },
  'go-guards': { name: 'Go to guards', scope: 'window', keys: [] },
  'go-export': { name: 'Go to export', scope: 'window', keys: [] },
  'go-insight': { name: 'Go to insight', scope: 'window', keys: [] },
  'go-settings': { name: 'Go to settings', scope: 'window', keys: [] },
} as const satisfies Record<string, ActionInfo>;

type Digit = 1 | 2 | 3 | 4 | 5;
export type ActionId =
  keyof typeof FIXED | `label-${Digit}` | `category-${Digit | 6 | 7 | 8 | 9 | 10}`;

export const ACTIONS = Object.fromEntries([
  ...numbered(LABELS_MAX, 'label', 'Label', 'label'),
  ...numbered(CATEGORIES_MAX, 'category', 'Category', 'armed'),
  ...Object.entries(FIXED),
]) as Record<ActionId, ActionInfo>;

export const ACTION_IDS = Object.keys(ACTIONS) as ActionId[];

export function overlap(a: Scope, b: Scope): boolean {
  if (a === b) return true;
  const within: Scope[] = ['label', 'armed', 'review'];
  if (a === 'picture' || b === 'picture') return !within.includes(a === 'picture' ? b : a);
  const steps: Scope[] = ['label', 'armed'];
  return !(steps.includes(a) && steps.includes(b));
}

/** The action that picks the nth label or category, counted from 0; none beyond the keys that there are. */
export function numberedAction(prefix: 'label' | 'category', index: number): ActionId | null {
  const id = `${prefix}-${index + 1}`;
  return id in ACTIONS ? (id as ActionId) : null;
}
