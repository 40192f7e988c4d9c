/**
 * Risk along a text, as a guard that reads word by word gave it, cut where a reader sees characters.
 *
 * Tokens may end inside of what is one character on screen: a Burmese syllable with its medials, a Thai vowel above its
 * consonant. Everything here moves such an end to the end of that character. Offsets are UTF-16, as in the page.
 */
import type { RiskView } from '../../lib/backend';

/** A stretch of text with one risk. */
export interface RiskStretch {
  start: number;
  end: number;
  pUnsafe: number;
  flagged: boolean;
  /** Where it is flagged and the guard named one. */
  category: string | null;
}

export interface RiskReading {
  /** Where the mark begins; null: nothing is flagged. */
  markedFrom: number | null;
  stretches: RiskStretch[];
  /** How far the guard has read. */
  readTo: number;
  /** The first flagged stretch. */
  first: RiskStretch | null;
  /** The highest risk of all. */
  pMax: number | null;
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Ends of the characters of a text as a reader sees them, ascending; the last is the end of the text. */
function characterEnds(text: string): number[] {
  return Array.from(GRAPHEMES.segment(text), ({ index, segment }) => index + segment.length);
}

/** The risk along `text`, with no character cut in two. Ends that go backwards or beyond the text are put right. */
export function readRisk(text: string, risk: RiskView): RiskReading {
  const ends = characterEnds(text);
  let at = 0;
  /** The end of the character that `offset` lies in; offsets ascend. */
  const endFor = (offset: number): number => {
    while (at < ends.length - 1 && (ends[at] ?? 0) < offset) at += 1;
    return offset <= 0 ? 0 : (ends[at] ?? 0);
  };
  const stretches: RiskStretch[] = [];
  let start = 0;
  for (const span of risk.spans) {
    const end = Math.max(start, endFor(Math.min(span.end, text.length)));
    const own = {
      pUnsafe: span.p_unsafe,
      flagged: span.flagged,
      category: span.flagged ? span.category : null,
    };
    const last = stretches.at(-1);
    if (end > start) stretches.push({ start, end, ...own });
    else if (last !== undefined) stretches[stretches.length - 1] = worse(last, own);
    start = end;
  }
  return {
    markedFrom: risk.flagged_from === null ? null : characterStart(ends, risk.flagged_from),
    stretches,
    readTo: start,
    first: stretches.find(({ flagged }) => flagged) ?? null,
    pMax: stretches.reduce<number | null>(
      (most, { pUnsafe }) => Math.max(most ?? 0, pUnsafe),
      null,
    ),
  };
}

/** The beginning of the character that `offset` lies in. */
function characterStart(ends: number[], offset: number): number {
  let start = 0;
  for (const end of ends) {
    if (end > offset) return start;
    start = end;
  }
  return start;
}

/** Of tokens that share a character the worst one is shown. */
function worse(
  stretch: RiskStretch,
  own: Pick<RiskStretch, 'pUnsafe' | 'flagged' | 'category'>,
): RiskStretch {
  return {
    ...stretch,
    pUnsafe: Math.max(stretch.pUnsafe, own.pUnsafe),
    flagged: stretch.flagged || own.flagged,
    category: stretch.category ?? own.category,
  };
}

/** One bar of the strip, and what it stands for. */
export interface RiskBar extends RiskStretch {
  /** 0 to 1, of the text's length. */
  width: number;
}

/**
 * At most `most` bars. Where there are more stretches, neighbours share a bar, which shows the worst of them: a peak is
 * never averaged away.
 */
export function riskBars(reading: RiskReading, textLength: number, most: number): RiskBar[] {
  const { stretches } = reading;
  if (textLength === 0) return [];
  const perBar = Math.max(1, Math.ceil(stretches.length / most));
  const bars: RiskBar[] = [];
  for (let i = 0; i < stretches.length; i += perBar) {
    const group = stretches.slice(i, i + perBar);
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) break;
    const whole = group.reduce((all, stretch) => worse(all, stretch));
    const { start } = first;
    const { end } = last;
    bars.push({ ...whole, start, end, width: (end - start) / textLength });
  }
  return bars;
}

/** The first words from an offset on, for a sentence about it. */
export function excerptFrom(text: string, offset: number, characters = 24): string {
  const rest = text.slice(offset);
  const ends = characterEnds(rest.slice(0, characters * 8));
  const end = ends[Math.min(characters, ends.length) - 1] ?? rest.length;
  return end < rest.length ? `${rest.slice(0, end).trim()}…` : rest.trim();
}
