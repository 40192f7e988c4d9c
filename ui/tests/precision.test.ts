import { describe, expect, it } from 'vitest';
import { precisionName, quantisedTo } from '../src/domain/precision';
import { makeQueue, type QueuePlan } from '../src/lib/backend/fake/model';
import { PLAN } from './review-desk';

function verdictIn(precision: string) {
  const plan: QueuePlan = {
    ...PLAN,
    size: 1,
    samples: [{ language: 'en', turns: [{ role: 'user', content: 'x' }], p: [1, 0, 0], precision }],
  };
  const verdict = makeQueue(plan).items[0]?.tasks[0]?.verdict;
  if (!verdict || 'failed' in verdict) throw new Error('the fake has judged it');
  return verdict;
}

describe('the precision of a verdict', () => {
  it('is told where the weights were quantised, by whatever name', () => {
    expect(quantisedTo(verdictIn('int8'))).toBe('int8');
    expect(quantisedTo(verdictIn('int4'))).toBe('4-bit');
    expect(quantisedTo(verdictIn('q4_k'))).toBe('Q4_K');
    expect(precisionName('iq4_xs')).toBe('IQ4_XS');
  });

  it('is not told where they were not, or where it is not recorded', () => {
    for (const full of ['f32', 'bf16', 'F16']) expect(quantisedTo(verdictIn(full))).toBeNull();
    expect(quantisedTo({ ...verdictIn('int8'), provenance: [] })).toBeNull();
  });
});
