/**
 * How long the reviewer has been at it, and how many unsafe items were on screen meanwhile: for those who asked to be
 * reminded of a break.
 *
 * Nothing is measured beyond that, nothing is kept, and nothing is said unless it was asked for. The clock is passed in.
 * Neighbours: `views/review/BreakNote.svelte` says it.
 */

/** Longer than this without an item, and the reviewer has been away: that was a break. */
const AWAY_MS = 5 * 60_000;
/** When it is put off. */
const LATER_MS = 10 * 60_000;

export class BreakController {
  /** Items that were on screen since the last break and that somebody, or the guard in view, calls unsafe. */
  unsafeSeen = $state(0);
  /** Minutes since the last break, as of the last item. */
  minutes = $state(0);
  due = $state(false);
  readonly #seen = new Set<string>();
  #sinceMs: number;
  #lastMs: number;
  #notBeforeMs = 0;

  constructor(
    /** Minutes after which a break is suggested; null: never. */
    private readonly afterMin: () => number | null,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#sinceMs = nowMs();
    this.#lastMs = this.#sinceMs;
  }

  /** An item is on screen, or something about it has changed. */
  onItem(itemId: string, isUnsafe: boolean): void {
    const nowMs = this.nowMs();
    if (nowMs - this.#lastMs > AWAY_MS) this.#begin(nowMs);
    this.#lastMs = nowMs;
    if (isUnsafe && !this.#seen.has(itemId)) {
      this.#seen.add(itemId);
      this.unsafeSeen = this.#seen.size;
    }
    this.minutes = Math.floor((nowMs - this.#sinceMs) / 60_000);
    const afterMin = this.afterMin();
    this.due = afterMin !== null && this.minutes >= afterMin && nowMs >= this.#notBeforeMs;
  }

  /** Not now. */
  later(): void {
    this.#notBeforeMs = this.nowMs() + LATER_MS;
    this.due = false;
  }

  /** Back from a break. */
  taken(): void {
    this.#begin(this.nowMs());
  }

  #begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
    this.#notBeforeMs = 0;
    this.#seen.clear();
    this.unsafeSeen = 0;
    this.minutes = 0;
    this.due = false;
  }
}
