//! What one laptop puts into quarantine is in quarantine everywhere: the copies that are here follow, and come back with it.
//!
//! On the laptop, a quarantine takes along the copies that it has, each with a row of its own that is in the file too. The rows
//! of one such act that are in a file are always the same, whenever the file was written; so what is made here because of them
//! follows from the file alone, not from what was merged before. It is named and dated after a row of the laptop.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use super::merge::Row;
use crate::{
    Result,
    review::DecisionKind,
    store::{
        self, Conn, WriteTx,
        decisions::DecisionRow,
        events::{self, EventKind},
    },
};

/// Makes quarantines for the copies of what the rows of a file put into quarantine, and takes back those whose cause is taken back.
pub(super) async fn take_along(
    tx: &mut WriteTx<'_>,
    rows: &[Row],
    touched: &mut BTreeSet<String>,
) -> Result<()> {
    for act in acts(rows) {
        let Some(cause) = stored(tx, act.cause).await? else { continue };
        for item_id in store::merged::same_content(tx, &cause.item_id).await? {
            if act.items.contains(item_id.as_str()) {
                continue;
            }
            let own = DecisionRow {
                id: derived_id(&cause.id, &item_id),
                reason: Some(format!("the same content as {}", cause.item_id)),
                supersedes: Some(cause.id.clone()),
                item_id,
                ..cause.clone()
            };
            add(tx, own, touched).await?;
        }
    }
    for row in rows {
        let Some(undone) = &row.undoes else { continue };
        let along = store::merged::went_along(tx, undone).await?;
        if along.is_empty() {
            continue;
        }
        let Some(cause) = stored(tx, row).await? else { continue };
        for (quarantine, item_id) in along {
            let own = DecisionRow {
                id: derived_id(&cause.id, &quarantine),
                item_id,
                supersedes: Some(quarantine.clone()),
                undoes: Some(quarantine),
                reason: None,
                ..cause.clone()
            };
            add(tx, own, touched).await?;
        }
    }
    Ok(())
}

/// One act of quarantine on a laptop, as far as it is in a file.
struct Act<'a> {
    /// The row that the others went along with or, where that is about another queue, the first of them by id.
    cause: &'a Row,
    items: HashSet<&'a str>,
}

fn acts(rows: &[Row]) -> Vec<Act<'_>> {
    let mut by_first: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == DecisionKind::Quarantine) {
        by_first.entry(row.supersedes.as_ref().unwrap_or(&row.id)).or_default().push(row);
    }
    by_first.into_iter().filter_map(|(first, rows)| act(first, &rows)).collect()
}

fn act<'a>(first: &str, rows: &[&'a Row]) -> Option<Act<'a>> {
    let cause = rows.iter().copied().min_by_key(|row| (row.id != first, row.id.as_str()))?;
    Some(Act { cause, items: rows.iter().map(|row| row.item_id.as_str()).collect() })
}

/// The row as it lies here.
async fn stored(conn: &mut Conn, row: &Row) -> Result<Option<DecisionRow>> {
    let rows = store::decisions::of_item(conn, &row.item_id).await?;
    Ok(rows.into_iter().find(|found| found.id == row.id))
}

async fn add(tx: &mut WriteTx<'_>, row: DecisionRow, touched: &mut BTreeSet<String>) -> Result<()> {
    if store::merged::is_here(tx, &row.id).await? {
        return Ok(());
    }
    store::decisions::insert(tx, &row).await?;
    let kind = if row.policy_id.is_some() { EventKind::PolicyDecision } else { EventKind::Decision };
    events::record(tx, kind, &row.id).await?;
    touched.insert(row.item_id);
    Ok(())
}

/// An id that follows from two others, in the form of a UUID.
fn derived_id(cause: &str, about: &str) -> String {
    let digest = Sha256::digest(format!("{cause} {about}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
