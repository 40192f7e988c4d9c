import { describe, expect, it } from 'vitest';
import { SelectionController, selectionActions } from '../src/domain/review';
import { QWEN3GUARD } from '../src/lib/backend/fake';
import { openDesk, TWO_LABELS } from './review-desk';

async function desk(plan = {}) {
  const { backend, review } = await openDesk({ mode: 'blind', ...TWO_LABELS, ...plan });
  const selection = new SelectionController(backend, review);
  return { backend, review, selection, actions: selectionActions(selection, review) };
}

describe('a selection in the list', () => {
  it('begins at the item on screen and grows and shrinks row by row', async () => {
    const { selection } = await desk();
    selection.extend(1);
    selection.extend(1);
    selection.extend(1);
    expect(selection.rows.map(({ id }) => id)).toEqual(['q-1', 'q-2', 'q-3']);
    selection.extend(-1);
    expect(selection.rows.map(({ id }) => id)).toEqual(['q-1', 'q-2']);
    selection.toggle();
    expect(
      selection.rows.map(({ id }) => id),
      'the one on screen is taken out',
    ).toEqual(['q-2']);
    selection.clear();
    expect(selection.size).toBe(0);
  });

  it('shows what a label would do, saves it as one act that nobody looked at, and one undo takes it back', async () => {
    const { backend, review, selection } = await desk({ size: 6 });
    await review.choose('unsafe');
    await review.list.open('all');
    selection.all();
    await selection.confirm();
    await selection.preview('safe');
    expect(
      backend.calls.some(({ method }) => method === 'decideAll'),
      'only shown',
    ).toBe(false);
    expect(selection.choice.draft?.label).toBe('safe');
    expect(selection.shown).toEqual({
      items: 5,
      touched: [{ item_id: 'q-1', state: 'decided', label: 'unsafe' }],
      apart: 0,
    });
    await selection.confirm();
    const [bulk] = backend.calls.filter(({ method }) => method === 'decideAll');
    const [decision, others, lookedAt] = bulk?.args ?? [];
    expect(decision).toMatchObject({ item_id: 'q-1', label: 'safe', duration_ms: 0 });
    expect(others).toEqual(['q-2', 'q-3', 'q-4', 'q-5', 'q-6']);
    expect(lookedAt, 'it counts for no estimate').toBe(false);
    expect(selection.size, 'nothing is selected any more').toBe(0);
    expect(review.message).toBe('5 items decided: Safe');
    await review.undo();
    expect(review.list.rows.filter(({ state }) => state === 'pending')).not.toHaveLength(0);
    expect(review.message).toContain('4 more items');
  });

  it('keeps the keys that decide one item from deciding it', async () => {
    const { backend, review, selection, actions } = await desk();
    expect(actions.skip?.enabled?.()).toBe(false);
    selection.extend(1);
    expect(actions.skip?.enabled?.()).toBe(true);
    actions.skip?.run();
    expect(review.message).toContain('selection waits');
    expect(backend.calls.some(({ method }) => method === 'gesture')).toBe(false);
    actions.disarm?.run();
    expect(selection.size).toBe(0);
  });

  it('leaves out items without the task that the label is about', async () => {
    const { review, selection } = await desk();
    const withResponse = review.list.rows.filter((row) => row.has_response);
    await review.openItem(withResponse[0]?.id ?? '');
    review.activate('response');
    selection.all();
    expect(selection.concerned).toEqual(withResponse);
    expect(selection.size).toBeGreaterThan(withResponse.length);
  });

  it('is about the task that was shown, whichever is on screen by then', async () => {
    const { backend, review, selection } = await desk();
    const withResponse = review.list.rows.find((row) => row.has_response);
    await review.openItem(withResponse?.id ?? '');
    selection.all();
    await selection.preview('safe');
    review.activate('response');
    expect([review.taskId, selection.taskId]).toEqual(['response', 'prompt']);
    expect(selection.concerned).toHaveLength(15);
    await selection.confirm();
    const [decision, others] =
      backend.calls.find(({ method }) => method === 'decideAll')?.args ?? [];
    expect(decision).toMatchObject({ task: 'prompt', label: 'safe' });
    expect(others).toHaveLength(14);
  });

  it('can be shown again after it could not be', async () => {
    const { backend, selection, actions } = await desk();
    selection.extend(1);
    backend.failNext('previewBulk');
    await selection.preview('safe');
    expect(selection.failure).not.toBeNull();
    await selection.preview('safe');
    expect(selection.failure).toBeNull();
    selection.choice.busy.saving = true;
    expect(actions.disarm?.enabled?.(), 'what is being saved is not taken back').toBe(false);
    selection.choice.busy.saving = false;
  });

  it('stays, with its label, when it could not be saved', async () => {
    const { backend, selection } = await desk();
    selection.extend(1);
    await selection.preview('safe');
    backend.failNext('decideAll');
    await selection.confirm();
    expect(selection.failure?.message).toBe('The disk is full');
    expect([selection.size, selection.choice.draft?.label]).toEqual([1, 'safe']);
  });

  it('asks for categories by digit once a label wants them', async () => {
    const { review, selection, actions } = await desk({ scheme: QWEN3GUARD });
    expect(review.labels).toHaveLength(3);
    selection.extend(1);
    actions['label-3']?.run();
    expect(actions['label-3']?.enabled?.(), 'digits are categories now').toBe(false);
    actions['category-4']?.run();
    expect(selection.choice.draft).toMatchObject({ label: 'unsafe', categories: ['PII'] });
  });
});
