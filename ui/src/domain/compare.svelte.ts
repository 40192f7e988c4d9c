/**
 * Two guards on the same items of a queue: how often they agree, where they do not, and which one is right more often.
 *
 * Neighbour: `views/insight/GuardComparison.svelte`.
 */
import { t } from '$language';
import type { Backend, ComparisonView, Failure, GuardView, PairedTestView } from '$lib/backend';
import { asFailure } from '$lib/backend';

export class CompareController {
  /** Those that give verdicts. */
  guards = $state.raw<GuardView[]>([]);
  a = $state('');
  b = $state('');
  result = $state.raw<ComparisonView | null>(null);
  /** Those that rest on something. */
  tests = $state.raw<PairedTestView[]>([]);
  /** At which the tests were made. */
  threshold = $state(0.5);
  /** The guards that `result` is about. */
  compared = $state.raw<{ a: string; b: string } | null>(null);
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  #asked = 0;

  constructor(private readonly backend: Backend) {}

  /** Why the two cannot be compared, or null. */
  get problem(): string | null {
    if (this.guards.length < 2) return t('compare.needTwo');
    return this.a === this.b ? t('compare.needDifferent') : null;
  }

  async open(): Promise<void> {
    try {
      const guards = (await this.backend.guards()).filter((guard) => guard.is_guard);
      this.guards = guards;
      const first = guards.find((guard) => guard.is_default) ?? guards[0];
      this.a ||= first?.id ?? '';
      this.b ||= guards.find((guard) => guard.id !== this.a)?.id ?? '';
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** What was found about another queue, or about other guards, is no longer shown. */
  forget(): void {
    this.#asked += 1;
    this.result = null;
    this.failure = null;
    this.busy = false;
  }

  async compare(queueId: string, threshold: number): Promise<void> {
    if (this.problem !== null || this.busy) return;
    this.forget();
    const asked = this.#asked;
    const { a, b } = this;
    this.busy = true;
    try {
      const query = { queue_id: queueId, guard_a: a, guard_b: b, threshold };
      const [result, tests] = await Promise.all([
        this.backend.compare(queueId, a, b),
        this.backend.pairedTests(query),
      ]);
      if (asked !== this.#asked) return;
      this.result = result;
      this.tests = tests.filter(({ n }) => n > 0);
      this.threshold = threshold;
      this.compared = { a: this.nameOf(a), b: this.nameOf(b) };
    } catch (error) {
      if (asked === this.#asked) this.failure = asFailure(error);
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }

  nameOf(guardId: string): string {
    return this.guards.find(({ id }) => id === guardId)?.name ?? guardId;
  }
}
