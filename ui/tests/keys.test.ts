import { describe, expect, it } from 'vitest';
import {
  ACTION_IDS,
  ActionHub,
  chordOf,
  isSingleCharacter,
  KEY_SECTIONS,
  Keymap,
  printed,
} from '../src/domain/keys';

const press = (init: KeyboardEventInit) =>
  new KeyboardEvent('keydown', { cancelable: true, ...init });

/** A hub where an action counts how often it ran. */
function hubWith(...actions: Parameters<Keymap['keysOf']>[0][]) {
  const hub = new ActionHub(new Keymap());
  const ran: string[] = [];
  hub.register(Object.fromEntries(actions.map((id) => [id, { run: () => ran.push(id) }])));
  const send = (init: KeyboardEventInit, target: HTMLElement = document.body) => {
    const event = press({ bubbles: true, ...init });
    const listen = (heard: KeyboardEvent) => hub.press(heard);
    window.addEventListener('keydown', listen);
    target.dispatchEvent(event);
    window.removeEventListener('keydown', listen);
    return event;
  };
  return { hub, ran, send };
}

describe('chords', () => {
  it('read letters by their place where the layout has no ASCII', () => {
    expect(chordOf(press({ key: 'ฟ', code: 'KeyA' })), 'Thai').toBe('A');
    expect(chordOf(press({ key: 'ေ', code: 'KeyA' })), 'Burmese').toBe('A');
    expect(chordOf(press({ key: '๑', code: 'Digit2' }))).toBe('2');
    expect(chordOf(press({ key: '&', code: 'Digit1' })), 'French digits need Shift').toBe('1');
  });

  it('keep what a Latin layout prints', () => {
    expect(chordOf(press({ key: 'a', code: 'KeyQ' })), 'AZERTY').toBe('A');
    expect(chordOf(press({ key: '?', code: 'Slash', shiftKey: true }))).toBe('?');
    expect(chordOf(press({ key: 'z', code: 'KeyZ', ctrlKey: true }))).toBe('Ctrl+Z');
    expect(chordOf(press({ key: '+', code: 'Equal', ctrlKey: true, shiftKey: true }))).toBe(
      'Ctrl++',
    );
    expect(chordOf(press({ key: ' ', code: 'Space' }))).toBe('Space');
    expect(chordOf(press({ key: 'Shift', code: 'ShiftLeft', shiftKey: true }))).toBeNull();
  });

  it('are single characters only without Ctrl and Alt', () => {
    expect(['A', '?', '1', 'Shift+A'].every(isSingleCharacter)).toBe(true);
    expect(['Space', 'Enter', 'Ctrl+Z', 'Alt+A', 'ArrowUp'].some(isSingleCharacter)).toBe(false);
    expect(printed('Ctrl++')).toBe('Ctrl +');
  });
});

describe('the keymap', () => {
  it('has no conflicts as it comes', () => {
    expect(new Keymap().conflicts).toEqual([]);
  });

  it('finds a conflict that a remapping makes', () => {
    const keymap = new Keymap();
    expect(keymap.clashes('skip', 'E')).toEqual(['escalate']);
    keymap.remap('skip', ['E']);
    expect(keymap.conflicts).toEqual([{ chord: 'E', actions: ['skip', 'escalate'] }]);
    keymap.remap('skip', null);
    expect(keymap.conflicts).toEqual([]);
  });

  it('lets the two steps of a decision share digits', () => {
    expect(new Keymap().meanings('1')).toEqual(['label-1', 'category-1']);
  });

  it('asks for Alt where single characters are switched off', () => {
    const keymap = new Keymap();
    keymap.singleKeys = false;
    expect(keymap.meanings('A')).toEqual([]);
    expect(keymap.meanings('Alt+A')).toEqual(['accept']);
    expect(keymap.meanings('Enter'), 'named keys stay').toContain('commit');
  });
});

describe('key presses', () => {
  it('run the action that can be done now', () => {
    const { hub, ran, send } = hubWith('accept');
    const event = send({ key: 'a', code: 'KeyA' });
    expect([ran, event.defaultPrevented]).toEqual([['accept'], true]);
    hub.suspended = true;
    send({ key: 'a', code: 'KeyA' });
    expect(ran, 'a dialog has the keys').toEqual(['accept']);
  });

  it('stay in text fields, except those meant for everywhere', () => {
    const { ran, send } = hubWith('accept', 'undo', 'palette');
    const field = document.body.appendChild(document.createElement('textarea'));
    send({ key: 'a', code: 'KeyA' }, field);
    send({ key: 'z', code: 'KeyZ', ctrlKey: true }, field);
    send({ key: 'Backspace', code: 'Backspace' }, field);
    expect(ran).toEqual([]);
    send({ key: 'k', code: 'KeyK', ctrlKey: true }, field);
    expect(ran).toEqual(['palette']);
    field.remove();
  });

  it('leave Enter and Space to a button that has the focus', () => {
    const { ran, send } = hubWith('commit', 'skip', 'accept');
    const button = document.body.appendChild(document.createElement('button'));
    send({ key: 'Enter', code: 'Enter' }, button);
    send({ key: ' ', code: 'Space' }, button);
    expect(ran).toEqual([]);
    send({ key: 'a', code: 'KeyA' }, button);
    expect(ran).toEqual(['accept']);
    button.remove();
  });

  it('do not decide again and again while a key is held', () => {
    const { ran, send } = hubWith('accept', 'next');
    send({ key: 'a', code: 'KeyA', repeat: true });
    expect(ran).toEqual([]);
    send({ key: 'j', code: 'KeyJ', repeat: true });
    expect(ran).toEqual(['next']);
  });

  it('let go of what was held, also when the window loses the focus', () => {
    const hub = new ActionHub(new Keymap());
    let open = false;
    hub.register({ reveal: { run: () => (open = true), release: () => (open = false) } });
    hub.press(press({ key: 'v', code: 'KeyV' }));
    expect(open).toBe(true);
    hub.letGo(press({ key: 'v', code: 'KeyV' }));
    expect(open).toBe(false);
    hub.press(press({ key: 'v', code: 'KeyV' }));
    hub.releaseHeld();
    expect(open).toBe(false);
  });
});

describe('the list of keys', () => {
  it('has every action once', () => {
    const listed = KEY_SECTIONS.flatMap(({ actions }) => actions);
    expect([...listed].sort()).toEqual([...ACTION_IDS].sort());
    const images = KEY_SECTIONS.find(({ id }) => id === 'images');
    expect(images?.actions).toContain('zoom-in');
    expect(images?.actions, 'those hold only while one is enlarged').not.toContain('zoom-fit');
  });
});
