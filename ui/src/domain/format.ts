/**
 * How numbers, times and languages are written everywhere in the window.
 *
 * A float that is not a number crosses as null; it is written as a dash, never as a zero.
 */

export const NONE = '–';
const WHOLE = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** 1,204 */
export function count(n: number): string {
  return WHOLE.format(n);
}

/** "1 item", "1,204 items" */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Two decimals: 0.93. Never a 1.00 or 0.00 that is not exact: those are written >0.99 and <0.01. */
export function probability(p: number | null): string {
  if (p === null) return NONE;
  if (p > 0.99 && p < 1 && p.toFixed(2) === '1.00') return '>0.99';
  if (p > 0 && p.toFixed(2) === '0.00') return '<0.01';
  return p.toFixed(2);
}

/** For the hover: all digits that there are. */
export function exact(p: number | null): string {
  return p === null ? 'not known' : String(p);
}

/** 12% */
export function percent(share: number | null): string {
  if (share === null) return NONE;
  return `${Math.floor(share * 100)}%`;
}

/** 14:03:21, in the reviewer's time zone. */
export function clock(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toLocaleTimeString('en-GB', { hour12: false });
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
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** "42 s", "3 min 20 s", "2 h 5 min" */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Rates: "12.4/s", "310 tokens/s" */
export function rate(perSecond: number | null, unit = ''): string {
  if (perSecond === null) return NONE;
  return `${COMPACT.format(perSecond)}${unit === '' ? '' : ` ${unit}`}/s`;
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
  return `${COMPACT.format(value)} ${units[unit]}`;
}

/** Powers of 1000: "4.02 B" parameters. */
export function parameters(n: number | null): string {
  if (n === null) return NONE;
  if (n >= 1e9) return `${COMPACT.format(n / 1e9)} B`;
  if (n >= 1e6) return `${COMPACT.format(n / 1e6)} M`;
  return count(n);
}

/** Pixels of an image: "0.25 MP", "4,096 pixels". */
export function megapixels(pixels: number): string {
  if (pixels < 100_000) return counted(pixels, 'pixel');
  return `${COMPACT.format(pixels / 1e6)} MP`;
}

const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });

/** "Burmese" for "my"; "not known" for none. */
export function languageName(tag: string | null): string {
  if (tag === null || tag === 'und') return 'Language not known';
  try {
    return LANGUAGES.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
