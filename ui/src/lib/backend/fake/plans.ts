/** The queues of the fake, where a test names none of its own. */
import { QWEN3GUARD, SEA_GUARD, type QueuePlan } from './model';

export const PLANS: QueuePlan[] = [
  {
    id: 'forum',
    name: 'forum-november',
    scheme: QWEN3GUARD,
    mode: 'suggestion',
    size: 1204,
    labelled: true,
  },
  {
    id: 'blind',
    name: 'assistant-blind',
    scheme: QWEN3GUARD,
    mode: 'blind',
    size: 60,
    labelled: true,
  },
  { id: 'demo', name: 'demo', scheme: SEA_GUARD, mode: 'suggestion', size: 15, labelled: true },
  {
    id: 'fresh',
    name: 'fresh-import',
    scheme: SEA_GUARD,
    mode: 'suggestion',
    size: 8,
    labelled: false,
  },
];
