//! Items as a reviewer may see them: the next one, one by its id, and what lies beside it.

use std::borrow::Cow;

use saring_verdict::{Family, Message, Reading, Role, Severity, Task, Taxonomy, Verdict};

use super::{
    RiskAlong, SeenState,
    viewer::{Seen, look},
};
use crate::{
    Error, Result, Thing, Workspace,
    language::{LanguageFrom, zawgyi},
    media::{self, ItemImage},
    queue::{ItemState, Listing, Ordering, Queue, find_queue},
    store::{
        self, Conn,
        decisions::DecisionRow,
        item_verdicts::ItemVerdict,
        items::ItemContent,
        lists::After,
        media::MediaRow,
        tasks::{Gold, TaskRow},
    },
};

/// An item as a reviewer may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemView {
    /// UUIDv7.
    pub id: String,
    /// Order of import, over the whole workspace.
    pub seq: i64,
    /// Its queue.
    pub queue_id: String,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Where that comes from; `None` without one.
    pub language_from: Option<LanguageFrom>,
    /// The texts of the turns in Unicode, for an item in Zawgyi: what guards read, and fonts show.
    pub in_unicode: Option<Vec<String>>,
    /// All turns in order; the last user turn is the prompt, a last assistant turn the response.
    pub turns: Vec<Message>,
    /// Its images, in order.
    pub images: Vec<ItemImage>,
    /// Verbatim JSON that came with the row.
    pub source: Option<String>,
    /// Prompt first.
    pub tasks: Vec<TaskView>,
    /// Where it stands.
    pub state: ItemState,
    /// Whether it is flagged.
    pub flagged: bool,
    /// Other visible items with the same content.
    pub duplicates: i64,
    /// The draw in force, if it brought the item up.
    pub draw_id: Option<String>,
}

/// One task of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// Which.
    pub task: Task,
    /// Where it stands.
    pub state: ItemState,
    /// What is shown in the verdict's place.
    pub verdict: VerdictSlot,
    /// The label in force.
    pub decision: Option<DecisionView>,
    /// The label that came with the row, after a decision and where the plan says so.
    pub gold: Option<Gold>,
}

/// What is shown in the place of the verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum VerdictSlot {
    /// No guard has judged it yet.
    Absent,
    /// There may be one; it is shown after a decision.
    Hidden,
    /// The guard could not judge it.
    Failed {
        /// Which kind of failure.
        code: String,
        /// In words.
        reason: String,
    },
    /// The newest verdict of each guard, newest first; never empty.
    Shown(Vec<VerdictView>),
}

/// A verdict as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictView {
    /// UUIDv7.
    pub id: String,
    /// Which guard.
    pub guard_id: String,
    /// Its name.
    pub guard_name: String,
    /// Whether it is the demo guard.
    pub is_toy: bool,
    /// What the guard said.
    pub verdict: Verdict,
    /// Under the workspace's reading.
    pub p_unsafe: f64,
    /// What its label is in the queue's policy, if it is one there: what accepting would save.
    pub suggestion: Option<Severity>,
    /// What its categories are there.
    pub suggested_categories: Vec<String>,
    /// Whether the guard has categories for this task at all.
    pub has_categories: bool,
    /// Risk along the response, from a guard that answers at every token.
    pub risk: Option<RiskAlong>,
    /// JSON: weights, template, device, settings, program.
    pub provenance: String,
    /// RFC 3339.
    pub made_at: String,
}

/// A label in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionView {
    /// UUIDv7.
    pub id: String,
    /// The label.
    pub label: Severity,
    /// In the scheme's spelling.
    pub categories: Vec<String>,
    /// Whether the response is a refusal.
    pub refusal: Option<bool>,
    /// Free text.
    pub note: Option<String>,
    /// A pseudonym.
    pub reviewer: String,
    /// RFC 3339.
    pub decided_at: String,
    /// Made with a verdict in view.
    pub anchored: bool,
    /// Made by a script.
    pub synthetic: bool,
}

/// What lies beside an item in the order of import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The id of the item before.
    pub previous: Option<String>,
    /// The id of the item after.
    pub next: Option<String>,
}

