/** What the fake does when a reviewer decides, gestures or undoes. */
import type { Code, Gesture, HistoryEntry, NewDecision, Saved, Undone } from '../bindings';
import { BackendError } from '../backend';
import {
  awaitingOf,
  countsOf,
  fateOf,
  viewOf,
  voicesOf,
  type FakeItem,
  type FakeQueue,
} from './model';

interface Done {
  queue: FakeQueue;
  item: FakeItem;
  what: string;
  revert: () => void;
  entries: HistoryEntry[];
}

export function failureOf(code: Code, message: string, advice: string): BackendError {
  return new BackendError({ code, message, advice, details: `fake: ${code}` });
}

export class FakeReview {
  #done: Done[] = [];
  #decisions = 0;

  constructor(
    private readonly now: () => string,
    private readonly reviewer: () => string | null,
  ) {}

  decide(queue: FakeQueue, item: FakeItem, decision: NewDecision): Saved {
    const by = this.#by();
    const task = item.tasks.find(({ task }) => task === decision.task);
    if (task === undefined)
      throw failureOf('invalid', 'The item has no such task', 'Go to another item');
    const { label, categories, refusal, note } = decision;
    const old = task.state;
    this.#decisions += 1;
    task.decisions.push({
      id: `d-${this.#decisions}`,
      label,
      categories,
      refusal,
      note,
      reviewer: by,
      decided_at: this.now(),
      anchored: decision.verdict_visible,
    });
    task.state = awaitingOf(task, item, queue) === null ? 'decided' : 'pending';
    this.#remember(
      queue,
      item,
      `label ${label}`,
      note,
      [task.task],
      decision.verdict_visible,
      () => {
        task.decisions.pop();
        task.state = old;
      },
    );
    return this.#saved(queue, item);
  }

  /** Settles what reviewers decided differently; not between decisions of one's own, unless the plan allows it. */
  adjudicate(queue: FakeQueue, item: FakeItem, decision: NewDecision): Saved {
    const by = this.#by();
    const task = item.tasks.find(({ task }) => task === decision.task);
    if (task === undefined || awaitingOf(task, item, queue) !== 'adjudication')
      throw failureOf('conflict', 'There is nothing to settle about it', 'Go on with another item');
    const own = voicesOf(task).some(({ reviewer }) => reviewer === by);
    if (own && !queue.plan.own_adjudication)
      throw failureOf(
        'conflict',
        'The item was decided by this reviewer',
        'Go on with another item, or leave this one to somebody else',
      );
    const { label, categories, refusal, note } = decision;
    this.#decisions += 1;
    task.settled = {
      id: `d-${this.#decisions}`,
      label,
      categories,
      refusal,
      note,
      reviewer: by,
      decided_at: this.now(),
      anchored: false,
    };
    task.state = 'decided';
    this.#remember(queue, item, `adjudicate ${label}`, note, [task.task], false, () => {
      delete task.settled;
      task.state = 'pending';
    });
    return this.#saved(queue, item);
  }

  /** Decides several as one: one undo takes all of it back. What nobody looked at is left as it is if it is not free. */
  decideAll(queue: FakeQueue, items: FakeItem[], decision: NewDecision, lookedAt: boolean): Saved {
    const free = items.filter((item, index) => {
      const task = item.tasks.find(({ task }) => task === decision.task);
      const isFree = task !== undefined && fateOf(task, item, queue) === 'free';
      return isFree || (lookedAt && index === 0);
    });
    const all = free.map((item) => this.decide(queue, item, { ...decision, item_id: item.id }));
    const acts = this.#done.splice(this.#done.length - all.length);
    const [first] = acts;
    const [saved] = all;
    if (first === undefined || saved === undefined)
      throw failureOf('invalid', 'Each of them is decided already', 'Choose others');
    this.#done.push({
      ...first,
      what: all.length > 1 ? `${first.what}, and of ${all.length - 1} more items` : first.what,
      revert: () => {
        for (const act of acts) act.revert();
      },
      entries: acts.flatMap(({ entries }) => entries),
    });
    return { ...saved, counts: countsOf(queue), left_out: items.length - all.length };
  }

  gesture(queue: FakeQueue, item: FakeItem, gesture: Gesture): Saved {
    const { kind } = gesture;
    const reason = gesture.reason ?? gesture.note;
    if (kind === 'flag') {
      item.flagged = !item.flagged;
      this.#remember(queue, item, item.flagged ? 'flag' : 'unflag', reason, [null], false, () => {
        item.flagged = !item.flagged;
      });
    } else if (kind === 'quarantine') {
      item.quarantined = true;
      this.#remember(queue, item, 'quarantine', reason, [null], false, () => {
        item.quarantined = false;
      });
    } else {
      const old = item.tasks.map((task) => task.state);
      for (const task of item.tasks)
        if (task.decisions.length === 0) task.state = kind === 'skip' ? 'skipped' : 'escalated';
      this.#remember(queue, item, kind, reason, [null], false, () => {
        item.tasks.forEach((task, index) => (task.state = old[index] ?? 'pending'));
      });
    }
    return this.#saved(queue, item);
  }

  /** Takes back what was done last, in whichever queue that was. */
  undo(): Undone {
    const done = this.#done.pop();
    if (done === undefined)
      throw failureOf('not_found', 'There is nothing to undo', 'Go on with the next item');
    done.revert();
    for (const entry of done.entries) entry.undone = true;
    this.#record(done.item, { what: `undo ${done.what}` });
    return {
      what: done.what,
      others: done.entries.length - 1,
      saved_at: this.now(),
      item: viewOf(done.item, done.queue),
      counts: countsOf(done.queue),
    };
  }

  #by(): string {
    const by = this.reviewer();
    if (by === null)
      throw failureOf('invalid', 'It is not known who decides', 'Give yourself a pseudonym first');
    return by;
  }

  #remember(
    queue: FakeQueue,
    item: FakeItem,
    what: string,
    note: string | null,
    tasks: (string | null)[],
    anchored: boolean,
    revert: () => void,
  ): void {
    const entries = tasks.map((task) => this.#record(item, { what, note, task, anchored }));
    this.#done.push({ queue, item, what, revert, entries });
  }

  #record(item: FakeItem, entry: Partial<HistoryEntry> & { what: string }): HistoryEntry {
    const whole = {
      at: this.now(),
      by: this.#by(),
      task: null,
      reason: null,
      note: null,
      policy: null,
      anchored: false,
      undone: false,
      ...entry,
    };
    item.history.push(whole);
    return whole;
  }

  #saved(queue: FakeQueue, item: FakeItem): Saved {
    return {
      decision_id: `d-${this.#decisions}`,
      saved_at: this.now(),
      item: item.quarantined ? null : viewOf(item, queue),
      counts: countsOf(queue),
      left_out: 0,
    };
  }
}
