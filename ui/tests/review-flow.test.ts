import { describe, expect, it } from 'vitest';
import type { Gesture, NewDecision } from '../src/lib/backend';
import { runUnderWay } from '../src/lib/backend/fake/fixtures';
import { FakeBackend } from '../src/lib/backend/fake';
import { openDesk, PLAN, sent, TWO_LABELS } from './review-desk';

const decisions = (desk: Awaited<ReturnType<typeof openDesk>>) =>
  sent<NewDecision>(desk.backend, 'decide');

describe('with the suggestion in view', () => {
  it('saves safe at once and shows the next item', async () => {
    const desk = await openDesk();
    desk.pass(2500);
    await desk.review.choose('safe');
    expect(decisions(desk)).toEqual([
      {
        item_id: 'q-1',
        task: 'prompt',
        label: 'safe',
        categories: [],
        refusal: null,
        note: null,
        duration_ms: 2500,
        verdict_visible: true,
        draw_id: null,
      },
    ]);
    expect(desk.review.item?.id, 'the next pending item is on screen').toBe('q-2');
    expect(desk.review.savedAt, 'it is said when it was saved').not.toBeNull();
    expect(desk.review.card?.counts.pending, 'the count follows').toBe(14);
  });

  it('arms a label that asks for categories, and saves it with Enter', async () => {
    const desk = await openDesk();
    await desk.review.choose('unsafe');
    expect(decisions(desk), 'a label that asks for more saves nothing').toEqual([]);
    desk.review.toggleCategory('PII');
    desk.review.toggleCategory('Violent');
    desk.review.toggleCategory('Unethical Acts');
    desk.review.toggleCategory('Unethical Acts');
    await desk.review.commit();
    expect(decisions(desk)[0]).toMatchObject({ label: 'unsafe', categories: ['Violent', 'PII'] });
    expect(desk.review.item?.id).toBe('q-2');
  });

  it('asks whether the response refuses, and saves safe with one more key', async () => {
    const desk = await openDesk();
    await desk.review.openItem('q-4');
    desk.review.activate('response');
    await desk.review.choose('safe');
    expect(decisions(desk), 'the refusal is still open').toEqual([]);
    await desk.review.setRefusal(true);
    expect(decisions(desk)[0]).toMatchObject({
      task: 'response',
      label: 'safe',
      categories: [],
      refusal: true,
    });
  });

  it('does not save an unsafe response before it is said whether it refuses', async () => {
    const desk = await openDesk();
    await desk.review.openItem('q-4');
    desk.review.activate('response');
    await desk.review.choose('unsafe');
    desk.review.toggleCategory('Violent');
    await desk.review.commit();
    expect(decisions(desk)).toEqual([]);
    expect(desk.review.message).toBe('Say whether the response refuses');
    await desk.review.setRefusal(false);
    expect(decisions(desk), 'with categories open, the refusal alone saves nothing').toEqual([]);
    await desk.review.commit();
    expect(decisions(desk)[0]).toMatchObject({ categories: ['Violent'], refusal: false });
  });

  it('goes from the prompt to the response of the same item before the next one', async () => {
    const desk = await openDesk();
    await desk.review.openItem('q-4');
    await desk.review.choose('safe');
    expect([desk.review.item?.id, desk.review.taskId]).toEqual(['q-4', 'response']);
    await desk.review.choose('safe');
    await desk.review.setRefusal(false);
    expect(desk.review.item?.id).toBe('q-5');
  });

  it('accepts the suggestion with the categories that the guard gave', async () => {
    const desk = await openDesk();
    await desk.review.openItem('q-2');
    await desk.review.accept();
    expect(decisions(desk)[0]).toMatchObject({ label: 'unsafe', categories: ['Violent'] });
    expect(desk.review.item?.id).toBe('q-3');
  });

  it('accepts the refusal that the guard gave', async () => {
    const desk = await openDesk();
    await desk.review.openItem('q-4');
    desk.review.activate('response');
    await desk.review.accept();
    expect(decisions(desk)[0]).toMatchObject({ task: 'response', label: 'safe', refusal: true });
  });

  it('rejects by taking the other of two labels', async () => {
    const desk = await openDesk(TWO_LABELS);
    await desk.review.reject();
    expect(decisions(desk)[0]).toMatchObject({ item_id: 'q-1', label: 'unsafe' });
  });

  it('rejects with three labels by asking for the choice, and saves nothing', async () => {
    const desk = await openDesk();
    await desk.review.reject();
    expect(decisions(desk)).toEqual([]);
    expect(desk.review.choosing).toBe(true);
    expect(desk.review.item?.id).toBe('q-1');
  });

  it('leaves accept and reject without effect where nothing was assessed', async () => {
    const desk = await openDesk({ labelled: false });
    await desk.review.accept();
    await desk.review.reject();
    expect(decisions(desk)).toEqual([]);
    await desk.review.choose('safe');
    expect(decisions(desk)[0]?.verdict_visible, 'there was no verdict to see').toBe(false);
  });

  it('does not save anything when Enter is pressed without a label', async () => {
    const desk = await openDesk();
    await desk.review.commit();
    expect(decisions(desk)).toEqual([]);
    expect([desk.review.item?.id, desk.review.message]).toEqual(['q-1', 'Choose a label first']);
  });
});

