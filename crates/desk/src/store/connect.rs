//! Opening the database: connections, their settings and migrations.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    ReadTx, StoreError, StoreResult, WriteTx,
    head::{ChainHead, HeadFile},
    settings,
};
use crate::Clock;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// How many connections read at once. One writes: SQLite has one write lock, and a queue of our own is fair.
const READERS_MAX: u32 = 4;
/// How long a statement waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database of one workspace.
#[derive(Debug)]
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
    head_file: HeadFile,
    clock: Clock,
    workspace_id: String,
}

impl Store {
    /// Opens `dir/saring.db`, making it and bringing it up to date where needed. `dir` exists.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`], [`StoreError::Damaged`], [`StoreError::ReadOnly`] and what the disk refuses.
    pub async fn open(dir: &Path, clock: Clock) -> StoreResult<Self> {
        let path = dir.join("saring.db");
        if path.is_dir() {
            return Err(StoreError::damaged("saring.db is a folder"));
        }
        // Others may open a new workspace at the same moment. SQLite does not wait for a lock when the journal is switched to
        // write-ahead, so busy is said at once there; whoever is slower finds everything done.
        let deadline = Instant::now() + BUSY_TIMEOUT;
        loop {
            match Self::open_once(dir, &path, clock.clone()).await {
                Err(StoreError::Busy) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done => return done,
            }
        }
    }

    async fn open_once(dir: &Path, path: &Path, clock: Clock) -> StoreResult<Self> {
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT * 3)
            .connect_with(connect_options(path))
            .await?;
        migrate(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(BUSY_TIMEOUT * 3)
            .connect_with(
                connect_options(path)
                    .pragma("query_only", "on")
                    // What is read stays in the system's memory; four caches beside that would only hold it again.
                    .pragma("cache_size", "-2048"),
            )
            .await?;
        let mut store = Self {
            readers,
            writer,
            head_file: HeadFile::new(dir.join("saring.head")),
            clock,
            workspace_id: String::new(),
        };
        store.workspace_id = store.first_settings().await?;
        Ok(store)
    }

    /// Writes what a new workspace begins with; gives the workspace's id.
    async fn first_settings(&self) -> StoreResult<String> {
        if let Some(id) = settings::get(&mut *self.read().await?, settings::WORKSPACE_ID).await? {
            return Ok(id);
        }
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        // Another process may have been quicker.
        if let Some(id) = settings::get(&mut tx, settings::WORKSPACE_ID).await? {
            return Ok(id);
        }
        let id = self.clock.new_id();
        let head = ChainHead::genesis(&id);
        settings::insert(&mut tx, settings::WORKSPACE_ID, &id).await?;
        settings::insert(&mut tx, settings::CREATED_AT, &self.clock.now_text()).await?;
        super::chain::insert(&mut tx, &head).await?;
        // Before the commit: a workspace without this file is one that it was taken away from.
        self.head_file.write(&head)?;
        tx.commit().await?;
        Ok(id)
    }

    /// Begins to read: everything read through it is of one moment.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn read(&self) -> StoreResult<ReadTx> {
        Ok(ReadTx::new(self.readers.begin().await?))
    }

    /// Begins to write: takes the write lock at once, so that nothing read inside can be out of date.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another process holds the lock for longer than ten seconds.
    pub async fn write(&self) -> StoreResult<WriteTx<'_>> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        WriteTx::new(tx, &self.head_file, &self.clock).await
    }

    /// The id of this workspace, made when it was.
    pub fn workspace_id(&self) -> &str {
        &self.workspace_id
    }

    /// The file beside the database in which the head of the chain stands too.
    pub fn head_file(&self) -> &HeadFile {
        &self.head_file
    }

    /// Waits for what is being written and lets go of every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Every connection that the pools may hold, at once; for tests of their settings.
    #[cfg(test)]
    pub(super) async fn all_connections(&self) -> StoreResult<Vec<sqlx::pool::PoolConnection<sqlx::Sqlite>>> {
        let mut connections = vec![self.writer.acquire().await?];
        for _ in 0..READERS_MAX {
            connections.push(self.readers.acquire().await?);
        }
        Ok(connections)
    }
}

fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // macOS acknowledges a plain fsync before the disk has the data.
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .pragma("temp_store", "memory")
        // In KiB, negated: the search tables are merged while rows come in, and 2 MiB would read them over and over.
        .pragma("cache_size", "-16384")
        // In pages of 4 KiB: an import would otherwise wait for the disk after every few thousand rows.
        .pragma("wal_autocheckpoint", "4000")
        // A slice of the write-ahead log is kept for reuse; more than this is given back to the disk.
        .pragma("journal_size_limit", "67108864")
}

