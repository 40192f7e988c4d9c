/** The in-memory `Backend`. */
export { FakeBackend, type FakeOptions } from './fake';
export { QWEN3GUARD, SEA_GUARD, type QueuePlan } from './model';
export { PLANS } from './plans';
export { PICTURE_SAMPLES, STREAM_SAMPLES } from './samples';
