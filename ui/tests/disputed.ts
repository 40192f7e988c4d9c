/** A fake queue about which two reviewers disagree, for the tests of adjudication. */
import type { NewDecision } from '../src/lib/backend';
import { FakeBackend, SEA_GUARD } from '../src/lib/backend/fake';
import { PLAN } from './review-desk';

export const DECISION: NewDecision = {
  item_id: 'q-1',
  task: 'prompt',
  label: 'safe',
  categories: [],
  refusal: null,
  note: null,
  duration_ms: 0,
  verdict_visible: false,
  draw_id: null,
};

/** Items of which two reviewers say that they are safe and unsafe, at the desk of somebody else. */
export async function disputed(items = ['q-1', 'q-2'], reviewer = 'lead') {
  const backend = new FakeBackend({
    plans: [{ ...PLAN, scheme: SEA_GUARD, mode: 'blind' }],
    preferences: JSON.stringify({ lastQueueId: PLAN.id }),
  });
  const order = { gold: null, blind: null, feedback: null, own_adjudication: null };
  await backend.setPlan(PLAN.id, { ...order, second: 100 });
  for (const [name, label] of [
    ['ana', 'safe'],
    ['ben', 'unsafe'],
  ] as const) {
    backend.reviewer = name;
    for (const item_id of items) await backend.decide({ ...DECISION, item_id, label });
  }
  backend.reviewer = reviewer;
  backend.calls.length = 0;
  return backend;
}