async fn migrate(pool: &SqlitePool) -> StoreResult<()> {
    // Others may open a new workspace at the same moment: whoever is slower fails on a table that exists, and then finds
    // one migration more done.
    let attempts = MIGRATIONS.iter().count() as u32 + 5;
    let mut attempt = 1;
    loop {
        match MIGRATIONS.run(pool).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _)) => {
                let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
                return Err(StoreError::NewerVersion { found, known });
            }
            Err(MigrateError::VersionMismatch(version)) => {
                return Err(StoreError::damaged(format!(
                    "its schema {version} is not the one of this program"
                )));
            }
            Err(error) => {
                let error = match error {
                    MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                        StoreError::from(error)
                    }
                    other => StoreError::Failed { reason: other.to_string() },
                };
                let may_be_a_race =
                    matches!(error, StoreError::Failed { .. } | StoreError::Constraint { .. });
                if attempt == attempts || !may_be_a_race {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(50 * u64::from(attempt))).await;
                attempt += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, store::settings};

    async fn open(dir: &Path) -> Store {
        Store::open(dir, Clock::system()).await.expect("a store opens in an empty folder")
    }

    #[tokio::test]
    async fn every_pooled_connection_is_durable_and_checks_references() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = open(dir.path()).await;
        let mut connections = store.all_connections().await.expect("all connections");
        assert_eq!(connections.len(), 1 + READERS_MAX as usize);
        for conn in &mut connections {
            for (pragma, expected) in [
                ("PRAGMA synchronous", "2"),
                ("PRAGMA foreign_keys", "1"),
                ("PRAGMA journal_mode", "wal"),
                ("PRAGMA busy_timeout", "10000"),
                ("PRAGMA fullfsync", "1"),
            ] {
                let row = sqlx::query(pragma).fetch_one(&mut **conn).await.expect(pragma);
                let found = {
                    use sqlx::{Row, ValueRef};
                    let raw = row.try_get_raw(0).expect("one column");
                    assert!(!raw.is_null());
                    row.try_get::<i64, _>(0).map_or_else(|_| row.get::<String, _>(0), |n| n.to_string())
                };
                assert_eq!(found, expected, "{pragma}");
            }
        }
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = open(dir.path()).await;
        let mut read = store.read().await.expect("a reader");
        let refused = sqlx::query("DELETE FROM settings").execute(&mut *read).await;
        assert!(refused.is_err(), "a reading connection is query_only");
    }

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = open(dir.path()).await;
        let mut tx = store.write().await.expect("a writer");
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', 1, x'00', 0)",
        )
        .execute(&mut *tx)
        .await
        .expect("a migration of the future");
        tx.commit().await.expect("commit");
        store.close().await;
        let error = Store::open(dir.path(), Clock::system()).await.expect_err("it is newer");
        assert!(matches!(error, StoreError::NewerVersion { found: 9999, .. }), "{error}");
        assert_eq!(error.code(), Code::NewerVersion);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_called_damaged() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("saring.db"), vec![b'x'; 8192]).expect("write");
        let error = Store::open(dir.path(), Clock::system()).await.expect_err("it is no database");
        assert_eq!(error.code(), Code::Damaged, "{error}");
    }

    #[tokio::test]
    async fn a_transaction_that_is_not_committed_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = open(dir.path()).await;
        let mut tx = store.write().await.expect("a writer");
        settings::set(&mut tx, settings::WINDOW, "{}").await.expect("set");
        drop(tx);
        let mut read = store.read().await.expect("a reader");
        assert_eq!(settings::get(&mut read, settings::WINDOW).await.expect("get"), None);
    }

    #[tokio::test]
    async fn many_stores_may_open_one_new_folder_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let opened: Vec<_> = (0..6)
            .map(|_| {
                let dir = dir.path().to_owned();
                tokio::spawn(async move { Store::open(&dir, Clock::system()).await })
            })
            .collect();
        let mut ids = Vec::new();
        for handle in opened {
            let store = handle.await.expect("no panic").expect("every one of them opens it");
            ids.push(store.workspace_id().to_owned());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "it is one workspace: {ids:?}");
    }

    #[tokio::test]
    async fn two_stores_on_one_folder_see_what_the_other_wrote() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, two) = (open(dir.path()).await, open(dir.path()).await);
        let mut tx = one.write().await.expect("a writer");
        settings::set(&mut tx, settings::WINDOW, "one").await.expect("set");
        tx.commit().await.expect("commit");
        let mut tx = two.write().await.expect("a writer");
        let seen = settings::get(&mut tx, settings::WINDOW).await.expect("get");
        assert_eq!(seen.as_deref(), Some("one"));
    }
}
