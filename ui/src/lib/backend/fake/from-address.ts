/**
 * A fake set up from the page's address, for development in a browser and for screenshots:
 * `?theme=dark&size=large&first=1&reviewer=none&delay=400`.
 */
import { FakeBackend } from './fake';

export function fakeFromAddress(search: string): FakeBackend {
  const wanted = new URLSearchParams(search);
  return new FakeBackend({
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
}
