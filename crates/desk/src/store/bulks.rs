//! Tables `bulks` and `bulk_decisions`: one decision applied to many items.

use super::{
    Conn, StoreResult, WriteTx,
    decisions::{DecisionRow, from_row},
};

/// Adds an act and says which decisions it is made of.
pub async fn insert(
    tx: &mut WriteTx<'_>,
    id: &str,
    reviewer: &str,
    decided_at: &str,
    decision_ids: &[&str],
) -> StoreResult<()> {
    sqlx::query("INSERT INTO bulks (id, reviewer, decided_at) VALUES (?1, ?2, ?3)")
        .bind(id)
        .bind(reviewer)
        .bind(decided_at)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO bulk_decisions (decision_id, bulk_id) SELECT value, ?2 FROM json_each(?1)")
        .bind(serde_json::json!(decision_ids).to_string())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The decisions of the act that a decision belongs to, but for what was undone, in their order; none if it belongs to none.
pub async fn together_with(conn: &mut Conn, decision_id: &str) -> StoreResult<Vec<DecisionRow>> {
    let rows = sqlx::query(
        "SELECT d.*, 0 AS undone FROM bulk_decisions AS b CROSS JOIN bulk_decisions AS m ON m.bulk_id = b.bulk_id \
         CROSS JOIN decisions AS d ON d.id = m.decision_id WHERE b.decision_id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) ORDER BY d.seq",
    )
    .bind(decision_id)
    .fetch_all(conn)
    .await?;
    rows.iter().map(from_row).collect()
}
