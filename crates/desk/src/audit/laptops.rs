//! Going through the chains of laptops whose decisions were merged, and the decisions that they vouch for.

use super::{
    Problem,
    chain::{self, RowHasher},
};
use crate::{
    Result,
    store::{self, ChainHead, Conn, events::EventKind, row_hash},
};

const PAGE: u32 = 500;

/// What is wrong with the laptops' chains, or with what came from them.
pub(super) async fn problems(conn: &mut Conn, found: &mut impl FnMut(Problem)) -> Result<()> {
    let merged = store::laptops::last_merged(conn).await?;
    let laptops = store::laptops::all(conn).await?;
    for (workspace_id, end) in &laptops {
        let of_laptop =
            |problem| Problem::OfLaptop { workspace_id: workspace_id.clone(), problem: Box::new(problem) };
        let head = walk(conn, workspace_id, &mut |problem| found(of_laptop(problem))).await?;
        let (length, said) = merged.get(workspace_id).cloned().unwrap_or_default();
        if head != *end || length != end.length {
            found(of_laptop(Problem::EndDiffers { expected: length.max(end.length), found: head.length }));
        } else if merged_hash(conn, workspace_id, &end.hash).await? != said {
            found(of_laptop(Problem::MergedRowsDiffer));
        }
        decisions(conn, workspace_id, &mut |problem| found(of_laptop(problem))).await?;
    }
    for (workspace_id, (length, _)) in merged {
        if laptops.iter().all(|(known, _)| *known != workspace_id) {
            let problem = Box::new(Problem::EndDiffers { expected: length, found: 0 });
            found(Problem::OfLaptop { workspace_id, problem });
        }
    }
    Ok(())
}

/// The hash of what was merged of a laptop: the head of its chain, and which decisions came from it.
pub(crate) async fn merged_hash(conn: &mut Conn, workspace_id: &str, head: &str) -> Result<String> {
    let mut hasher = RowHasher::new();
    hasher.text(head);
    let mut after = String::new();
    loop {
        let page = store::laptops::merged_ids(conn, workspace_id, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(hasher.finish()) };
        after.clone_from(last);
        for id in &page {
            hasher.text(id);
        }
    }
}

/// Goes through one chain from its beginning; gives where it ends.
async fn walk(conn: &mut Conn, workspace_id: &str, found: &mut impl FnMut(Problem)) -> Result<ChainHead> {
    let mut head = ChainHead::genesis(workspace_id);
    loop {
        let page = store::laptops::events(conn, workspace_id, head.length, PAGE).await?;
        if page.is_empty() {
            return Ok(head);
        }
        for event in page {
            let seq = event.seq;
            if seq != head.length + 1 {
                found(Problem::EventsMissing { first: head.length + 1, last: seq - 1 });
            }
            if event.prev_hash != head.hash {
                found(Problem::EventUnlinked { seq });
            }
            let hash =
                chain::link(&event.prev_hash, seq, &event.at, &event.kind, &event.row_id, &event.row_hash);
            if hash != event.hash {
                found(Problem::EventEdited { seq });
            }
            head = ChainHead { length: seq, hash: event.hash };
        }
    }
}

/// Holds the decisions that came from a laptop against what its chain says of them.
async fn decisions(conn: &mut Conn, workspace_id: &str, found: &mut impl FnMut(Problem)) -> Result<()> {
    let mut after = String::new();
    loop {
        let page = store::laptops::vouched(conn, workspace_id, &after, PAGE).await?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (row_id, kind, expected) in page {
            let Ok(known) = kind.parse::<EventKind>() else {
                let kind = EventKind::Decision.as_str().to_owned();
                found(Problem::RowWithoutEvent { kind, row_id });
                continue;
            };
            let hash = row_hash::of_merged(conn, known, &[&row_id]).await?.remove(&row_id);
            if hash.as_ref() != Some(&expected) {
                found(Problem::MergedRowEdited { row_id });
            }
        }
    }
}
