//! The guard as its callers see it: through [`saring_guard::LocalEngine`] and over the wire.
//!
//! Golden files are made by `tests/reference/make_reference.py` with `transformers`.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "parity/bad_checkpoints.rs"]
mod bad_checkpoints;
#[path = "parity/bad_items.rs"]
mod bad_items;
#[path = "parity/checkpoint.rs"]
mod checkpoint;
#[path = "parity/demo_guard.rs"]
mod demo_guard;
#[path = "parity/families.rs"]
mod families;
#[path = "parity/gguf.rs"]
mod gguf;
#[path = "parity/hostile.rs"]
mod hostile;
#[path = "parity/loading.rs"]
mod loading;
#[path = "parity/serving.rs"]
mod serving;
#[path = "parity/verdicts.rs"]
mod verdicts;
