//! The workstation: what happens to a queue of items between import and export.
//!
//! [`Workspace`] is the face of this crate: a folder with a database and the images that were imported. Everything
//! that people and guards do is a method of it, written in a module of its own: [`import`], [`queue`], [`review`],
//! [`audit`]. Beneath them lies [`store`], the only place that knows SQL.
//!
//! Invariant: this crate knows no tensors and no window, and opens no network socket. Guards are asked through
//! [`saring_verdict::Engine`].

pub mod alike;
pub mod assist;
pub mod audit;
pub mod bundle;
pub mod clock;
mod default_folder;
pub mod engine;
mod error;
pub mod export;
pub mod guards;
mod health;
pub mod import;
pub mod label;
pub mod language;
pub mod media;
pub mod metrics;
pub mod policy;
pub mod queue;
pub mod review;
mod settings;
pub mod store;
mod workspace;

#[cfg(test)]
mod fixture;

pub use clock::Clock;
pub use default_folder::default_folder;
pub use error::{Code, Error, Result, Thing};
pub use health::DatabaseHealth;
pub use workspace::Workspace;
