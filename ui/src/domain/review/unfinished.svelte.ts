/**
 * What is being written about items and not saved yet: notes and half-made decisions. They wait for the reviewer to come
 * back to their item, for as long as the window lives.
 */
import type { Draft, Lack } from './draft';

export class Unfinished {
  /** Counts up when a note must be written before anything is saved. */
  wanted = $state(0);
  #notes = $state.raw<Readonly<Record<string, string>>>({});
  readonly #drafts = new Map<string, Draft>();

  /** The note about an item. */
  of(itemId: string | undefined): string {
    return itemId === undefined ? '' : (this.#notes[itemId] ?? '');
  }

  write(itemId: string | undefined, text: string): void {
    if (itemId !== undefined) this.#notes = { ...this.#notes, [itemId]: text };
  }

  /** What would be saved: null if there is nothing but blanks. */
  given(itemId: string | undefined): string | null {
    const text = this.of(itemId).trim();
    return text === '' ? null : text;
  }

  /** Says what is missing; a note that is, is asked for. */
  ask({ message, note }: Lack): string {
    if (note) this.wanted += 1;
    return message;
  }

  draft(itemId: string | undefined, task: string): Draft | null {
    return this.#drafts.get(`${itemId} ${task}`) ?? null;
  }

  /** Null: there is nothing to come back to. */
  setDraft(itemId: string | undefined, task: string, draft: Draft | null): void {
    if (itemId === undefined) return;
    if (draft === null) this.#drafts.delete(`${itemId} ${task}`);
    else this.#drafts.set(`${itemId} ${task}`, draft);
  }

  /** It has been saved, and its note with it. */
  forget(itemId: string): void {
    this.#notes = Object.fromEntries(Object.entries(this.#notes).filter(([id]) => id !== itemId));
  }
}
