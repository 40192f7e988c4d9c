//! The chain of events and its verification: an edited, removed, reordered or cut-off history is found.
//!
//! [`chain`] says how rows and events are hashed; [`Workspace::verify`](crate::Workspace::verify) goes through all of it and gives an
//! [`AuditReport`].

pub mod chain;
mod laptops;
mod problem;
mod verify;

pub(crate) use laptops::merged_hash;
pub use problem::Problem;
pub use verify::AuditReport;

#[cfg(test)]
mod tests;
