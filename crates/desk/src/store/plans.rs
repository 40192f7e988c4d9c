//! Table `review_plans`: how queues are reviewed. Append-only; the newest of a queue is in force.

use saring_verdict::Task;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    Conn, StoreError, StoreResult, WriteTx,
    queues::{parse, parse_task},
    seen_states::state_seen,
};
use crate::review::{ReviewPlan, SeenState, Share};

/// Adds a plan, which is in force from now on.
pub async fn insert(tx: &mut WriteTx<'_>, plan: &ReviewPlan) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO review_plans (id, queue_id, seed, second_share, gold_share, feedback, blind_share, blind_draw_id, \
         own_adjudication, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(&plan.id)
    .bind(&plan.queue_id)
    .bind(plan.seed)
    .bind(plan.second_share.millionths())
    .bind(plan.gold_share.millionths())
    .bind(plan.feedback.as_str())
    .bind(plan.blind_share.millionths())
    .bind(&plan.blind_draw_id)
    .bind(plan.own_adjudication)
    .bind(&plan.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The plan of a queue; `None` for a single review.
pub async fn in_force(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<ReviewPlan>> {
    let row = sqlx::query("SELECT * FROM review_plans WHERE queue_id = ?1 ORDER BY seq DESC LIMIT 1")
        .bind(queue_id)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether there is a plan of this id, in force or not.
pub async fn is_known(conn: &mut Conn, plan_id: &str) -> StoreResult<bool> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM review_plans WHERE id = ?1)")
        .bind(plan_id)
        .fetch_one(conn)
        .await?)
}

/// Visible items of a queue with a gold label, and those without: (gold, others).
pub async fn count_gold(conn: &mut Conn, queue_id: &str) -> StoreResult<(i64, i64)> {
    Ok(sqlx::query_as(
        "SELECT coalesce(sum(gold), 0), count(*) - coalesce(sum(gold), 0) FROM (SELECT EXISTS (SELECT 1 FROM tasks AS t \
         WHERE t.item_id = i.id AND t.gold_label IS NOT NULL) AS gold FROM visible_items AS i WHERE i.queue_id = ?1)",
    )
    .bind(queue_id)
    .fetch_one(conn)
    .await?)
}

/// Whether a reviewer has done anything with task `t` that was not undone.
macro_rules! has_voice {
    () => {
        "EXISTS (SELECT 1 FROM decisions AS d WHERE d.item_id = t.item_id AND (d.task = t.task OR d.task IS NULL) \
         AND d.reviewer = ?2 AND d.kind IN ('label', 'skip', 'escalate', 'adjudicate') \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id))"
    };
}

/// Those of `ids`, a JSON list, of which a task is open for a reviewer: undecided, not decided by this reviewer, and not awaiting
/// adjudication. In the order of the list; without gold items if `without_gold`.
pub async fn open_for(
    conn: &mut Conn,
    ids: &str,
    reviewer: &str,
    without_gold: bool,
) -> StoreResult<Vec<String>> {
    const OPEN: &str = concat!(
        "SELECT j.value FROM json_each(?1) AS j WHERE EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = j.value ",
        "AND t.state = 'pending' AND t.awaiting IS NOT 'adjudication' AND NOT ",
        has_voice!(),
        ") AND NOT (?3 AND EXISTS (SELECT 1 FROM tasks AS g WHERE g.item_id = j.value AND g.gold_label IS NOT NULL)) ",
        "ORDER BY j.key"
    );
    Ok(sqlx::query_scalar(OPEN).bind(ids).bind(reviewer).bind(without_gold).fetch_all(conn).await?)
}

/// Whether a task of item `i` is open for a reviewer, and it is no gold item if those are left out.
macro_rules! is_open {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = i.id AND t.state = 'pending' ",
            "AND t.awaiting IS NOT 'adjudication' AND NOT ",
            has_voice!(),
            ") AND NOT (?3 AND EXISTS (SELECT 1 FROM tasks AS g WHERE g.item_id = i.id AND g.gold_label IS NOT NULL)) "
        )
    };
}

