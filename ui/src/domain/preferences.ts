/**
 * What each reviewer has chosen for the window, kept by the program as a text that only this file reads and writes.
 *
 * Every pseudonym has choices of its own; whoever is new, or has no pseudonym yet, begins with those that were made
 * before. Whatever cannot be read falls back to what a new workspace has; an unknown key is ignored.
 */
import { LANGUAGES, type Language } from '$language';
import { readWords, type WordList } from './comfort';
import { KEY_PRESETS, type KeyOverrides, type KeyPreset } from './keys';

export type Theme = 'system' | 'light' | 'dark';
export const TEXT_SIZES = ['small', 'normal', 'large'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];
/** What lies over an image until it is revealed. */
export const IMAGE_COVERS = ['blur', 'blur-grey', 'grey', 'plain'] as const;
export type ImageCover = (typeof IMAGE_COVERS)[number];
/** Minutes after which a break is suggested; 0: never. */
export const BREAKS = [0, 20, 45, 90] as const;
export type BreakAfter = (typeof BREAKS)[number];

export interface Preferences {
  language: 'system' | Language;
  theme: Theme;
  textSize: TextSize;
  keyPreset: KeyPreset;
  singleKeys: boolean;
  keys: KeyOverrides;
  listShown: boolean;
  imageCover: ImageCover;
  /** Images are shown small until they are enlarged. */
  smallImages: boolean;
  /** Words that are covered in texts. */
  mutedWords: readonly WordList[];
  breakAfterMin: BreakAfter;
  lastQueueId: string | null;
}

export const DEFAULT_PREFERENCES: Preferences = {
  language: 'system',
  theme: 'system',
  textSize: 'normal',
  keyPreset: 'saring',
  singleKeys: true,
  keys: {},
  listShown: true,
  imageCover: 'blur',
  smallImages: false,
  mutedWords: [],
  breakAfterMin: 0,
  lastQueueId: null,
};

/** The preferences of everyone who has used the workspace. */
export interface PreferenceBook {
  /** Those that were in force last, whoever's they were. */
  latest: Preferences;
  byReviewer: Readonly<Record<string, Preferences>>;
}

type Read = Record<string, unknown>;

function record(value: unknown): Read {
  return typeof value === 'object' && value !== null ? (value as Read) : {};
}

export function readBook(text: string): PreferenceBook {
  let read: Read = {};
  try {
    read = record(text === '' ? {} : JSON.parse(text));
  } catch {
    // not worth a failure
  }
  const byReviewer = Object.entries(record(read.byReviewer)).map(
    ([name, kept]) => [name, readPreferences(record(kept))] as const,
  );
  // the first versions kept one set of preferences, and nothing around it
  const latest = readPreferences('latest' in read ? record(read.latest) : read);
  return { latest, byReviewer: Object.fromEntries(byReviewer) };
}

export function writeBook(book: PreferenceBook): string {
  return JSON.stringify(book);
}

/** What a reviewer has chosen; what was chosen last, for one who is new. */
export function preferencesOf(book: PreferenceBook, reviewer: string | null): Preferences {
  const own = reviewer !== null && Object.hasOwn(book.byReviewer, reviewer);
  return (own ? book.byReviewer[reviewer] : undefined) ?? book.latest;
}

/** The book with what a reviewer has chosen now. */
export function withPreferences(
  book: PreferenceBook,
  reviewer: string | null,
  preferences: Preferences,
): PreferenceBook {
  if (reviewer === null) return { ...book, latest: preferences };
  return {
    latest: preferences,
    byReviewer: { ...book.byReviewer, [reviewer]: preferences },
  };
}

function readPreferences(read: Read): Preferences {
  const flag = (key: 'singleKeys' | 'listShown' | 'smallImages') =>
    typeof read[key] === 'boolean' ? read[key] : DEFAULT_PREFERENCES[key];
  return {
    language: LANGUAGES.find((language) => language === read.language) ?? 'system',
    theme: read.theme === 'light' || read.theme === 'dark' ? read.theme : 'system',
    textSize: TEXT_SIZES.find((size) => size === read.textSize) ?? 'normal',
    keyPreset: KEY_PRESETS.find((preset) => preset === read.keyPreset) ?? 'saring',
    singleKeys: flag('singleKeys'),
    keys: readKeys(read.keys),
    listShown: flag('listShown'),
    imageCover: IMAGE_COVERS.find((cover) => cover === read.imageCover) ?? 'blur',
    smallImages: flag('smallImages'),
    mutedWords: readLists(read.mutedWords),
    breakAfterMin: BREAKS.find((minutes) => minutes === read.breakAfterMin) ?? 0,
    lastQueueId: typeof read.lastQueueId === 'string' ? read.lastQueueId : null,
  };
}

function readKeys(value: unknown): KeyOverrides {
  const entries = Object.entries(record(value)).filter(
    ([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === 'string'),
  );
  return Object.fromEntries(entries) as KeyOverrides;
}

function readLists(value: unknown): WordList[] {
  if (!Array.isArray(value)) return [];
  return value.map(record).map(({ name, words, on }) => ({
    name: String(name ?? ''),
    words: Array.isArray(words) ? readWords(words.join('\n')) : [],
    on: on === true,
  }));
}

/** The next size up or down; the ends stay. */
export function stepTextSize(size: TextSize, step: 1 | -1): TextSize {
  return TEXT_SIZES[TEXT_SIZES.indexOf(size) + step] ?? size;
}
