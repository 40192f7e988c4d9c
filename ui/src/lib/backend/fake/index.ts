/** The in-memory `Backend`. */
export { FakeBackend, PLANS, type FakeOptions } from './fake';
export { QWEN3GUARD, SEA_GUARD, type QueuePlan } from './model';
export { PICTURE_SAMPLES, STREAM_SAMPLES } from './samples';
