/**
 * A fake set up from the page's address, for development in a browser and for screenshots:
 * `?theme=dark&size=large&first=1&reviewer=none&delay=400&queue=fresh`; `empty` has no queue, `run` one run under
 * way, `fail=decide` refuses the first decision.
 */
import type { Backend } from '../backend';
import { FakeBackend } from './fake';
import { runUnderWay } from './fixtures';

export function fakeFromAddress(search: string): FakeBackend {
  const wanted = new URLSearchParams(search);
  const backend = new FakeBackend({
    ...(wanted.has('empty') ? { plans: [] } : {}),
    firstStart: wanted.has('first'),
    reviewer: wanted.get('reviewer') === 'none' ? null : 'reviewer-1',
    delayMs: Number(wanted.get('delay') ?? 0),
    preferences: JSON.stringify({
      theme: wanted.get('theme') ?? 'system',
      textSize: wanted.get('size') ?? 'normal',
      lastQueueId: wanted.get('queue') ?? 'forum',
      ...(wanted.has('nolist') ? { listShown: false } : {}),
    }),
  });
  const failing = wanted.get('fail');
  if (failing !== null) backend.failNext(failing as keyof FakeBackend & keyof Backend);
  if (wanted.has('run')) backend.runList = [runUnderWay(wanted.get('queue') ?? 'forum')];
  return backend;
}
