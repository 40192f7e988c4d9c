import { describe, expect, it } from 'vitest';
import { BreakController, cutAt, MutedWords, readWords, stretches } from '../src/domain/comfort';
import { Keymap, KEY_PRESETS } from '../src/domain/keys';
import {
  DEFAULT_PREFERENCES,
  preferencesOf,
  readBook,
  withPreferences,
  writeBook,
} from '../src/domain/preferences';

const list = (...words: string[]) => [{ name: 'harm', words, on: true }];
const covered = (text: string, ...words: string[]) =>
  stretches(text, list(...words)).flatMap((part) => (part.list === null ? [] : [part.text]));

describe('muted words', () => {
  it('are found whatever their case, as whole words where words are written apart', () => {
    expect(covered('Bunuh, membunuh, BUNUH dia', 'bunuh')).toEqual(['Bunuh', 'BUNUH']);
    expect(covered('a classic ass', 'ass')).toEqual(['ass']);
  });

  it('cover the rest of a word where a star says so', () => {
    expect(covered('stab stabbed stabbing table', 'stab*')).toEqual([
      'stab',
      'stabbed',
      'stabbing',
    ]);
    expect(covered('bunuh membunuh', '*bunuh')).toEqual(['bunuh', 'membunuh']);
  });

  it('are found inside of text that has no spaces, and keep their marks', () => {
    expect(covered('เขาฆ่าคนแล้ว', 'ฆ่า')).toEqual(['ฆ่า']);
    expect(covered('သူကသတ်တယ်', 'သတ်')).toEqual(['သတ်']);
    expect(covered('அவன் கொலைகாரன்', 'கொலை')).toEqual(['கொலை']);
    expect(covered('ฆ่า', 'ฆ'), 'a letter without its tone mark is another one').toEqual([]);
  });

  it('may be phrases, over any white space, and hold what a pattern would take for itself', () => {
    expect(covered('to kill\n  oneself', 'kill oneself')).toEqual(['kill\n  oneself']);
    expect(covered('a (b)* c.d', '(b)', 'c.d')).toEqual(['(b)', 'c.d']);
  });

  it('leave the text whole, and cover once what two lists have', () => {
    const text = 'one two three';
    const parts = stretches(text, [
      ...list('two three'),
      { name: 'other', words: ['three'], on: true },
      { name: 'off', words: ['one'], on: false },
    ]);
    expect(parts.map((part) => part.text).join('')).toBe(text);
    expect(parts.map((part) => part.list)).toEqual([null, 'harm']);
    expect(parts.map((part) => part.start)).toEqual([0, 4]);
  });

  it('stay covered on both sides of a mark that begins inside of one', () => {
    const [before, behind] = cutAt(stretches('a secret word', list('secret')), 5);
    expect(before.map((part) => [part.text, part.list])).toEqual([
      ['a ', null],
      ['sec', 'harm'],
    ]);
    expect(behind.map((part) => [part.start, part.text, part.list])).toEqual([
      [5, 'ret', 'harm'],
      [8, ' word', null],
    ]);
  });

  it('are read one a line', () => {
    expect(readWords(' kill \n\nkill\nkill  oneself\n*\n')).toEqual(['kill', 'kill oneself']);
  });

  it('are shown for as long as a key is held, or until the next item', () => {
    let item = 'a';
    const muted = new MutedWords(
      () => item,
      () => ['a secret'],
      () => list('secret'),
    );
    expect([muted.covers, muted.open, muted.veiled('a secret')]).toEqual([true, false, 'a ██████']);
    muted.hold();
    expect([muted.open, muted.veiled('a secret')]).toEqual([true, 'a secret']);
    muted.letGo();
    muted.toggle();
    expect(muted.open).toBe(true);
    item = 'b';
    muted.leave();
    expect(muted.open, 'the next item was not asked for').toBe(false);
  });
});

