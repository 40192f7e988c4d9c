//! A lead and laptops: bundles, what is given back, merging in any order, and files that are refused.

mod auditing;
mod merging;
mod opening;
mod quarantine;
mod refusing;
mod splitting;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::{
    Code, Error, Workspace,
    fixture::{Dice, Fixture, QUEUE, says},
    queue::{ListQuery, Tab},
    review::{Gesture, PlanChange, Share},
};

/// A lead with prompts, every fifth of which is a copy of another.
async fn lead(items: usize) -> Fixture {
    let text = |n: usize| if n % 5 == 4 { n - 1 } else { n };
    let rows: Vec<String> =
        (0..items).map(|n| format!(r#"{{"id": "{n}", "prompt": "prompt {}"}}"#, text(n))).collect();
    Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// A lead with prompts, every sixth of which came with a gold label.
async fn lead_with_gold(items: usize) -> Fixture {
    let gold = r#", "labels_role": "gold", "labels": {"prompt": {"label": "safe"}}"#;
    let row = |n: usize| {
        let labels = if n.is_multiple_of(6) { gold } else { "" };
        format!(r#"{{"id": "{n}", "prompt": "prompt {n}"{labels}}}"#)
    };
    let rows: Vec<String> = (0..items).map(row).collect();
    Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// How a lead splits its queue, into a folder of its own.
fn order(lead: &Fixture, reviewers: &[&str], overlap: Option<u32>) -> SplitOrder {
    let folders = fs::read_dir(lead.dir.path()).expect("the folder").count();
    SplitOrder {
        queue: QUEUE.to_owned(),
        reviewers: reviewers.iter().map(|r| (*r).to_owned()).collect(),
        overlap: overlap.map(Share::from_millionths),
        again: false,
        out: lead.dir.path().join(format!("bundles {folders}")),
        seed: 5,
    }
}

async fn split(lead: &Fixture, reviewers: &[&str], overlap: Option<u32>) -> Vec<MadeBundle> {
    lead.workspace.split(&order(lead, reviewers, overlap)).await.expect("bundles")
}

/// Ids of the items that a workspace shows, as imported.
async fn ids_of(workspace: &Workspace) -> Vec<String> {
    let query = ListQuery { queue: QUEUE.into(), tab: Tab::All, viewer: None, after: None, limit: 500 };
    workspace.list(&query).await.expect("a list").rows.into_iter().map(|row| row.id).collect()
}

async fn holds(workspace: &Workspace) {
    let audit = workspace.verify(None).await.expect("an audit");
    assert!(audit.holds(), "every chain and every row: {:?}", audit.problems);
}

async fn laptop(lead: &Fixture, bundle: &MadeBundle) -> Workspace {
    let dir = lead.dir.path().join(format!("laptop of {}", bundle.reviewer));
    let workspace = Workspace::open(dir).await.expect("a workspace");
    let opened = workspace.open_bundle(&bundle.path).await.expect("a bundle");
    assert_eq!((opened.added, &opened.fingerprint), (bundle.items, &bundle.fingerprint));
    workspace
}

/// A laptop that several reviewers share.
async fn shared(lead: &Fixture, bundles: &[MadeBundle]) -> Workspace {
    let dir = lead.dir.path().join(format!("laptop of {} and others", bundles[0].reviewer));
    let workspace = Workspace::open(dir).await.expect("a workspace");
    for bundle in bundles {
        workspace.open_bundle(&bundle.path).await.expect("a bundle");
    }
    workspace
}

/// Works through a laptop's queue for a while: labels, second thoughts about one's own and about others', skips, escalations,
/// quarantines and undos.
async fn work(workspace: &Workspace, reviewer: &str, dice: &mut Dice, acts: usize) {
    for _ in 0..acts {
        let Some(item) = workspace.next_for(QUEUE, reviewer, None).await.expect("next") else { return };
        let gesture = Gesture::new(&item.id, reviewer);
        match dice.below(14) {
            0 => drop(workspace.skip(&gesture).await.expect("skipped")),
            1 => drop(workspace.escalate(&gesture).await.expect("escalated")),
            2 => drop(workspace.quarantine(&gesture).await.expect("quarantined")),
            3 => drop(workspace.flag(&gesture).await.expect("flagged")),
            4 => drop(workspace.undo(reviewer).await),
            5 | 6 => {
                let ids = ids_of(workspace).await;
                let decision = says(&ids[dice.below(ids.len())], reviewer, ["safe", "unsafe"][dice.below(2)]);
                drop(workspace.decide(&decision).await.expect("decided anew"));
            }
            _ => {
                let label = ["safe", "unsafe"][dice.below(2)];
                drop(workspace.decide(&says(&item.id, reviewer, label)).await.expect("decided"));
            }
        }
    }
}

async fn give_back(lead: &Fixture, workspace: &Workspace, reviewer: &str, name: &str) -> PathBuf {
    let out = lead.dir.path().join(format!("{reviewer} {name}.return"));
    workspace.give_back(QUEUE, reviewer, &out).await.expect("a return");
    out
}

/// Everything that merging governs: rows without their numbers, chains of laptops, where items and tasks stand, counts.
async fn dump(workspace: &Workspace) -> BTreeMap<&'static str, Vec<String>> {
    let mut tables = BTreeMap::new();
    for (name, sql) in [
        (
            "decisions",
            "SELECT json_array(id, item_id, task, kind, label, categories, reason, reviewer, decided_at, draw_id, verdict_id, \
             supersedes, undoes) FROM decisions ORDER BY 1",
        ),
        ("merged", "SELECT json_array(decision_id, workspace_id) FROM merged_decisions ORDER BY 1"),
        ("references", "SELECT json_array(decision_id, name, value) FROM merged_references ORDER BY 1"),
        ("laptops", "SELECT json_array(workspace_id, length, head) FROM laptops ORDER BY 1"),
        ("chains", "SELECT json_array(workspace_id, seq, hash) FROM laptop_events ORDER BY 1"),
        ("items", "SELECT json_array(id, state, flagged, quarantined) FROM items ORDER BY 1"),
        ("tasks", "SELECT json_array(item_id, task, state, awaiting, decision_id) FROM tasks ORDER BY 1"),
        (
            "seen",
            "SELECT json_array(s.reviewer, i.id, s.state) FROM seen_states AS s JOIN items AS i ON i.seq = s.seq ORDER BY 1",
        ),
        ("counts", "SELECT json_array(state, n) FROM queue_counts WHERE n > 0 ORDER BY 1"),
    ] {
        tables.insert(name, workspace.store().texts(sql).await);
    }
    tables
}

/// A copy of a workspace in a folder of its own.
async fn copy_of(from: &Workspace, to: &Path) -> Workspace {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from.dir()).expect("the workspace") {
        let entry = entry.expect("an entry");
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
    Workspace::open(to).await.expect("a workspace")
}

fn problem(error: &Error) -> &BundleProblem {
    match error {
        Error::Bundle { problem, .. } => problem,
        other => panic!("refused for another reason: {other}"),
    }
}
