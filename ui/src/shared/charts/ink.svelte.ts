/** The colours and letters of the window as they are now: a canvas has no style sheet, so charts are told. */
import type { PlotColour } from './plot';

export interface Ink {
  paper: string;
  text: string;
  /** Of axes and their numbers. */
  quiet: string;
  grid: string;
  colours: Record<PlotColour, string>;
  family: string;
  /** In pixels. */
  size: number;
}

const COLOURS: readonly PlotColour[] = ['accent', 'unsafe-bar', 'line-strong', 'text'];
/** Of the window's letters: small ones, as on axes elsewhere. */
const SMALL = 0.8125;
/** What a browser takes where nothing is said. */
const ROOT_SIZE = 16;

export function inkOf(root: HTMLElement = document.documentElement): Ink {
  const style = getComputedStyle(root);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: token('surface'),
    text: token('text'),
    quiet: token('text-2'),
    grid: token('line'),
    colours: Object.fromEntries(COLOURS.map((name) => [name, token(name)])) as Ink['colours'],
    family: token('font-ui'),
    size: SMALL * (parseFloat(style.fontSize) || ROOT_SIZE),
  };
}

/** Follows the theme and the size of letters. */
export class InkWatch {
  current = $state.raw<Ink>(inkOf());

  /** Until the returned function is called. */
  watch(): () => void {
    const observer = new MutationObserver(() => (this.current = inkOf()));
    const attributeFilter = ['data-theme', 'data-text-size'];
    observer.observe(document.documentElement, { attributes: true, attributeFilter });
    return () => observer.disconnect();
  }
}
