//! Who takes which items of a queue along: the lists that bundles are made of, written down one after another.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{
    container::Source,
    manifest::{ITEMS, ItemLine},
};
use crate::{
    Error, Result,
    review::{Feedback, ReviewPlan, Share},
    store::{self, Conn, bundles::TakenRow},
};

/// Items that are read together.
const PAGE: u32 = 500;

/// What one reviewer takes along.
pub(super) struct ReviewerShare {
    pub(super) reviewer: String,
    /// The list of items; the bundle is made beside it.
    pub(super) path: PathBuf,
    /// Ids of the items.
    pub(super) items: Vec<String>,
    lines: BufWriter<File>,
    images: BTreeSet<String>,
    /// Gold items that this reviewer has not got yet, next one last: (place, id).
    gold: Vec<(u64, String)>,
}

impl ReviewerShare {
    fn add(&mut self, row: &TakenRow, with_gold_labels: bool) -> Result<()> {
        let line = line_of(row, with_gold_labels)?;
        serde_json::to_writer(&mut self.lines, &line)
            .map_err(|error| Error::Io { path: self.path.clone(), source: error.into() })?;
        self.lines.write_all(b"\n").map_err(Error::io(&self.path))?;
        self.images.extend(images(row).map(str::to_owned));
        self.items.push(row.id.clone());
        Ok(())
    }

    /// The parts of the bundle: the items, then their images; blocks.
    pub(super) fn sources(&mut self, files: &BTreeMap<String, PathBuf>) -> Result<Vec<Source>> {
        self.lines.flush().map_err(Error::io(&self.path))?;
        let mut sources = vec![Source::of(ITEMS, self.path.clone())?];
        for sha256 in &self.images {
            let file = files.get(sha256).cloned().unwrap_or_default();
            let source = Source::of(format!("media/{sha256}"), file)?;
            if source.part.sha256 != *sha256 {
                return Err(Error::invalid(
                    "image",
                    format!("the file of {sha256} was changed; import it again"),
                ));
            }
            sources.push(source);
        }
        Ok(sources)
    }
}

/// What each reviewer takes along.
pub(super) struct Shares(pub(super) Vec<ReviewerShare>);

impl Shares {
    pub(super) fn open(spool: &Path, reviewers: &[String]) -> Result<Self> {
        let open = |(number, reviewer): (usize, &String)| {
            let path = spool.join(number.to_string());
            let file = File::create_new(&path).map_err(Error::io(&path))?;
            Ok(ReviewerShare {
                reviewer: reviewer.clone(),
                path,
                items: Vec::new(),
                lines: BufWriter::new(file),
                images: BTreeSet::new(),
                gold: Vec::new(),
            })
        };
        Ok(Self(reviewers.iter().enumerate().map(open).collect::<Result<_>>()?))
    }

    /// Where the images of all reviewers lie, by their hashes.
    pub(super) async fn images(
        &self,
        conn: &mut Conn,
        media_dir: &Path,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let mut files = BTreeMap::new();
        for sha256 in self.0.iter().flat_map(|share| &share.images) {
            if !files.contains_key(sha256)
                && let Some(image) = store::media::by_hash(conn, sha256).await?
            {
                files.insert(sha256.clone(), image.at.path(media_dir));
            }
        }
        Ok(files)
    }

    /// Gives out what is undecided of a queue. What is in a bundle already is left out, unless it is given out `again`.
    pub(super) async fn fill(
        &mut self,
        conn: &mut Conn,
        queue_id: &str,
        plan: Option<&ReviewPlan>,
        again: bool,
    ) -> Result<()> {
        let mixed = plan.filter(|plan| plan.gold_share > Share::NONE);
        let labels = plan.is_none_or(|plan| plan.feedback == Feedback::Immediate);
        let draw_id = plan.and_then(|plan| plan.blind_draw_id.as_deref());
        if let Some(plan) = mixed {
            self.line_up_gold(conn, queue_id, plan, again).await?;
        }
        let (mut after, mut turn) = (0, 0_u64);
        loop {
            let page = store::bundles::to_take(conn, queue_id, draw_id, mixed.is_some(), after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            let ids: Vec<&str> = page.iter().map(|row| row.id.as_str()).collect();
            let had = had(conn, &ids, again).await?;
            for row in &page {
                let takers = takers(plan, &self.reviewers(), turn, &row.id, had.get(&row.id));
                for at in takers {
                    let share = &mut self.0[at];
                    share.add(row, labels)?;
                    let due = mixed.is_some_and(|plan| plan.mixes_gold_behind(&share.reviewer, &row.id));
                    if let Some((_, id)) = share.gold.pop_if(|_| due)
                        && let Some(gold) = store::bundles::gold_row(conn, queue_id, draw_id, &id).await?
                    {
                        share.add(&gold, labels)?;
                    }
                }
                turn += 1;
            }
        }
    }

    fn reviewers(&self) -> Vec<&str> {
        self.0.iter().map(|share| share.reviewer.as_str()).collect()
    }

    /// Puts the gold items that each reviewer has not had into the order in which they are mixed in.
    async fn line_up_gold(
        &mut self,
        conn: &mut Conn,
        queue_id: &str,
        plan: &ReviewPlan,
        again: bool,
    ) -> Result<()> {
        let gold = store::bundles::gold_ids(conn, queue_id).await?;
        for ids in gold.chunks(PAGE as usize) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let had = had(conn, &ids, again).await?;
            for share in &mut self.0 {
                let is_new =
                    |id: &&str| !had.get(*id).is_some_and(|reviewers| reviewers.contains(&share.reviewer));
                let fresh = ids.iter().copied().filter(is_new);
                share.gold.extend(fresh.map(|id| (plan.place(&share.reviewer, id), id.to_owned())));
            }
        }
        for share in &mut self.0 {
            share.gold.sort_unstable();
        }
        Ok(())
    }
}

