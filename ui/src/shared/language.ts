/** Languages by name. Tags are BCP 47; "und" is a language that nobody has named. */

const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });

/** "th" -> "Thai"; a tag that is not well formed stays as it is. */
export function languageName(tag: string | null): string {
  if (tag === null || tag === 'und' || tag === '') return 'Unknown language';
  if (tag === 'all') return 'All languages';
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
