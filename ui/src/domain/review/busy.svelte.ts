// What holds the keys: a save or another item on its way. It mostly takes a few milliseconds, and controls that go grey and come back
// in that time flicker at every decision: only a longer wait is shown.

/** Longer than a save on a slow disk, shorter than somebody wonders. */
const SHOWN_AFTER_MS = 150;

export class Busy {
  #saving = $state(false);
  #moving = $state(false);
  #long = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get saving(): boolean {
    return this.#saving;
  }
  set saving(on: boolean) {
    this.#saving = on;
    this.#time();
  }

  /** Another item is on its way. */
  get moving(): boolean {
    return this.#moving;
  }
  set moving(on: boolean) {
    this.#moving = on;
    this.#time();
  }

  get now(): boolean {
    return this.#saving || this.#moving;
  }

  /** Busy, and not long enough for anybody to be told. */
  get brief(): boolean {
    return this.now && !this.#long;
  }

  #time(): void {
    if (this.now) {
      this.#timer ??= setTimeout(() => (this.#long = true), SHOWN_AFTER_MS);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#long = false;
  }
}

/** `value`, which stays on the screen as it is while a wait is brief. */
export function held<T>(busy: () => Busy, value: () => T): { readonly shown: T } {
  let last: { value: T } | null = null;
  const shown = $derived.by(() => {
    if (last === null || !busy().brief) last = { value: value() };
    return last.value;
  });
  return {
    get shown() {
      return shown;
    },
  };
}
