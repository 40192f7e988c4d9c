//! The database as an auditor sees it: with plain SQL, and without the program.

use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

/// Does something with the database on a connection and a thread of its own: the caller may be asynchronous itself.
fn with<T: Send>(workspace: &Path, work: impl AsyncFnOnce(&mut SqliteConnection) -> T + Send) -> T {
    let on_its_thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options =
                SqliteConnectOptions::new().filename(workspace.join("saring.db")).foreign_keys(false);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let value = work(&mut connection).await;
            connection.close().await.unwrap();
            value
        })
    };
    std::thread::scope(|scope| scope.spawn(on_its_thread).join().unwrap())
}

/// One number.
pub fn number(workspace: &Path, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    with(workspace, async |c| sqlx::query_scalar::<_, i64>(sql).fetch_one(c).await.unwrap())
}

/// A column of texts; NULL as an empty one.
pub fn texts(workspace: &Path, sql: &str) -> Vec<String> {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    with(workspace, async |c| {
        let rows = sqlx::query(sql).fetch_all(c).await.unwrap();
        rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()
    })
}

/// Changes the database behind the program's back; how many rows were changed.
pub fn tamper(workspace: &Path, sql: &str) -> u64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    with(workspace, async |c| sqlx::raw_sql(sql).execute(c).await.unwrap().rows_affected())
}
