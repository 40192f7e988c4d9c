import { describe, expect, it } from 'vitest';
import { AlikeController, correctLanguage, ReviewController } from '../src/domain/review';
import { FakeBackend } from '../src/lib/backend/fake';
import { PLAN } from './review-desk';

/** A desk at the seventh item, of which the fake says that its neighbours are nearly the same. */
async function atTheSeventh() {
  const backend = new FakeBackend({ plans: [PLAN], reviewer: 'r1' });
  const review: ReviewController = new ReviewController({
    backend,
    queueId: PLAN.id,
    reviewer: () => backend.reviewer,
    elsewhere: () => undefined,
    together: (itemId) => alike.others(itemId),
  });
  const alike = new AlikeController(
    backend,
    () => review.item,
    () => review.taskId,
  );
  await review.open('q-7');
  await alike.look();
  return { backend, review, alike };
}

const OTHERS = ['q-5', 'q-6', 'q-8', 'q-9'];

describe('what is nearly the same', () => {
  it('is decided with the item once that was said, and taken back with one undo', async () => {
    const { backend, review, alike } = await atTheSeventh();
    expect(alike.open.map(({ item_id }) => item_id)).toEqual(OTHERS);
    alike.toggle();
    await review.choose('safe');
    const bulk = backend.calls.find(({ method }) => method === 'decideAll');
    expect(bulk?.args[1]).toEqual(OTHERS);
    // one of the five has a response to be judged too
    expect(review.card?.counts.decided, 'five decided at once').toBe(4);
    expect(review.message).toContain('4 more items');
    await review.undo();
    expect(review.item?.id, 'back at the item that was looked at').toBe('q-7');
    expect(review.card?.counts.decided).toBe(0);
  });

  it('does not come up as undecided once it is decided', async () => {
    const { backend, review, alike } = await atTheSeventh();
    alike.toggle();
    await review.choose('safe');
    await review.next();
    const next = review.item?.id ?? '';
    expect(next).not.toBe('q-7');
    expect(review.item, 'as it is by now').toEqual(await backend.item(next));
    expect(review.task?.state).toBe('pending');
  });

  it('is armed no longer than there is something to decide', async () => {
    const { backend, review, alike } = await atTheSeventh();
    alike.toggle();
    for (const id of OTHERS) {
      await review.openItem(id);
      await review.choose('safe');
    }
    await review.openItem('q-7');
    await alike.look();
    alike.together = true;
    await alike.look();
    expect([alike.open, alike.together]).toEqual([[], false]);
    expect(backend.calls.some(({ method }) => method === 'decideAll')).toBe(false);
  });

  it('is left alone without that, and by the next item', async () => {
    const { backend, review, alike } = await atTheSeventh();
    await review.choose('safe');
    expect(backend.calls.some(({ method }) => method === 'decideAll')).toBe(false);
    await review.openItem('q-7');
    await alike.look();
    alike.toggle();
    expect(alike.others('q-8'), 'it was said of another item').toEqual([]);
    alike.leave();
    expect(alike.others('q-7')).toEqual([]);
  });

  it('is only what is undecided of the task on screen', async () => {
    const { review, alike } = await atTheSeventh();
    await review.openItem('q-8');
    await review.choose('safe');
    await review.openItem('q-7');
    await alike.look();
    expect(alike.open.map(({ item_id }) => item_id)).not.toContain('q-8');
  });
});

describe('the language of an item', () => {
  it('is what the reviewer says, and not asked for twice', async () => {
    const { backend, review } = await atTheSeventh();
    await correctLanguage(review, backend, 'jv');
    expect(review.item).toMatchObject({ id: 'q-7', language: 'jv', language_from: 'corrected' });
    await correctLanguage(review, backend, 'jv');
    expect(backend.calls.filter(({ method }) => method === 'correctLanguage')).toHaveLength(1);
  });
});