describe('a reminder of a break', () => {
  const MIN = 60_000;
  function clocked(afterMin: number | null) {
    let nowMs = 0;
    const breaks = new BreakController(
      () => afterMin,
      () => nowMs,
    );
    return { breaks, pass: (minutes: number) => (nowMs += minutes * MIN) };
  }

  it('comes after the chosen time, with the unsafe items that were on screen, each once', () => {
    const { breaks, pass } = clocked(20);
    for (let n = 0; n < 10; n += 1) {
      pass(2);
      breaks.onItem(`item-${n}`, n % 2 === 0);
      breaks.onItem(`item-${n}`, n % 2 === 0);
      expect(breaks.due).toBe(n === 9);
    }
    expect([breaks.minutes, breaks.unsafeSeen]).toEqual([20, 5]);
  });

  it('never comes to those who did not ask', () => {
    const { breaks, pass } = clocked(null);
    for (let n = 0; n < 100; n += 1) {
      pass(4);
      breaks.onItem('a', true);
    }
    expect(breaks.due).toBe(false);
  });

  it('can be put off, and begins anew after a break, taken or happened', () => {
    const { breaks, pass } = clocked(20);
    for (let n = 0; n < 5; n += 1) {
      pass(4);
      breaks.onItem(`item-${n}`, true);
    }
    expect(breaks.due).toBe(true);
    breaks.later();
    pass(4);
    breaks.onItem('x', true);
    expect(breaks.due).toBe(false);
    pass(4);
    breaks.onItem('y', true);
    pass(4);
    breaks.onItem('z', true);
    expect(breaks.due).toBe(true);
    breaks.taken();
    expect([breaks.due, breaks.unsafeSeen]).toEqual([false, 0]);
    breaks.onItem('w', true);
    pass(30);
    breaks.onItem('v', false);
    expect([breaks.minutes, breaks.unsafeSeen], 'half an hour away was a break').toEqual([0, 0]);
  });
});

describe('preferences', () => {
  it('are each reviewer’s own, and those of a new one begin with the latest', () => {
    const large = { ...DEFAULT_PREFERENCES, textSize: 'large' as const };
    let book = withPreferences(readBook(''), 'ana', large);
    expect(preferencesOf(book, 'budi').textSize, 'new here').toBe('large');
    book = withPreferences(book, 'budi', { ...large, theme: 'dark' });
    book = readBook(writeBook(book));
    expect(preferencesOf(book, 'ana')).toEqual(large);
    expect(preferencesOf(book, 'budi').theme).toBe('dark');
    expect(preferencesOf(book, null).theme).toBe('dark');
    expect(preferencesOf(book, 'toString').theme, 'a name is only a name').toBe('dark');
  });

  it('of the first versions are read, and what cannot be read is as new', () => {
    expect(readBook('{"theme":"dark","keys":{"skip":["S"]}}').latest).toMatchObject({
      theme: 'dark',
      keys: { skip: ['S'] },
      breakAfterMin: 0,
    });
    for (const broken of ['', '{', '[]', '3', '{"latest":7,"byReviewer":[1]}'])
      expect(readBook(broken).latest, broken).toEqual(DEFAULT_PREFERENCES);
    const lists = readBook('{"latest":{"mutedWords":[{"name":"a","words":["x",""],"on":true},3]}}');
    expect(lists.latest.mutedWords).toEqual([
      { name: 'a', words: ['x'], on: true },
      { name: '', words: [], on: false },
    ]);
  });
});

describe('keymaps', () => {
  it.each(KEY_PRESETS)('%s has no conflicts', (preset) => {
    const keymap = new Keymap();
    keymap.preset = preset;
    expect(keymap.conflicts).toEqual([]);
  });

  it('as in Prodigy: A, X, Space, Backspace, F, digits and Enter', () => {
    const keymap = new Keymap();
    keymap.preset = 'prodigy';
    expect(keymap.meanings('A')).toEqual(['accept', 'submit']);
    expect(keymap.meanings('X')).toEqual(['reject']);
    expect(keymap.meanings('Space')).toEqual(['skip']);
    expect(keymap.keysOf('undo')).toEqual(['Backspace', 'Delete', 'Ctrl+Z']);
    expect(keymap.meanings('F')).toEqual(['flag']);
    expect(keymap.meanings('2')).toEqual(['label-2', 'category-2']);
    expect(keymap.meanings('Enter')).toContain('commit');
  });

  it('keep what the reviewer has changed', () => {
    const keymap = new Keymap();
    keymap.remap('undo', ['U']);
    keymap.preset = 'prodigy';
    expect(keymap.keysOf('undo')).toEqual(['U']);
  });
});
