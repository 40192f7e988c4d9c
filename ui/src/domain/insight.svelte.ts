/**
 * How good a guard is, as far as that can be said, and whether the history is whole.
 *
 * Quality is estimated only from blind decisions on a recorded uniform draw; everything else is shown apart and says
 * that it is not an estimate. Neighbours: `views/insight`.
 */
import { t } from '$language';
import type { AuditView, Backend, Failure, QueueCard, StatRow } from '$lib/backend';
import { asFailure } from '$lib/backend';

/** What the rows of one kind are measured against, and what that allows to be said. */
export interface StatGroup {
  against: string;
  title: string;
  meaning: string;
  /** What is said when there are no rows. */
  absence: string;
  rows: StatRow[];
}

const KINDS = ['estimate', 'gold', 'selected'] as const;

/** Rows by what they are measured against; an empty kind stays, since its absence is news too. */
export function groupStats(rows: StatRow[]): StatGroup[] {
  return KINDS.map((against) => ({
    against,
    title: t(`insight.${against}`),
    meaning: t(`insight.${against}Text`),
    absence: t(`insight.${against}None`),
    rows: rows.filter((row) => row.against === against).sort(byTaskThenLanguage),
  }));
}

function byTaskThenLanguage(a: StatRow, b: StatRow): number {
  if (a.task !== b.task) return a.task < b.task ? -1 : 1;
  if (a.language === b.language) return 0;
  if (a.language === 'all') return -1;
  if (b.language === 'all') return 1;
  return a.language < b.language ? -1 : 1;
}

export class InsightController {
  queues = $state.raw<QueueCard[]>([]);
  queueId = $state<string | null>(null);
  rows = $state.raw<StatRow[] | null>(null);
  counting = $state(false);
  /** The queues are known. */
  opened = $state(false);
  audit = $state.raw<AuditView | null>(null);
  verifying = $state(false);
  failure = $state.raw<Failure | null>(null);

  readonly groups: StatGroup[] = $derived(groupStats(this.rows ?? []));

  #asked = 0;

  constructor(private readonly backend: Backend) {}

  async open(queueId: string | null): Promise<void> {
    try {
      this.queues = await this.backend.queues();
    } catch (error) {
      this.failure = asFailure(error);
      return;
    }
    this.opened = true;
    const wanted = this.queues.find((card) => card.id === queueId) ?? this.queues[0];
    if (wanted !== undefined) await this.choose(wanted.id);
  }

  async choose(queueId: string): Promise<void> {
    const asked = (this.#asked += 1);
    this.queueId = queueId;
    this.rows = null;
    this.counting = true;
    this.failure = null;
    try {
      const stats = await this.backend.stats(queueId);
      if (asked === this.#asked) this.rows = stats.rows;
    } catch (error) {
      if (asked === this.#asked) this.failure = asFailure(error);
    } finally {
      if (asked === this.#asked) this.counting = false;
    }
  }

  /** Recomputes every hash of the history of events. */
  async verify(): Promise<void> {
    if (this.verifying) return;
    this.verifying = true;
    this.audit = null;
    try {
      this.audit = await this.backend.verifyAudit();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.verifying = false;
    }
  }
}