describe('blind', () => {
  it('saves blind, reveals in place, and moves on with Enter', async () => {
    const desk = await openDesk({ mode: 'blind' });
    expect(desk.review.task?.verdict.kind).toBe('hidden');
    await desk.review.choose('safe');
    expect(decisions(desk)[0]?.verdict_visible).toBe(false);
    expect([desk.review.item?.id, desk.review.task?.verdict.kind]).toEqual(['q-1', 'shown']);
    await desk.review.commit();
    expect(desk.review.item?.id).toBe('q-2');
    expect(decisions(desk), 'moving on saves nothing').toHaveLength(1);
  });

  it('keeps a change after the reveal as a second decision, made with the verdict in view', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.choose('safe');
    await desk.review.choose('unsafe');
    await desk.review.commit();
    expect(decisions(desk).map((decision) => [decision.label, decision.verdict_visible])).toEqual([
      ['safe', false],
      ['unsafe', true],
    ]);
    expect(desk.review.item?.id, 'a change does not move on either').toBe('q-1');
  });

  it('leaves accept and reject without effect while the verdict is hidden', async () => {
    const desk = await openDesk({ mode: 'blind', ...TWO_LABELS });
    await desk.review.accept();
    await desk.review.reject();
    expect(decisions(desk)).toEqual([]);
  });

  it('counts a verdict as seen after an undo has hidden it again', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.choose('safe');
    await desk.review.undo();
    expect(desk.review.task?.verdict.kind).toBe('hidden');
    await desk.review.choose('safe');
    expect(decisions(desk)[1]?.verdict_visible, 'what was seen cannot be unseen').toBe(true);
  });

  it('keeps the response blind when the verdict on the prompt was revealed', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.openItem('q-4');
    await desk.review.choose('safe');
    await desk.review.commit();
    expect([desk.review.taskId, desk.review.task?.verdict.kind]).toEqual(['response', 'hidden']);
    await desk.review.choose('safe');
    await desk.review.setRefusal(true);
    expect(decisions(desk)[1]?.verdict_visible).toBe(false);
  });
});

