/**
 * The script of a text, for its line height: the language that came with an item may be missing or wrong.
 *
 * Only the scripts of the region that need more air than Latin are told apart.
 */
const SCRIPTS: [name: string, range: RegExp][] = [
  ['Mymr', /[\u1000-\u109f\uaa60-\uaa7f]/g],
  ['Thai', /[\u0e00-\u0e7f]/g],
  ['Taml', /[\u0b80-\u0bff]/g],
  ['Khmr', /[\u1780-\u17ff]/g],
  ['Laoo', /[\u0e80-\u0eff]/g],
];
const LOOKED_AT = 400;

/** ISO 15924 name of the script that most of the beginning is in, null for Latin and all others. */
export function scriptOf(text: string): string | null {
  const start = text.slice(0, LOOKED_AT);
  let best: string | null = null;
  let most = 0;
  for (const [name, range] of SCRIPTS) {
    const found = start.match(range)?.length ?? 0;
    if (found > most) [best, most] = [name, found];
  }
  return best;
}
