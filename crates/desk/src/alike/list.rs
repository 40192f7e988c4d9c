//! The near-duplicates of an item.

use std::collections::{BTreeSet, HashMap};

use saring_verdict::{Severity, Task};

use super::{Pdq, SIMILARITY_MIN};
use crate::{
    Error, Result, Thing, Workspace,
    queue::ItemState,
    review::seen_tasks,
    store::{self, Conn, image_prints, item_prints, items::ItemContent},
};

/// The near-duplicates of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// The nearest first, at most [`Alike::ITEMS_MAX`].
    pub items: Vec<AlikeItem>,
    /// Whether there may be more that were not looked at.
    pub more: bool,
}

/// A near-duplicate.
#[derive(Clone, Debug, PartialEq)]
pub struct AlikeItem {
    /// UUIDv7.
    pub item_id: String,
    /// Order of import.
    pub seq: i64,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// The first 120 characters of what it says.
    pub excerpt: String,
    /// Which share of their texts differs, 0 to 1, as estimated.
    pub text_distance: f64,
    /// In how many of 256 bits their pictures differ, of the two that differ most; `None` where there are none to compare.
    pub picture_distance: Option<u32>,
    /// Where it stands.
    pub state: ItemState,
    /// Where each of its tasks stands, prompt first, with the label in force.
    pub tasks: Vec<(Task, ItemState, Option<Severity>)>,
}

impl AlikeItem {
    /// Whether it has this task, and nothing was done with it.
    pub fn is_open(&self, task: Task) -> bool {
        self.tasks.iter().any(|(of, state, _)| *of == task && *state == ItemState::Pending)
    }
}

impl Alike {
    /// How many near-duplicates are given at once.
    pub const ITEMS_MAX: usize = 200;

    /// How many members of groups are compared with an item.
    const COMPARED_MAX: usize = 5000;
}

const EXCERPT_CHARS: usize = 120;

impl Workspace {
    /// The items of the same queue that are nearly the same as one, but for those in quarantine, as everybody may see them: without
    /// decisions about what reviewers decide apart from each other.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn alike(&self, id: &str) -> Result<Alike> {
        self.alike_for(id, None).await
    }

    /// The items of the same queue that are nearly the same as one, as a reviewer may see them: what they decide apart from others
    /// stands as they left it themselves.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn alike_for(&self, id: &str, reviewer: Option<&str>) -> Result<Alike> {
        let mut read = self.store().read().await?;
        let item = store::items::visible(&mut read, id).await?;
        let item = item.ok_or_else(|| Error::not_found(Thing::Item, id))?;
        let mut near = Alike::default();
        let mut distances = HashMap::new();
        match item_prints::of_item(&mut read, item.seq).await? {
            Some(print) => {
                let leaders = leaders_near(&mut read, &print).await?;
                let leaders = serde_json::json!(leaders).to_string();
                let (members, are_all) =
                    item_prints::members(&mut read, &item.queue_id, &leaders, Alike::COMPARED_MAX).await?;
                near.more = !are_all;
                for (other, sketch) in members {
                    let similarity = print.sketch.similarity(&sketch);
                    if similarity >= SIMILARITY_MIN {
                        distances.insert(other, 1.0 - similarity);
                    }
                }
            }
            None => {
                let same = store::items::same_content(&mut read, id).await?;
                let same = same.into_iter().filter(|other| other.queue_id == item.queue_id);
                distances.extend(same.take(Alike::ITEMS_MAX).map(|other| (other.id, 0.0)));
            }
        }
        distances.remove(id);
        let mut nearest: Vec<(f64, String)> =
            distances.into_iter().map(|(id, distance)| (distance, id)).collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        near.more |= nearest.len() > Alike::ITEMS_MAX;
        nearest.truncate(Alike::ITEMS_MAX);
        near.items = shown(&mut read, &item, &nearest, reviewer).await?;
        Ok(near)
    }
}

/// The leader of the item's own group, and those of groups whose members may be as near: members of one group are near its leader,
/// not always each other.
async fn leaders_near(conn: &mut Conn, print: &item_prints::ItemPrint) -> Result<BTreeSet<i64>> {
    let bands = print.sketch.bands(print.among.cast_unsigned());
    let found = item_prints::leaders(conn, &serde_json::json!(bands).to_string()).await?;
    // Half of what is asked of a near-duplicate: between the two stands one.
    let near =
        found.into_iter().filter(|(.., sketch)| print.sketch.similarity(sketch) >= SIMILARITY_MIN / 2.0);
    Ok(near.map(|(_, leader, _)| leader).chain([print.leader]).collect())
}

async fn shown(
    conn: &mut Conn,
    item: &ItemContent,
    nearest: &[(f64, String)],
    reviewer: Option<&str>,
) -> Result<Vec<AlikeItem>> {
    let plan = store::plans::in_force(conn, &item.queue_id).await?;
    let ids: Vec<&str> = nearest.iter().map(|(_, id)| id.as_str()).collect();
    let all: Vec<&str> = ids.iter().copied().chain([item.id.as_str()]).collect();
    let mut pictures: HashMap<String, HashMap<i64, Pdq>> = HashMap::new();
    for (id, position, pdq) in image_prints::of_items(conn, &serde_json::json!(all).to_string()).await? {
        pictures.entry(id).or_default().insert(position, pdq);
    }
    let of_item = pictures.remove(&item.id).unwrap_or_default();
    let contents = store::items::contents(conn, &serde_json::json!(ids).to_string()).await?;
    let mut by_id: HashMap<String, ItemContent> = contents.into_iter().map(|c| (c.id.clone(), c)).collect();
    let mut items = Vec::with_capacity(nearest.len());
    for (text_distance, id) in nearest {
        let Some(content) = by_id.remove(id) else { continue };
        let of_other = pictures.remove(id).unwrap_or_default();
        let distances =
            of_item.iter().filter_map(|(at, pdq)| of_other.get(at).map(|other| pdq.distance(other)));
        let decisions = store::decisions::of_item(conn, id).await?;
        let tasks = store::tasks::of_item(conn, id).await?;
        let tasks = seen_tasks(plan.as_ref(), id, tasks, decisions, reviewer);
        let states: Vec<ItemState> = tasks.iter().map(|(_, state, _)| *state).collect();
        items.push(AlikeItem {
            excerpt: excerpt(&content),
            item_id: content.id,
            seq: content.seq,
            external_id: content.external_id,
            language: content.language,
            text_distance: *text_distance,
            picture_distance: distances.max(),
            state: ItemState::of_tasks(&states),
            tasks,
        });
    }
    Ok(items)
}

fn excerpt(item: &ItemContent) -> String {
    let last = item.messages.as_ref().and_then(|turns| turns.last()).map(|turn| turn.content.as_str());
    let prompt = item.prompt.as_deref().filter(|prompt| !prompt.is_empty());
    let text = last.or(prompt).or(item.response.as_deref()).unwrap_or_default();
    text.chars().take(EXCERPT_CHARS).collect()
}
