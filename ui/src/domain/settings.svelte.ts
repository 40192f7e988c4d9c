/**
 * Settings that belong to the workspace: who reviews, and how probabilities are read.
 *
 * What the window alone remembers (theme, text size, keys) is the preferences' part. Neighbours: `views/settings`.
 */
import type { Backend, Failure, SettingsView } from '$lib/backend';
import { asFailure } from '$lib/backend';

export class SettingsController {
  settings = $state.raw<SettingsView | null>(null);
  /** What the reviewer field holds. */
  reviewer = $state('');
  savedReviewer = $state<string | null>(null);
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  constructor(
    private readonly backend: Backend,
    reviewer: string | null,
  ) {
    this.reviewer = reviewer ?? '';
    this.savedReviewer = reviewer;
  }

  get reviewerChanged(): boolean {
    return this.reviewer.trim() !== '' && this.reviewer.trim() !== this.savedReviewer;
  }

  async load(): Promise<void> {
    try {
      this.settings = await this.backend.settings();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  async saveReviewer(): Promise<void> {
    const name = this.reviewer.trim();
    if (name === '') return;
    await this.#save(async () => {
      await this.backend.setReviewer(name);
      this.savedReviewer = name;
    });
  }

  /** Changes how probabilities are read. Verdicts stay as they are; what is derived from them is worked out again. */
  async change(part: Partial<SettingsView>): Promise<void> {
    const { settings } = this;
    if (settings === null) return;
    await this.#save(async () => {
      this.settings = await this.backend.saveSettings({ ...settings, ...part });
    });
  }

  async #save(save: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await save();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.busy = false;
    }
  }
}