/// The first item of a queue behind the number `behind`, as imported, that is open for a reviewer; see [`open_for`]. It is looked up,
/// however far away it is: what nobody has begun, what they have begun themselves, and what each of the others has.
pub async fn left_for(
    conn: &mut Conn,
    queue_id: &str,
    reviewer: &str,
    without_gold: bool,
    behind: i64,
) -> StoreResult<Option<String>> {
    let mut first: Option<(i64, String)> = None;
    let mut earlier = |found: Option<(i64, String)>| {
        if found.as_ref().is_some_and(|(seq, _)| first.as_ref().is_none_or(|(least, _)| seq < least)) {
            first = found;
        }
    };
    for sql in [LEFT_BY_ALL, LEFT_BY_THEM] {
        let found = sqlx::query_as(sql).bind(queue_id).bind(reviewer).bind(without_gold).bind(behind);
        earlier(found.fetch_optional(&mut *conn).await?);
    }
    let mut other = Some(SeenState::EVERYBODY.to_owned());
    while let Some(name) = other {
        let found = sqlx::query_as(BEGUN_BY_ANOTHER).bind(queue_id).bind(reviewer).bind(without_gold);
        earlier(found.bind(behind).bind(&name).fetch_optional(&mut *conn).await?);
        other = sqlx::query_scalar(ANOTHER).bind(queue_id).bind(&name).fetch_one(&mut *conn).await?;
    }
    Ok(first.map(|(_, id)| id))
}

const LEFT_BY_ALL: &str = concat!(
    "SELECT i.seq, i.id FROM facets AS f INDEXED BY facets_open CROSS JOIN visible_items AS i ON i.seq = f.place / 2 ",
    "WHERE f.queue = (SELECT number FROM queue_numbers WHERE queue_id = ?1) AND f.marks & 32771 = 0 AND f.place > 2 * ?4 + 1 AND ",
    is_open!(),
    "ORDER BY f.place LIMIT 1"
);

const LEFT_BY_THEM: &str = concat!(
    "SELECT i.seq, i.id FROM seen_states AS s CROSS JOIN visible_items AS i ON i.seq = s.seq ",
    "WHERE s.queue_id = ?1 AND s.reviewer = ?2 AND s.state = 'pending' AND s.seq > ?4 AND ",
    is_open!(),
    "ORDER BY s.seq LIMIT 1"
);

/// What the reviewer ?5 has begun, and ?2 has not.
const BEGUN_BY_ANOTHER: &str = concat!(
    "SELECT i.seq, i.id FROM seen_states AS s INDEXED BY seen_states_awaiting CROSS JOIN visible_items AS i ON i.seq = s.seq ",
    "WHERE s.queue_id = ?1 AND s.awaits = 1 AND s.reviewer = ?5 AND s.reviewer <> ?2 AND s.seq > ?4 ",
    "AND NOT EXISTS (SELECT 1 FROM seen_states AS o WHERE o.queue_id = ?1 AND o.reviewer = ?2 AND o.seq = s.seq) ",
    "AND ",
    is_open!(),
    "ORDER BY s.seq LIMIT 1"
);

/// Who comes behind a reviewer among those who have begun something.
const ANOTHER: &str = "SELECT min(reviewer) FROM seen_states INDEXED BY seen_states_awaiting \
                       WHERE queue_id = ?1 AND awaits = 1 AND reviewer > ?2";

/// The first visible item of a draw, by rank, of which a task is open for a reviewer; see [`open_for`]. `None` also if the item
/// `in_place_of` is not of the draw.
pub async fn first_drawn(
    conn: &mut Conn,
    draw_id: &str,
    in_place_of: &str,
    reviewer: &str,
    without_gold: bool,
) -> StoreResult<Option<String>> {
    const FIRST: &str = concat!(
        "SELECT i.id FROM draw_items AS x CROSS JOIN visible_items AS i ON i.id = x.item_id WHERE x.draw_id = ?1 ",
        "AND EXISTS (SELECT 1 FROM draw_items AS p WHERE p.item_id = ?4 AND p.draw_id = ?1) ",
        "AND ",
        is_open!(),
        "ORDER BY x.rank LIMIT 1"
    );
    let first = sqlx::query_scalar(FIRST).bind(draw_id).bind(reviewer).bind(without_gold).bind(in_place_of);
    Ok(first.fetch_optional(conn).await?)
}

/// The first gold item of a queue, as imported, with a task that a reviewer has not decided.
pub async fn gold_for(conn: &mut Conn, queue_id: &str, reviewer: &str) -> StoreResult<Option<String>> {
    const GOLD: &str = concat!(
        "SELECT i.id FROM tasks AS t CROSS JOIN visible_items AS i ON i.id = t.item_id ",
        "WHERE t.gold_label IS NOT NULL AND i.queue_id = ?1 AND NOT ",
        has_voice!(),
        " ORDER BY i.seq LIMIT 1"
    );
    Ok(sqlx::query_scalar(GOLD).bind(queue_id).bind(reviewer).fetch_optional(conn).await?)
}

