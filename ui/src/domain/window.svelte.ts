/**
 * The window as a whole: which screen is on, what the program said at the start, preferences, keys and notices.
 *
 * `WindowController` is made once, in `App.svelte`, and handed down by `context.ts`. Screens have controllers of their
 * own and ask this one only to go elsewhere, to hear notices, or for who is reviewing.
 */
import { speak, systemLanguage } from '$language';
import { asFailure, type Backend, type Failure, type Notice, type Start } from '$lib/backend';
import { ActionHub, Keymap } from './keys';
import {
  DEFAULT_PREFERENCES,
  preferencesOf,
  readBook,
  stepTextSize,
  withPreferences,
  writeBook,
  type PreferenceBook,
  type Preferences,
} from './preferences';

export const SCREENS = [
  'queues',
  'review',
  'adjudicate',
  'team',
  'import',
  'run',
  'guards',
  'export',
  'insight',
  'settings',
] as const;
export type Screen = (typeof SCREENS)[number];
/** `first-start` is shown instead of the queues while there is nothing in the workspace. */
export type Place = Screen | 'first-start';

export class WindowController {
  start = $state.raw<Start | null>(null);
  /** Why the window could not start. */
  startFailure = $state.raw<Failure | null>(null);
  place = $state<Place>('queues');
  /** The queue that the screens are about. */
  queueId = $state<string | null>(null);
  /** An item that the review screen is to open, taken by it. */
  itemId = $state<string | null>(null);
  /** A saved filter that the review screen is to open, taken by it. */
  filterId = $state<string | null>(null);
  reviewer = $state<string | null>(null);
  preferences = $state.raw<Preferences>({ ...DEFAULT_PREFERENCES });
  /** The last thing that the engine said of itself: it died, fell back, was started again. */
  engineMessage = $state<string | null>(null);
  /** Preferences or notices that could not be kept; the review itself is not touched. */
  failure = $state.raw<Failure | null>(null);
  /** Set by a screen that has something to lose: true keeps the window where it is, and the screen says why. */
  hold: (() => boolean) | null = null;

  readonly keymap = new Keymap();
  readonly actions = new ActionHub(this.keymap);
  #book: PreferenceBook = readBook('');
  readonly #listeners = new Set<(notice: Notice) => void>();

  constructor(readonly backend: Backend) {}

  async open(): Promise<void> {
    try {
      const start = await this.backend.start();
      this.reviewer = start.reviewer;
      this.#book = readBook(start.preferences);
      this.#apply(preferencesOf(this.#book, start.reviewer));
      this.queueId = this.preferences.lastQueueId;
      this.place = start.first_start ? 'first-start' : 'queues';
      this.start = start;
      this.startFailure = null;
      await this.backend.watch((notice) => this.#tell(notice));
    } catch (error) {
      this.startFailure = asFailure(error);
    }
  }

  /** Shows another screen, or the same one about something else, unless the one that is on holds the window. */
  go(place: Place, about: { queueId?: string; itemId?: string; filterId?: string } = {}): void {
    if (this.hold?.() === true) return;
    if (about.queueId !== undefined && about.queueId !== this.queueId) {
      this.queueId = about.queueId;
      void this.prefer({ lastQueueId: about.queueId });
    }
    if (about.itemId !== undefined) this.itemId = about.itemId;
    if (about.filterId !== undefined) this.filterId = about.filterId;
    this.place = place;
  }

  /** Hears of runs, counts and the engine until the returned function is called. */
  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes preferences, at once on screen and then on disk. */
  async prefer(change: Partial<Preferences>): Promise<void> {
    this.#apply({ ...this.preferences, ...change });
    this.#book = withPreferences(this.#book, this.reviewer, this.preferences);
    try {
      await this.backend.savePreferences(writeBook(this.#book));
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /**
   * Another pseudonym, with its own preferences.
   * @throws BackendError
   */
  async setReviewer(name: string): Promise<void> {
    await this.backend.setReviewer(name);
    this.reviewer = name;
    await this.prefer(preferencesOf(this.#book, name));
  }

  stepText(step: 1 | -1): void {
    void this.prefer({ textSize: stepTextSize(this.preferences.textSize, step) });
  }

  #apply(preferences: Preferences): void {
    this.preferences = preferences;
    this.keymap.preset = preferences.keyPreset;
    this.keymap.singleKeys = preferences.singleKeys;
    this.keymap.overrides = preferences.keys;
    speak(preferences.language === 'system' ? systemLanguage() : preferences.language);
  }

  #tell(notice: Notice): void {
    if (notice.kind === 'engine') this.engineMessage = notice.message;
    for (const listener of this.#listeners) listener(notice);
  }
}
