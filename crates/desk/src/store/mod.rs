//! The only place that names sqlx: one file a table, one statement a function.
//!
//! [`Store`] holds the connections. Reading goes through a [`ReadTx`], which sees one moment of the database; writing goes
//! through a [`WriteTx`], which begins at once (`BEGIN IMMEDIATE`), carries the end of the chain of events and is durable when
//! [`WriteTx::commit`] returns. A function that reads takes `&mut Conn`, which both are; one that writes takes `&mut WriteTx`,
//! so that nothing can be written outside of a transaction.

pub mod audit;
pub mod bulks;
pub mod bundles;
pub mod calibrations;
pub mod chain;
pub mod comparisons;
mod connect;
pub mod decisions;
pub mod derivations;
pub mod draws;
mod error;
pub mod events;
pub mod exports;
mod facet_marks;
pub mod facets;
pub mod failures;
pub mod guards;
mod head;
pub mod health;
pub mod image_prints;
pub mod imports;
pub mod item_prints;
pub mod item_verdicts;
pub mod items;
pub mod language_corrections;
pub mod laptops;
pub mod lists;
pub mod media;
pub mod merged;
pub mod paces;
pub mod plans;
pub mod policies;
pub mod provenances;
pub mod queue_policies;
pub mod queues;
pub mod reviewers;
pub mod row_hash;
pub mod runs;
pub mod saved_filters;
pub mod search;
pub mod seen_states;
pub mod settings;
pub mod tasks;
#[cfg(test)]
mod test_rows;
mod transaction;
pub mod unlabelled;
pub mod verdict_details;
pub mod verdicts;

pub use connect::Store;
pub use error::StoreError;
pub use head::{ChainHead, HeadFile};
pub use transaction::{ReadTx, WriteTx};

/// A connection inside a transaction, for reading or writing.
pub type Conn = sqlx::SqliteConnection;

/// The result of a statement.
pub type StoreResult<T> = Result<T, StoreError>;
