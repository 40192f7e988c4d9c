/**
 * Rate and time left of a piece of work, from how far it has come.
 *
 * The clock is passed in, so that tests decide what time it is. Neighbours: the import and guard controllers feed it,
 * `shared/ProgressBar.svelte` shows what it says.
 */

/** What is known about a piece of work at one moment. */
export interface PaceReading {
  /** Units done a second, null until it means something. */
  perSecond: number | null;
  /** Seconds left, null until it means something. */
  secondsLeft: number | null;
}

/** 0 to 1; null while it is not known how much there is. */
export function shareOf(step: { done: number; total: number } | null): number | null {
  return step === null || step.total <= 0 ? null : Math.min(1, step.done / step.total);
}

/** Before this, a rate is an accident of the first batch. */
const SETTLED_AFTER_MS = 500;

export class Pace {
  readonly #startedAtMs: number;

  constructor(private readonly nowMs: () => number) {
    this.#startedAtMs = nowMs();
  }

  /** @param done units finished since the start; @param fraction share of the whole, 0 to 1 */
  read(done: number, fraction: number): PaceReading {
    const elapsedMs = this.nowMs() - this.#startedAtMs;
    if (elapsedMs < SETTLED_AFTER_MS) return { perSecond: null, secondsLeft: null };
    const perSecond = done > 0 ? (done * 1000) / elapsedMs : null;
    const secondsLeft =
      fraction > 0 && fraction <= 1 ? ((elapsedMs / 1000) * (1 - fraction)) / fraction : null;
    return { perSecond, secondsLeft };
  }
}
