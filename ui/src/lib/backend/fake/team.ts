/** What the fake does where several review: plans, second reviews, disagreements, and files that nobody writes. */
import type { DecisionView, DisagreementView, PlanOrder, TeamView, TouchedView } from '../bindings';
import type { Backend } from '../backend';
import {
  awaitingOf,
  cardOf,
  fateOf,
  visible,
  voicesOf,
  type FakeItem,
  type FakeQueue,
} from './model';
import { failureOf, type FakeReview } from './review';

/** The part of the `Backend` that is for several reviewers. */
export type TeamBackend = Pick<
  Backend,
  | 'previewBulk'
  | 'setPlan'
  | 'disagreements'
  | 'adjudicate'
  | 'team'
  | 'splitQueue'
  | 'openBundle'
  | 'giveBack'
  | 'mergeReturns'
>;

/** What it needs of the fake around it. */
interface Around {
  answer: <T>(method: keyof Backend, args: unknown[], make: () => T) => Promise<T>;
  queue: (queueId: string) => FakeQueue;
  item: (itemId: string) => [FakeQueue, FakeItem];
  review: () => FakeReview;
}

const FINGERPRINT = 'f1'.repeat(32);

function planned(queue: FakeQueue, order: PlanOrder): void {
  const hasGold = queue.items.some(({ tasks }) => tasks.some(({ gold }) => gold !== undefined));
  if ((order.gold ?? 0) > 0 && !hasGold)
    throw failureOf(
      'invalid',
      'No item of the queue came with a gold label',
      'Import some with labels_role gold',
    );
  const { second, gold, blind, feedback, own_adjudication } = order;
  const { plan } = queue;
  queue.plan = {
    second: second ?? plan.second,
    gold: gold ?? plan.gold,
    blind: blind ?? plan.blind,
    feedback: feedback ?? plan.feedback,
    own_adjudication: own_adjudication ?? plan.own_adjudication,
  };
}

function disputed(queue: FakeQueue): DisagreementView[] {
  return visible(queue).flatMap((item) =>
    item.tasks
      .filter((task) => awaitingOf(task, item, queue) === 'adjudication')
      .map((task) => ({ item_id: item.id, task: task.task, decisions: voicesOf(task) })),
  );
}

function teamOf(queue: FakeQueue): TeamView {
  const done: Record<string, number> = {};
  for (const item of visible(queue)) {
    const all: DecisionView[] = item.tasks.flatMap(({ decisions }) => decisions);
    for (const name of new Set(all.map(({ reviewer }) => reviewer)))
      done[name] = (done[name] ?? 0) + 1;
  }
  const named = !queue.fromBundle;
  const rows = Object.entries(done).map(([reviewer, n], index) => ({
    reviewer: named ? reviewer : `reviewer ${index + 1}`,
    done: n,
    items: queue.bundles[reviewer] ?? null,
  }));
  const waiting = Object.entries(queue.bundles).filter(([name]) => !(name in done));
  const begun = waiting.map(([reviewer, items]) => ({ reviewer, done: 0, items }));
  return { named, reviewers: [...rows, ...begun] };
}

export function teamBackend({ answer, queue, item, review }: Around): TeamBackend {
  return {
    setPlan: (queueId, order) =>
      answer('setPlan', [queueId, order], () => {
        planned(queue(queueId), order);
        return cardOf(queue(queueId));
      }),
    previewBulk: (task, itemIds) =>
      answer('previewBulk', [task, itemIds], () => {
        const preview = { items: 0, touched: [] as TouchedView[], apart: 0 };
        for (const itemId of itemIds) {
          const [of, one] = item(itemId);
          const about = one.tasks.find((each) => each.task === task);
          const fate = about === undefined ? 'apart' : fateOf(about, one, of);
          if (fate === 'free') preview.items += 1;
          else if (fate === 'apart') preview.apart += 1;
          else
            preview.touched.push({
              item_id: itemId,
              state: about?.state ?? 'decided',
              label: about?.decisions.at(-1)?.label ?? null,
            });
        }
        return preview;
      }),
    disagreements: (queueId, limit) =>
      answer('disagreements', [queueId, limit], () => disputed(queue(queueId)).slice(0, limit)),
    adjudicate: (decision) =>
      answer('adjudicate', [decision], () => {
        const [of, one] = item(decision.item_id);
        return review().adjudicate(of, one, decision);
      }),
    team: (queueId) => answer('team', [queueId], () => teamOf(queue(queueId))),
    splitQueue: (order) =>
      answer('splitQueue', [order], () => {
        const of = queue(order.queue_id);
        if (order.overlap !== null) of.plan = { ...of.plan, second: order.overlap };
        const items = Math.ceil(visible(of).length / order.reviewers.length);
        return order.reviewers.map((reviewer) => {
          of.bundles[reviewer] = items;
          const path = `${order.folder}/${of.name}-${reviewer}.saring`;
          return { reviewer, path, items, fingerprint: FINGERPRINT };
        });
      }),
    openBundle: (path) =>
      answer('openBundle', [path], () => {
        const of = queue('fresh');
        of.fromBundle = true;
        const added = of.items.length;
        return {
          reviewer: 'ben',
          queue: of.name,
          added,
          known: 0,
          refused: 0,
          fingerprint: FINGERPRINT,
        };
      }),
    giveBack: (queueId, path) =>
      answer('giveBack', [queueId, path], () => {
        const items = visible(queue(queueId));
        const done = items.filter(({ tasks }) => tasks.some((task) => task.decisions.length > 0));
        return { path, decisions: done.length, done: done.length, items: items.length };
      }),
    mergeReturns: (paths) =>
      answer('mergeReturns', [paths], () =>
        paths.map((path) => ({
          path,
          reviewer: 'ben',
          queue: queue('forum').name,
          added: 12,
          known: 0,
        })),
      ),
  };
}
