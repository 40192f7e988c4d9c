/**
 * The queues of the workspace, as the queues screen and the screens that let one be chosen see them.
 *
 * `QueuesController` holds the cards and changes them; `nextStep` says what a queue needs next. Counts that arrive as
 * notices are folded in, so that nothing has to be asked again while people review.
 */
import { t } from '$language';
import type {
  Backend,
  Failure,
  Notice,
  PlanOrder,
  QueueCard,
  QueueChange,
  QueueOrder,
} from '$lib/backend';
import { asFailure } from '$lib/backend';

/** What a queue needs next: the one button that stands out on its card. */
export type Step = 'import' | 'label' | 'review' | 'adjudicate' | 'export';

/** Every button of a card. */
export type CardStep = Step | 'team' | 'insight';

/**
 * Label while nobody has decided anything, then review, then export. Once people decide, a remainder without verdicts
 * must not push the review aside.
 */
export function nextStep(card: QueueCard): Step {
  const { counts } = card;
  if (counts.total === 0) return 'import';
  if (card.unlabelled > 0 && counts.decided === 0) return 'label';
  if (counts.pending > card.plan.disputed) return 'review';
  // nothing else is left
  if (card.plan.awaiting_adjudication > 0) return 'adjudicate';
  return 'export';
}

/** The orders of a queue, with the sentence that explains each. */
export function orders(): { value: QueueOrder; label: string; hint: string }[] {
  return (['imported', 'uncertain', 'unsafe', 'newest', 'draw'] as const).map((value) => ({
    value,
    label: t(`queues.order.${value}`),
    hint: t(`queues.order.${value}Hint`),
  }));
}

/** Largest share of a queue that a suggested draw takes, and its usual size. */
const DRAW_SIZE_USUAL = 200;

export class QueuesController {
  cards = $state.raw<QueueCard[]>([]);
  loaded = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** The queue whose change is on its way. */
  busyId = $state<string | null>(null);

  constructor(private readonly backend: Backend) {}

  async load(): Promise<void> {
    try {
      this.cards = await this.backend.queues();
      this.failure = null;
      this.loaded = true;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  card(queueId: string): QueueCard | undefined {
    return this.cards.find((card) => card.id === queueId);
  }

  /** Changes order or mode. The drawn order needs a draw first: see `draw`. */
  async change(queueId: string, change: Partial<QueueChange>): Promise<void> {
    const whole: QueueChange = { order: change.order ?? null, mode: change.mode ?? null };
    await this.#replace(queueId, () => this.backend.changeQueue(queueId, whole));
  }

  /** Changes how a queue is reviewed. What is refused is given back, to be said where it was asked. */
  async plan(queueId: string, change: Partial<PlanOrder>): Promise<Failure | null> {
    const { second = null, gold = null, blind = null, feedback = null } = change;
    const own_adjudication = change.own_adjudication ?? null;
    const order: PlanOrder = { second, gold, blind, feedback, own_adjudication };
    this.busyId = queueId;
    try {
      this.#put(await this.backend.setPlan(queueId, order));
      return null;
    } catch (error) {
      return asFailure(error);
    } finally {
      this.busyId = null;
    }
  }

  /** Records a uniform draw of `size` items and makes it the order. */
  async draw(queueId: string, size: number): Promise<void> {
    await this.#replace(queueId, () => this.backend.draw(queueId, size));
  }

  /** Imports the demo queue if need be. */
  async openDemo(): Promise<QueueCard | null> {
    try {
      const card = await this.backend.openDemo();
      await this.load();
      return card;
    } catch (error) {
      this.failure = asFailure(error);
      return null;
    }
  }

  onNotice(notice: Notice): void {
    if (notice.kind !== 'queue') return;
    this.cards = this.cards.map((card) =>
      card.id === notice.queue_id ? { ...card, counts: notice.counts } : card,
    );
  }

  #put(changed: QueueCard): void {
    this.cards = this.cards.map((card) => (card.id === changed.id ? changed : card));
  }

  async #replace(queueId: string, ask: () => Promise<QueueCard>): Promise<void> {
    this.busyId = queueId;
    try {
      this.#put(await ask());
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.busyId = null;
    }
  }
}

/** What the size field offers at first: everything in a small queue. */
export function suggestedDrawSize(itemsTotal: number): number {
  return Math.min(DRAW_SIZE_USUAL, itemsTotal);
}

/** Why a draw of that size cannot be made, or null. */
export function drawSizeProblem(size: number, itemsTotal: number): string | null {
  if (!Number.isInteger(size) || size < 1) return t('queues.drawTooSmall');
  if (size > itemsTotal) return t('queues.drawTooLarge', { n: itemsTotal });
  return null;
}
