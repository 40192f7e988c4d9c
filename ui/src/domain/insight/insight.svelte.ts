/**
 * How good a guard is on a queue, how sure that is, and how far reviewers agree.
 *
 * Every number comes from the program; here is only what is asked and what of the answer is shown. One question is worked on at a time:
 * while one is, the newest of those that came after it waits, and the answer to an older one is dropped. The threshold's slider looks
 * up what the answer says of each threshold, at once; intervals are asked for again when it rests. Neighbours: `views/insight`.
 */
import { t } from '$language';
import type {
  Backend,
  CalibrationView,
  CurvesView,
  Failure,
  GuardView,
  InsightView,
  MissingTemperature,
  QualityView,
  QueueCard,
  ThresholdView,
} from '$lib/backend';
import { asFailure } from '$lib/backend';
import { basesOf, isOn, type Basis } from './basis';
import type { Grouping } from './figures';

/** How long the slider rests before intervals are worked out anew. */
export const REST_MS = 600;

export class InsightController {
  queues = $state.raw<QueueCard[]>([]);
  guards = $state.raw<GuardView[]>([]);
  queueId = $state<string | null>(null);
  /** Null: the one with the most verdicts. */
  guardId = $state<string | null>(null);
  by = $state<Grouping>('language');
  sourceKey = $state('');
  /** Where the slider stands. */
  threshold = $state(0.5);
  /** Which of the bases is shown, as it was chosen. */
  basisId = $state<string | null>(null);
  view = $state.raw<InsightView | null>(null);
  /** How the rows of `view` are told apart. */
  viewBy = $state<Grouping>('language');
  working = $state(false);
  fitting = $state(false);
  /** Tasks that no temperature could be fitted for the last time. */
  missing = $state.raw<MissingTemperature[]>([]);
  /** The queues are known. */
  opened = $state(false);
  failure = $state.raw<Failure | null>(null);

  readonly bases: Basis[] = $derived(this.view === null ? [] : basesOf(this.view));
  /** Those that have something to show. */
  readonly measured: Basis[] = $derived(this.bases.filter(({ n }) => n > 0));
  readonly basis: Basis | null = $derived(
    this.measured.find(({ id }) => id === this.basisId) ?? this.measured[0] ?? null,
  );
  readonly rows: QualityView[] = $derived(this.#onBasis(this.view?.quality ?? []));
  readonly whole: QualityView | null = $derived(
    this.rows.find(({ group }) => group === null) ?? null,
  );
  readonly curves: CurvesView | null = $derived(this.#onBasis(this.view?.curves ?? [])[0] ?? null);
  readonly calibration: CalibrationView | null = $derived(
    this.view?.calibrations.find(({ task }) => task === this.basis?.task) ?? null,
  );
  readonly thresholds: readonly ThresholdView[] = $derived(this.curves?.thresholds ?? []);
  /** Place of the slider among `thresholds`. */
  readonly step: number = $derived(nearest(this.thresholds, this.threshold));
  /** What the threshold would mean. */
  readonly at: ThresholdView | null = $derived(this.thresholds[this.step] ?? null);
  /** The intervals that are shown belong to the threshold that is shown. */
  readonly settled: boolean = $derived(this.view?.threshold === this.threshold);

  #asked = 0;
  #work: Promise<void> | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly backend: Backend) {}

  #onBasis<T extends { task: string; against: string }>(all: readonly T[]): T[] {
    const { basis } = this;
    return basis === null ? [] : all.filter((one) => isOn(basis, one));
  }

  get queueName(): string {
    return this.queues.find(({ id }) => id === this.queueId)?.name ?? '';
  }

  /** Guards to choose from; at first the one that the answer is about. */
  get guardOptions(): { value: string; label: string }[] {
    const judging = this.guards.filter(({ is_guard }) => is_guard);
    return judging.map(({ id, name, is_toy }) => {
      return { value: id, label: is_toy ? t('insight.guardToy', { name }) : name };
    });
  }

  /** The guard that is shown, as the list of guards knows it. */
  get shownGuardId(): string {
    return this.guardId ?? this.guards.find(({ name }) => name === this.view?.guard)?.id ?? '';
  }

  async open(queueId: string | null): Promise<void> {
    try {
      [this.queues, this.guards] = await Promise.all([
        this.backend.queues(),
        this.backend.guards(),
      ]);
    } catch (error) {
      this.failure = asFailure(error);
      return;
    }
    this.opened = true;
    const wanted = this.queues.find(({ id }) => id === queueId) ?? this.queues[0];
    if (wanted !== undefined && wanted.id !== this.queueId) await this.choose(wanted.id);
  }

  /** Another queue: nothing that was said of the last one stays. */
  async choose(queueId: string): Promise<void> {
    this.queueId = queueId;
    this.guardId = null;
    this.view = null;
    this.missing = [];
    await this.ask();
  }

  async chooseGuard(guardId: string): Promise<void> {
    this.guardId = guardId;
    this.missing = [];
    await this.ask();
  }

  /** A key of the source has to be named before anything can be told apart by it. */
  async group(by: Grouping, sourceKey = this.sourceKey): Promise<void> {
    const key = sourceKey.trim();
    const isKnown = by === this.by && key === this.sourceKey;
    this.by = by;
    this.sourceKey = key;
    if (!isKnown && (by !== 'source' || key !== '')) await this.ask();
  }

  /** Moves the slider. What a threshold means is known already; its intervals are not. */
  move(step: number): void {
    const found = this.thresholds[step];
    if (found === undefined) return;
    this.threshold = found.threshold;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.ask(), REST_MS);
  }

  /** Fits a temperature for each task, and shows what that does. */
  async fit(): Promise<void> {
    const { queueId, guardId } = this;
    if (queueId === null || this.fitting) return;
    this.fitting = true;
    try {
      const missing = await this.backend.calibrate(queueId, guardId);
      if (queueId !== this.queueId || guardId !== this.guardId) return;
      this.missing = missing;
      await this.ask();
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.fitting = false;
    }
  }

  /** Nothing more is asked for. */
  close(): void {
    clearTimeout(this.#rest);
    this.queueId = null;
    this.#asked += 1;
  }

  /** Asks for what is chosen now; done when the answer to the newest question is there. */
  ask(): Promise<void> {
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.#work ??= this.#answers();
    return this.#work;
  }

  async #answers(): Promise<void> {
    this.working = true;
    let answered: number;
    do {
      answered = this.#asked;
      await this.#answer(answered);
    } while (answered !== this.#asked);
    this.working = false;
    this.#work = null;
  }

  async #answer(asked: number): Promise<void> {
    if (this.queueId === null) return;
    // without a key of the source there is nothing to tell items apart by
    const by = this.by === 'source' && this.sourceKey === '' ? 'language' : this.by;
    try {
      const view = await this.backend.insight({
        queue_id: this.queueId,
        guard_id: this.guardId,
        by: by === 'source' ? `source:${this.sourceKey}` : by,
        threshold: this.threshold,
      });
      if (asked !== this.#asked) return;
      this.view = view;
      this.viewBy = by;
      this.failure = null;
    } catch (error) {
      if (asked === this.#asked) this.failure = asFailure(error);
    }
  }
}

/** Index of the threshold that lies nearest; 0 where there are none. */
function nearest(thresholds: readonly ThresholdView[], wanted: number): number {
  const far = (at: number) => Math.abs((thresholds[at]?.threshold ?? Infinity) - wanted);
  return thresholds.reduce((best, _, at) => (far(at) < far(best) ? at : best), 0);
}
