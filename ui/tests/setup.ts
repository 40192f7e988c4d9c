/** What jsdom lacks and the components ask for. */
import { configure } from '@testing-library/dom';

// a busy machine is slow, not wrong
configure({ asyncUtilTimeout: 15_000 });

if (!('ResizeObserver' in globalThis)) {
  class NoResizeObserver {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
  Object.assign(globalThis, { ResizeObserver: NoResizeObserver });
}
if (typeof window !== 'undefined') {
  // it draws nothing and would say so each time
  HTMLCanvasElement.prototype.getContext = () => null;
  Element.prototype.scrollIntoView ??= () => {};
  window.matchMedia ??= (query: string) =>
    ({
      matches: false,
      media: query,
      addEventListener: () => {},
      removeEventListener: () => {},
    }) as unknown as MediaQueryList;
}
