/** The language that the window speaks now. Whatever asks for a text is drawn again when that changes. */
import { createInstance } from 'i18next';
import { en } from './en';
import { id } from './id';
import type { MessageKey, Values } from './message';

export const LANGUAGES = ['en', 'id'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each in its own words, so that it can be found from any other. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', id: 'Bahasa Indonesia' };

const engine = createInstance({
  lng: 'en',
  fallbackLng: false,
  // the texts are here already
  initAsync: false,
  resources: { en: { translation: en }, id: { translation: id } },
  // a key is one word, dots and all
  keySeparator: false,
  nsSeparator: false,
  // Svelte escapes what it writes
  interpolation: { escapeValue: false },
});
void engine.init();

const translate = { en: engine.getFixedT('en'), id: engine.getFixedT('id') };

let spoken = $state<Language>('en');

/** The language of the window, as a tag. */
export function language(): Language {
  return spoken;
}

export function speak(wanted: Language): void {
  spoken = wanted;
}

/** The first language of the system that there are texts in. Older systems call Indonesian "in". */
export function systemLanguage(tags: readonly string[] = navigator.languages): Language {
  const wanted = tags.map((tag) => tag.toLowerCase().split(/[-_]/)[0]?.replace(/^in$/, 'id'));
  return wanted.flatMap((tag) => LANGUAGES.find((known) => known === tag) ?? [])[0] ?? 'en';
}

/** A text of the window. What is put into it is never read for messages in its turn. */
export function t<Key extends MessageKey>(key: Key, ...[values]: Values<Key>): string {
  return translate[spoken](key, { ...(values as object | undefined), nest: false });
}
