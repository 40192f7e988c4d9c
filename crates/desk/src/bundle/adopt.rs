//! What a queue takes over from a bundle: the policy, the mode, the plan, and which items stay blind.
//!
//! The newest bundle of a queue says it, in whatever order they are opened. What one bundle keeps blind stays blind when another
//! is opened: each brings the places of its own items in the lead's draw, and they are put together.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use super::manifest::{BundleManifest, BundlePlan};
use crate::{
    Result, policy,
    queue::{Draw, Ordering, Queue},
    review::{ReviewPlan, Share},
    store::{
        self, WriteTx,
        events::{self, EventKind},
    },
};

/// The queue of a bundle: the one that is here, or a new one of the same id, under another name if that is taken.
pub(super) async fn queue_of(
    tx: &mut WriteTx<'_>,
    manifest: &BundleManifest,
    is_newest: bool,
) -> Result<Queue> {
    let policy = manifest.queue.policy.clone().into_version();
    if let Some(queue) = store::queues::find(tx, &manifest.queue.id).await? {
        if is_newest && queue.policy.id != policy.id {
            policy::choose(tx, &queue.id, &policy, None).await?;
        }
        if is_newest && queue.mode != manifest.queue.mode {
            store::queues::set_mode(tx, &queue.id, manifest.queue.mode).await?;
        }
        return Ok(queue);
    }
    let mut name = manifest.queue.name.clone();
    for number in 2.. {
        if store::queues::find(tx, &name).await?.is_none() {
            break;
        }
        name = format!("{} {number}", manifest.queue.name);
    }
    let queue = Queue {
        id: manifest.queue.id.clone(),
        name,
        policy,
        ordering: Ordering::Imported,
        draw_id: None,
        mode: manifest.queue.mode,
        created_at: manifest.queue.created_at.clone(),
    };
    store::queues::insert(tx, &queue).await?;
    events::record(tx, EventKind::QueueCreated, &queue.id).await?;
    policy::choose(tx, &queue.id, &queue.policy, None).await?;
    Ok(queue)
}

/// Keeps the plan of a bundle, unless a newer one is here, with `ranks`: the items of the bundle that stay blind and their places.
pub(super) async fn adopt_plan(
    tx: &mut WriteTx<'_>,
    queue_id: &str,
    told: Option<BundlePlan>,
    is_newest: bool,
    ranks: Vec<(i64, String)>,
) -> Result<()> {
    let Some((told, draw)) = told.map(|plan| plan.on(queue_id)) else { return Ok(()) };
    let before = store::plans::in_force(tx, queue_id).await?;
    let mut plan = match &before {
        Some(before) if !is_newest => before.clone(),
        _ => ReviewPlan { blind_draw_id: None, ..told },
    };
    plan.blind_draw_id = match draw {
        Some(draw) if plan.blind_share > Share::NONE => {
            let known = before.as_ref().and_then(|before| before.blind_draw_id.as_deref());
            blind_draw(tx, draw, known, is_newest, ranks).await?
        }
        _ => plan.blind_draw_id.take(),
    };
    let is_in_force = before.is_some_and(|before| {
        let (id, created_at) = (plan.id.clone(), plan.created_at.clone());
        ReviewPlan { id, created_at, ..before } == plan
    });
    if is_in_force {
        return Ok(());
    }
    if store::plans::is_known(tx, &plan.id).await? {
        plan.id = tx.clock().new_id();
    }
    store::plans::insert(tx, &plan).await?;
    events::record(tx, EventKind::ReviewPlan, &plan.id).await?;
    Ok(store::derivations::set(tx, queue_id, 0).await?)
}

/// The draw of what stays blind: the one that is known if it has all of `ranks`, else a new one of both. A draw that was recorded
/// is not added to: its event vouches for all of it.
async fn blind_draw(
    tx: &mut WriteTx<'_>,
    draw: Draw,
    known: Option<&str>,
    is_newest: bool,
    ranks: Vec<(i64, String)>,
) -> Result<Option<String>> {
    let earlier = match known {
        Some(id) => store::draws::ranked(tx, id).await?,
        None => Vec::new(),
    };
    let has_all = {
        let has: HashSet<&str> = earlier.iter().map(|(_, id)| id.as_str()).collect();
        ranks.iter().all(|(_, id)| has.contains(id.as_str()))
    };
    if has_all {
        return Ok(known.map(str::to_owned));
    }
    let ranked = if is_newest { together(ranks, earlier) } else { together(earlier, ranks) };
    let id = match store::draws::get(tx, &draw.id).await? {
        Some(_) => tx.clock().new_id(),
        None => draw.id.clone(),
    };
    let draw = Draw { id, ..draw };
    store::draws::insert(tx, &draw).await?;
    store::draws::insert_ranked(tx, &draw.id, &ranked).await?;
    events::record(tx, EventKind::Draw, &draw.id).await?;
    Ok(Some(draw.id))
}

/// Two lists of items with their places. Those of one draw keep them; what is of another draw comes behind.
fn together(first: Vec<(i64, String)>, second: Vec<(i64, String)>) -> Vec<(i64, String)> {
    let mut has: HashSet<String> = first.iter().map(|(_, id)| id.clone()).collect();
    let mut places: BTreeMap<i64, String> = first.into_iter().collect();
    let mut behind = Vec::new();
    for (rank, id) in second {
        if !has.insert(id.clone()) {
            continue;
        }
        if let Entry::Vacant(place) = places.entry(rank) {
            place.insert(id);
        } else {
            behind.push(id);
        }
    }
    let last = places.keys().next_back().copied().unwrap_or(0);
    places.extend((last + 1..).zip(behind));
    places.into_iter().collect()
}
