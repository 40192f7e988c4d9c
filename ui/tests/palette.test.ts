/** The palette as it is typed into, and where the keys go when it has gone. */
import { screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import { NO_TERMS } from '../src/domain/review/filter.svelte';
import type { WindowController } from '../src/domain/window.svelte';
import Frame from '../src/views/frame/Frame.svelte';
import { fitting, type Entry } from '../src/views/frame/palette';
import { itemOnScreen, openReview } from './review-window';
import { show } from './screens/show';

const names = () =>
  within(screen.getByTestId('palette'))
    .queryAllByRole('option')
    .map(({ dataset }) => dataset.value);

/** The frame at a screen with the palette open, and what is typed into it. */
async function typed(text: string): Promise<WindowController> {
  const { shell } = await show(Frame, 'settings');
  shell.actions.run('palette');
  await userEvent.setup().type(await screen.findByTestId('palette-input'), text);
  return shell;
}

describe('the list of the palette', () => {
  it('has everything once, whatever comes and goes while somebody types', async () => {
    const shell = await typed('a');
    const flag = { flag: { run: () => undefined } };
    for (let n = 0; n < 3; n += 1) {
      const gone = shell.actions.register(flag);
      await screen.findByTestId('palette-flag');
      gone();
      await waitFor(() => expect(screen.queryAllByTestId('palette-flag')).toEqual([]));
    }
    shell.actions.register(flag);
    await screen.findByTestId('palette-flag');
    expect(names()).toEqual([...new Set(names())]);
  });

  it('has the best fit first and chosen, and says where nothing fits', async () => {
    const shell = await typed('settings');
    expect(names()[0]).toBe('go-settings');
    const chosen = screen.getByTestId('palette-go-settings');
    await waitFor(() => expect(chosen.getAttribute('aria-selected')).toBe('true'));
    const user = userEvent.setup();
    await user.type(screen.getByTestId('palette-input'), ' of nobody');
    expect(names()).toEqual([]);
    expect(screen.getByTestId('palette').textContent).toContain('Nothing of that name');
    await user.clear(screen.getByTestId('palette-input'));
    await user.type(screen.getByTestId('palette-input'), 'insight{Enter}');
    await waitFor(() => expect(shell.place).toBe('insight'));
  });

  it('has the section of the best entry first, and none that is empty', () => {
    const entry = (name: string): Entry => ({
      id: name,
      name,
      words: '',
      key: null,
      text: '',
      testid: '',
      run: () => undefined,
    });
    const sections = [
      { id: 'now', title: '', entries: [entry('Go to the form'), entry('Undo')] },
      { id: 'review', title: '', entries: [entry('other'), entry('form')] },
      { id: 'saved', title: '', entries: [] },
    ];
    const found = (text: string) =>
      fitting(sections, text).map(({ id, entries }) => [id, ...entries.map(({ name }) => name)]);
    expect(found('form')).toEqual([
      ['review', 'form'],
      ['now', 'Go to the form'],
    ]);
    expect(found('  ')).toEqual([
      ['now', 'Go to the form', 'Undo'],
      ['review', 'other', 'form'],
    ]);
  });

  it('takes what is typed before a frame is drawn', async () => {
    const { shell } = await show(Frame, 'settings');
    shell.actions.run('palette');
    const frames = vi.spyOn(window, 'requestAnimationFrame').mockReturnValue(0);
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('palette-input')));
    frames.mockRestore();
  });

  it('opens a saved filter, also while its queue is on screen', async () => {
    const { backend, user } = await openReview();
    const thai = { filter: { ...NO_TERMS, language: 'th' }, sort: 'imported' };
    await backend.filters.save('q', 'only Thai', thai);
    await user.keyboard('j');
    await user.keyboard('{Control>}k{/Control}');
    await screen.findByTestId('palette-saved');
    await user.keyboard('only thai{Enter}');
    await waitFor(() => expect(screen.getByTestId('filter-name').textContent).toBe('only Thai'));
    await waitFor(() => expect(itemOnScreen()).toBe('q-1'));
  });
});

describe('the focus', () => {
  it('goes to the title of a screen that was gone to, and not to the navigation', async () => {
    const shell = await typed('guards{Enter}');
    await waitFor(() => expect(shell.place).toBe('guards'));
    await waitFor(() => expect(document.activeElement?.tagName).toBe('H1'));
  });

  it('stays where somebody put it', async () => {
    const { shell } = await show(Frame, 'settings');
    const guards = screen.getByTestId('nav-guards');
    guards.focus();
    await userEvent.setup().keyboard('{Enter}');
    expect(shell.place).toBe('guards');
    await tick();
    expect(document.activeElement).toBe(guards);
  });

  it('goes to the name of the reviewer, which is typed over', async () => {
    await typed('change the reviewer{Enter}');
    const field = await screen.findByTestId<HTMLInputElement>('reviewer-name');
    await waitFor(() => expect(document.activeElement).toBe(field));
    await userEvent.setup().keyboard('ben{Enter}');
    await waitFor(() => expect(screen.getByText('Saved')).toBeTruthy());
    expect(field.value).toBe('ben');
  });
});
