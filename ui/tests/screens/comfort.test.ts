/** Covered words, breaks and keys in the window as it is used. */
import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import type { QueuePlan } from '$lib/backend/fake';
import { sent } from '../review-desk';
import { itemOnScreen, openReview } from '../review-window';

const openWith = (preferences: object, plan: Partial<QueuePlan> = {}) =>
  openReview(plan, 'r1', preferences);

describe('covered words', () => {
  const lists = [{ name: 'test', words: ['ทำไม'], on: true }];

  it('are named, not said, until V is held, and the text keeps its place', async () => {
    const { user } = await openWith({ mutedWords: lists });
    const text = screen.getByTestId('item-text');
    const [cover] = text.querySelectorAll('[data-testid="muted-word"]');
    expect(cover?.getAttribute('aria-label')).toBe('covered word: test');
    expect(cover?.querySelector('[aria-hidden="true"]')?.textContent).toBe('ทำไม');
    await user.keyboard('{v>}');
    await waitFor(() => expect(text.querySelector('[data-testid="muted-word"]')).toBeNull());
    await user.keyboard('{/v}');
    await waitFor(() => expect(text.querySelector('[data-testid="muted-word"]')).not.toBeNull());
  });

  it('are covered in the list too', async () => {
    await openWith({ mutedWords: lists });
    const [row] = screen.getAllByTestId('list-row');
    expect(row?.querySelector('[data-testid="muted-word"]')).not.toBeNull();
  });
});

describe('a break', () => {
  it('hides the queue, stops the keys, and comes back to the same item', async () => {
    const { backend, user } = await openWith({});
    const before = itemOnScreen();
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await screen.findByTestId('palette-input'), 'Take a break');
    await user.keyboard('{Enter}');
    expect(await screen.findByTestId('resting')).toBeTruthy();
    await user.keyboard('1');
    expect(sent(backend, 'decide'), 'nobody decides in a break').toEqual([]);
    // a palette that closes takes clicks until it is gone
    await waitFor(() => expect(document.body.style.pointerEvents).not.toBe('none'));
    await user.click(screen.getByTestId('break-back'));
    expect(itemOnScreen()).toBe(before);
    await user.keyboard('1');
    await waitFor(() => expect(sent(backend, 'decide')).toHaveLength(1));
  });

  it('is suggested after the chosen time, with the count, and takes no key', async () => {
    let nowMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const { user } = await openWith({ breakAfterMin: 20 });
    for (let n = 1; n <= 7; n += 1) {
      nowMs += 3 * 60_000;
      await user.keyboard(' ');
      await waitFor(() => expect(itemOnScreen()).toBe(`q-${n + 1}`));
    }
    expect((await screen.findByTestId('break-note')).textContent).toContain('21 min');
    await user.click(screen.getByTestId('break-later'));
    expect(screen.queryByTestId('break-note')).toBeNull();
    clock.mockRestore();
  });
});

describe('keys', () => {
  it('as in Prodigy: what is chosen by digit goes off with A, Backspace takes it back', async () => {
    const { backend, user } = await openWith({ keyPreset: 'prodigy' });
    await user.keyboard('31a');
    await waitFor(() => expect(itemOnScreen()).toBe('q-2'));
    expect(sent<object>(backend, 'decide')[0]).toMatchObject({
      label: 'unsafe',
      categories: ['Violent'],
    });
    await user.keyboard('{Backspace}');
    await waitFor(() => expect(itemOnScreen()).toBe('q-1'));
    await user.keyboard('a');
    await waitFor(() => expect(sent(backend, 'decide')).toHaveLength(2));
    await user.keyboard('{Delete}');
    await waitFor(() => expect(itemOnScreen()).toBe('q-1'));
  });

  it('leave what is chosen alone when A is pressed in our own keymap', async () => {
    const { backend, user } = await openWith({});
    await user.keyboard('3a');
    expect(sent(backend, 'decide')).toEqual([]);
    expect(screen.getByTestId('label-3').getAttribute('aria-pressed')).toBe('true');
  });

  it('go on working after a click on any button of the review', async () => {
    const { user } = await openWith({}, { mode: 'blind' });
    const names = ['flag', 'history', 'policy', 'task-prompt-activate', 'queue-name'];
    for (const name of names.slice(0, 4)) {
      await user.click(screen.getByTestId(name));
      expect(document.activeElement, name).toBe(document.body);
    }
    const before = itemOnScreen();
    await user.keyboard(' ');
    await waitFor(() => expect(itemOnScreen(), 'Space skips, it presses nothing').not.toBe(before));
  });
});

describe('preferences', () => {
  it('change with the reviewer', async () => {
    const kept = {
      latest: { lastQueueId: 'q' },
      byReviewer: { r1: { lastQueueId: 'q' }, budi: { theme: 'dark', language: 'id' } },
    };
    const { user, backend } = await openWith(kept);
    await user.click(screen.getByTestId('nav-settings'));
    const field = await screen.findByTestId('reviewer-name');
    await user.clear(field);
    await user.type(field, 'budi');
    await user.click(screen.getByTestId('reviewer-save'));
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe('dark'));
    expect(screen.getByTestId('nav-queues').textContent?.trim()).toBe('Antrean');
    expect(JSON.parse(backend.preferences).byReviewer.r1).toMatchObject({ theme: 'system' });
  });
});
