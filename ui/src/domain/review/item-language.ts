/** What a reviewer says about the language of the item on screen. */
import { t } from '$language';
import { asFailure, type Backend } from '../../lib/backend';
import { languageName } from '../format';
import type { ReviewController } from './review.svelte';

/** `tag` is BCP 47; "und" if the language cannot be told. Saying what is known already saves nothing. */
export async function correctLanguage(
  review: ReviewController,
  backend: Backend,
  tag: string,
): Promise<void> {
  const { item } = review;
  if (!review.ready || item === null || tag === (item.language ?? 'und')) return;
  review.busy.saving = true;
  try {
    const corrected = await backend.correctLanguage(item.id, tag);
    review.item = corrected;
    review.list.update(corrected);
    review.message = t('itemLanguage.saved', { name: languageName(corrected.language) });
  } catch (error) {
    const retry = () => correctLanguage(review, backend, tag);
    review.failedSave = { failure: asFailure(error), retry };
  } finally {
    review.busy.saving = false;
  }
}
