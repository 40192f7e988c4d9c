/** Every screen, drawn in English and then told to speak Indonesian: nothing may stay behind. */
import { render, waitFor } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, expect, it } from 'vitest';
import App from '../../src/App.svelte';
import { FakeBackend } from '$lib/backend/fake';
import { speak } from '$language';
import { en } from '../../src/language/en';
import { id } from '../../src/language/id';

afterEach(() => speak('en'));

const SCREENS = ['queues', 'review', 'import', 'run', 'guards', 'export', 'insight', 'settings'];
const translated: Record<string, string> = id;
/** English texts that Indonesian has other words for. */
const LEFT_BEHIND = new Set(
  Object.entries(en).flatMap(([key, text]) => {
    const other = translated[key.replace(/_one$/, '_other')];
    return other === text || text.includes('{{') ? [] : [text as string];
  }),
);
for (const shared of Object.values(id)) LEFT_BEHIND.delete(shared);

function said(root: Element): string[] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: string[] = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
    if (node.parentElement?.closest('body [lang="en"]') === null)
      texts.push((node.textContent ?? '').trim());
  const attributes = [...root.querySelectorAll('*')].flatMap((element) =>
    ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
  );
  return [...texts, ...attributes];
}

it.each(SCREENS)('%s leaves nothing in English behind', async (screen) => {
  const backend = new FakeBackend({
    preferences: JSON.stringify({ language: 'en', lastQueueId: 'forum' }),
  });
  const { container } = render(App, { backend });
  const find = (testid: string) =>
    container.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  await waitFor(() => expect(find(`nav-${screen}`)).not.toBeNull());
  find(`nav-${screen}`)?.click();
  await waitFor(() => expect(find(`place-${screen}`)).not.toBeNull());
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(
    said(container).some((text) => LEFT_BEHIND.has(text)),
    'it speaks English first',
  ).toBe(true);
  speak('id');
  await tick();
  expect(said(container).filter((text) => LEFT_BEHIND.has(text))).toEqual([]);
});

it('is said to screen readers and follows the preferences', async () => {
  const backend = new FakeBackend({ preferences: JSON.stringify({ language: 'id' }) });
  const { findByTestId } = render(App, { backend });
  expect((await findByTestId('nav-queues')).textContent?.trim()).toBe('Antrean');
  expect(document.documentElement.lang).toBe('id');
});
