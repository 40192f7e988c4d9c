/**
 * Where screens say what they can do now, and where key presses, buttons and the palette ask for it.
 *
 * Neighbours: `Keymap` knows the keys; `App.svelte` feeds every key press in; `views/palette` lists what is possible.
 */
import { untrack } from 'svelte';
import { ACTION_IDS, actionName, ACTIONS, type ActionId } from './actions';
import { chordOf, takesText } from './chord';
import type { Keymap } from './keymap.svelte';

export interface Handler {
  run: () => void;
  /** Left out: always. */
  enabled?: () => boolean;
  /** False: there is no such thing here, at no time, as with a fourth label where a scheme has three. Left out: there is. */
  exists?: () => boolean;
  /** The key was let go. */
  release?: () => void;
  /** What it is called now, if that is more telling than the action's name. */
  name?: () => string;
}
export type Handlers = Partial<Record<ActionId, Handler>>;

export class ActionHub {
  /** True while a dialog or the palette is open: the keys are theirs. */
  suspended = $state(false);
  #sets = $state.raw<Handlers[]>([]);
  #held: { code: string; release: () => void } | null = null;

  constructor(readonly keymap: Keymap) {}

  /** Makes a set of handlers count until the returned function is called; later sets come first. */
  register(handlers: Handlers): () => void {
    // called in effects, which must not run again when another set comes or goes
    untrack(() => (this.#sets = [handlers, ...this.#sets]));
    return () => {
      this.#sets = this.#sets.filter((set) => set !== handlers);
    };
  }

  handler(action: ActionId): Handler | null {
    for (const set of this.#sets) {
      const handler = set[action];
      if (handler !== undefined && (handler.enabled?.() ?? true)) return handler;
    }
    return null;
  }

  /** Whether the action means anything on the screen that is on, be it possible now or not. */
  exists(action: ActionId): boolean {
    const handlers = this.#sets.flatMap((set) => set[action] ?? []);
    return handlers.length === 0 || handlers.some((handler) => handler.exists?.() ?? true);
  }

  /** What can be done now, in the order of the table. */
  possible(): { id: ActionId; name: string; handler: Handler }[] {
    return ACTION_IDS.flatMap((id) => {
      const handler = this.handler(id);
      return handler === null ? [] : [{ id, name: handler.name?.() ?? actionName(id), handler }];
    });
  }

  run(action: ActionId): void {
    this.handler(action)?.run();
  }

  /** Runs what the key press means. */
  press(event: KeyboardEvent): void {
    if (this.suspended || event.defaultPrevented || event.isComposing) return;
    if (event.getModifierState('AltGraph')) return;
    const chord = chordOf(event);
    if (chord === null) return;
    const inText = takesText(event.target);
    if (!inText && worksThePage(event.target, chord)) return;
    for (const action of this.keymap.meanings(chord)) {
      const info = ACTIONS[action];
      if (inText && !info.inText) continue;
      const handler = this.handler(action);
      if (handler === null) continue;
      event.preventDefault();
      // a key that is held must not decide item after item
      if (event.repeat && !info.repeats) return;
      if (handler.release) this.#held = { code: event.code, release: handler.release };
      handler.run();
      return;
    }
  }

  /** A key was let go. */
  letGo(event: KeyboardEvent): void {
    if (this.#held?.code === event.code) this.releaseHeld();
  }

  /** Also when the window loses the focus: no key may hang. */
  releaseHeld(): void {
    this.#held?.release();
    this.#held = null;
  }
}

/** A control that was reached with Tab keeps the keys that work it. */
function worksThePage(target: EventTarget | null, chord: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const control = target.closest(
    'button, a[href], summary, input, [role="tab"], [role="menuitem"]',
  );
  if (control === null) return false;
  if (chord === 'Enter' || chord === 'Space') return true;
  return chord.startsWith('Arrow') && target.matches('input, [role="tab"], [role="menuitem"]');
}
