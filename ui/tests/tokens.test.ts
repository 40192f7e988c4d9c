import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const CSS = readFileSync('src/styles/tokens.css', 'utf8');

/** The colours of a theme; dark is laid over light. */
function colours(theme: 'light' | 'dark'): Record<string, string> {
  const block = (selector: string) => CSS.slice(CSS.indexOf(`${selector} {`)).split('\n}')[0] ?? '';
  const read = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]),
    );
  const light = read(block(':root'));
  return theme === 'light' ? light : { ...light, ...read(block(":root[data-theme='dark']")) };
}

/** WCAG relative luminance of "#rrggbb". */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const TEXT: [text: string, surfaces: string[]][] = [
  [
    'text',
    ['bg', 'surface', 'sunken', 'hover', 'accent-soft', 'unsafe-soft', 'mid-soft', 'safe-soft'],
  ],
  ['text-2', ['bg', 'surface', 'sunken', 'hover', 'accent-soft', 'unsafe-soft']],
  ['text-3', ['bg', 'surface', 'accent-soft']],
  ['accent', ['bg', 'surface', 'accent-soft']],
  ['on-accent', ['accent', 'accent-hover']],
  ['safe', ['bg', 'surface', 'safe-soft']],
  ['mid', ['bg', 'surface', 'mid-soft']],
  ['unsafe', ['bg', 'surface', 'unsafe-soft']],
];
/** Parts of controls and bars: 3 to 1. */
const SHAPES: [shape: string, surfaces: string[]][] = [
  ['line-strong', ['surface', 'bg']],
  ['safe-bar', ['surface']],
  ['unsafe-bar', ['surface']],
  ['accent', ['bg', 'surface']],
];

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  const of = colours(theme);
  const pairs = (table: typeof TEXT) =>
    table.flatMap(([front, backs]) => backs.map((back) => [front, back] as const));
  const ratio = (front: string, back: string) => contrast(of[front] ?? '', of[back] ?? '');

  it.each(pairs(TEXT))('has %s readable on %s', (front, back) => {
    expect(ratio(front, back)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs(SHAPES))('has %s visible on %s', (front, back) => {
    expect(ratio(front, back)).toBeGreaterThanOrEqual(3);
  });

  it('is not pure black or white behind text for hours', () => {
    expect(of.bg).not.toBe('#000000');
    expect(of.text).not.toBe('#000000');
    expect(of.text).not.toBe('#ffffff');
  });
});
