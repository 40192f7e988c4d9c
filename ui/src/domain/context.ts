/** The one `WindowController`, for every component below `App.svelte`. */
import { getContext, setContext } from 'svelte';
import type { WindowController } from './window.svelte';

const KEY = Symbol('window');

export function provideWindow(controller: WindowController): void {
  setContext(KEY, controller);
}

export function useWindow(): WindowController {
  return getContext<WindowController>(KEY);
}
