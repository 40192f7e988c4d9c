//! Rows that tests need and that no function of ours writes that way.

use std::path::Path;

use saring_verdict::{Family, Task};

use super::{Store, WriteTx};
use crate::engine::scripted::card;

impl Store {
    /// A guard called "guard", and a run of it in the only queue.
    pub(crate) async fn insert_test_guard(&self) {
        let mut tx = self.write().await.expect("a writer");
        let card = card(Family::Qwen3guardGen, Path::new("/guard")).expect("a card");
        sqlx::query(
            "INSERT OR IGNORE INTO guards (id, name, path, settings, card, is_toy, added_at) \
             VALUES ('guard', 'guard', '/guard', '{}', ?1, 1, '2026-01-01T00:00:00.000Z')",
        )
        .bind(serde_json::to_string(&card).expect("JSON"))
        .execute(&mut *tx)
        .await
        .expect("a guard");
        for sql in [
            "INSERT OR IGNORE INTO runs (id, queue_id, guard_id, device, precision, state, total, started_at) \
             SELECT 'run', id, 'guard', 'cpu', 'f32', 'done', 1, '2026-01-01T00:00:00.000Z' FROM queues LIMIT 1",
            // The SHA-256 of {}.
            "INSERT OR IGNORE INTO provenances (id, body) \
             VALUES ('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '{}')",
        ] {
            sqlx::query(sql).execute(&mut *tx).await.expect(sql);
        }
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE row_id = 'guard')")
            .fetch_one(&mut *tx)
            .await
            .expect("events");
        if !known {
            super::events::record(&mut tx, super::events::EventKind::GuardAdded, "guard")
                .await
                .expect("event");
        }
        tx.commit().await.expect("commit");
    }

    /// A verdict of that guard.
    pub(crate) async fn insert_test_verdict(
        &self,
        tx: &mut WriteTx<'_>,
        id: &str,
        item_id: &str,
        task: Task,
        p_unsafe: f64,
    ) {
        sqlx::query(
            "INSERT INTO verdicts (id, item_id, task, guard_id, run_id, provenance_id, probabilities, label_mass, \
             categories, tokens_prompt, tokens_cached, tokens_computed, truncated, created_at) \
             VALUES (?1, ?2, ?3, 'guard', 'run', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', \
             ?4, 0.9, '[]', 10, 4, 6, 0, '2026-01-01T00:00:00.000Z')",
        )
        .bind(id)
        .bind(item_id)
        .bind(task.as_str())
        .bind(format!("{{\"Safe\": {}, \"Controversial\": 0.0, \"Unsafe\": {p_unsafe}}}", 1.0 - p_unsafe))
        .execute(&mut **tx)
        .await
        .expect("a verdict");
    }

    /// A queue as the version before policies made it.
    pub(crate) async fn insert_test_queue_before_policies(&self, name: &str, scheme: &str) {
        let mut tx = self.write().await.expect("a writer");
        let id = tx.clock().new_id();
        sqlx::query("INSERT INTO queues (id, name, scheme, created_at) VALUES (?1, ?2, ?3, '2026-01-01T00:00:00.000Z')")
            .bind(&id)
            .bind(name)
            .bind(scheme)
            .execute(&mut *tx)
            .await
            .expect("a queue");
        super::events::record(&mut tx, super::events::EventKind::QueueCreated, &id).await.expect("event");
        tx.commit().await.expect("commit");
    }

    /// Runs any statement on a connection that checks nothing; gives how many rows it changed.
    pub(crate) async fn execute_behind_our_back(&self, sql: &'static str) -> u64 {
        let mut tx = self.write().await.expect("a writer");
        sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await.expect("pragma");
        let done = sqlx::query(sql).execute(&mut *tx).await.expect(sql);
        tx.commit().await.expect("commit");
        done.rows_affected()
    }

    /// The first column of every row.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let mut read = self.read().await.expect("a reader");
        sqlx::query_scalar(sql).fetch_all(&mut *read).await.expect(sql)
    }

    /// How SQLite would run a statement.
    pub(crate) async fn plan(&self, sql: &str) -> String {
        use sqlx::Row;
        let mut read = self.read().await.expect("a reader");
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *read).await.expect("a plan");
        rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
    }
}