impl Workspace {
    /// The next pending item of a queue in its order, after the item `after` (which may be decided or in quarantine by now); at
    /// the end of the queue it goes on from its beginning. `None` if nothing is pending.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn next(&self, queue: &str, after: Option<&str>) -> Result<Option<ItemView>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let from = match after {
            Some(id) => position(&mut read, &queue, id).await?,
            None => None,
        };
        let pending = Listing::pending(&queue, SeenState::EVERYBODY);
        let mut rows = pending.rows(&mut read, from, 1).await?;
        if rows.is_empty() && from.is_some() {
            rows = pending.rows(&mut read, None, 1).await?;
        }
        let Some(row) = rows.first() else { return Ok(None) };
        let reading = crate::metrics::reading(&mut read).await?;
        let (item, images) = view(&mut read, &row.id, None, reading).await?;
        drop(read);
        self.with_images(item, images).await.map(Some)
    }

    /// An item as everybody may see it: without decisions about what reviewers decide apart from each other.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn item(&self, id: &str) -> Result<ItemView> {
        self.item_for(id, None).await
    }

    /// An item as a reviewer may see it: what they decide apart from others stands as they left it themselves.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn item_for(&self, id: &str, reviewer: Option<&str>) -> Result<ItemView> {
        let mut read = self.store().read().await?;
        let reading = crate::metrics::reading(&mut read).await?;
        let (item, images) = view(&mut read, id, reviewer, reading).await?;
        drop(read);
        self.with_images(item, images).await
    }

    async fn with_images(&self, item: ItemView, images: Vec<MediaRow>) -> Result<ItemView> {
        Ok(ItemView { images: media::look_at(images, self.media_dir()).await?, ..item })
    }

    /// What lies before and after an item in the order of import.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn neighbours(&self, id: &str) -> Result<Neighbours> {
        let mut read = self.store().read().await?;
        let item = store::items::visible(&mut read, id).await?;
        let item = item.ok_or_else(|| Error::not_found(Thing::Item, id))?;
        let after = Some(After { seq: item.seq, figure: None, rank: 0 });
        let (state, reviewer) = (ItemState::Pending, SeenState::EVERYBODY);
        let page = store::lists::Page { queue_id: &item.queue_id, state, reviewer, after, limit: 1 };
        let next = store::lists::all(&mut read, page).await?.pop();
        let previous = store::lists::all_newest(&mut read, page).await?.pop();
        Ok(Neighbours { previous: previous.map(|r| r.id), next: next.map(|r| r.id) })
    }
}

/// Where an item lies in the order of the queue; `None` if it is not in it.
pub(super) async fn position(conn: &mut Conn, queue: &Queue, id: &str) -> Result<Option<After>> {
    let Some(at) = store::items::position(conn, id).await?.filter(|p| p.queue_id == queue.id) else {
        return Ok(None);
    };
    let (figure, rank) = match (queue.ordering, &queue.draw_id) {
        (Ordering::Uncertain, _) => (at.uncertainty, 0),
        (Ordering::Unsafe, _) => (at.risk, 0),
        (Ordering::Draw, Some(draw_id)) => match store::draws::rank(conn, draw_id, id).await? {
            Some(rank) => (None, rank),
            None => return Ok(None),
        },
        _ => (None, 0),
    };
    Ok(Some(After { seq: at.seq, figure, rank }))
}

/// An item without its images, which are looked at when the database is let go of, and those images.
async fn view(
    conn: &mut Conn,
    id: &str,
    reviewer: Option<&str>,
    reading: Reading,
) -> Result<(ItemView, Vec<MediaRow>)> {
    let ids = serde_json::json!([id]).to_string();
    let item = store::items::contents(conn, &ids).await?.pop();
    let item = item.ok_or_else(|| Error::not_found(Thing::Item, id))?;
    let queue = find_queue(conn, &item.queue_id).await?;
    let seen = look(conn, &queue, id, reviewer).await?;
    let verdicts = store::item_verdicts::of_item(conn, id).await?;
    let mut tasks = Vec::new();
    for row in &seen.tasks {
        let failure = store::failures::newest(conn, id, row.task.as_str()).await?;
        tasks.push(task_view(row.clone(), &item, &queue, &seen, &verdicts, failure, reading));
    }
    let states: Vec<ItemState> = tasks.iter().map(|task| task.state).collect();
    let draw_id = match queue.draw_id.as_deref().filter(|_| queue.ordering == Ordering::Draw) {
        Some(draw) => store::draws::rank(conn, draw, id).await?.map(|_| draw.to_owned()),
        None => None,
    };
    let view = ItemView {
        duplicates: store::items::copies(conn, &item).await?,
        in_unicode: item.zawgyi.then(|| {
            turns(&item).iter().map(|turn| zawgyi::in_unicode(&turn.content).into_owned()).collect()
        }),
        turns: turns(&item),
        id: item.id,
        seq: item.seq,
        queue_id: item.queue_id,
        external_id: item.external_id,
        language: item.language,
        language_from: item.language_from,
        images: Vec::new(),
        source: item.source,
        tasks,
        state: ItemState::of_tasks(&states),
        flagged: item.flagged,
        draw_id,
    };
    Ok((view, item.images))
}

