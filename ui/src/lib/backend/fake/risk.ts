/** What the fake's streaming guard says along a response: quiet, one short alarm, and, from some words on, flagged. */
import type { RiskSpan, RiskView } from '../bindings';

/** UTF-16 units of a token: short, so that tokens end inside of what is one character on screen. */
const TOKEN_UNITS = 3;

export function makeRisk(
  text: string,
  flagged: { words: string; category: string } | null,
): RiskView {
  const from = flagged === null ? -1 : text.indexOf(flagged.words);
  const spans: RiskSpan[] = [];
  for (let start = 0; start < text.length; start += TOKEN_UNITS) {
    const end = Math.min(text.length, start + TOKEN_UNITS);
    const on = from >= 0 && end > from;
    const alarm = !on && Math.floor(start / TOKEN_UNITS) === 12;
    const wave = Math.sin(start / 7) * 0.5 + 0.5;
    const p_unsafe = on ? 0.62 + wave * 0.35 : alarm ? 0.58 : 0.02 + wave * 0.09;
    spans.push({ end, p_unsafe, flagged: on, category: on ? (flagged?.category ?? null) : null });
  }
  const first = spans.findIndex((span) => span.flagged);
  return {
    flagged_from: first < 0 ? null : (spans[first - 1]?.end ?? 0),
    spans,
  };
}
