/**
 * Everything that can be done by key, as data: the names of actions, where they hold and the keys that they have at first.
 * What they are called is said by `actionName`.
 *
 * Neighbours: `keymap.svelte.ts` lays the reviewer's changes over it, `action-hub.svelte.ts` runs what is meant.
 */
import { t } from '$language';

/**
 * Where an action holds. `label` and `armed` are the two steps of a decision and exclude each other, so they may share
 * keys. `picture` holds while a picture is enlarged: its keys come before those of the review, and after those of a
 * decision, and may be theirs otherwise. Every other pair overlaps.
 */
export type Scope = 'window' | 'review' | 'label' | 'armed' | 'picture';

export interface ActionInfo {
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
  scope: Scope,
): [string, ActionInfo][] {
  return Array.from({ length: count }, (_, index) => [
    `${prefix}-${index + 1}`,
    { scope, keys: [String((index + 1) % 10)] },
  ]);
}

const FIXED = {
  'zoom-fit': { scope: 'picture', keys: ['0'] },
  'pan-left': {
    scope: 'picture',
    keys: ['ArrowLeft'],
    repeats: true,
  },
  'pan-right': {
    scope: 'picture',
    keys: ['ArrowRight'],
    repeats: true,
  },
  'pan-up': { scope: 'picture', keys: ['ArrowUp'], repeats: true },
  'pan-down': {
    scope: 'picture',
    keys: ['ArrowDown'],
    repeats: true,
  },
  accept: { scope: 'label', keys: ['A'] },
  reject: { scope: 'label', keys: ['X'] },
  'refusal-yes': { scope: 'armed', keys: ['R'] },
  'refusal-no': { scope: 'armed', keys: ['C'] },
  submit: { scope: 'armed', keys: [] },
  commit: { scope: 'review', keys: ['Enter'] },
  disarm: { scope: 'armed', keys: ['Escape'] },
  skip: { scope: 'review', keys: ['Space'] },
  escalate: { scope: 'review', keys: ['E'] },
  flag: { scope: 'review', keys: ['F'] },
  quarantine: { scope: 'review', keys: ['Q'] },
  break: { scope: 'review', keys: [] },
  undo: { scope: 'review', keys: ['Ctrl+Z', 'Backspace'] },
  alike: { scope: 'review', keys: ['D'] },
  'decide-alike': { scope: 'review', keys: ['B'] },
  'select-down': { scope: 'review', keys: ['Shift+ArrowDown'], repeats: true },
  'select-up': { scope: 'review', keys: ['Shift+ArrowUp'], repeats: true },
  'select-item': { scope: 'review', keys: ['S'] },
  'select-all': { scope: 'review', keys: ['Ctrl+A'] },
  language: { scope: 'review', keys: ['Shift+L'] },
  note: { scope: 'review', keys: ['N'] },
  policy: { scope: 'review', keys: ['H'] },
  next: {
    scope: 'review',
    keys: ['J', 'ArrowDown', 'ArrowRight'],
    repeats: true,
  },
  previous: {
    scope: 'review',
    keys: ['K', 'ArrowUp', 'ArrowLeft'],
    repeats: true,
  },
  'switch-task': { scope: 'review', keys: ['T'] },
  'page-down': {
    scope: 'review',
    keys: ['PageDown'],
    repeats: true,
  },
  'page-up': { scope: 'review', keys: ['PageUp'], repeats: true },
  reveal: { scope: 'review', keys: ['V'] },
  'reveal-keep': { scope: 'review', keys: ['Shift+V'] },
  'picture-next': { scope: 'review', keys: ['I'] },
  'picture-previous': { scope: 'review', keys: ['U'] },
  'zoom-in': { scope: 'review', keys: ['+', '='], repeats: true },
  'zoom-out': { scope: 'review', keys: ['-'], repeats: true },
  'zoom-actual': { scope: 'review', keys: ['Z'] },
  assistant: { scope: 'review', keys: ['G'] },
  'assist-translate': { scope: 'review', keys: ['Shift+T'] },
  'assist-explain': { scope: 'review', keys: ['Shift+E'] },
  'assist-policy': { scope: 'review', keys: ['Shift+P'] },
  'assist-ask': { scope: 'review', keys: ['O'] },
  'assist-stop': { scope: 'review', keys: ['Shift+X'] },
  'assist-down': {
    scope: 'review',
    keys: ['Shift+PageDown'],
    repeats: true,
  },
  'assist-up': {
    scope: 'review',
    keys: ['Shift+PageUp'],
    repeats: true,
  },
  list: { scope: 'review', keys: ['L'] },
  history: { scope: 'review', keys: ['Y'] },
  provenance: { scope: 'review', keys: ['W'] },
  search: { scope: 'review', keys: ['/', 'Ctrl+F'] },
  filter: { scope: 'review', keys: ['Shift+F'] },
  'filter-clear': { scope: 'review', keys: ['Shift+C'] },
  palette: { scope: 'window', keys: ['Ctrl+K'], inText: true },
  keys: { scope: 'window', keys: ['?'] },
  'text-larger': { scope: 'window', keys: ['Ctrl++', 'Ctrl+='], inText: true },
  'text-smaller': { scope: 'window', keys: ['Ctrl+-'], inText: true },
  'text-normal': { scope: 'window', keys: ['Ctrl+0'], inText: true },
  reviewer: { scope: 'window', keys: [] },
  'go-queues': { scope: 'window', keys: [] },
  'go-review': { scope: 'window', keys: [] },
  'go-adjudicate': { scope: 'window', keys: ['Shift+A'] },
  'go-team': { scope: 'window', keys: [] },
  'go-import': { scope: 'window', keys: [] },
  'go-run': { scope: 'window', keys: [] },
  'go-guards': { scope: 'window', keys: [] },
  'go-export': { scope: 'window', keys: [] },
  'go-insight': { scope: 'window', keys: [] },
  'go-settings': { scope: 'window', keys: [] },
} as const satisfies Record<string, ActionInfo>;

type Digit = 1 | 2 | 3 | 4 | 5;
export type ActionId =
  keyof typeof FIXED | `label-${Digit}` | `category-${Digit | 6 | 7 | 8 | 9 | 10}`;

export const ACTIONS = Object.fromEntries([
  ...numbered(LABELS_MAX, 'label', 'label'),
  ...numbered(CATEGORIES_MAX, 'category', 'armed'),
  ...Object.entries(FIXED),
]) as Record<ActionId, ActionInfo>;

export const ACTION_IDS = Object.keys(ACTIONS) as ActionId[];

const FIXED_IDS = Object.keys(FIXED) as (keyof typeof FIXED)[];

/** What an action is called. */
export function actionName(id: ActionId): string {
  const fixed = FIXED_IDS.find((name) => name === id);
  if (fixed !== undefined) return t(`action.${fixed}`);
  const n = Number(id.split('-')[1]);
  return id.startsWith('label-') ? t('action.label', { n }) : t('action.category', { n });
}

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
