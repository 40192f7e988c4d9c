/**
 * One reviewer at one queue: the item on screen, the decision that is being made, and the way to the next one.
 *
 * Rules that hold here: an item is left only after its decision is acknowledged; a failed save stops everything until it
 * is tried again or given up; a verdict that has been seen counts as seen, also after an undo; nothing is decided by a
 * verdict that is hidden. Neighbours: `draft.ts` knows the scheme, `ListController` the rows, `ItemFeed` fetches ahead,
 * `review-actions.ts` binds keys, `views/review` renders.
 */
import { t } from '$language';
import {
  asFailure,
  type Failure,
  type GestureKind,
  type ItemView,
  type NewDecision,
  type Notice,
  type QueueCard,
  type Saved,
  type StateCounts,
  type TaskView,
} from '../../lib/backend';
import { Stopwatch } from '../stopwatch';
import {
  asked,
  draftOf,
  isComplete,
  lackOf,
  sameAs,
  schemeOf,
  suggestionOf,
  toggleCategory,
  type Draft,
  type Lack,
} from './draft';
import { Busy } from './busy.svelte';
import { ItemFeed } from './item-feed';
import { ListController } from './list.svelte';
import { ReasonsController } from './reasons.svelte';
import type { FailedSave, Phase, ReviewSetup } from './setup';
import { saidOf, sendDecision } from './together';
import { Unfinished } from './unfinished.svelte';

export class ReviewController {
  phase = $state<Phase>('opening');
  card = $state.raw<QueueCard | null>(null);
  item = $state.raw<ItemView | null>(null);
  /** "prompt" or "response": what a label key is about. */
  taskId = $state('prompt');
  draft = $state.raw<Draft | null>(null);
  /** Rejected with more than two labels: the choice is asked for. */
  choosing = $state(false);
  readonly busy = new Busy();
  failedSave = $state.raw<FailedSave | null>(null);
  /** Something could not be read. */
  failure = $state.raw<Failure | null>(null);
  savedAt = $state<string | null>(null);
  /** One line about what was just done or is missing. */
  message = $state<string | null>(null);
  /** A save waits for the reviewer's pseudonym. */
  wantsReviewer = $state(false);
  readonly list: ListController;
  /** Notes and half-made decisions. */
  readonly notes = new Unfinished();
  readonly reasons: ReasonsController;

  readonly #watch: Stopwatch;
  readonly #feed: ItemFeed;
  /** "item task" whose verdict has been on screen. */
  readonly #seen = new Set<string>();
  #looking = false;
  #waiting: (() => Promise<void>) | null = null;

  constructor(private readonly setup: ReviewSetup) {
    this.#watch = new Stopwatch(setup.nowMs);
    this.list = new ListController(setup.backend, setup.queueId);
    this.#feed = new ItemFeed(setup.backend, setup.queueId, this.list);
    this.reasons = new ReasonsController({
      terms: () => this.terms,
      note: () => this.notes.given(this.item?.id),
      send: (kind, reason, note) => this.#gesture(kind, reason, note),
      lack: (message) => (this.message = this.notes.ask({ message, note: true })),
    });
  }

  readonly task = $derived<TaskView | null>(
    this.item?.tasks.find(({ task }) => task === this.taskId) ?? null,
  );
  readonly taskScheme = $derived(
    this.card === null ? null : schemeOf(this.card.scheme, this.taskId),
  );
  readonly terms = $derived(this.card?.policy.terms ?? null);
  readonly labels = $derived<readonly string[]>(this.card?.scheme.labels ?? []);
  /** What is asked of the draft. */
  readonly asked = $derived(
    this.draft === null || this.taskScheme === null
      ? null
      : asked(this.taskScheme, this.draft.label),
  );
  readonly suggestion = $derived.by<Draft | null>(() => {
    if (this.card === null || this.task?.verdict.kind !== 'shown') return null;
    return suggestionOf(this.task.verdict.verdict, this.card.scheme, this.taskId);
  });
  /** Keys may change something. While an item is saved or fetched they would hit the wrong one. */
  readonly ready = $derived(
    this.phase === 'item' && !this.busy.now && this.failedSave === null && !this.wantsReviewer,
  );

  /** Nothing would be lost or missed by going elsewhere. */
  get canLeave(): boolean {
    return this.ready || (this.phase === 'finished' && !this.busy.now && this.failedSave === null);
  }

