/** A review controller on a small fake queue, for the tests of the decision flow. */
import { ReviewController } from '../src/domain/review';
import type { PolicyTerms } from '../src/lib/backend';
import { FakeBackend, QWEN3GUARD, SEA_GUARD, type QueuePlan } from '../src/lib/backend/fake';

export interface Desk {
  backend: FakeBackend;
  review: ReviewController;
  /** Moves the clock. */
  pass: (ms: number) => void;
  /** Where the controller sent the window. */
  sentTo: { queueId: string; itemId: string }[];
}

export const PLAN: QueuePlan = {
  id: 'q',
  name: 'queue',
  scheme: QWEN3GUARD,
  mode: 'suggestion',
  size: 15,
  labelled: true,
};
export const TWO_LABELS: Partial<QueuePlan> = { scheme: SEA_GUARD };

export async function openDesk(
  plan: Partial<QueuePlan> = {},
  reviewer: string | null = 'r1',
  {
    backend = new FakeBackend({ plans: [{ ...PLAN, ...plan }], reviewer }),
    queueId = PLAN.id,
  }: { backend?: FakeBackend; queueId?: string } = {},
): Promise<Desk> {
  let nowMs = 1000;
  const sentTo: Desk['sentTo'] = [];
  const review = new ReviewController({
    backend,
    queueId,
    reviewer: () => backend.reviewer,
    elsewhere: (place) => sentTo.push(place),
    nowMs: () => nowMs,
  });
  await review.open();
  return { backend, review, pass: (ms) => (nowMs += ms), sentTo };
}

/** A backend with one queue whose policy was edited. */
export function underPolicy(
  edit: (terms: PolicyTerms) => void,
  plan: Partial<QueuePlan> = {},
): FakeBackend {
  const backend = new FakeBackend({
    plans: [{ ...PLAN, ...plan }],
    reviewer: 'r1',
    preferences: JSON.stringify({ lastQueueId: 'q' }),
  });
  for (const { policy } of backend.fakeQueues) edit(policy.terms);
  return backend;
}

/** What was sent with the calls of a method. */
export function sent<T>(backend: FakeBackend, method: string): T[] {
  return backend.calls.filter((call) => call.method === method).map((call) => call.args[0] as T);
}
