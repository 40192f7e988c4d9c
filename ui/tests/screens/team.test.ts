import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import App from '../../src/App.svelte';
import { FakeBackend } from '$lib/backend/fake';
import TeamScreen from '$views/team/TeamScreen.svelte';
import { disputed } from '../disputed';
import { asked, show } from './show';

async function openTeam(queueId = 'forum', backend = new FakeBackend()) {
  const shown = await show(TeamScreen, 'team', { queueId }, backend);
  await screen.findByTestId('team-progress');
  return { ...shown, user: userEvent.setup() };
}

describe('the team screen', () => {
  it('splits a queue into files and shows their fingerprints', async () => {
    const { backend, user } = await openTeam();
    expect(screen.getByTestId<HTMLButtonElement>('split').disabled, 'for nobody').toBe(true);
    await user.type(screen.getByTestId('split-names'), 'ana, ben,');
    await user.clear(screen.getByTestId('split-overlap'));
    await user.type(screen.getByTestId('split-overlap'), '20');
    await user.click(screen.getByTestId('split'));
    const result = await screen.findByTestId('team-result');
    expect(asked(backend, 'splitQueue')).toEqual([
      [
        {
          queue_id: 'forum',
          reviewers: ['ana', 'ben'],
          overlap: 20,
          folder: '/models/Qwen3Guard-Gen-8B',
        },
      ],
    ]);
    expect(within(result).getAllByTestId('fingerprint')).toHaveLength(2);
    await waitFor(() => expect(screen.getAllByTestId('team-row')).toHaveLength(2));
  });

  it('says why a file was refused, as the program says it', async () => {
    const { backend, user } = await openTeam();
    backend.failNext('mergeReturns', { code: 'invalid', message: 'Its signature does not fit' });
    await user.click(screen.getByTestId('merge-files'));
    expect((await screen.findByTestId('failure')).textContent).toContain('signature does not fit');
    expect(screen.queryByTestId('team-result')).toBeNull();
    await user.click(screen.getByTestId('merge-files'));
    expect((await screen.findByTestId('team-result')).textContent).toContain('12 new decisions');
  });

  it('opens a bundle and goes on as its reviewer, who has a number and can give back', async () => {
    const { backend, shell, user } = await openTeam('fresh');
    await user.click(screen.getByTestId('open-bundle'));
    expect((await screen.findByTestId('team-result')).textContent).toContain('8 items');
    await user.click(screen.getByTestId('review-as'));
    await waitFor(() => expect([shell.place, shell.queueId]).toEqual(['review', 'fresh']));
    expect(backend.reviewer).toBe('ben');
    await user.click(await screen.findByTestId('give-back'));
    await waitFor(() =>
      expect(asked(backend, 'giveBack')).toEqual([['fresh', '/data/fresh-import-ben.return']]),
    );
    expect(screen.queryByTestId('team-split'), 'a laptop splits nothing').toBeNull();
  });
});

describe('the adjudication screen', () => {
  it('is reached from the card and settled by keys alone', async () => {
    const backend = await disputed();
    const user = userEvent.setup();
    render(App, { backend });
    const button = await screen.findByTestId('queue-adjudicate');
    expect(button.textContent).toContain('2 to settle');
    await user.click(button);
    expect(await screen.findAllByTestId('side')).toHaveLength(2);
    await screen.findByTestId('item');
    await user.keyboard('2{Enter}');
    await waitFor(() => expect(asked(backend, 'adjudicate')).toHaveLength(1));
    await waitFor(() => expect(screen.getByTestId('item').dataset.item).toBe('q-2'));
    await user.keyboard('1{Enter}');
    await screen.findByTestId('adjudicate-empty');
    await user.keyboard('{Backspace}');
    await waitFor(() => expect(screen.getByTestId('item').dataset.item).toBe('q-2'));
  });
});
