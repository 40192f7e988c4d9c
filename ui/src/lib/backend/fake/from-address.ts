/**
 * A fake set up from the page's address, for development in a browser and for screenshots:
 * `?language=id&theme=dark&size=large&first=1&reviewer=none&delay=400&queue=fresh`; `empty` has no queue, `run` one run under
 * way, `fail=decide` refuses the first decision, `cover=plain` shows images at once, `assistant=none` has no assistant, with
 * `answer=long` it writes much,
 * `loading=5000` loads guards slowly, `run=loading` has a run whose guard is being loaded.
 * The queues `pictures` and `stream` are there beside those of the tests.
 */
import type { Backend } from '../backend';
import { FakeBackend } from './fake';
import { PLANS } from './plans';
import {
  ASSISTANT,
  ASSISTANT_GUARD,
  ASSISTED,
  BEING_LOADED,
  DEMO_GUARD,
  QWEN_GUARD,
  runUnderWay,
  SEA_GUARD_12B,
} from './fixtures';
import { QWEN3GUARD, SEA_GUARD, type QueuePlan } from './model';
import { PICTURE_SAMPLES, STREAM_SAMPLES } from './samples';

/** Queues to look at: images, and responses that were read word by word. */
const SHOWN_PLANS: QueuePlan[] = [
  {
    id: 'pictures',
    name: 'family-group-images',
    scheme: SEA_GUARD,
    mode: 'suggestion',
    size: PICTURE_SAMPLES.length,
    labelled: true,
    samples: PICTURE_SAMPLES,
  },
  {
    id: 'stream',
    name: 'assistant-answers',
    scheme: QWEN3GUARD,
    mode: 'suggestion',
    size: STREAM_SAMPLES.length,
    labelled: true,
    samples: STREAM_SAMPLES,
  },
];

export function fakeFromAddress(search: string): FakeBackend {
  const wanted = new URLSearchParams(search);
  const backend = new FakeBackend({
    plans: wanted.has('empty') ? [] : [...PLANS, ...SHOWN_PLANS],
    firstStart: wanted.has('first'),
    reviewer: wanted.get('reviewer') === 'none' ? null : 'reviewer-1',
    delayMs: Number(wanted.get('delay') ?? 0),
    preferences: JSON.stringify({
      language: wanted.get('language') ?? 'system',
      theme: wanted.get('theme') ?? 'system',
      textSize: wanted.get('size') ?? 'normal',
      lastQueueId: wanted.get('queue') ?? 'forum',
      ...(wanted.has('cover') ? { imageCover: wanted.get('cover') } : {}),
      ...(wanted.has('nolist') ? { listShown: false } : {}),
    }),
  });
  backend.guardList = [DEMO_GUARD, QWEN_GUARD, SEA_GUARD_12B, ASSISTANT_GUARD];
  backend.assistantView = wanted.get('assistant') === 'none' ? null : ASSISTANT;
  if (wanted.get('answer') === 'long') backend.writes = Array(16).fill(ASSISTED).flat();
  backend.writeMs = wanted.get('answer') === 'long' ? 20 : 400;
  backend.loadMs = Number(wanted.get('loading') ?? 300);
  const failing = wanted.get('fail');
  if (failing !== null) backend.failNext(failing as keyof FakeBackend & keyof Backend);
  if (wanted.has('run')) {
    const run = runUnderWay(wanted.get('queue') ?? 'forum');
    backend.runList = [wanted.get('run') === 'loading' ? { ...run, ...BEING_LOADED } : run];
  }
  return backend;
}
