/**
 * The covered words of the item on screen: whether they are shown, for as long as a key is held or until the next item.
 *
 * Neighbours: `muting.ts` finds them, `views/review/MutedText.svelte` draws them.
 */
import { stretches, type Stretch, type WordList } from './muting';

export class MutedWords {
  #held = $state(false);
  /** The item whose words were revealed. */
  #revealed = $state<string | null>(null);

  constructor(
    private readonly itemId: () => string | null,
    /** The texts of the item. */
    private readonly texts: () => readonly string[],
    private readonly lists: () => readonly WordList[],
  ) {}

  /** Whether there is anything to lift. */
  readonly covers = $derived.by(() =>
    this.texts().some((text) => this.cut(text).some(({ list }) => list !== null)),
  );
  /** Nothing lies over them. */
  readonly open = $derived.by(
    () => this.#held || (this.#revealed !== null && this.#revealed === this.itemId()),
  );

  cut(text: string): Stretch[] {
    return stretches(text, this.lists());
  }

  /** The text as it may be quoted: what is covered is not in it, and every place stays where it was. */
  veiled(text: string): string {
    if (this.open) return text;
    return this.cut(text)
      .map((part) => (part.list === null ? part.text : '█'.repeat(part.text.length)))
      .join('');
  }

  hold(): void {
    this.#held = true;
  }
  letGo(): void {
    this.#held = false;
  }
  toggle(): void {
    this.#revealed = this.open ? null : this.itemId();
  }
  /** The item has gone. */
  leave(): void {
    this.#held = false;
    this.#revealed = null;
  }
}
