/** The whole window on the review of a small fake queue, for the tests of its screens. */
import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import App from '../src/App.svelte';
import { FakeBackend, type QueuePlan } from '../src/lib/backend/fake';
import { PLAN } from './review-desk';

export async function openReview(
  plan: Partial<QueuePlan> = {},
  reviewer: string | null = 'r1',
  preferences: object = {},
) {
  const backend = new FakeBackend({
    plans: [{ ...PLAN, ...plan }],
    reviewer,
    preferences: JSON.stringify({ lastQueueId: 'q', ...preferences }),
  });
  const user = userEvent.setup();
  render(App, { backend });
  await user.click(await screen.findByTestId('nav-review'));
  await screen.findByTestId('item');
  return { backend, user };
}

export const itemOnScreen = () => screen.getByTestId('item').dataset.item;
