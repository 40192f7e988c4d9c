//! Transactions: [`ReadTx`] sees one moment, [`WriteTx`] holds the write lock and the end of the chain.

use std::ops::{Deref, DerefMut};

use sqlx::{Sqlite, Transaction};

use super::{
    Conn, StoreResult, chain,
    head::{ChainHead, HeadFile},
};
use crate::Clock;

/// Reads of one moment. Dropped when done.
#[derive(Debug)]
pub struct ReadTx(Transaction<'static, Sqlite>);

impl ReadTx {
    pub(super) fn new(tx: Transaction<'static, Sqlite>) -> Self {
        Self(tx)
    }
}

impl Deref for ReadTx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for ReadTx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

/// A transaction with the write lock. Nothing of it lasts unless [`commit`](Self::commit) returns `Ok`.
#[derive(Debug)]
pub struct WriteTx<'s> {
    tx: Transaction<'static, Sqlite>,
    head_file: &'s HeadFile,
    clock: &'s Clock,
    head: ChainHead,
    head_in_database: i64,
}

impl<'s> WriteTx<'s> {
    pub(super) async fn new(
        mut tx: Transaction<'static, Sqlite>,
        head_file: &'s HeadFile,
        clock: &'s Clock,
    ) -> StoreResult<Self> {
        let head = chain::get(&mut tx).await?;
        Ok(Self { tx, head_file, clock, head_in_database: head.length, head })
    }

    /// Where time and ids come from.
    pub fn clock(&self) -> &Clock {
        self.clock
    }

    /// Where the chain ends, counting the events appended in this transaction.
    pub fn head(&self) -> &ChainHead {
        &self.head
    }

    pub(super) fn set_head(&mut self, head: ChainHead) {
        self.head = head;
    }

    /// Makes everything of this transaction durable, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`](super::StoreError) and whatever else the disk refuses; then nothing was written.
    pub async fn commit(mut self) -> StoreResult<()> {
        let moved = self.head.length != self.head_in_database;
        if moved {
            chain::set(&mut self.tx, &self.head).await?;
        }
        self.tx.commit().await?;
        if moved && let Err(error) = self.head_file.write(&self.head) {
            // The rows are on disk; the file may lag behind them.
            tracing::warn!(%error, "the head of the chain could not be written beside the database");
        }
        Ok(())
    }
}

impl Deref for WriteTx<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.tx
    }
}

impl DerefMut for WriteTx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.tx
    }
}
