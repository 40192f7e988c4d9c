/**
 * What the palette lists: everything that can be done or opened, and of that what fits what is typed, the best first.
 *
 * The component library would filter too, but it does so by moving elements that Svelte has made; what comes or goes while the
 * palette is open is then there twice. So the list is sorted here, and no other hand moves it.
 */
import { computeCommandScore } from 'bits-ui';

export interface Entry {
  id: string;
  name: string;
  /** What it is found by beside its name. */
  words: string;
  /** As it is printed. */
  key: string | null;
  /** What stands behind the name. */
  text: string;
  testid: string;
  run: () => void;
}

export interface Section {
  id: string;
  title: string;
  entries: readonly Entry[];
}

/** Sections without entries are left out; the section of the best entry comes first. */
export function fitting(sections: readonly Section[], typed: string): Section[] {
  const wanted = typed.trim();
  if (wanted === '') return sections.filter(({ entries }) => entries.length > 0);
  return sections
    .map((section) => ({ section, found: ranked(section.entries, wanted) }))
    .filter(({ found }) => found.length > 0)
    .sort((a, b) => (b.found[0]?.score ?? 0) - (a.found[0]?.score ?? 0))
    .map(({ section, found }) => ({ ...section, entries: found.map(({ entry }) => entry) }));
}

function ranked(entries: readonly Entry[], wanted: string): { entry: Entry; score: number }[] {
  return entries
    .map((entry) => ({ entry, score: computeCommandScore(entry.name, wanted, [entry.words]) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
}