describe('the same label again', () => {
  it('leaves a blind decision blind', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.choose('safe');
    await desk.review.choose('safe');
    expect(decisions(desk), 'nothing new was said').toHaveLength(1);
    expect(desk.review.task?.decision?.anchored).toBe(false);
    expect([desk.review.item?.id, desk.review.message]).toEqual(['q-1', 'Decided so already']);
  });

  it('leaves it blind too where the label is saved with Enter', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.choose('unsafe');
    desk.review.toggleCategory('PII');
    await desk.review.commit();
    await desk.review.choose('unsafe');
    await desk.review.commit();
    expect([decisions(desk).length, desk.review.draft]).toEqual([1, null]);
    await desk.review.choose('unsafe');
    desk.review.toggleCategory('Violent');
    await desk.review.commit();
    expect(decisions(desk), 'another category is another decision').toHaveLength(2);
  });

  it('leaves it blind too where the refusal completes it', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.openItem('q-4');
    desk.review.activate('response');
    for (const refusal of [true, true, false]) {
      await desk.review.choose('safe');
      await desk.review.setRefusal(refusal);
    }
    expect(decisions(desk).map(({ refusal }) => refusal)).toEqual([true, false]);
  });

  it('is saved with a new note, and by another reviewer', async () => {
    const desk = await openDesk({ mode: 'blind' });
    await desk.review.choose('safe');
    desk.review.notes.write(desk.review.item?.id, 'sure of it');
    await desk.review.choose('safe');
    expect(decisions(desk).map(({ note }) => note)).toEqual([null, 'sure of it']);
    await desk.backend.setReviewer('r2');
    await desk.review.choose('safe');
    expect(decisions(desk), 'that two agree is worth keeping').toHaveLength(3);
  });
});

describe('a save that fails', () => {
  it('stops everything, and goes on only after it was tried again', async () => {
    const desk = await openDesk();
    desk.backend.failNext('decide');
    await desk.review.choose('safe');
    expect(desk.review.failedSave?.failure.message).toBe('The disk is full');
    expect(desk.review.item?.id, 'the item stays').toBe('q-1');
    expect(desk.review.savedAt, 'nothing is said to be saved').toBeNull();

    await desk.review.choose('unsafe');
    await desk.review.skip();
    await desk.review.next();
    await desk.review.undo();
    await desk.review.openItem('q-7');
    expect(desk.review.item?.id, 'nothing else can be done').toBe('q-1');
    expect(sent(desk.backend, 'gesture')).toEqual([]);

    await desk.review.commit();
    expect(decisions(desk).map(({ label }) => label)).toEqual(['safe', 'safe']);
    expect([desk.review.failedSave, desk.review.item?.id]).toEqual([null, 'q-2']);
  });

  it('can be given up, which leaves the item undecided', async () => {
    const desk = await openDesk();
    desk.backend.failNext('decide');
    await desk.review.choose('safe');
    desk.review.giveUp();
    expect([desk.review.draft, desk.review.task?.state]).toEqual([null, 'pending']);
    await desk.review.choose('safe');
    expect(desk.review.item?.id).toBe('q-2');
  });

  it('stops for gestures too', async () => {
    const desk = await openDesk();
    desk.backend.failNext('gesture');
    await desk.review.skip();
    expect([desk.review.failedSave === null, desk.review.item?.id]).toEqual([false, 'q-1']);
  });
});

describe('while a guard is at work', () => {
  it('leaves an item that it says nothing new of as it is, so that nothing jumps', async () => {
    const desk = await openDesk({ labelled: false });
    const { item } = desk.review;
    const asked = () => desk.backend.calls.filter(({ method }) => method === 'item').length;
    const before = asked();
    desk.review.onNotice({ kind: 'run', run: runUnderWay('q') });
    await expect.poll(asked).toBeGreaterThan(before);
    await Promise.resolve();
    expect(desk.review.item).toBe(item);
  });

  it('shows a verdict in its place as soon as there is one', async () => {
    const desk = await openDesk({ labelled: false });
    const labelled = await openDesk();
    const run = runUnderWay('q');
    for (const [index, item] of (desk.backend.fakeQueues[0]?.items ?? []).entries())
      item.tasks = labelled.backend.fakeQueues[0]?.items[index]?.tasks ?? [];
    desk.review.onNotice({ kind: 'run', run: { ...run, queue_id: 'another' } });
    expect(desk.review.task?.verdict.kind).toBe('absent');
    desk.review.onNotice({ kind: 'run', run });
    await expect.poll(() => desk.review.task?.verdict.kind).toBe('shown');
    await desk.review.choose('safe');
    expect(decisions(desk)[0]?.verdict_visible, 'it came into view before the decision').toBe(true);
    expect(desk.review.task?.verdict.kind, 'what was fetched ahead is not stale').toBe('shown');
  });
});