  /** Opens the queue at its next pending item, or at the item that was asked for. */
  async open(itemId: string | null = null): Promise<void> {
    try {
      const [card] = await Promise.all([
        this.setup.backend.queue(this.setup.queueId),
        this.list.open(),
      ]);
      this.card = card;
      const first =
        itemId === null ? await this.#feed.first() : await this.setup.backend.item(itemId);
      this.#show(first);
    } catch (error) {
      this.failure = asFailure(error);
      this.phase = 'failed';
    }
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'queue' && notice.queue_id === this.setup.queueId)
      this.#count(notice.counts);
    if (notice.kind === 'run' && notice.run.queue_id === this.setup.queueId)
      void this.#lookForVerdict();
  }

  /** A guard is at work in the queue: what was not assessed a moment ago may be now. */
  async #lookForVerdict(): Promise<void> {
    const { item } = this;
    if (!this.ready || item === null || this.#looking) return;
    this.#looking = true;
    try {
      if (item.tasks.some(({ verdict }) => verdict.kind === 'absent')) {
        const found = await this.setup.backend.item(item.id);
        const told = found.tasks.some(
          ({ verdict }, n) => verdict.kind !== item.tasks[n]?.verdict.kind,
        );
        // not over what a decision has made of it meanwhile
        if (told && this.ready && this.item === item) this.item = found;
        this.#look();
      }
      if (this.item?.id === item.id) this.#feed.prefetch(item);
    } catch {
      // the next notice asks again, and what the reviewer does tells what is wrong
    } finally {
      this.#looking = false;
    }
  }

  /** Picks a label for the active task: saved at once if nothing more is asked. */
  async choose(label: string): Promise<void> {
    if (!this.ready || this.taskScheme === null) return;
    this.choosing = false;
    this.message = null;
    const draft = draftOf(label, this.task?.decision ?? null);
    const lack = this.#lack(draft);
    if (isComplete(asked(this.taskScheme, label)) && lack === null)
      return this.#decideIfNew({ ...draft, categories: [], refusal: null });
    this.draft = draft;
    if (lack?.note) this.message = this.notes.ask(lack);
  }

  /** Takes the suggestion. What it leaves open is asked. */
  async accept(): Promise<void> {
    if (!this.ready || this.suggestion === null || this.taskScheme === null) return;
    this.choosing = false;
    if (sameAs(this.suggestion, this.task?.decision ?? null)) return this.moveOn();
    const lack = this.#lack(this.suggestion);
    if (lack === null) return this.#decide(this.suggestion);
    this.draft = this.suggestion;
    this.message = this.notes.ask(lack);
  }

  /** With two labels the other one; with more the choice, and nothing is saved. */
  async reject(): Promise<void> {
    if (!this.ready || this.suggestion === null) return;
    const suggested = this.suggestion.label;
    const others = this.labels.filter((label) => label !== suggested);
    const [other] = others;
    if (others.length === 1 && other !== undefined) return this.choose(other);
    this.draft = null;
    this.choosing = true;
    this.message = t('review.say.chooseLabel');
  }

  toggleCategory(category: string): void {
    if (!this.ready || this.draft === null || this.taskScheme === null) return;
    this.draft = toggleCategory(this.draft, category, this.taskScheme);
  }

  /** Says whether the response refuses; where nothing else is open, that is the decision. */
  async setRefusal(refusal: boolean): Promise<void> {
    if (!this.ready || this.draft === null || this.asked === null) return;
    this.draft = { ...this.draft, refusal };
    this.message = null;
    if (this.asked.categories.length === 0) await this.commit();
  }

  disarm(): void {
    this.draft = null;
    this.choosing = false;
    this.reasons.close();
    this.message = null;
  }

  /** Enter: saves what is being decided, goes on from what is decided. */
  async commit(): Promise<void> {
    if (this.failedSave !== null) return this.retry();
    if (!this.ready) return;
    if (this.reasons.asking !== null) await this.reasons.confirm();
    else if (this.draft !== null) {
      const lack = this.#lack(this.draft);
      if (lack === null) await this.#decideIfNew(this.draft);
      else this.message = this.notes.ask(lack);
    } else if (this.task !== null && this.task.state !== 'pending') {
      await this.moveOn();
    } else {
      this.message = t('review.say.chooseFirst');
    }
  }

  /** To the next task of the item that is open, else to the next item. */
  async moveOn(): Promise<void> {
    const open = this.item?.tasks.find(({ state }) => state === 'pending');
    if (open !== undefined && open.task !== this.taskId) this.activate(open.task, this.message);
    else await this.#go(() => this.#feed.following(this.item), this.#endOfList());
  }

  async next(): Promise<void> {
    if (this.canLeave) await this.#go(() => this.#feed.after(this.item), t('review.say.last'));
  }

  async previous(): Promise<void> {
    if (this.canLeave) await this.#go(() => this.#feed.before(this.item), t('review.say.first'));
  }

  /** An item of the list. */
  async openItem(itemId: string): Promise<void> {
    if (this.canLeave) await this.#go(() => this.setup.backend.item(itemId), t('review.say.gone'));
  }

  activate(task: string, message: string | null = null): void {
    if (this.item?.tasks.some((view) => view.task === task) !== true || task === this.taskId)
      return;
    this.notes.setDraft(this.item?.id, this.taskId, this.draft);
    this.taskId = task;
    this.disarm();
    this.message = message;
    this.draft = this.notes.draft(this.item?.id, this.taskId);
    this.#look();
  }

  switchTask(): void {
    const tasks = this.item?.tasks ?? [];
    const at = tasks.findIndex(({ task }) => task === this.taskId);
    const other = tasks[(at + 1) % tasks.length];
    if (other !== undefined) this.activate(other.task);
  }

  async skip(): Promise<void> {
    if (this.ready && this.item?.tasks.every(({ decision }) => decision !== null))
      await this.moveOn();
    else await this.#begin('skip');
  }

  escalate = () => this.#begin('escalate');
  // taking a flag off needs no reason
  flag = () => (this.item?.flagged ? this.#gesture('flag', null, null) : this.#begin('flag'));
  quarantine = () => this.#begin('quarantine');

  /** Takes back what was done last, and shows what it was done to. */
  async undo(): Promise<void> {
    if (this.draft !== null || this.choosing || this.reasons.asking) return this.disarm();
    if (this.busy.now || this.failedSave !== null) return;
    this.busy.saving = true;
    try {
      const undone = await this.setup.backend.undo(this.setup.queueId);
      const { id: itemId, queue_id: queueId } = undone.item;
      if (queueId !== this.setup.queueId) {
        // saved, so that nothing holds the window here
        this.busy.saving = false;
        return this.setup.elsewhere({ queueId, itemId });
      }
      this.#count(undone.counts);
      this.savedAt = undone.saved_at;
      this.#show(undone.item);
      await this.list.takeBack(undone);
      this.message = t('review.say.undone', { what: undone.what });
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === 'not_found') this.message = t('review.say.nothingToUndo');
      else this.failedSave = { failure, retry: () => this.undo() };
    } finally {
      this.busy.saving = false;
    }
  }

  /** The save that failed, once more. */
  async retry(): Promise<void> {
    const failed = this.failedSave;
    this.failedSave = null;
    await failed?.retry();
  }

  /** Leaves the failed save: the item is as it was. */
  giveUp(): void {
    this.failedSave = null;
    this.#unsaved(t('review.notSaved'));
  }

  /** The reviewer has a pseudonym now; what waited for it is saved. */
  async reviewerGiven(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.wantsReviewer = false;
    await waiting?.();
  }

  reviewerRefused(): void {
    this.#waiting = null;
    this.wantsReviewer = false;
    this.#unsaved(t('review.say.noName'));
  }

  /** What is left of a decision that was not saved: what the scheme asks for stays chosen, a bare label does not. */
  #unsaved(message: string): void {
    if (this.asked === null || isComplete(this.asked)) this.draft = null;
    this.message = message;
  }

  /** Saying once more what one has decided is no second decision: it would be made with the verdict in view. */
  async #decideIfNew(draft: Draft): Promise<void> {
    const before = this.task?.state === 'decided' ? this.task.decision : null;
    const own = before?.reviewer === this.setup.reviewer();
    if (!own || !sameAs(draft, before) || this.notes.given(this.item?.id) !== null)
      return this.#decide(draft);
    this.disarm();
    this.message = t('review.say.already');
  }

  async #decide(draft: Draft): Promise<void> {
    const { item, task } = this;
    if (item === null || task === null) return;
    const decision: NewDecision = {
      item_id: item.id,
      task: task.task,
      label: draft.label,
      categories: [...draft.categories],
      refusal: draft.refusal,
      note: this.notes.given(this.item?.id),
      duration_ms: this.#watch.elapsedMs,
      verdict_visible: this.#seen.has(`${item.id} ${task.task}`),
      draw_id: this.list.drawOf(item),
    };
    const others = this.setup.together?.(item.id) ?? [];
    // shown as chosen at once, on disk a moment later
    this.draft = draft;
    await this.#save(
      () => sendDecision(this.setup.backend, decision, others),
      async ({ left_out }) => {
        this.message = saidOf(decision, others.length - left_out);
        if (others.length > 0) {
          this.#feed.forget();
          await this.list.again();
        }
        // what the gold label says is read before one goes on
        if (this.card?.mode === 'suggestion' && !this.task?.gold) await this.moveOn();
        else this.#look();
      },
    );
  }

  /** Skips, escalates or flags, after the reason that the policy wants or offers. */
  async #begin(kind: GestureKind): Promise<void> {
    if (!this.ready || this.item === null) return;
    if (this.reasons.asking?.kind !== kind) this.disarm();
    await this.reasons.begin(kind);
  }

  async #gesture(kind: GestureKind, reason: string | null, note: string | null): Promise<void> {
    const { item } = this;
    if (!this.ready || item === null) return;
    const gesture = {
      item_id: item.id,
      kind,
      reason,
      note,
      duration_ms: this.#watch.elapsedMs,
      draw_id: this.list.drawOf(item),
    };
    await this.#save(
      () => this.setup.backend.gesture(gesture),
      async () => {
        const done = kind === 'flag' && item.flagged ? 'unflag' : kind;
        this.message = t(`review.say.${done}`, { n: String(item.seq) });
        if (kind !== 'flag')
          await this.#go(() => this.#feed.following(item), this.#endOfList(kind));
      },
    );
  }

  /** Saves, and goes on only when it is acknowledged. */
  async #save(send: () => Promise<Saved>, then: (saved: Saved) => Promise<void>): Promise<void> {
    if (this.setup.reviewer() === null) {
      this.#waiting = () => this.#save(send, then);
      this.wantsReviewer = true;
      return;
    }
    const itemId = this.item?.id ?? '';
    this.busy.saving = true;
    let saved: Saved;
    try {
      saved = await send();
    } catch (error) {
      this.busy.saving = false;
      this.failedSave = { failure: asFailure(error), retry: () => this.#save(send, then) };
      return;
    }
    this.#take(saved, itemId);
    await then(saved);
    if (saved.item === null) this.list.remove(itemId);
    this.busy.saving = false;
  }

  #take(saved: Saved, itemId: string): void {
    this.savedAt = saved.saved_at;
    this.draft = null;
    this.#watch.restart();
    this.notes.forget(itemId);
    this.#count(saved.counts);
    if (saved.item !== null) this.list.update(saved.item);
    if (this.item?.id === itemId) this.item = saved.item;
    // an item in quarantine may not stay on screen, whatever comes of fetching the next one
    if (this.item === null) this.phase = 'opening';
  }

  /** Shows what `find` finds. Where it finds nothing: says so and stays, or, without words, the queue is finished. */
  async #go(find: () => Promise<ItemView | null>, nothing: string | null): Promise<void> {
    this.busy.moving = true;
    try {
      const found = await find();
      if (found === null && nothing !== null) this.message = nothing;
      else this.#show(found);
    } catch (error) {
      this.failure = asFailure(error);
      if (this.item === null && this.phase !== 'finished') this.phase = 'failed';
    } finally {
      this.busy.moving = false;
    }
  }

  /** What is said at the end of a tab; at the end of the pending ones the queue is finished. */
  #endOfList(kind?: GestureKind): string | null {
    // an item in quarantine may not stay on screen
    if (kind === 'quarantine' || this.list.walksPending) return null;
    return t('review.say.endOfList');
  }

  #show(item: ItemView | null): void {
    this.notes.setDraft(this.item?.id, this.taskId, this.draft);
    this.failure = null;
    this.draft = null;
    this.choosing = false;
    this.reasons.close();
    this.item = item;
    this.phase = item === null ? 'finished' : 'item';
    if (item === null) return;
    const open = item.tasks.find(({ state }) => state === 'pending') ?? item.tasks[0];
    this.taskId = open?.task ?? 'prompt';
    this.draft = this.notes.draft(this.item?.id, this.taskId);
    this.#watch.restart();
    this.#look();
    this.#feed.prefetch(item);
  }

  /** Remembers that the verdict of the active task is on screen. */
  #look(): void {
    if (this.item !== null && this.task?.verdict.kind === 'shown')
      this.#seen.add(`${this.item.id} ${this.taskId}`);
  }

  #lack(draft: Draft): Lack | null {
    return lackOf(draft, this.taskScheme, this.terms, this.notes.given(this.item?.id));
  }

  #count(counts: StateCounts): void {
    if (this.card !== null) this.card = { ...this.card, counts };
  }
}
