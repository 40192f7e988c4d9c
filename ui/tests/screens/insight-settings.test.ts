import { fireEvent, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { Pace } from '$domain/pace';
import FirstStartScreen from '$views/first-start/FirstStartScreen.svelte';
import SettingsScreen from '$views/settings/SettingsScreen.svelte';
import { asked, show } from './show';

describe('settings', () => {
  it('saves how verdicts are read, and says that probabilities are not touched', async () => {
    const { backend } = await show(SettingsScreen, 'settings');
    await userEvent.click(await screen.findByTestId('reading-mode-loose'));
    expect(asked(backend, 'saveSettings')).toEqual([
      [{ mode: 'loose', sensitive_prompt: 'unsafe', sensitive_response: 'safe' }],
    ]);
    expect(screen.getByTestId('settings-reading').textContent).toContain('not touched');
  });

  it('refuses a key that another action has, with its name', async () => {
    const { shell } = await show(SettingsScreen, 'settings');
    await userEvent.click(screen.getByTestId('key-change-flag'));
    await fireEvent.keyDown(document.body, { key: 'a', code: 'KeyA' });
    expect(screen.getByTestId('key-refusal').textContent).toContain('Accept the suggestion');
    expect(shell.keymap.keysOf('flag')).toEqual(['F']);
    await fireEvent.keyDown(document.body, { key: 'm', code: 'KeyM' });
    expect(shell.keymap.keysOf('flag')).toEqual(['M']);
    expect(shell.keymap.conflicts).toEqual([]);
    expect(shell.actions.suspended, 'the keys of the window work again').toBe(false);
  });

  it('exchanges a taken key with the action that has it, by Enter or by click', async () => {
    const { shell } = await show(SettingsScreen, 'settings');
    await userEvent.click(screen.getByTestId('key-change-flag'));
    await fireEvent.keyDown(document.body, { key: 'e', code: 'KeyE' });
    expect(screen.getByTestId('key-refusal').textContent).toContain('“Escalate”');
    await fireEvent.keyDown(document.body, { key: 'Enter', code: 'Enter' });
    expect([shell.keymap.keysOf('flag'), shell.keymap.keysOf('escalate')]).toEqual([['E'], ['F']]);
    await userEvent.click(screen.getByTestId('key-change-note'));
    await fireEvent.keyDown(document.body, { key: 'z', code: 'KeyZ', ctrlKey: true });
    await userEvent.click(screen.getByTestId('key-exchange'));
    expect(shell.keymap.keysOf('note')).toEqual(['Ctrl+Z']);
    expect(shell.keymap.keysOf('undo'), 'it keeps its other key').toEqual(['N', 'Backspace']);
    expect(shell.keymap.conflicts).toEqual([]);
    expect(shell.actions.suspended, 'the keys of the window work again').toBe(false);
    expect(screen.queryByTestId('key-refusal')).toBeNull();
  });

  it('does not exchange a key for one that would clash elsewhere', async () => {
    const { shell } = await show(SettingsScreen, 'settings');
    // the label and the category of a number share it, a flag cannot have it
    await userEvent.click(screen.getByTestId('key-change-label-1'));
    await fireEvent.keyDown(document.body, { key: 'f', code: 'KeyF' });
    await userEvent.click(screen.getByTestId('key-exchange'));
    expect(shell.keymap.keysOf('label-1')).toEqual(['F']);
    expect(shell.keymap.keysOf('flag'), 'better no key than two meanings').toEqual([]);
    expect(shell.keymap.conflicts).toEqual([]);
  });

  it('switches a key off and puts it back', async () => {
    const { shell, backend } = await show(SettingsScreen, 'settings');
    await userEvent.click(screen.getByTestId('key-off-quarantine'));
    expect(shell.keymap.keysOf('quarantine')).toEqual([]);
    expect(JSON.parse(backend.preferences), 'kept for the next start').toMatchObject({
      latest: { keys: { quarantine: [] } },
    });
    await userEvent.click(screen.getByTestId('key-restore-quarantine'));
    expect(shell.keymap.keysOf('quarantine')).toEqual(['Q']);
  });

  it('does not put a key back that another action has been given', async () => {
    const { shell } = await show(SettingsScreen, 'settings');
    await userEvent.click(screen.getByTestId('key-off-quarantine'));
    await userEvent.click(screen.getByTestId('key-change-flag'));
    await fireEvent.keyDown(document.body, { key: 'q', code: 'KeyQ' });
    await userEvent.click(screen.getByTestId('key-restore-quarantine'));
    expect(shell.keymap.keysOf('quarantine')).toEqual([]);
    expect(shell.keymap.conflicts).toEqual([]);
  });

  it('saves the pseudonym', async () => {
    const { backend, shell } = await show(SettingsScreen, 'settings');
    await fireEvent.input(screen.getByTestId('reviewer-name'), { target: { value: ' falcon ' } });
    await userEvent.click(screen.getByTestId('reviewer-save'));
    expect(asked(backend, 'setReviewer')).toEqual([['falcon']]);
    expect(shell.reviewer).toBe('falcon');
  });
});

describe('first start', () => {
  it('says that the demo guard is a toy and opens the demo ready to be labelled', async () => {
    const { shell } = await show(FirstStartScreen, 'first-start', { firstStart: true, plans: [] });
    expect(screen.getByTestId('demo-warning').textContent).toContain('must not moderate');
    await userEvent.click(screen.getByTestId('start-demo'));
    await vi.waitFor(() => expect(shell.place).toBe('run'));
    expect(shell.queueId).toBe('demo');
  });
});

describe('Pace', () => {
  it('says nothing before it means something', () => {
    let nowMs = 0;
    const pace = new Pace(() => nowMs);
    nowMs = 100;
    expect(pace.read(10, 0.1)).toEqual({ perSecond: null, secondsLeft: null });
    nowMs = 2000;
    expect(pace.read(10, 0.25)).toEqual({ perSecond: 5, secondsLeft: 6 });
    expect(pace.read(0, 0)).toEqual({ perSecond: null, secondsLeft: null });
  });
});
