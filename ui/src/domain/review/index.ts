/** Reviewing a queue: the controller of the screen, its list, its drafts and its actions. */
export { ReviewController } from './review.svelte';
export type { FailedSave } from './setup';
export { ListController } from './list.svelte';
export { FilterController, SORTS, termText, type SortId, type TermId } from './filter.svelte';
export { heldBy, reviewActions } from './review-actions';
export { isUnsafe, revealActions } from './reveal';
export { held } from './busy.svelte';
export { schemeOf, type Draft } from './draft';
export { PicturesController, pictureActions } from './pictures.svelte';
export { blurFor, type Point, type Size } from './zoom';
export { excerptFrom, readRisk, riskBars, type RiskBar, type RiskReading } from './risk';
export { agreesWithGold } from './gold';
export { choiceActions, LabelChoice, type Deciding } from './label-choice.svelte';
export { SelectionController, selectionActions } from './selection.svelte';
export { AlikeController } from './alike.svelte';
export { correctLanguage } from './item-language';
export {
  AssistantController,
  assistantActions,
  assistText,
  ASSIST_TASKS,
} from './assistant.svelte';