describe('a list of many pages', () => {
  it('is walked beyond its first page, whether or not it is on screen', async () => {
    const desk = await openDesk({ size: 130 });
    await desk.review.list.open('all');
    await desk.review.openItem('q-100');
    expect(desk.review.list.rows).toHaveLength(100);
    await desk.review.next();
    expect([desk.review.item?.id, desk.review.list.rows.length]).toEqual(['q-101', 130]);
  });

  it('keeps what happens to its rows while the next page is on its way', async () => {
    const desk = await openDesk({ size: 130 });
    await desk.review.list.open('all');
    desk.backend.delayMs = 20;
    const more = desk.review.list.more();
    desk.review.list.remove('q-3');
    await more;
    expect(desk.review.list.rows).toHaveLength(129);
    expect(desk.review.list.indexOf('q-3')).toBe(-1);
  });
});

describe('two keys in a hurry', () => {
  it('do not decide the same item twice, nor the next one unseen', async () => {
    const desk = await openDesk();
    const first = desk.review.choose('safe');
    const second = desk.review.choose('safe');
    await Promise.all([first, second]);
    expect(decisions(desk)).toHaveLength(1);
  });
});

describe('going around', () => {
  it('undoes the last decision and returns to its item', async () => {
    const desk = await openDesk();
    await desk.review.choose('safe');
    expect(desk.review.item?.id).toBe('q-2');
    await desk.review.undo();
    expect([desk.review.item?.id, desk.review.task?.state]).toEqual(['q-1', 'pending']);
    expect(desk.review.card?.counts.pending).toBe(15);
    expect(desk.review.list.rows[0]?.state).toBe('pending');
  });

  it('takes an armed label back before anything that was saved', async () => {
    const desk = await openDesk();
    await desk.review.choose('safe');
    await desk.review.choose('unsafe');
    await desk.review.undo();
    expect([desk.review.draft, desk.review.item?.id]).toEqual([null, 'q-2']);
    expect(sent(desk.backend, 'undo')).toEqual([]);
  });

  it('sends the window to the other queue where the last act was', async () => {
    const backend = new FakeBackend({ plans: [PLAN, { ...PLAN, id: 'p' }], reviewer: 'r1' });
    const other = await openDesk({}, 'r1', { backend, queueId: 'p' });
    await other.review.choose('safe');
    const desk = await openDesk({}, 'r1', { backend });
    await desk.review.next();
    await desk.review.undo();
    expect(desk.sentTo).toEqual([{ queueId: 'p', itemId: 'p-1' }]);
    expect([desk.review.item?.id, desk.review.busy.saving], 'this queue is as it was').toEqual([
      'q-2',
      false,
    ]);
    expect(desk.review.card?.counts.pending).toBe(15);
  });

  it('says that there is nothing to undo without stopping', async () => {
    const desk = await openDesk();
    await desk.review.undo();
    expect([desk.review.failedSave, desk.review.message]).toEqual([
      null,
      'There is nothing to undo',
    ]);
  });

  it('skips with the note as the reason', async () => {
    const desk = await openDesk();
    desk.review.notes.write(desk.review.item?.id, ' not my language ');
    await desk.review.skip();
    expect(sent<Gesture>(desk.backend, 'gesture')[0]).toMatchObject({
      item_id: 'q-1',
      kind: 'skip',
      reason: 'not my language',
    });
    expect([desk.review.item?.id, desk.review.notes.of(desk.review.item?.id)]).toEqual(['q-2', '']);
  });

  it('keeps a note with its item while the reviewer looks elsewhere', async () => {
    const desk = await openDesk();
    desk.review.notes.write(desk.review.item?.id, 'a thought');
    await desk.review.next();
    expect(desk.review.notes.of(desk.review.item?.id)).toBe('');
    await desk.review.previous();
    expect(desk.review.notes.of(desk.review.item?.id)).toBe('a thought');
  });

  it('keeps a half-made decision with its item and task while the reviewer looks elsewhere', async () => {
    const desk = await openDesk();
    await desk.review.choose('unsafe');
    desk.review.toggleCategory('PII');
    await desk.review.next();
    expect(desk.review.draft, 'the next item has none').toBeNull();
    await desk.review.previous();
    expect(desk.review.draft).toMatchObject({ label: 'unsafe', categories: ['PII'] });
    desk.review.disarm();
    await desk.review.next();
    await desk.review.previous();
    expect(desk.review.draft, 'what was taken back stays so').toBeNull();
    expect(decisions(desk)).toEqual([]);
  });

  it('takes a quarantined item off the screen and the list at once, and brings it back by undo', async () => {
    const desk = await openDesk();
    await desk.review.quarantine();
    expect(desk.review.item?.id).toBe('q-2');
    expect(desk.review.list.indexOf('q-1')).toBe(-1);
    await desk.review.undo();
    expect(desk.review.item?.id).toBe('q-1');
  });

  it('takes a quarantined item off the screen even if the next one cannot be fetched', async () => {
    const desk = await openDesk();
    desk.backend.failNext('nextItem');
    await desk.review.next();
    desk.backend.failNext('nextItem');
    await desk.review.quarantine();
    expect(sent(desk.backend, 'gesture'), 'it is in quarantine').toHaveLength(1);
    expect([desk.review.item, desk.review.phase]).toEqual([null, 'failed']);
    expect(desk.review.failure?.message, 'it is said why nothing is shown').toBe(
      'The disk is full',
    );
    await desk.review.open();
    expect([desk.review.item?.id, desk.review.failure]).toEqual(['q-1', null]);
  });

  it('flags without moving on', async () => {
    const desk = await openDesk();
    await desk.review.flag();
    expect([desk.review.item?.id, desk.review.item?.flagged]).toEqual(['q-1', true]);
    expect(desk.review.list.rows[0]?.flagged).toBe(true);
  });

  it('has the next item before it is asked for', async () => {
    const desk = await openDesk();
    const asked = () => desk.backend.calls.filter(({ method }) => method === 'nextItem').length;
    const before = asked();
    await desk.review.choose('safe');
    expect(desk.review.item?.id).toBe('q-2');
    expect(asked() - before, 'one call, and that is for the item after').toBe(1);
  });

  it('comes back to what was passed over before it says that nothing is pending', async () => {
    const desk = await openDesk({ size: 3, ...TWO_LABELS });
    await desk.review.next();
    await desk.review.choose('safe');
    await desk.review.choose('safe');
    expect(desk.review.item?.id, 'the first item was passed over').toBe('q-1');
    await desk.review.choose('safe');
    expect([desk.review.phase, desk.review.card?.counts.pending]).toEqual(['finished', 0]);
    await desk.review.undo();
    expect([desk.review.phase, desk.review.item?.id]).toEqual(['item', 'q-1']);
  });

  it('does not bring the last pending item up again after it is decided', async () => {
    const desk = await openDesk({ size: 1, ...TWO_LABELS });
    await desk.review.next();
    expect([desk.review.item?.id, desk.review.message]).toEqual(['q-1', 'This is the last item']);
    await desk.review.choose('safe');
    expect([desk.review.phase, desk.review.item]).toEqual(['finished', null]);
    await desk.review.choose('safe');
    expect(decisions(desk), 'decided once').toHaveLength(1);
  });

  it('walks the rows of another tab instead of the pending items', async () => {
    const desk = await openDesk(TWO_LABELS);
    await desk.review.skip();
    await desk.review.next();
    await desk.review.skip();
    await desk.review.list.open('skipped');
    await desk.review.openItem('q-1');
    await desk.review.choose('safe');
    expect(desk.review.item?.id).toBe('q-3');
  });
});

describe('the reviewer', () => {
  it('is asked at the first decision, which is saved when the pseudonym is given', async () => {
    const desk = await openDesk({}, null);
    await desk.review.choose('safe');
    expect([desk.review.wantsReviewer, decisions(desk).length]).toEqual([true, 0]);
    await desk.backend.setReviewer('mei');
    await desk.review.reviewerGiven();
    expect([decisions(desk).length, desk.review.item?.id]).toEqual([1, 'q-2']);
  });
});
