/**
 * The window's own preferences, kept by the program as a text that only this file reads and writes.
 *
 * Whatever cannot be read falls back to what a new workspace has; an unknown key is ignored.
 */
import { LANGUAGES, type Language } from '$language';
import type { KeyOverrides } from './keys';

export type Theme = 'system' | 'light' | 'dark';
export const TEXT_SIZES = ['small', 'normal', 'large'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];
/** What lies over an image until it is revealed. */
export const IMAGE_COVERS = ['blur', 'blur-grey', 'grey', 'plain'] as const;
export type ImageCover = (typeof IMAGE_COVERS)[number];

export interface Preferences {
  language: 'system' | Language;
  theme: Theme;
  textSize: TextSize;
  singleKeys: boolean;
  keys: KeyOverrides;
  listShown: boolean;
  imageCover: ImageCover;
  lastQueueId: string | null;
}

export const DEFAULT_PREFERENCES: Preferences = {
  language: 'system',
  theme: 'system',
  textSize: 'normal',
  singleKeys: true,
  keys: {},
  listShown: true,
  imageCover: 'blur',
  lastQueueId: null,
};

export function readPreferences(text: string): Preferences {
  let read: Record<string, unknown> = {};
  try {
    const parsed: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) read = parsed as Record<string, unknown>;
  } catch {
    return { ...DEFAULT_PREFERENCES };
  }
  const flag = (key: 'singleKeys' | 'listShown') =>
    typeof read[key] === 'boolean' ? read[key] : DEFAULT_PREFERENCES[key];
  return {
    language: LANGUAGES.find((language) => language === read.language) ?? 'system',
    theme: read.theme === 'light' || read.theme === 'dark' ? read.theme : 'system',
    textSize: TEXT_SIZES.find((size) => size === read.textSize) ?? 'normal',
    singleKeys: flag('singleKeys'),
    keys: readKeys(read.keys),
    listShown: flag('listShown'),
    imageCover: IMAGE_COVERS.find((cover) => cover === read.imageCover) ?? 'blur',
    lastQueueId: typeof read.lastQueueId === 'string' ? read.lastQueueId : null,
  };
}

function readKeys(value: unknown): KeyOverrides {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(
    ([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === 'string'),
  );
  return Object.fromEntries(entries) as KeyOverrides;
}

/** The next size up or down; the ends stay. */
export function stepTextSize(size: TextSize, step: 1 | -1): TextSize {
  return TEXT_SIZES[TEXT_SIZES.indexOf(size) + step] ?? size;
}
