//! Going through the chain and everything that it vouches for, page by page.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{
    Problem,
    chain::{self, hex},
    laptops,
};
use crate::{
    Result, Workspace,
    guards::registry::removal_hash,
    review::{seen_otherwise, standing},
    settings::reading_hash,
    store::{self, ChainHead, Conn, audit::EventRow, events::EventKind, row_hash, settings},
};

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many events the chain has.
    pub events: i64,
    /// Hash of the last one: what exports carry and people write down.
    pub head: String,
    /// The first of what was found, at most [`AuditReport::PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// How many were found.
    pub problems_found: u64,
}

impl AuditReport {
    /// How many problems a report holds.
    pub const PROBLEMS_MAX: usize = 1000;

    /// Whether nothing was found.
    pub fn holds(&self) -> bool {
        self.problems_found == 0
    }

    fn push(&mut self, problem: Problem) {
        self.problems_found += 1;
        if self.problems.len() < Self::PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

const PAGE: u32 = 500;

/// Kinds of events about what is overwritten.
const CHANGES: [EventKind; 3] = [EventKind::ReadingChanged, EventKind::GuardAdded, EventKind::GuardRemoved];

impl Workspace {
    /// Goes through the whole chain of events and all rows that it vouches for. `head` is a head that somebody wrote down
    /// earlier, e.g. from an export's card: it must lie on the chain.
    ///
    /// # Errors
    /// What the database refuses. What does not hold is no error; it is in the report.
    pub async fn verify(&self, head: Option<&str>) -> Result<AuditReport> {
        // What is under way is no problem.
        self.finish_derivations().await?;
        // Before the database is looked at: the file may lag behind it, and must not be ahead of what is looked at.
        let file = self.store().head_file().read()?;
        let mut read = self.store().read().await?;
        let mut walk = Walk::new(self.store().workspace_id(), file, head);
        walk.chain(&mut read).await?;
        walk.rows_without_events(&mut read).await?;
        walk.reading(&mut read).await?;
        walk.removals(&mut read).await?;
        walk.provenances(&mut read).await?;
        walk.states(&mut read).await?;
        walk.languages(&mut read).await?;
        laptops::problems(&mut read, &mut |problem| walk.report.push(problem)).await?;
        // Derived from all of that: where it does not hold, nothing more is learnt here.
        if walk.report.holds() {
            walk.facets(&mut read).await?;
        }
        Ok(walk.report)
    }
}

struct Walk {
    report: AuditReport,
    file: Option<ChainHead>,
    file_is_on_chain: bool,
    wanted: Option<String>,
    wanted_is_on_chain: bool,
    last_item_seq: i64,
    /// The last event about the reading, and about each guard, by its row: what is overwritten is as the last one says.
    last_changes: HashMap<String, EventRow>,
}

impl Walk {
    fn new(workspace_id: &str, file: Option<ChainHead>, wanted: Option<&str>) -> Self {
        let genesis = ChainHead::genesis(workspace_id);
        let wanted = wanted.map(|w| w.trim().to_lowercase());
        Self {
            file_is_on_chain: file.as_ref() == Some(&genesis),
            wanted_is_on_chain: wanted.as_ref() == Some(&genesis.hash),
            report: AuditReport { events: 0, head: genesis.hash, problems: Vec::new(), problems_found: 0 },
            file,
            wanted,
            last_item_seq: 0,
            last_changes: HashMap::new(),
        }
    }

    async fn chain(&mut self, conn: &mut Conn) -> Result<()> {
        let end = store::chain::get(conn).await?;
        let mut last_seq = 0;
        loop {
            let page = store::audit::events(conn, last_seq, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for event in &page {
                self.link(event, last_seq);
                last_seq = event.seq;
            }
            self.rows_of(conn, &page).await?;
        }
        self.items_outside(conn, i64::MAX).await?;
        if (end.length, &end.hash) != (last_seq, &self.report.head) {
            self.report.push(Problem::EndDiffers { expected: end.length, found: self.report.events });
        }
        match &self.file {
            None => self.report.push(Problem::HeadFileMissing),
            Some(file) if !self.file_is_on_chain => {
                self.report.push(Problem::HeadFileDiffers { length: file.length });
            }
            Some(_) => {}
        }
        if let Some(head) = self.wanted.clone().filter(|_| !self.wanted_is_on_chain) {
            self.report.push(Problem::HeadUnknown { head });
        }
        Ok(())
    }

    fn link(&mut self, event: &EventRow, last_seq: i64) {
        let EventRow { seq, at, kind, row_id, row_hash, prev_hash, hash } = event;
        if *seq != last_seq + 1 {
            self.report.push(Problem::EventsMissing { first: last_seq + 1, last: seq - 1 });
        }
        if *prev_hash != self.report.head {
            self.report.push(Problem::EventUnlinked { seq: *seq });
        }
        if chain::link(prev_hash, *seq, at, kind, row_id, row_hash) != *hash {
            self.report.push(Problem::EventEdited { seq: *seq });
        }
        if CHANGES.iter().any(|change| change.as_str() == kind) {
            self.last_changes.insert(row_id.clone(), event.clone());
        }
        self.report.events += 1;
        self.report.head.clone_from(hash);
        self.file_is_on_chain |= self.file.as_ref().is_some_and(|f| f.length == *seq && f.hash == *hash);
        self.wanted_is_on_chain |= self.wanted.as_ref() == Some(hash);
    }

    /// Holds the rows that a page of events speaks of against what the events say.
    async fn rows_of(&mut self, conn: &mut Conn, page: &[EventRow]) -> Result<()> {
        for kind in EventKind::ALL.into_iter().filter(|kind| row_hash::is_about_a_row(*kind)) {
            let events: Vec<&EventRow> = page.iter().filter(|e| e.kind == kind.as_str()).collect();
            if events.is_empty() {
                continue;
            }
            let ids: Vec<&str> = events.iter().map(|e| e.row_id.as_str()).collect();
            let hashes = row_hash::of_rows(conn, kind, &ids).await?;
            for event in events {
                let (seq, kind, row_id) = (event.seq, event.kind.clone(), event.row_id.clone());
                match hashes.get(&event.row_id) {
                    Some(hash) if *hash == event.row_hash => {}
                    Some(_) => self.report.push(Problem::RowEdited { seq, kind, row_id }),
                    None => self.report.push(Problem::RowDeleted { seq, kind, row_id }),
                }
            }
        }
        for event in page.iter().filter(|e| e.kind == EventKind::ItemsImported.as_str()) {
            self.items_of(conn, event).await?;
        }
        Ok(())
    }

    async fn items_of(&mut self, conn: &mut Conn, event: &EventRow) -> Result<()> {
        let mut parts = event.row_id.split('/');
        let import_id = parts.next().unwrap_or_default().to_owned();
        let mut number = || parts.next().and_then(|n| n.parse::<i64>().ok());
        let (Some(first), Some(last)) = (number(), number()) else {
            // The event's own hash says whether somebody wrote this; it cannot be held against any rows.
            let (seq, kind, row_id) = (event.seq, event.kind.clone(), event.row_id.clone());
            self.report.push(Problem::RowDeleted { seq, kind, row_id });
            return Ok(());
        };
        self.items_outside(conn, first).await?;
        if row_hash::of_items(conn, first, last).await? != event.row_hash {
            self.report.push(Problem::ItemsEdited { seq: event.seq, import_id, first, last });
        }
        self.last_item_seq = last.max(self.last_item_seq);
        Ok(())
    }

    /// Items between the batches: no event speaks of them.
    async fn items_outside(&mut self, conn: &mut Conn, before: i64) -> Result<()> {
        for row_id in store::audit::items_between(conn, self.last_item_seq, before, PAGE).await? {
            self.report.push(Problem::RowWithoutEvent { kind: "item".to_owned(), row_id });
        }
        Ok(())
    }

    async fn rows_without_events(&mut self, conn: &mut Conn) -> Result<()> {
        for kind in EventKind::ALL {
            for row_id in store::audit::without_event(conn, kind, PAGE).await? {
                self.report.push(Problem::RowWithoutEvent { kind: kind.as_str().to_owned(), row_id });
            }
        }
        Ok(())
    }

    /// The reading is as the last event about it says; without one, it was never set.
    async fn reading(&mut self, conn: &mut Conn) -> Result<()> {
        let stored = settings::get(conn, settings::READING).await?;
        let row_id = settings::READING.to_owned();
        let problem = match (self.last_changes.get(&row_id), stored) {
            (None, None) => return Ok(()),
            (None, Some(_)) => {
                Problem::RowWithoutEvent { kind: EventKind::ReadingChanged.as_str().to_owned(), row_id }
            }
            (Some(event), None) => Problem::RowDeleted { seq: event.seq, kind: event.kind.clone(), row_id },
            (Some(event), Some(json)) if reading_hash(&json) == event.row_hash => return Ok(()),
            (Some(event), Some(_)) => Problem::RowEdited { seq: event.seq, kind: event.kind.clone(), row_id },
        };
        self.report.push(problem);
        Ok(())
    }

    /// A guard is removed, and since when, as the last event about it says. Those without any were found before.
    async fn removals(&mut self, conn: &mut Conn) -> Result<()> {
        for (row_id, removed_at) in store::audit::guards(conn).await? {
            let Some(event) = self.last_changes.get(&row_id) else { continue };
            let is_as_said = match (event.kind == EventKind::GuardRemoved.as_str(), removed_at) {
                (true, Some(at)) => removal_hash(&row_id, &at) == event.row_hash,
                (removed, at) => !removed && at.is_none(),
            };
            if !is_as_said {
                let (seq, kind) = (event.seq, event.kind.clone());
                self.report.push(Problem::RowEdited { seq, kind, row_id });
            }
        }
        Ok(())
    }

    async fn provenances(&mut self, conn: &mut Conn) -> Result<()> {
        let mut after = String::new();
        loop {
            let page = store::audit::provenances(conn, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (id, body) in page {
                if hex(&Sha256::digest(&body)) != id {
                    self.report.push(Problem::ProvenanceEdited { id });
                }
            }
        }
    }

    /// A corrected language is as its last correction says; the others are in the hashes of their imports.
    async fn languages(&mut self, conn: &mut Conn) -> Result<()> {
        for item_id in store::audit::uncorrected_languages(conn, PAGE).await? {
            self.report.push(Problem::LanguageEdited { item_id });
        }
        Ok(())
    }

    /// What lists go by follows from the items.
    async fn facets(&mut self, conn: &mut Conn) -> Result<()> {
        let last = store::items::last_seq(conn).await?;
        let mut first = 1;
        while first <= last {
            let end = first + i64::from(PAGE) - 1;
            for seq in store::facets::differing(conn, first, end).await? {
                self.report.push(Problem::ListedOtherwise { seq });
            }
            first = end + 1;
        }
        Ok(())
    }

    /// States are derived, so they are no part of the chain; but exports and reviewers go by them.
    async fn states(&mut self, conn: &mut Conn) -> Result<()> {
        let mut after = 0;
        loop {
            let page = store::audit::touched_items(conn, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            for (_, item_id) in page {
                if !follows(conn, &item_id).await? {
                    self.report.push(Problem::StateEdited { item_id });
                }
            }
        }
    }
}

async fn follows(conn: &mut Conn, item_id: &str) -> Result<bool> {
    let rows = store::decisions::of_item(conn, item_id).await?;
    let found = store::tasks::of_item(conn, item_id).await?;
    let Some(item) = store::items::any(conn, item_id).await? else { return Ok(false) };
    let plan = store::plans::in_force(conn, &item.queue_id).await?;
    let standing = standing(plan.as_ref(), item_id, &found, &rows);
    let tasks_follow = standing.tasks.iter().zip(&found).all(|(task, found)| {
        (task.state, &task.decision_id, task.awaiting) == (found.state, &found.decision_id, found.awaiting)
    });
    let quarantined = store::items::is_quarantined(conn, item_id).await? == Some(true);
    let seen = match quarantined {
        true => Vec::new(),
        false => seen_otherwise(plan.as_ref(), item_id, &found, &rows),
    };
    Ok(tasks_follow
        && store::seen_states::of_item(conn, item.seq).await? == seen
        && standing.state() == item.state
        && standing.flagged == item.flagged
        && standing.quarantined == quarantined)
}
