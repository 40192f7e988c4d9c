/** How long something has been on screen, in whole milliseconds. */
export class Stopwatch {
  #sinceMs: number;

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.#sinceMs = nowMs();
  }

  restart(): void {
    this.#sinceMs = this.nowMs();
  }

  get elapsedMs(): number {
    return Math.max(0, Math.round(this.nowMs() - this.#sinceMs));
  }
}