/// Which reviewers have decided all that is open of these items or, unless that does not count, have them in a bundle; by item.
async fn had(conn: &mut Conn, ids: &[&str], again: bool) -> Result<HashMap<String, HashSet<String>>> {
    let ids = Value::from(ids).to_string();
    let mut rows = store::bundles::done_with(conn, &ids).await?;
    if !again {
        rows.extend(store::bundles::out_with(conn, &ids).await?);
    }
    let mut had: HashMap<String, HashSet<String>> = HashMap::new();
    for (item_id, reviewer) in rows {
        had.entry(item_id).or_default().insert(reviewer);
    }
    Ok(had)
}

/// Who gets an item, of those that have not had it: whoever's turn it is and, for a second review, somebody else. As many as are
/// still wanted.
fn takers(
    plan: Option<&ReviewPlan>,
    reviewers: &[&str],
    turn: u64,
    item_id: &str,
    had: Option<&HashSet<String>>,
) -> Vec<usize> {
    let seed = plan.map_or(0, |plan| plan.seed);
    let is_free = |at: &usize| had.is_none_or(|had| !had.contains(reviewers[*at]));
    let mut free: Vec<usize> = (0..reviewers.len()).filter(is_free).collect();
    let voices: usize = if plan.is_some_and(|plan| plan.rule(item_id, false).second) { 2 } else { 1 };
    let wanted = voices.saturating_sub(had.map_or(0, HashSet::len));
    if free.is_empty() || wanted == 0 {
        return Vec::new();
    }
    // Every round gives each reviewer one item, beginning with somebody who is drawn.
    let of = |number: u64, n: usize| usize::try_from(number % n as u64).unwrap_or(0);
    let round = (turn / free.len() as u64).to_string();
    let first = of(turn.wrapping_add(Share::number("round", seed, &round)), free.len());
    free.rotate_left(first);
    if wanted > 1 && free.len() > 1 {
        let second = 1 + of(Share::number("second reviewer", seed, item_id), free.len() - 1);
        return vec![free[0], free[second]];
    }
    vec![free[0]]
}

fn images(row: &TakenRow) -> impl Iterator<Item = &str> {
    row.images.as_deref().into_iter().flat_map(|images| images.split(','))
}

/// An item as a bundle has it. A gold label stays at home where reviewers get no feedback.
fn line_of(row: &TakenRow, with_gold_labels: bool) -> Result<ItemLine> {
    let damaged = || store::StoreError::Failed { reason: format!("item {} cannot be written", row.id) };
    let parsed = |text: &String| serde_json::from_str::<Value>(text).map_err(|_| damaged());
    let mut object = Map::new();
    let mut put = |name: &str, text: &Option<String>| {
        if let Some(text) = text {
            object.insert(name.to_owned(), json!(text));
        }
    };
    put("id", &row.external_id);
    put("prompt", &row.prompt);
    put("response", &row.response);
    put("language", &row.language);
    put("group", &row.group_key);
    let keeps_labels = with_gold_labels || row.labels_role.as_deref() != Some("gold");
    if keeps_labels {
        put("labels_role", &row.labels_role);
    }
    for (name, text) in [("messages", &row.messages), ("source", &row.source), ("labels", &row.labels)] {
        if let Some(text) = text.as_ref().filter(|_| name != "labels" || keeps_labels) {
            object.insert(name.to_owned(), parsed(text)?);
        }
    }
    let images: Vec<&str> = images(row).collect();
    if !images.is_empty() {
        object.insert("images".to_owned(), json!(images));
    }
    let row_json = serde_json::value::to_raw_value(&object).map_err(|_| damaged())?;
    Ok(ItemLine {
        id: row.id.clone(),
        line: row.line,
        content_hash: row.content_hash.clone(),
        blind_rank: row.rank,
        language_detected: row.language_from.as_deref() == Some("detected"),
        zawgyi: row.zawgyi,
        row: row_json,
    })
}
