import { describe, expect, it } from 'vitest';
import { AdjudicationController } from '../src/domain/adjudication.svelte';
import type { FakeBackend } from '../src/lib/backend/fake';
import { DECISION, disputed } from './disputed';
import { PLAN } from './review-desk';

async function open(backend: FakeBackend) {
  const adjudication = new AdjudicationController({
    backend,
    queueId: PLAN.id,
    reviewer: () => backend.reviewer,
    nowMs: () => 1000,
  });
  await adjudication.open();
  return adjudication;
}

describe('a disagreement', () => {
  it('is shown with both decisions and without a verdict', async () => {
    const adjudication = await open(await disputed());
    expect(adjudication.card?.plan.awaiting_adjudication).toBe(2);
    const sides = adjudication.current?.decisions.map(({ reviewer, label }) => [reviewer, label]);
    expect(sides).toEqual([
      ['ana', 'safe'],
      ['ben', 'unsafe'],
    ]);
    expect(adjudication.item?.tasks[0]).toMatchObject({
      verdict: { kind: 'hidden' },
      decision: null,
    });
  });

  it('is settled by what Enter saves, then the next one comes', async () => {
    const backend = await disputed();
    const adjudication = await open(backend);
    adjudication.choice.choose('unsafe');
    adjudication.choice.choose('safe');
    expect(
      backend.calls.some(({ method }) => method === 'adjudicate'),
      'not by the label',
    ).toBe(false);
    await adjudication.settle();
    const [call] = backend.calls.filter(({ method }) => method === 'adjudicate');
    expect(call?.args[0]).toMatchObject({ item_id: 'q-1', label: 'safe', verdict_visible: false });
    expect(adjudication.current?.item_id).toBe('q-2');
    expect(adjudication.message).toBe('Settled: Safe');
    expect(adjudication.choice.draft, 'nothing is chosen for the next one').toBeNull();
    await adjudication.undo();
    expect(adjudication.current?.item_id, 'it is to be settled again').toBe('q-1');
    expect(adjudication.rows).toHaveLength(2);
  });

  it('can be settled after an undo came in the middle of a step to the next', async () => {
    const backend = await disputed(['q-1', 'q-2', 'q-3']);
    const adjudication = await open(backend);
    adjudication.choice.choose('safe');
    await adjudication.settle();
    backend.delayMs = 100;
    const step = adjudication.go(1);
    backend.delayMs = 0;
    await adjudication.undo();
    await step;
    expect(adjudication.current?.item_id).toBe('q-1');
    adjudication.choice.choose('safe');
    expect([adjudication.choice.ready, adjudication.choice.draft?.label]).toEqual([true, 'safe']);
  });

  it('is left to others by whoever decided it, and the refusal is told', async () => {
    const adjudication = await open(await disputed(['q-1'], 'ana'));
    expect(adjudication.isOwn, 'said before one tries').toBe(true);
    adjudication.choice.choose('safe');
    await adjudication.settle();
    expect(adjudication.refused?.advice).toContain('somebody else');
    expect(adjudication.choice.draft?.label, 'what was chosen is not lost').toBe('safe');
    expect(adjudication.rows).toHaveLength(1);
  });

  it('may be settled by one of the two where the plan allows it', async () => {
    const backend = await disputed(['q-1'], 'ana');
    const order = { second: null, gold: null, blind: null, feedback: null };
    await backend.setPlan(PLAN.id, { ...order, own_adjudication: true });
    const adjudication = await open(backend);
    expect(adjudication.isOwn).toBe(false);
    adjudication.choice.choose('safe');
    await adjudication.settle();
    expect(adjudication.refused).toBeNull();
    expect(adjudication.rows).toEqual([]);
  });

  it('keeps what was chosen when the disk is full', async () => {
    const backend = await disputed();
    const adjudication = await open(backend);
    adjudication.choice.choose('unsafe');
    backend.failNext('adjudicate');
    await adjudication.settle();
    expect(adjudication.refused?.message).toBe('The disk is full');
    await adjudication.settle();
    expect(adjudication.rows).toHaveLength(1);
  });

  it('is one of several that one can go through', async () => {
    const adjudication = await open(await disputed());
    await adjudication.go(1);
    expect([adjudication.place, adjudication.item?.id]).toEqual([2, 'q-2']);
    await adjudication.go(1);
    expect(adjudication.place, 'there is no third').toBe(2);
    await adjudication.go(-1);
    expect(adjudication.item?.id).toBe('q-1');
  });
});

describe('the second reviewer', () => {
  it('gets the item as if nobody had decided it', async () => {
    const backend = await disputed([]);
    backend.reviewer = 'ana';
    await backend.decide({ ...DECISION, label: 'safe' });
    expect((await backend.nextItem(PLAN.id, null))?.id, 'ana goes on').toBe('q-2');
    backend.reviewer = 'ben';
    const item = await backend.nextItem(PLAN.id, null);
    expect(item?.id).toBe('q-1');
    expect(item?.tasks[0]).toMatchObject({ state: 'pending', decision: null });
  });
});
