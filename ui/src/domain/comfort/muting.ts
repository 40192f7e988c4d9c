/**
 * Words that a reviewer would rather not meet unprepared: where they stand in a text, so that they can be covered there.
 *
 * The lists are the reviewer's own and stay on the machine. Matching leaves the text as it is, only places are given, as
 * UTF-16 offsets. Neighbours: `preferences.ts` keeps the lists, `views/review/MutedText.svelte` draws the covers.
 */

/** Words of one kind, which can be covered or shown together. A star at an end stands for the rest of the word. */
export interface WordList {
  name: string;
  words: readonly string[];
  on: boolean;
}

/** A stretch of text; `list` names whose word it is, null for everything else. */
export interface Stretch {
  start: number;
  text: string;
  list: string | null;
}

/** Only where words are written apart does one begin and end at a letter's edge; Thai and Burmese are found anywhere. */
const APART = /[\p{Script=Latin}\p{N}]/u;
/** Bounded, or a text without spaces would be gone through again from every letter. */
const REST_OF_WORD = '[\\p{L}\\p{M}\\p{N}]{0,32}';
const INSIDE = /[\p{L}\p{M}\p{N}]/u;

interface Wanted {
  pattern: RegExp;
  /** No letter may stand before it. */
  fromStart: boolean;
}

function wantedOf(word: string): Wanted {
  const core = word.replaceAll(/^\*+|\*+$/g, '').trim();
  const plain = core
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .split(/\s+/)
    .join('\\s+');
  const before = word.startsWith('*') ? REST_OF_WORD : '';
  const ends = APART.test([...core].at(-1) ?? '');
  // a vowel or a tone mark belongs to the letter before it
  const after = word.endsWith('*')
    ? REST_OF_WORD
    : ends
      ? '(?![\\p{L}\\p{M}\\p{N}])'
      : '(?!\\p{M})';
  return {
    pattern: new RegExp(before + plain + after, 'giu'),
    fromStart: before === '' && APART.test([...core][0] ?? ''),
  };
}

interface Found {
  start: number;
  end: number;
  list: string;
}

function find(text: string, word: string, list: string): Found[] {
  const { pattern, fromStart } = wantedOf(word);
  const found: Found[] = [];
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index;
    const [before] = [...text.slice(Math.max(0, start - 2), start)].slice(-1);
    if (fromStart && before !== undefined && INSIDE.test(before)) pattern.lastIndex = start + 1;
    else found.push({ start, end: start + match[0].length, list });
  }
  return found;
}

/** The text cut where covered words begin and end, whatever their case; one stretch where there are none. */
export function stretches(text: string, lists: readonly WordList[]): Stretch[] {
  const found = lists
    .filter(({ on }) => on)
    .flatMap(({ name, words }) => words.flatMap((word) => find(text, word, name)))
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const cut: Stretch[] = [];
  let at = 0;
  for (const { start, end, list } of found) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    if (from > at) cut.push({ start: at, text: text.slice(at, from), list: null });
    cut.push({ start: from, text: text.slice(from, end), list });
    at = end;
  }
  if (at < text.length || cut.length === 0)
    cut.push({ start: at, text: text.slice(at), list: null });
  return cut;
}

/** One word or phrase a line, each once; a star alone is no word. */
export function readWords(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return [...new Set(lines.filter((line) => line.replaceAll('*', '').trim() !== ''))];
}

/** What lies before a place, and what lies behind it; a word that lies across it stays covered on both sides. */
export function cutAt(parts: readonly Stretch[], offset: number): [Stretch[], Stretch[]] {
  const before: Stretch[] = [];
  const behind: Stretch[] = [];
  for (const part of parts) {
    const inside = offset - part.start;
    if (inside >= part.text.length) before.push(part);
    else if (inside <= 0) behind.push(part);
    else {
      before.push({ ...part, text: part.text.slice(0, inside) });
      behind.push({ ...part, start: offset, text: part.text.slice(inside) });
    }
  }
  return [before, behind];
}
