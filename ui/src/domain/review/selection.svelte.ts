/**
 * Items of the list that are decided as one: chosen by key, shown before anything happens, saved by Enter, taken back by one
 * undo. Nobody has looked at them one by one, and that is recorded with each.
 *
 * Neighbours: `ListController` has the rows, `LabelChoice` the label, `views/review/SelectionPanel.svelte` shows both.
 */
import { t } from '$language';
import {
  asFailure,
  type Backend,
  type BulkPreview,
  type Failure,
  type ItemRow,
  type Saved,
} from '../../lib/backend';
import type { Handlers } from '../keys';
import { labelName } from '../labels';
import { choiceActions, LabelChoice } from './label-choice.svelte';
import type { ReviewController } from './review.svelte';

/** Most items of one act: it is one transaction. */
export const SELECTED_MAX = 1000;

export class SelectionController {
  failure = $state.raw<Failure | null>(null);
  /** What a label would do; null: not known yet. */
  shown = $state.raw<BulkPreview | null>(null);
  readonly choice: LabelChoice;
  #ids = $state.raw<ReadonlySet<string>>(new Set());
  /** Where the stretch that is being chosen begins and ends. */
  #anchor: string | null = null;
  #head = $state<string | null>(null);
  /** What the chosen label is about: the task that was active when its effect was shown, whichever is active by now. */
  #task = $state<string | null>(null);
  #looking: Promise<void> = Promise.resolve();
  readonly #backend: Backend;
  readonly #review: ReviewController;

  constructor(backend: Backend, review: ReviewController) {
    this.#backend = backend;
    this.#review = review;
    this.choice = new LabelChoice({
      scheme: () => review.card?.scheme ?? null,
      terms: () => review.terms,
      taskId: () => this.taskId,
      ready: () => review.ready && this.size > 0,
    });
  }

  readonly rows = $derived.by<ItemRow[]>(() =>
    this.#review.list.rows.filter(({ id }) => this.#ids.has(id)),
  );
  /** Those that have the task that the label is about. */
  readonly concerned = $derived.by<ItemRow[]>(() =>
    this.rows.filter((row) => this.taskId === 'prompt' || row.has_response),
  );

  get size(): number {
    return this.rows.length;
  }

  get taskId(): string {
    return this.choice.draft === null || this.#task === null ? this.#review.taskId : this.#task;
  }

  /** The row that the next step begins at, if there is one. */
  get head(): string | null {
    return this.size === 0 ? null : this.#head;
  }

  row(itemId: string): ItemRow | undefined {
    return this.rows.find(({ id }) => id === itemId);
  }

  has(itemId: string): boolean {
    return this.#ids.has(itemId);
  }

  /** Makes the stretch longer or shorter by a row; the first is the row of the item on screen. */
  extend(step: 1 | -1): void {
    const { list, item } = this.#review;
    const here = this.head ?? item?.id ?? null;
    const at = list.indexOf(here);
    if (this.size === 0 || this.#anchor === null) {
      const first = list.rows[Math.max(0, at)];
      if (first === undefined) return;
      this.#anchor = this.#head = first.id;
      this.#take([first.id]);
      return;
    }
    const to = list.rows[at + step];
    if (to === undefined) return;
    this.#head = to.id;
    const ends = [list.indexOf(this.#anchor), at + step].sort((a, b) => a - b) as [number, number];
    this.#take(list.rows.slice(ends[0], ends[1] + 1).map(({ id }) => id));
  }

  /** The item on screen, in or out. */
  toggle(): void {
    const { list, item } = this.#review;
    if (item === null || list.indexOf(item.id) < 0) return;
    const ids = new Set(this.#ids);
    if (!ids.delete(item.id)) ids.add(item.id);
    this.#anchor = this.#head = item.id;
    this.#take([...ids]);
  }

  /** Every row that is shown. */
  all(): void {
    const { rows } = this.#review.list;
    this.#anchor = rows[0]?.id ?? null;
    this.#head = rows.at(-1)?.id ?? null;
    this.#take(rows.slice(0, SELECTED_MAX).map(({ id }) => id));
    if (rows.length > SELECTED_MAX) this.#review.message = t('select.tooMany', { n: SELECTED_MAX });
  }

  clear(): void {
    this.#take([]);
    this.#anchor = this.#head = null;
    this.failure = null;
  }

  /** Shows what a label would do: nothing is saved. */
  async preview(label: string): Promise<void> {
    if (this.choice.draft === null) this.#task = this.#review.taskId;
    this.choice.choose(label);
    this.#looking = this.#look();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const selected = this.#ids;
    try {
      const ids = this.concerned.map(({ id }) => id);
      const shown = await this.#backend.previewBulk(this.taskId, ids);
      if (selected !== this.#ids) return;
      this.shown = shown;
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Saves the label that is shown for all of them. */
  async confirm(): Promise<void> {
    // what it would do is shown before it is done
    await this.#looking;
    const { choice } = this;
    const { draft } = choice;
    if (!choice.ready || draft === null || this.shown === null) return;
    const lack = choice.lack();
    if (lack !== null) {
      this.#review.message = lack;
      return;
    }
    const [first, ...others] = this.concerned;
    if (first === undefined) return;
    choice.busy.saving = true;
    try {
      const decision = {
        item_id: first.id,
        task: this.taskId,
        label: draft.label,
        categories: [...draft.categories],
        refusal: draft.refusal,
        note: choice.noteGiven,
        duration_ms: 0,
        verdict_visible: false,
        draw_id: null,
      };
      const ids = others.map(({ id }) => id);
      const saved = await this.#backend.decideAll(decision, ids, false);
      const count = this.concerned.length - saved.left_out;
      this.clear();
      await this.#show(saved);
      this.#review.message = t('select.decided', { label: labelName(draft.label), count });
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      choice.busy.saving = false;
    }
  }

  /** What was decided from the list is shown there, and maybe on screen. */
  async #show({ saved_at, counts }: Saved): Promise<void> {
    const review = this.#review;
    review.savedAt = saved_at;
    review.onNotice({ kind: 'queue', queue_id: review.list.queueId, counts });
    await review.list.again();
    if (review.item !== null) await review.openItem(review.item.id);
  }

  #take(ids: string[]): void {
    this.#ids = new Set(ids.slice(0, SELECTED_MAX));
    this.shown = null;
    this.choice.clear();
  }
}

/** The keys of the selection; while there is one, labels are for all of it, and what would decide one item alone waits. */
export function selectionActions(
  selection: SelectionController,
  review: ReviewController,
): Handlers {
  const selected = () => selection.size > 0 && review.ready;
  const choice = choiceActions(selection.choice, (label) => void selection.preview(label));
  const waits = {
    run: () => (review.message = t('select.waits')),
    enabled: selected,
  };
  const ready = () => review.ready && review.draft === null && !selection.choice.busy.saving;
  return {
    ...choice,
    accept: waits,
    reject: waits,
    skip: waits,
    escalate: waits,
    flag: waits,
    quarantine: waits,
    disarm: {
      run: () => (selection.choice.draft === null ? selection.clear() : selection.choice.clear()),
      enabled: () => selection.size > 0 && !selection.choice.busy.saving,
    },
    commit: { run: () => void selection.confirm(), enabled: () => selection.choice.draft !== null },
    'select-down': { run: () => selection.extend(1), enabled: ready },
    'select-up': { run: () => selection.extend(-1), enabled: ready },
    'select-item': { run: () => selection.toggle(), enabled: ready },
    'select-all': { run: () => selection.all(), enabled: ready },
  };
}
