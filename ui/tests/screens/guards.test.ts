import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { fitOn, GuardsController } from '$domain/guards.svelte';
import GuardsScreen from '$views/guards/GuardsScreen.svelte';
import { asked, show } from './show';

describe('whether a guard fits a device', () => {
  it('follows from what it needs and what is free', async () => {
    const backend = new FakeBackend();
    const [device] = await backend.devices();
    if (device === undefined) throw new Error('the fake has one');
    const needs = (share: number) => fitOn({ ...device, memory_free_bytes: 1000 }, 1000 * share);
    expect(needs(0.5)).toBe('fits');
    expect(needs(0.9)).toBe('tight');
    expect(needs(1.1)).toBe('too_large');
    expect(fitOn({ ...device, memory_free_bytes: null }, 1), 'never guessed').toBe('unknown');
  });
});

describe('GuardsController', () => {
  it('shows how far a folder has been read, with rate and time left', async () => {
    const backend = new FakeBackend();
    let nowMs = 0;
    const control = new GuardsController(backend, () => nowMs);
    const seen: unknown[] = [];
    const whole = backend.addGuard;
    backend.addGuard = (path, family, onProgress) => {
      nowMs = 2000;
      onProgress({ done: 500, total: 1000 });
      seen.push(control.adding?.fraction, control.adding?.pace);
      return whole(path, family, onProgress);
    };
    await control.add('/models/guard');
    expect(seen).toEqual([0.5, { perSecond: 250, secondsLeft: 2 }]);
    expect(control.adding).toBeNull();
    expect(control.guards).toHaveLength(3);
  });

  it('says why a folder was refused and keeps the list', async () => {
    const backend = new FakeBackend();
    const control = new GuardsController(backend);
    await control.load();
    backend.failNext('addGuard', { message: 'A shard is missing' });
    await control.add('/models/broken');
    expect(control.failure?.message).toBe('A shard is missing');
    expect(control.adding).toBeNull();
    expect(control.guards).toHaveLength(2);
  });
});

describe('the guards screen', () => {
  it('marks the toy, makes another guard the default and tests it', async () => {
    const { backend } = await show(GuardsScreen, 'guards');
    const [toy, qwen] = (await screen.findAllByTestId('guard-card')).map((card) => within(card));
    expect(toy?.getByTestId('guard-toy')).toBeTruthy();
    expect(qwen?.queryByTestId('guard-toy'), 'only the toy is one').toBeNull();
    await userEvent.click(qwen?.getByTestId('guard-make-default') as HTMLElement);
    expect(asked(backend, 'setDefaultGuard')).toEqual([['g-qwen']]);
    await userEvent.click(toy?.getByTestId('guard-check') as HTMLElement);
    expect((await screen.findByTestId('guard-check-result')).textContent).toContain('passed');
  });

  it('adds a GGUF file as it adds a folder', async () => {
    const { backend } = await show(GuardsScreen, 'guards');
    backend.pickFiles = () => Promise.resolve(['/models/guard.gguf']);
    await userEvent.click(await screen.findByTestId('guard-add-gguf'));
    expect(asked(backend, 'addGuard').map(([path]) => path)).toEqual(['/models/guard.gguf']);
  });

  it('removes only at the second press, and says that the verdicts stay', async () => {
    const { backend } = await show(GuardsScreen, 'guards');
    const card = within((await screen.findAllByTestId('guard-card')).at(-1) as HTMLElement);
    await userEvent.click(card.getByTestId('guard-remove'));
    expect(card.getByTestId('guard-removal').textContent).toContain('verdicts stay');
    await userEvent.click(card.getByTestId('guard-keep'));
    expect(asked(backend, 'removeGuard')).toEqual([]);
    await userEvent.click(card.getByTestId('guard-remove'));
    await userEvent.click(card.getByTestId('guard-remove-confirm'));
    expect(asked(backend, 'removeGuard')).toHaveLength(1);
  });
});
