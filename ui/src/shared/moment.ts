/** Points in time, as `Moment.svelte` writes them. The present is passed in. */

const two = (n: number) => String(n).padStart(2, '0');

/** "2026-11-20 22:10" in the zone of this machine. */
export function isoLocal(at: Date): string {
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

const relativeFormat = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "2 hours ago". */
export function relative(at: Date, now: Date): string {
  const awayMs = at.getTime() - now.getTime();
  for (const [unit, unitMs] of STEPS) {
    if (Math.abs(awayMs) >= unitMs) return relativeFormat.format(Math.round(awayMs / unitMs), unit);
  }
  return 'just now';
}
