//! Whether a workspace's database is whole and set as it must be: what `saring doctor` asks.

use serde::Serialize;

use crate::{Result, Workspace, store::health};

/// What SQLite says about a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseHealth {
    /// SQLite's version.
    pub sqlite: String,
    /// "wal" as it must be.
    pub journal_mode: String,
    /// Of the connection that writes; 2 as it must be: an acknowledged decision is on disk.
    pub synchronous: i64,
    /// Of the connection that writes; 1 as it must be.
    pub foreign_keys: i64,
    /// Sentences: what is wrong. Empty if nothing is.
    pub problems: Vec<String>,
}

impl Workspace {
    /// Asks the writing connection for its settings and reads the whole database once.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn database_health(&self) -> Result<DatabaseHealth> {
        let mut tx = self.store().write().await?;
        let mut found = DatabaseHealth {
            sqlite: health::version(&mut tx).await?,
            journal_mode: health::journal_mode(&mut tx).await?,
            synchronous: health::synchronous(&mut tx).await?,
            foreign_keys: health::foreign_keys(&mut tx).await?,
            problems: Vec::new(),
        };
        // Nothing was written; readers can check the file without holding others up.
        drop(tx);
        let mut read = self.store().read().await?;
        found.problems =
            health::quick_check(&mut read).await?.into_iter().filter(|line| line != "ok").collect();
        let mut expect = |what: &str, holds: bool| {
            if !holds {
                found.problems.push(format!("{what}: a decision could be lost when the power fails"));
            }
        };
        expect("the journal is not a write-ahead log", found.journal_mode == "wal");
        expect("commits do not wait for the disk", found.synchronous == 2);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_workspace_is_healthy() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path()).await.unwrap();
        let health = workspace.database_health().await.unwrap();
        assert_eq!(health.problems, Vec::<String>::new());
        assert_eq!((health.journal_mode.as_str(), health.synchronous, health.foreign_keys), ("wal", 2, 1));
    }
}
