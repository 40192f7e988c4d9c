/**
 * What is being written about items and not saved yet: notes and half-made decisions. They wait for the reviewer to come
 * back to their item, for as long as the window lives.
 */
import type { Draft } from './draft';

export class Unfinished {
  #notes = $state.raw<Readonly<Record<string, string>>>({});
  readonly #drafts = new Map<string, Draft>();

  note(itemId: string): string {
    return this.#notes[itemId] ?? '';
  }

  setNote(itemId: string, text: string): void {
    this.#notes = { ...this.#notes, [itemId]: text };
  }

  draft(itemId: string, task: string): Draft | null {
    return this.#drafts.get(`${itemId} ${task}`) ?? null;
  }

  /** Null: there is nothing to come back to. */
  setDraft(itemId: string, task: string, draft: Draft | null): void {
    if (draft === null) this.#drafts.delete(`${itemId} ${task}`);
    else this.#drafts.set(`${itemId} ${task}`, draft);
  }

  /** It has been saved, and its note with it. */
  forgetNote(itemId: string): void {
    this.#notes = Object.fromEntries(Object.entries(this.#notes).filter(([id]) => id !== itemId));
  }
}
