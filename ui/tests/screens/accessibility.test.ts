/** What axe finds on every screen in Indonesian in the page's structure; English, colours and sizes are looked at in the real window. */
import { cleanup, render, waitFor } from '@testing-library/svelte';
import axe from 'axe-core';
import { afterEach, expect, it } from 'vitest';
import App from '../../src/App.svelte';
import { FakeBackend } from '$lib/backend/fake';
import { SCREENS } from '$domain/window.svelte';
import { speak } from '$language';

afterEach(() => {
  cleanup();
  speak('en');
});

async function open(place: string, firstStart = false): Promise<HTMLElement> {
  const backend = new FakeBackend({
    firstStart,
    preferences: JSON.stringify({ language: 'id', lastQueueId: 'forum' }),
  });
  const { container } = render(App, { backend });
  const find = (testid: string) =>
    container.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  await waitFor(() => expect(find('nav-queues')).not.toBeNull());
  if (!firstStart) find(`nav-${place}`)?.click();
  await waitFor(() => expect(find(`place-${place}`)).not.toBeNull());
  // what the screen asks of the program is on it
  await new Promise((resolve) => setTimeout(resolve, 100));
  return container;
}

/** What is wrong, with what it is wrong with. */
async function problems(page: HTMLElement): Promise<string[]> {
  // jsdom lays nothing out, so that nothing has a colour
  const { violations } = await axe.run(page, { rules: { 'color-contrast': { enabled: false } } });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

it.each(SCREENS)('%s is accessible', async (screen) => {
  expect(await problems(await open(screen))).toEqual([]);
});

it('the first start is accessible', async () => {
  expect(await problems(await open('first-start', true))).toEqual([]);
});

it('finds a button without a name', async () => {
  const page = document.createElement('main');
  page.innerHTML = '<h1>Page</h1><button></button>';
  document.body.append(page);
  expect((await problems(page)).join()).toContain('button-name');
  page.remove();
});