fn turns(item: &ItemContent) -> Vec<Message> {
    if let Some(messages) = &item.messages {
        return messages.clone();
    }
    let turn = |role, text: &String| Message { role, content: text.clone() };
    let prompt = item.prompt.as_ref().map(|p| turn(Role::User, p));
    prompt.into_iter().chain(item.response.as_ref().map(|r| turn(Role::Assistant, r))).collect()
}

/// What an assistant said last, which is what the response task judges, as the guard read it.
fn response(item: &ItemContent) -> Cow<'_, str> {
    let last = item.messages.as_ref().and_then(|turns| turns.last());
    let text: &str = match last {
        Some(turn) if turn.role == Role::Assistant => &turn.content,
        _ => item.response.as_deref().unwrap_or_default(),
    };
    if item.zawgyi { zawgyi::in_unicode(text) } else { text.into() }
}

fn task_view(
    row: TaskRow,
    item: &ItemContent,
    queue: &Queue,
    seen: &Seen,
    verdicts: &[ItemVerdict],
    failure: Option<(String, String)>,
    reading: Reading,
) -> TaskView {
    let shown = seen.shows_verdict(row.task);
    let decision = seen.decisions.iter().find(|d| Some(&d.id) == row.decision_id.as_ref());
    let verdict =
        if shown { slot(row.task, item, queue, verdicts, failure, reading) } else { VerdictSlot::Hidden };
    TaskView {
        task: row.task,
        state: row.state,
        verdict,
        decision: decision.and_then(decision_view),
        gold: row.gold.filter(|_| seen.shows_gold(row.task)),
    }
}

fn slot(
    task: Task,
    item: &ItemContent,
    queue: &Queue,
    verdicts: &[ItemVerdict],
    failure: Option<(String, String)>,
    reading: Reading,
) -> VerdictSlot {
    let mut newest: Vec<VerdictView> = Vec::new();
    for verdict in verdicts.iter().filter(|v| v.task == task) {
        if newest.iter().all(|n| n.guard_id != verdict.guard_id) {
            let along = |trace| RiskAlong::read(trace, &response(item), reading);
            let risk = verdict.verdict.risk.as_ref().map(along);
            newest.push(VerdictView { risk, ..verdict_view(verdict, queue, reading) });
        }
    }
    match failure {
        _ if !newest.is_empty() => VerdictSlot::Shown(newest),
        Some((code, reason)) => VerdictSlot::Failed { code, reason },
        None => VerdictSlot::Absent,
    }
}

pub(super) fn verdict_view(row: &ItemVerdict, queue: &Queue, reading: Reading) -> VerdictView {
    #[derive(serde::Deserialize)]
    struct Card {
        family: Family,
        taxonomy: Taxonomy,
    }
    let card: Option<Card> = serde_json::from_str(&row.guard_card).ok();
    let categories = card.as_ref().and_then(|c| c.taxonomy.task(row.task)).map(|t| !t.categories.is_empty());
    let verdict = row.verdict.in_mode(reading.mode);
    let (family, terms) = (card.as_ref().map(|c| c.family), &queue.policy.terms);
    VerdictView {
        id: row.id.clone(),
        guard_id: row.guard_id.clone(),
        guard_name: row.guard_name.clone(),
        is_toy: row.is_toy,
        p_unsafe: reading.p_unsafe(row.task, &row.verdict),
        suggestion: verdict.label().and_then(|native| terms.label_of(family, native)),
        suggested_categories: terms.categories_from(family, row.task, &verdict.categories),
        has_categories: categories.unwrap_or(!verdict.categories.is_empty()),
        risk: None,
        verdict,
        provenance: row.provenance.clone(),
        made_at: row.created_at.clone(),
    }
}

pub(super) fn decision_view(row: &DecisionRow) -> Option<DecisionView> {
    Some(DecisionView {
        id: row.id.clone(),
        label: row.label?,
        categories: row.categories.clone(),
        refusal: row.refusal,
        note: row.note.clone(),
        reviewer: row.reviewer.clone(),
        decided_at: row.decided_at.clone(),
        anchored: row.verdict_visible,
        synthetic: row.synthetic,
    })
}
