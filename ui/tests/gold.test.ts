import { describe, expect, it } from 'vitest';
import { agreesWithGold } from '../src/domain/review';
import type { DecisionView, PlanOrder } from '../src/lib/backend';
import { openDesk, TWO_LABELS } from './review-desk';

const NOTHING: PlanOrder = {
  second: null,
  gold: null,
  blind: null,
  feedback: null,
  own_adjudication: null,
};

/** A desk at an item that came with the gold label "unsafe", and another one behind it. */
async function atGold(feedback: 'immediate' | 'never', mode: 'blind' | 'suggestion' = 'blind') {
  const desk = await openDesk({ ...TWO_LABELS, mode });
  for (const task of desk.backend.fakeQueues[0]?.items[0]?.tasks ?? [])
    task.gold = { label: 'unsafe', categories: [], refusal: null };
  await desk.backend.setPlan('q', { ...NOTHING, gold: 10, feedback });
  await desk.review.open('q-1');
  return desk;
}

describe('gold', () => {
  it('is told after the decision and not before', async () => {
    const { review } = await atGold('immediate');
    expect(review.task?.gold).toBeNull();
    await review.choose('safe');
    expect(review.task?.gold?.label).toBe('unsafe');
  });

  it('is read before one goes on, also where suggestions are in view', async () => {
    const { review } = await atGold('immediate', 'suggestion');
    await review.choose('safe');
    expect(review.item?.id).toBe('q-1');
    await review.commit();
    expect(review.item?.id, 'Enter goes on').not.toBe('q-1');
  });

  it('is never told where the plan says so', async () => {
    const { review } = await atGold('never', 'suggestion');
    await review.choose('safe');
    expect(review.item?.id, 'as with any other item').not.toBe('q-1');
    await review.openItem('q-1');
    expect(review.task?.gold).toBeNull();
  });

  it('agrees as far as it says anything', () => {
    const said = { label: 'unsafe', categories: ['PII'], refusal: null } as unknown as DecisionView;
    const scheme = { categories: ['PII', 'Violent'], refusal: true };
    const gold = (label: string, categories: string[], refusal: boolean | null = null) =>
      agreesWithGold(said, { label, categories, refusal }, scheme);
    expect(gold('unsafe', [])).toBe(true);
    expect(gold('unsafe', ['PII'])).toBe(true);
    expect(gold('unsafe', ['Violent'])).toBe(false);
    expect(gold('safe', [])).toBe(false);
    expect(gold('unsafe', [], true), 'a refusal that was not seen').toBe(false);
    expect(gold('unsafe', ['PII', 'Spam']), 'a category that the policy does not have').toBe(true);
    const binary = { categories: [], refusal: false };
    const bare = { ...said, categories: [] };
    const named = { label: 'unsafe', categories: ['PII'], refusal: true };
    expect(agreesWithGold(bare, named, binary), 'nobody could say more').toBe(true);
  });
});