/// The last thing that a reviewer did with a visible item of a queue, as (decision, item).
pub async fn last_of(
    conn: &mut Conn,
    queue_id: &str,
    reviewer: &str,
) -> StoreResult<Option<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT d.id, d.item_id FROM decisions AS d CROSS JOIN visible_items AS i ON i.id = d.item_id \
         WHERE d.reviewer = ?2 AND i.queue_id = ?1 ORDER BY d.seq DESC LIMIT 1",
    )
    .bind(queue_id)
    .bind(reviewer)
    .fetch_optional(conn)
    .await?)
}

/// Tasks of a queue's visible items that await adjudication, as (item, task), after an item and task, by item id.
pub async fn disputed(
    conn: &mut Conn,
    queue_id: &str,
    after: (&str, &str),
    limit: u32,
) -> StoreResult<Vec<(String, Task)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.item_id, t.task FROM tasks AS t CROSS JOIN visible_items AS i ON i.id = t.item_id \
         WHERE t.awaiting = 'adjudication' AND t.item_id >= ?2 AND (t.item_id > ?2 OR t.task > ?3) AND i.queue_id = ?1 \
         ORDER BY t.item_id, t.task LIMIT ?4",
    )
    .bind(queue_id)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|(item_id, task)| Ok((item_id, parse_task(&task)?))).collect()
}

/// How many tasks of a queue's visible items await what, as (second, adjudication).
pub async fn count_awaiting(conn: &mut Conn, queue_id: &str) -> StoreResult<(i64, i64)> {
    Ok(sqlx::query_as(
        "SELECT coalesce(sum(t.awaiting = 'second'), 0), coalesce(sum(t.awaiting = 'adjudication'), 0) FROM tasks AS t \
         CROSS JOIN visible_items AS i ON i.id = t.item_id WHERE t.awaiting IS NOT NULL AND i.queue_id = ?1",
    )
    .bind(queue_id)
    .fetch_one(conn)
    .await?)
}

/// How many visible items of a queue stand pending for a viewer, '' being everybody, though nothing of them is open: reviewers decided
/// them differently.
pub async fn count_disputed(conn: &mut Conn, queue_id: &str, viewer: &str) -> StoreResult<i64> {
    const DISPUTED: &str = concat!(
        "SELECT count(DISTINCT i.id) FROM tasks AS t CROSS JOIN visible_items AS i ON i.id = t.item_id ",
        "WHERE t.awaiting = 'adjudication' AND i.queue_id = ?1 AND NOT EXISTS (SELECT 1 FROM tasks AS o ",
        "WHERE o.item_id = i.id AND o.state = 'pending' AND o.awaiting IS NOT 'adjudication') AND ",
        state_seen!(),
        " = 'pending'"
    );
    Ok(sqlx::query_scalar(DISPUTED).bind(queue_id).bind(viewer).fetch_one(conn).await?)
}

fn from_row(row: &SqliteRow) -> StoreResult<ReviewPlan> {
    let share = |column: &str| -> StoreResult<Share> {
        let millionths: i64 = row.try_get(column)?;
        let millionths = u32::try_from(millionths).map_err(|_| StoreError::damaged("a share is negative"))?;
        Ok(Share::from_millionths(millionths))
    };
    Ok(ReviewPlan {
        id: row.try_get("id")?,
        queue_id: row.try_get("queue_id")?,
        seed: row.try_get("seed")?,
        second_share: share("second_share")?,
        gold_share: share("gold_share")?,
        feedback: parse(row.try_get("feedback")?, "feedback")?,
        blind_share: share("blind_share")?,
        blind_draw_id: row.try_get("blind_draw_id")?,
        own_adjudication: row.try_get("own_adjudication")?,
        created_at: row.try_get("created_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn what_is_left_for_a_reviewer_is_looked_up_and_not_gone_through() {
        let fixture = Fixture::new().await;
        for (sql, index) in [
            (LEFT_BY_ALL, "INDEX facets_open (queue=? AND place>?)"),
            (LEFT_BY_THEM, "INDEX seen_states_by_state (queue_id=? AND reviewer=? AND state=? AND seq>?)"),
            (BEGUN_BY_ANOTHER, "INDEX seen_states_awaiting (queue_id=? AND reviewer=? AND seq>?)"),
            (ANOTHER, "INDEX seen_states_awaiting (queue_id=? AND reviewer>?)"),
        ] {
            let plan = fixture.workspace.store().plan(sql).await;
            let first = plan.lines().next().unwrap_or_default();
            assert!(first.starts_with("SEARCH") && first.ends_with(index), "{sql}\n{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
    }
}
