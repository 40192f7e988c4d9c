/** What a review needs from the window, and what it hands back when a save fails. */
import type { Backend, Failure } from '../../lib/backend';

/** A save that did not happen. Nothing else can be done until it is dealt with. */
export interface FailedSave {
  failure: Failure;
  retry: () => Promise<void>;
}

export interface ReviewSetup {
  backend: Backend;
  queueId: string;
  /** Pseudonym of the reviewer, null until it is given. */
  reviewer: () => string | null;
  /** Shows an item of another queue. */
  elsewhere: (place: { queueId: string; itemId: string }) => void;
  /** Ids of what a decision about an item goes to beside it. */
  together?: (itemId: string) => string[];
  nowMs?: () => number;
}

export type Phase = 'opening' | 'item' | 'finished' | 'failed';
