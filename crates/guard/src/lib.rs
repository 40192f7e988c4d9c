//! Inference: runs guard checkpoints exactly as their authors run them.
//!
//! [`LocalEngine`] is the [`Engine`](saring_verdict::Engine) that runs in this process; [`serve()`] puts any engine behind
//! the wire protocol. Inside, a *checkpoint* is a folder of files, an *architecture* (`decoder`) knows tensors and no
//! words, a *family* (`family`) knows words and no tensors. The way of an item: `family` words the question, `framing`
//! renders it with the checkpoint's own template and encodes it so that item text never becomes a control token
//! (`inert`, `tokenizer`), `asking` cuts what is too long, `judging` reads the label's logits in batches and lets the answer
//! run on under its `grammar`. On processors the products and attention are those of `saring-kernels`.
//!
//! Invariant: this crate knows no database and no window, opens no socket, and is the only one that names candle.

mod asking;
mod bench;
mod checkpoint;
mod decoder;
mod device;
mod engine;
mod family;
mod framing;
mod generating;
mod grammar;
mod images;
mod inert;
mod judging;
mod layers;
mod model;
mod picture;
mod precision;
mod response;
mod serve;
mod stream_heads;
mod template;
mod tokenizer;
mod turn;
mod vision;

pub use bench::{Look, Prefill, workload};
pub use engine::LocalEngine;
pub use serve::{serve, serve_until};
