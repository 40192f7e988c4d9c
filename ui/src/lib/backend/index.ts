/**
 * The way to the program: the `Backend` interface, its errors and the types that cross.
 *
 * Neighbours: `bindings.ts` is generated from the program's `wire.rs`; `tauri.ts` and `fake/` implement the interface.
 */
export { asFailure, BackendError, type Backend, type Failure, type FileFilter } from './backend';
export type * from './bindings';
