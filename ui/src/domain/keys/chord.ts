/**
 * Chords: a key with its modifiers, as text ("A", "Ctrl+Z", "Space", "?").
 *
 * Letters and digits are read from the place of the key when the layout gives no ASCII, so that a Thai, Burmese or Tamil
 * layout keeps its keys.
 */
import { t } from '$language';

/** The part of a keyboard event that decides; so that tests need no event. */
export type KeyPress = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'
>;

const BY_PLACE: Record<string, [plain: string, shifted: string]> = {
  Slash: ['/', '?'],
  Equal: ['=', '+'],
  Minus: ['-', '_'],
};
const MODIFIERS = ['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process'];

/** The chord of a key press, null for a bare modifier. Command counts as Ctrl. */
export function chordOf(press: KeyPress): string | null {
  if (MODIFIERS.includes(press.key)) return null;
  const key = keyName(press);
  const parts: string[] = [];
  if (press.ctrlKey || press.metaKey) parts.push('Ctrl');
  if (press.altKey) parts.push('Alt');
  // Shift is part of a symbol already; of a letter or a named key it is not.
  if (press.shiftKey && (key.length > 1 || /[A-Z]/.test(key))) parts.push('Shift');
  parts.push(key);
  return parts.join('+');
}

function keyName({ key, code, shiftKey }: KeyPress): string {
  if (key === ' ') return 'Space';
  if (key.length > 1 && /^[A-Z][A-Za-z0-9]+$/.test(key)) return key;
  // digits above the letters need Shift in some layouts and are letters of the script in others
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit !== undefined && !shiftKey) return digit;
  if (/^[\x21-\x7e]$/.test(key)) return key.toUpperCase();
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return letter;
  if (digit !== undefined) return digit;
  const symbol = BY_PLACE[code];
  return symbol === undefined ? key : symbol[shiftKey ? 1 : 0];
}

/** A letter, digit or symbol without Ctrl or Alt: what WCAG 2.1.4 wants to be able to switch off. */
export function isSingleCharacter(chord: string): boolean {
  return chord.length === 1 || /^Shift\+.$/.test(chord);
}

/** Whether an element takes typed text for itself. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  const pressed = ['button', 'checkbox', 'radio', 'range', 'color', 'file', 'reset', 'submit'];
  return target instanceof HTMLInputElement && !pressed.includes(target.type);
}

const SHORT: Record<string, string> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  Backspace: '⌫',
  PageDown: 'PgDn',
  PageUp: 'PgUp',
  Escape: 'Esc',
};

/** How a chord is printed on a button. */
export function printed(chord: string): string {
  if (chord === '+') return chord;
  const parts = chord.endsWith('++') ? [...chord.slice(0, -2).split('+'), '+'] : chord.split('+');
  return parts.map((part) => (part === 'Space' ? t('key.space') : (SHORT[part] ?? part))).join(' ');
}
