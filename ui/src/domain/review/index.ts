/** Reviewing a queue: the controller of the screen, its list, its drafts and its actions. */
export { ReviewController, type FailedSave } from './review.svelte';
export { ListController } from './list.svelte';
export { heldBy, reviewActions } from './review-actions';
export { schemeOf, type Draft } from './draft';
