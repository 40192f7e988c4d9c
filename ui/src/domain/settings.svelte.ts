/**
 * Settings that belong to the workspace: who reviews, and how probabilities are read.
 *
 * What the window alone remembers (theme, text size, keys) is the preferences' part. Neighbours: `views/settings`.
 */
import type { Failure, SettingsView } from '$lib/backend';
import { asFailure } from '$lib/backend';
import type { WindowController } from './window.svelte';

export class SettingsController {
  settings = $state.raw<SettingsView | null>(null);
  /** What the reviewer field holds. */
  reviewer = $state('');
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  constructor(private readonly shell: WindowController) {
    this.reviewer = shell.reviewer ?? '';
  }

  get savedReviewer(): string | null {
    return this.shell.reviewer;
  }

  get reviewerChanged(): boolean {
    return this.reviewer.trim() !== '' && this.reviewer.trim() !== this.savedReviewer;
  }

  async load(): Promise<void> {
    try {
      this.settings = await this.shell.backend.settings();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  async saveReviewer(): Promise<void> {
    const name = this.reviewer.trim();
    if (name === '') return;
    await this.#save(async () => {
      await this.shell.setReviewer(name);
      this.reviewer = name;
    });
  }

  /** Changes how probabilities are read. Verdicts stay as they are; what is derived from them is worked out again. */
  async change(part: Partial<SettingsView>): Promise<void> {
    const { settings } = this;
    if (settings === null) return;
    await this.#save(async () => {
      this.settings = await this.shell.backend.saveSettings({ ...settings, ...part });
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
