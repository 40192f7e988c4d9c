/**
 * What reviewers of a queue decided differently, one at a time: the item, the decisions side by side, and the label that
 * settles it.
 *
 * No verdict is shown here, so that whoever settles decides by the item and by what people said. Neighbours: `LabelChoice`
 * holds the label, `views/adjudicate` renders.
 */
import { t } from '$language';
import {
  asFailure,
  type Backend,
  type DisagreementView,
  type Failure,
  type ItemView,
  type QueueCard,
} from '$lib/backend';
import type { Handlers } from './keys';
import { labelName } from './labels';
import { choiceActions, LabelChoice } from './review';
import { Stopwatch } from './stopwatch';

/** Most that are read at once; after each that is settled they are read anew. */
const LIMIT = 200;

export interface AdjudicationSetup {
  backend: Backend;
  queueId: string;
  /** Pseudonym of the reviewer, null until it is given. */
  reviewer: () => string | null;
  nowMs?: () => number;
}

export class AdjudicationController {
  card = $state.raw<QueueCard | null>(null);
  rows = $state.raw<DisagreementView[]>([]);
  item = $state.raw<ItemView | null>(null);
  loaded = $state(false);
  /** Something could not be read. */
  failure = $state.raw<Failure | null>(null);
  /** It could not be settled, or not be taken back. */
  refused = $state.raw<Failure | null>(null);
  message = $state<string | null>(null);
  savedAt = $state<string | null>(null);
  readonly choice: LabelChoice;
  #at = $state(0);
  readonly #watch: Stopwatch;

  constructor(private readonly setup: AdjudicationSetup) {
    this.#watch = new Stopwatch(setup.nowMs);
    this.choice = new LabelChoice({
      scheme: () => this.card?.scheme ?? null,
      terms: () => this.card?.policy.terms ?? null,
      taskId: () => this.taskId,
      ready: () => this.item !== null && this.item.id === this.current?.item_id,
    });
  }

  readonly current = $derived<DisagreementView | null>(this.rows[this.#at] ?? null);
  /** One of the decisions is the reviewer's own, and the plan leaves it to others then. */
  readonly isOwn = $derived.by(
    () =>
      this.card?.plan.own_adjudication === false &&
      this.current?.decisions.some(({ reviewer }) => reviewer === this.setup.reviewer()) === true,
  );

  get taskId(): string {
    return this.current?.task ?? 'prompt';
  }

  /** Of those that are read, which one is on screen, from 1. */
  get place(): number {
    return this.#at + 1;
  }

  async open(): Promise<void> {
    await this.#read(this.current?.item_id ?? null);
  }

  async go(step: 1 | -1): Promise<void> {
    const to = this.#at + step;
    if (this.choice.busy.saving || to < 0 || to >= this.rows.length) return;
    this.#at = to;
    this.#leave();
    this.choice.busy.moving = true;
    await this.#show();
    this.choice.busy.moving = false;
  }

  /** Settles it with the label that is chosen, and goes on to the next. */
  async settle(): Promise<void> {
    const { current, choice } = this;
    const { draft } = choice;
    if (current === null || !choice.ready) return;
    const lack = choice.lack();
    if (lack !== null || draft === null) {
      this.message = lack;
      return;
    }
    const decision = {
      item_id: current.item_id,
      task: current.task,
      label: draft.label,
      categories: [...draft.categories],
      refusal: draft.refusal,
      note: choice.noteGiven,
      duration_ms: this.#watch.elapsedMs,
      verdict_visible: false,
      draw_id: null,
    };
    await this.#save(async () => {
      const saved = await this.setup.backend.adjudicate(decision);
      this.savedAt = saved.saved_at;
      this.#leave();
      await this.#read(null);
      this.message = t('adjudicate.settled', { label: labelName(decision.label) });
    });
  }

  /** Takes back what the reviewer did last, and comes back to it if it is to be settled again. */
  async undo(): Promise<void> {
    if (this.choice.busy.saving) return;
    await this.#save(async () => {
      const undone = await this.setup.backend.undo(this.setup.queueId);
      this.savedAt = undone.saved_at;
      this.#leave();
      await this.#read(undone.item.id);
      this.message = t('review.say.undone', { what: undone.what });
    });
  }

  async #save(act: () => Promise<void>): Promise<void> {
    this.choice.busy.saving = true;
    this.refused = null;
    try {
      await act();
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === 'not_found') this.message = failure.message;
      else this.refused = failure;
    } finally {
      this.choice.busy.saving = false;
    }
  }

  /** Reads what there is to settle, and shows `itemId`, or what stands where the last one stood. */
  async #read(itemId: string | null): Promise<void> {
    const { backend, queueId } = this.setup;
    try {
      const [card, rows] = await Promise.all([
        backend.queue(queueId),
        backend.disagreements(queueId, LIMIT),
      ]);
      [this.card, this.rows] = [card, rows];
      const wanted = rows.findIndex(({ item_id }) => item_id === itemId);
      if (wanted >= 0) this.#at = wanted;
      else if (this.#at >= rows.length) this.#at = 0;
      this.loaded = true;
      await this.#show();
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  async #show(): Promise<void> {
    const { current } = this;
    if (current === null) {
      this.item = null;
      return;
    }
    try {
      const found = await this.setup.backend.item(current.item_id);
      if (this.current?.item_id !== found.id) return;
      const bare = { verdict: { kind: 'hidden' as const }, decision: null, gold: null };
      this.item = { ...found, tasks: found.tasks.map((task) => ({ ...task, ...bare })) };
      this.failure = null;
      this.#watch.restart();
    } catch (error) {
      this.item = null;
      this.failure = asFailure(error);
    }
  }

  #leave(): void {
    this.choice.clear();
    this.refused = null;
    this.message = null;
  }
}

export function adjudicationActions(adjudication: AdjudicationController): Handlers {
  const { choice } = adjudication;
  const some = () => adjudication.rows.length > 0 && !choice.busy.saving;
  return {
    ...choiceActions(choice),
    commit: { run: () => void adjudication.settle(), enabled: () => choice.ready },
    undo: { run: () => void adjudication.undo(), enabled: () => !choice.busy.saving },
    next: { run: () => void adjudication.go(1), enabled: some },
    previous: { run: () => void adjudication.go(-1), enabled: some },
  };
}
