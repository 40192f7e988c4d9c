/**
 * Numbers with their units, as every screen writes them. Numbers that stand in columns are set with tabular figures by
 * the class `tabular`.
 */

const NO_VALUE = '–';

/** 1204 -> "1,204". */
export function count(n: number | null): string {
  return n === null ? NO_VALUE : n.toLocaleString('en');
}

/** "1 item", "1,204 items". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Bytes in the binary units in which memory is sold: 1536 -> "1.5 KiB". */
export function bytes(n: number | null): string {
  if (n === null) return NO_VALUE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Parameters of a model: 4022468096 -> "4.0 B", 1900000 -> "1.9 M". */
export function parameters(n: number | null): string {
  if (n === null) return NO_VALUE;
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} B`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} M`;
  if (n >= 1e3) return `${(n / 1e3).toFixed(1)} K`;
  return count(n);
}

/** A rate with as many decimals as it deserves: 0.42, 7.3, 128. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return NO_VALUE;
  if (perSecond >= 100) return count(Math.round(perSecond));
  return perSecond.toFixed(perSecond >= 10 ? 1 : 2);
}

/** Time left or taken: "8 s", "3 min 20 s", "2 h 05 min". */
export function duration(seconds: number | null): string {
  if (seconds === null) return NO_VALUE;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** 0.1234 -> "12 %". */
export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** A measured score or probability: two or three decimals, a dash where there is none. */
export function score(value: number | null, decimals = 2): string {
  return value === null ? NO_VALUE : value.toFixed(decimals);
}
