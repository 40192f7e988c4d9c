import { describe, expect, it } from 'vitest';
import { excerptFrom, readRisk, riskBars } from '../src/domain/review';
import { makeRisk } from '../src/lib/backend/fake/risk';
import { STREAM_SAMPLES } from '../src/lib/backend/fake';
import type { RiskSpan } from '../src/lib/backend';

const span = (end: number, p_unsafe: number, flagged = false, category: string | null = null) =>
  ({ end, p_unsafe, flagged, category }) satisfies RiskSpan;
/** Characters as a reader sees them. */
const characters = (text: string) =>
  Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);

describe('risk along a text', () => {
  it('marks from the first flagged token on', () => {
    const read = readRisk('safe text, then harm', {
      flagged_from: 16,
      spans: [span(4, 0.1), span(16, 0.2), span(20, 0.9, true, 'Violent')],
    });
    expect(read.markedFrom).toBe(16);
    expect(read.first).toEqual({
      start: 16,
      end: 20,
      pUnsafe: 0.9,
      flagged: true,
      category: 'Violent',
    });
    expect(read.pMax).toBe(0.9);
    expect(read.stretches.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [4, 16],
      [16, 20],
    ]);
  });

  it.each(
    STREAM_SAMPLES.map(({ language, turns, flaggedFrom }) => ({
      language,
      text: turns.at(-1)?.content ?? '',
      flaggedFrom,
    })),
  )('never cuts a character of a text in $language', ({ text, flaggedFrom }) => {
    const risk = makeRisk(text, flaggedFrom ?? null);
    const read = readRisk(text, risk);
    const pieces = read.stretches.map(({ start, end }) => text.slice(start, end));
    expect(pieces.join(''), 'nothing is lost').toBe(text);
    expect(pieces.flatMap(characters), 'the pieces have the same characters as the whole').toEqual(
      characters(text),
    );
    if (read.markedFrom === null) return;
    const marked = [text.slice(0, read.markedFrom), text.slice(read.markedFrom)];
    expect(marked.flatMap(characters)).toEqual(characters(text));
    expect(read.markedFrom, 'never later than the guard said').toBeLessThanOrEqual(
      risk.flagged_from ?? 0,
    );
  });

  it('shows the worst of the tokens that share a character', () => {
    const flag = '🏴‍☠️';
    expect(characters(flag)).toHaveLength(1);
    const read = readRisk(`${flag}!`, {
      flagged_from: 2,
      spans: [span(2, 0.2), span(3, 0.8, true, 'Violent'), span(flag.length, 0.1), span(6, 0)],
    });
    expect(read.stretches[0]).toEqual({
      start: 0,
      end: flag.length,
      pUnsafe: 0.8,
      flagged: true,
      category: 'Violent',
    });
    expect(read.markedFrom, 'the mark begins before the character').toBe(0);
  });

  it('takes offsets that make no sense without harm', () => {
    const read = readRisk('ab', {
      flagged_from: 90,
      spans: [span(1, 0.1), span(0, 0.9), span(70, 0.3)],
    });
    expect(read.stretches.map(({ start, end, pUnsafe }) => [start, end, pUnsafe])).toEqual([
      [0, 1, 0.9],
      [1, 2, 0.3],
    ]);
    expect(read.markedFrom, 'nothing of the text is behind it').toBe(2);
    expect(readRisk('', { flagged_from: null, spans: [] }).pMax).toBeNull();
  });

  it('says how far the guard has read', () => {
    const read = readRisk('0123456789', { flagged_from: null, spans: [span(4, 0.1)] });
    expect(read.readTo).toBe(4);
    expect(riskBars(read, 10, 100)).toMatchObject([{ start: 0, end: 4, width: 0.4 }]);
  });

  it('keeps a peak where many tokens share a bar', () => {
    const text = 'x'.repeat(1000);
    const spans = Array.from({ length: 1000 }, (_, i) => span(i + 1, i === 517 ? 0.99 : 0.01));
    const bars = riskBars(readRisk(text, { flagged_from: null, spans }), text.length, 100);
    expect(bars).toHaveLength(100);
    expect(Math.max(...bars.map(({ pUnsafe }) => pUnsafe))).toBe(0.99);
    expect(bars.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(1);
  });

  it('quotes whole characters', () => {
    expect(excerptFrom('ကြောက်အောင် လုပ်ပါ', 0, 2)).toBe(
      `${characters('ကြောက်အောင်').slice(0, 2).join('')}…`,
    );
    expect(excerptFrom('short', 1)).toBe('hort');
  });
});
