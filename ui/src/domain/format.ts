/**
 * How numbers, times and languages are written everywhere in the window, in its language.
 *
 * A float that is not a number crosses as null; it is written as a dash, never as a zero.
 */
import { language, t, type Language } from '$language';

export const NONE = '–';

/** One of each for a language: making them is slow. */
interface Writers {
  whole: Intl.NumberFormat;
  compact: Intl.NumberFormat;
  exact: Intl.NumberFormat;
  names: Intl.DisplayNames;
  clock: Intl.DateTimeFormat;
}
/** English writes the clock as most of the world does. */
const REGIONS: Record<Language, string> = { en: 'en-GB', id: 'id' };
const known = new Map<Language, Writers>();

function writers(): Writers {
  const tag = language();
  const found = known.get(tag);
  if (found !== undefined) return found;
  const made: Writers = {
    whole: new Intl.NumberFormat(tag),
    compact: new Intl.NumberFormat(tag, { maximumSignificantDigits: 3 }),
    exact: new Intl.NumberFormat(tag, { maximumSignificantDigits: 17 }),
    names: new Intl.DisplayNames([tag], { type: 'language', fallback: 'code' }),
    clock: new Intl.DateTimeFormat(REGIONS[tag], {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    }),
  };
  known.set(tag, made);
  return made;
}

/** 1,204 */
export function count(n: number): string {
  return writers().whole.format(n);
}

/** With so many decimals, whatever they are. */
export function decimals(n: number, digits: number): string {
  return n.toLocaleString(language(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}

/** Two decimals: 0.93. Never a 1.00 or 0.00 that is not exact: those are written >0.99 and <0.01. */
export function probability(p: number | null): string {
  if (p === null) return NONE;
  if (p > 0.99 && p < 1 && p.toFixed(2) === '1.00') return `>${decimals(0.99, 2)}`;
  if (p > 0 && p.toFixed(2) === '0.00') return `<${decimals(0.01, 2)}`;
  return decimals(p, 2);
}

/** For the hover: all digits that there are. */
export function exact(p: number | null): string {
  return p === null ? t('words.notKnown') : writers().exact.format(p);
}

/** 12% */
export function percent(share: number | null): string {
  if (share === null) return NONE;
  return `${Math.floor(share * 100)}%`;
}

/** 14:03:21, in the reviewer's time zone. */
export function clock(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : writers().clock.format(at);
}

/** 2026-02-14 14:03, in the reviewer's time zone. */
export function date(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** For the hover: "3 min ago". */
export function ago(iso: string, nowMs = Date.now()): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  if (Number.isNaN(seconds)) return iso;
  if (seconds < 60) return t('format.secondsAgo', { n: seconds });
  if (seconds < 3600) return t('format.minutesAgo', { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t('format.hoursAgo', { n: Math.floor(seconds / 3600) });
  return t('format.daysAgo', { n: Math.floor(seconds / 86_400) });
}

/** "42 s", "3 min 20 s", "2 h 5 min" */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const whole = Math.round(seconds);
  const min = Math.floor(whole / 60);
  if (whole < 60) return t('format.seconds', { s: whole });
  if (whole < 3600) return t('format.minutes', { min, s: whole % 60 });
  return t('format.hours', { h: Math.floor(min / 60), min: min % 60 });
}

/** Rates: "12.4/s", "310 tokens/s" */
export function rate(perSecond: number | null, unit = ''): string {
  if (perSecond === null) return NONE;
  const written = writers().compact.format(perSecond);
  return unit === ''
    ? t('format.rate', { rate: written })
    : t('format.rateOf', { rate: written, unit });
}

/** Powers of 1024, three digits: "7.49 GiB". */
export function bytes(n: number | null): string {
  if (n === null) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${writers().compact.format(value)} ${units[unit]}`;
}

/** Powers of 1000: "4.02 B" parameters. */
export function parameters(n: number | null): string {
  if (n === null) return NONE;
  if (n >= 1e9) return t('format.billions', { n: writers().compact.format(n / 1e9) });
  if (n >= 1e6) return t('format.millions', { n: writers().compact.format(n / 1e6) });
  return count(n);
}

/** Pixels of an image: "0.25 MP", "4,096 pixels". */
export function megapixels(pixels: number): string {
  if (pixels < 100_000) return t('count.pixels', { count: pixels });
  return `${writers().compact.format(pixels / 1e6)} MP`;
}

/** "Burmese" for "my"; "not known" for none. */
export function languageName(tag: string | null): string {
  if (tag === null || tag === 'und') return t('words.languageUnknown');
  try {
    return writers().names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** "a", "a or b", "a, b or c" */
export function either(names: readonly string[]): string {
  return joined(names, (first, last) => t('words.or', { first, last }));
}

/** "a", "a and b", "a, b and c" */
export function both(names: readonly string[]): string {
  return joined(names, (first, last) => t('words.and', { first, last }));
}

function joined(names: readonly string[], join: (first: string, last: string) => string): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : join(names.slice(0, -1).join(', '), last);
}
