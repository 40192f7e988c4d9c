import { describe, expect, it } from 'vitest';
import { bytes, duration, exact, languageName, probability } from '../src/domain/format';
import { DEFAULT_PREFERENCES, readBook } from '../src/domain/preferences';
import { scriptOf } from '../src/domain/script';

describe('numbers', () => {
  it('have two decimals, and never a certainty that is not there', () => {
    expect([probability(0.9312), probability(0.9971), probability(0.0004)]).toEqual([
      '0.93',
      '>0.99',
      '<0.01',
    ]);
    expect([probability(1), probability(0), probability(0.994)]).toEqual(['1.00', '0.00', '0.99']);
    expect([probability(null), exact(null), exact(0.1)]).toEqual(['–', 'not known', '0.1']);
  });

  it('say sizes and times in the units that people read', () => {
    expect([bytes(8_044_936_192), bytes(512)]).toEqual(['7.49 GiB', '512 B']);
    expect([duration(42), duration(200), duration(7500)]).toEqual([
      '42 s',
      '3 min 20 s',
      '2 h 5 min',
    ]);
  });
});

describe('languages and scripts', () => {
  it('are named, and not guessed where they are not known', () => {
    expect([languageName('my'), languageName(null), languageName('x-odd!')]).toEqual([
      'Burmese',
      'Language not known',
      'x-odd!',
    ]);
  });

  it('are told from the text itself, for the line height', () => {
    expect(scriptOf('ဘာလို့ OK')).toBe('Mymr');
    expect(scriptOf('ทำไม why')).toBe('Thai');
    expect(scriptOf('ஏன்')).toBe('Taml');
    expect(scriptOf('How are you')).toBeNull();
  });
});

describe('preferences', () => {
  it('fall back to the first ones where they cannot be read', () => {
    expect(readBook('').latest).toEqual(DEFAULT_PREFERENCES);
    expect(readBook('{broken').latest).toEqual(DEFAULT_PREFERENCES);
    expect(readBook('{"theme":"pink","keys":{"skip":[1]},"listShown":false}').latest).toEqual({
      ...DEFAULT_PREFERENCES,
      listShown: false,
    });
  });
});
