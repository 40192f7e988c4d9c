/** Charts as they are drawn: in the letters of the window. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pngOf } from '../src/shared/charts/drawing';
import type { Ink } from '../src/shared/charts/ink.svelte';
import type { Plot } from '../src/shared/charts/plot';

const INK: Ink = {
  paper: '#ffffff',
  text: '#111111',
  quiet: '#555555',
  grid: '#dddddd',
  colours: {
    accent: '#0044cc',
    'unsafe-bar': '#cc4400',
    'line-strong': '#888888',
    text: '#111111',
  },
  family: "'Noto Sans', sans-serif",
  size: 13,
};
const PLOT: Plot = {
  x: 'Recall',
  y: 'Precision',
  series: [
    {
      name: 'Curve',
      colour: 'accent',
      look: 'line',
      points: [
        { x: 0, y: 1, hint: '' },
        { x: 1, y: 0.5, hint: '' },
      ],
    },
  ],
};

/** Every text that is written on a canvas, with its font. */
let written: Map<string, string>;

/** A context that notes texts and draws nothing. */
function noting(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context: Record<string | symbol, unknown> = {
    canvas,
    font: '',
    measureText: (text: string) => ({ width: text.length * 7 }),
    fillText: (text: string) => written.set(text, String(context.font)),
  };
  return new Proxy(context, {
    get: (known, name) => known[name] ?? (() => undefined),
  }) as unknown as CanvasRenderingContext2D;
}

beforeEach(() => {
  written = new Map();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(function (
    this: HTMLCanvasElement,
  ) {
    return noting(this) as never;
  });
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation((take) =>
    take(new Blob(['picture'])),
  );
});
afterEach(() => vi.restoreAllMocks());

describe('a chart', () => {
  it('is written in the letters of the window, axes and names too', async () => {
    await pngOf(PLOT, INK);
    expect([...written.keys()]).toEqual(
      expect.arrayContaining(['Recall', 'Precision', 'Curve', '0.2', '1.0']),
    );
    const others = [...written].filter(([, font]) => !font.includes("13px 'Noto Sans'"));
    expect(others).toEqual([]);
  });
});
