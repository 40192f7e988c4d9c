//! The chain of events and its verification: an edited, removed, reordered or cut-off history is found.

pub mod chain;
