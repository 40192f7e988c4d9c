/**
 * The words for labels, states and verdicts, and the severity that each stands for.
 *
 * A severity is drawn with a hue, an icon and a word (see `views/review/Severity.svelte`), never with a hue alone.
 */

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

/** "unsafe" as it stands on a button: "Unsafe". */
export function labelName(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

export type ItemState = 'pending' | 'decided' | 'skipped' | 'escalated';

export const TABS = [
  { id: 'pending', name: 'Pending' },
  { id: 'decided', name: 'Decided' },
  { id: 'skipped', name: 'Skipped' },
  { id: 'escalated', name: 'Escalated' },
  { id: 'flagged', name: 'Flagged' },
  { id: 'all', name: 'All' },
] as const;
export type TabId = (typeof TABS)[number]['id'];

/** State of an item, from those of its tasks: pending while anything is. */
export function itemState(tasks: readonly { state: string }[]): string {
  const states = tasks.map(({ state }) => state);
  if (states.includes('pending')) return 'pending';
  return states.find((state) => state !== 'decided') ?? 'decided';
}

export function taskName(task: string): string {
  return task === 'response' ? 'Response' : 'Prompt';
}
