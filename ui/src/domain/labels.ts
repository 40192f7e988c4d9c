/**
 * The words for labels, states and verdicts, and the severity that each stands for.
 *
 * A severity is drawn with a hue, an icon and a word (see `views/review/Severity.svelte`), never with a hue alone.
 */
import { t } from '$language';

export type Severity = 'safe' | 'mid' | 'unsafe' | 'unknown';

const SEVERITIES: Record<string, Severity> = {
  safe: 'safe',
  controversial: 'mid',
  sensitive: 'mid',
  unsafe: 'unsafe',
};

/** Of a label of a scheme or a native label of a guard, whatever its case. */
export function severityOf(label: string): Severity {
  return SEVERITIES[label.toLowerCase()] ?? 'unknown';
}

const NAMED = ['safe', 'controversial', 'sensitive', 'unsafe'] as const;

/** "unsafe" as it stands on a button: "Unsafe". A label of the team's own stands as it is. */
export function labelName(label: string): string {
  const known = NAMED.find((name) => name === label.toLowerCase());
  if (known !== undefined) return t(`label.${known}`);
  return label.charAt(0).toUpperCase() + label.slice(1);
}

export const TABS = ['pending', 'decided', 'skipped', 'escalated', 'flagged', 'all'] as const;
export type TabId = (typeof TABS)[number];

/** State of an item, from those of its tasks: pending while anything is. */
export function itemState(tasks: readonly { state: string }[]): string {
  const states = tasks.map(({ state }) => state);
  if (states.includes('pending')) return 'pending';
  return states.find((state) => state !== 'decided') ?? 'decided';
}

export function taskName(task: string): string {
  return task === 'response' ? t('task.response') : t('task.prompt');
}

/** Within a line. */
export function taskInline(task: string): string {
  return task === 'response' ? t('task.responseInline') : t('task.promptInline');
}

const STATES = ['pending', 'decided', 'skipped', 'escalated'] as const;

/** What a state is called. */
export function stateName(state: string): string {
  const known = STATES.find((name) => name === state);
  return known === undefined ? state : t(`state.${known}`);
}
