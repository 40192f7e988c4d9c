//! Twelve laptops and a lead: bundles, what is given back, merging in any order, and files that are refused.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use saring_verdict::Task;

use super::*;
use crate::{
    Code, Error, Workspace,
    fixture::{Fixture, QUEUE},
    queue::{ItemState, ListQuery, Tab},
    review::{Gesture, NewDecision, Share},
};

/// Steele, Lea, Flood (2014), as for draws; here only to act as reviewers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).expect("below n")
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// A lead with prompts, every fifth of which is a copy of another.
async fn lead(items: usize) -> Fixture {
    let text = |n: usize| if n % 5 == 4 { n - 1 } else { n };
    let rows: Vec<String> =
        (0..items).map(|n| format!(r#"{{"id": "{n}", "prompt": "prompt {}"}}"#, text(n))).collect();
    Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

async fn split(lead: &Fixture, reviewers: &[&str], overlap: Option<u32>) -> Vec<MadeBundle> {
    let order = SplitOrder {
        queue: QUEUE.to_owned(),
        reviewers: reviewers.iter().map(|r| (*r).to_owned()).collect(),
        overlap: overlap.map(Share::from_millionths),
        out: lead.dir.path().join("bundles"),
        seed: 5,
    };
    lead.workspace.split(&order).await.expect("bundles")
}

async fn laptop(lead: &Fixture, bundle: &MadeBundle) -> Workspace {
    let dir = lead.dir.path().join(format!("laptop of {}", bundle.reviewer));
    let workspace = Workspace::open(dir).await.expect("a workspace");
    let opened = workspace.open_bundle(&bundle.path).await.expect("a bundle");
    assert_eq!((opened.added, &opened.fingerprint), (bundle.items, &bundle.fingerprint));
    workspace
}

/// Works through a laptop's queue for a while: labels, second thoughts, skips, escalations, quarantines and undos.
async fn work(workspace: &Workspace, reviewer: &str, dice: &mut Dice, acts: usize) {
    for _ in 0..acts {
        let Some(item) = workspace.next_for(QUEUE, reviewer, None).await.expect("next") else { return };
        let gesture = Gesture::new(&item.id, reviewer);
        match dice.below(12) {
            0 => drop(workspace.skip(&gesture).await.expect("skipped")),
            1 => drop(workspace.escalate(&gesture).await.expect("escalated")),
            2 => drop(workspace.quarantine(&gesture).await.expect("quarantined")),
            3 => drop(workspace.flag(&gesture).await.expect("flagged")),
            4 => drop(workspace.undo(reviewer).await),
            _ => {
                let label = ["safe", "unsafe"][dice.below(2)];
                drop(workspace.decide(&says(&item.id, reviewer, label)).await.expect("decided"));
            }
        }
    }
}

fn says(item_id: &str, reviewer: &str, label: &str) -> NewDecision {
    NewDecision {
        item_id: item_id.to_owned(),
        task: Task::Prompt,
        label: label.to_owned(),
        categories: Vec::new(),
        refusal: None,
        note: None,
        reviewer: reviewer.to_owned(),
        duration_ms: Some(900),
        verdict_visible: false,
        draw_id: None,
        synthetic: false,
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

#[tokio::test]
async fn twelve_laptops_merged_in_any_order_and_twice_give_one_database() {
    let lead = lead(120).await;
    let names: Vec<String> = (0..12).map(|n| format!("reviewer-{n:02}")).collect();
    let made = split(&lead, &names.iter().map(String::as_str).collect::<Vec<_>>(), Some(300_000)).await;
    assert_eq!(made.len(), 12);
    let total: u64 = made.iter().map(|bundle| bundle.items).sum();
    // 36 expected, standard deviation about 5.
    assert!((130..185).contains(&total), "about 36 of 120 twice: {total}");
    let mut dice = Dice(3);
    let mut returns = Vec::new();
    for bundle in &made {
        let workspace = laptop(&lead, bundle).await;
        work(&workspace, &bundle.reviewer, &mut dice, 8).await;
        returns.push(give_back(&lead, &workspace, &bundle.reviewer, "early").await);
        work(&workspace, &bundle.reviewer, &mut dice, 30).await;
        returns.push(give_back(&lead, &workspace, &bundle.reviewer, "late").await);
        assert!(workspace.verify(None).await.expect("an audit").holds());
        workspace.close().await;
    }
    lead.workspace.close().await;
    let mut expected = None;
    for round in 0..4 {
        let merged = copy_of(&lead.workspace, &lead.dir.path().join(format!("merged {round}"))).await;
        let mut order: Vec<PathBuf> = returns.iter().chain(&returns).cloned().collect();
        dice.shuffle(&mut order);
        // Several files at once, and one by one.
        for files in order.chunks(1 + round * 5) {
            merged.merge(files).await.expect("merged");
        }
        let audit = merged.verify(None).await.expect("an audit");
        assert!(audit.holds(), "every chain and every row: {:?}", audit.problems);
        let dump = dump(&merged).await;
        assert!(dump["counts"].len() > 3, "there is something of everything: {:?}", dump["counts"]);
        assert!(dump["tasks"].iter().any(|task| task.contains("adjudication")), "there are conflicts");
        match &expected {
            None => expected = Some(dump),
            Some(expected) => {
                for (table, rows) in &dump {
                    assert_eq!(rows, &expected[table], "{table} does not depend on the order");
                }
            }
        }
        merged.close().await;
    }
}

#[tokio::test]
async fn what_two_laptops_decide_differently_goes_to_adjudication_and_what_they_agree_on_is_settled() {
    let lead = lead(8).await;
    let made = split(&lead, &["ana", "ben"], Some(1_000_000)).await;
    let ids = lead.ids().await;
    let mut files = Vec::new();
    for bundle in &made {
        let workspace = laptop(&lead, bundle).await;
        for (at, id) in ids.iter().enumerate() {
            let label = if at == 0 && bundle.reviewer == "ben" { "unsafe" } else { "safe" };
            workspace.decide(&says(id, &bundle.reviewer, label)).await.expect("decided");
        }
        files.push(give_back(&lead, &workspace, &bundle.reviewer, "all").await);
    }
    let merged = lead.workspace.merge(&files[..1]).await.expect("ana's");
    assert_eq!((merged[0].reviewer.as_str(), merged[0].added, merged[0].known), ("ana", 8, 0));
    assert_eq!(lead.workspace.awaiting(QUEUE).await.expect("counts"), (8, 0), "all of it waits for ben");
    let progress = lead.workspace.review_progress(QUEUE).await.expect("progress");
    let of = |name: &str| progress.reviewers.iter().find(|r| r.reviewer == name).map(|r| (r.done, r.items));
    assert_eq!((of("ana"), of("ben")), (Some((8, Some(8))), Some((0, Some(8)))), "the lead sees names");
    lead.workspace.merge(&files).await.expect("both");
    assert_eq!(lead.workspace.awaiting(QUEUE).await.expect("counts"), (0, 1));
    let found = lead.workspace.disagreements(QUEUE, None, 9).await.expect("disagreements");
    assert_eq!((found.len(), &found[0].item_id), (1, &ids[0]));
    lead.workspace.adjudicate(&says(&ids[0], "lead", "unsafe")).await.expect("settled");
    lead.workspace.merge(&files).await.expect("again");
    assert_eq!(
        lead.workspace.item(&ids[0]).await.expect("the item").state,
        ItemState::Decided,
        "it stays settled"
    );
    assert_eq!(lead.workspace.undo("ana").await.expect_err("ana's is on her laptop").code(), Code::Invalid);
}

#[tokio::test]
async fn a_quarantine_on_a_laptop_holds_everywhere_and_never_travels() {
    let lead = lead(10).await;
    let ids = lead.ids().await;
    lead.workspace.quarantine(&Gesture::new(&ids[0], "lead")).await.expect("quarantined");
    let made = split(&lead, &["ana", "ben"], None).await;
    assert_eq!(made.iter().map(|b| b.items).sum::<u64>(), 9, "what is in quarantine goes nowhere");
    let bundle = made.iter().find(|bundle| bundle.reviewer == "ana").expect("ana's");
    let bytes = fs::read(&bundle.path).expect("the file");
    assert!(!String::from_utf8_lossy(&bytes).contains(r#""prompt":"prompt 0""#));
    let laptop = laptop(&lead, bundle).await;
    let on_laptop: Vec<String> = {
        let query = ListQuery { queue: QUEUE.into(), tab: Tab::All, after: None, limit: 50 };
        laptop.list(&query).await.expect("a list").rows.into_iter().map(|row| row.id).collect()
    };
    // 3 and 4 have the same text, and went to one reviewer each or to one of them.
    let one =
        ids[3..5].iter().find(|id| on_laptop.contains(id)).or(on_laptop.first()).expect("an item").clone();
    laptop.quarantine(&Gesture::new(&one, "ana")).await.expect("quarantined");
    let early = give_back(&lead, &laptop, "ana", "early").await;
    lead.workspace.merge(std::slice::from_ref(&early)).await.expect("merged");
    let left = lead.ids().await;
    assert!(!left.contains(&one));
    let copies = [&ids[3], &ids[4]];
    if copies.contains(&&one) {
        assert!(copies.iter().all(|id| !left.contains(id)), "its copy goes along, wherever that went");
    }
    laptop.undo("ana").await.expect("taken back");
    let late = give_back(&lead, &laptop, "ana", "late").await;
    lead.workspace.merge(&[late, early]).await.expect("merged");
    assert_eq!(lead.ids().await.len(), 9, "and comes back with it");
    let audit = lead.workspace.verify(None).await.expect("an audit");
    assert!(audit.holds(), "{:?}", audit.problems);
}

#[tokio::test]
async fn opening_a_bundle_twice_adds_nothing_and_the_lead_does_not_open_its_own() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    let again = laptop.open_bundle(&made[0].path).await.expect("again");
    assert_eq!((again.added, again.known), (0, 6));
    assert!(laptop.verify(None).await.expect("an audit").holds());
    let own = lead.workspace.open_bundle(&made[0].path).await.expect_err("its own");
    assert_eq!(problem(&own), &BundleProblem::OwnBundle);
    let card = show(&made[0].path).expect("a card");
    assert!(card.is_whole && card.rows == 6 && card.fingerprint == made[0].fingerprint);
    let progress = laptop.review_progress(QUEUE).await.expect("progress");
    assert!(!progress.named, "names are the lead's");
}

/// Files of every kind that must be refused, each with what must be said about it.
async fn bad_returns(lead: &Fixture) -> Vec<(&'static str, PathBuf)> {
    let made = split(lead, &["ana", "ben"], None).await;
    let ana = laptop(lead, &made[0]).await;
    work(&ana, "ana", &mut Dice(9), 5).await;
    let good = give_back(lead, &ana, "ana", "good").await;
    let bytes = fs::read(&good).expect("the file");
    let write = |name: &'static str, bytes: &[u8]| {
        let path = lead.dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        (name, path)
    };
    let text = |needle: &str| {
        let at = bytes.windows(needle.len()).position(|w| w == needle.as_bytes());
        at.unwrap_or_else(|| panic!("{needle} is in the file"))
    };
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut bad = vec![
        write("cut off", &bytes[..bytes.len() - 40]),
        write("cut in half", &bytes[..bytes.len() / 2]),
        write("no archive", b"hello"),
        write("changed decision", &flipped(text("decided_at") + 20)),
        write("changed event", &flipped(text("prev_hash") + 20)),
        write("changed manifest", &flipped(text("\"reviewer\"") + 13)),
    ];
    bad.push(("the other kind of file", made[0].path.clone()));
    let stranger = self::lead(4).await;
    let bundle = split(&stranger, &["ana"], None).await;
    let theirs = laptop(&stranger, &bundle[0]).await;
    work(&theirs, "ana", &mut Dice(9), 3).await;
    let foreign = give_back(&stranger, &theirs, "ana", "foreign").await;
    bad.push(write("foreign", &fs::read(foreign).expect("the file")));
    bad
}

#[tokio::test]
async fn damaged_tampered_and_foreign_files_are_refused_whole_and_leave_nothing() {
    let lead = lead(10).await;
    let bad = bad_returns(&lead).await;
    let good = lead.dir.path().join("ana good.return");
    let before = (dump(&lead.workspace).await, lead.workspace.store().texts("SELECT hash FROM events").await);
    for (name, path) in bad {
        let files = [good.clone(), path];
        let error = lead.workspace.merge(&files).await.expect_err(name);
        let found = problem(&error);
        let as_it_should = match name {
            "cut off" | "cut in half" | "no archive" => matches!(found, BundleProblem::Unreadable { .. }),
            "changed decision" | "changed event" => matches!(found, BundleProblem::PartChanged { .. }),
            "changed manifest" => {
                matches!(found, BundleProblem::Forged | BundleProblem::Unreadable { .. })
            }
            "the other kind of file" => matches!(found, BundleProblem::WrongKind { .. }),
            _ => matches!(found, BundleProblem::Foreign { .. }),
        };
        assert!(as_it_should, "{name}: {error}");
        let after =
            (dump(&lead.workspace).await, lead.workspace.store().texts("SELECT hash FROM events").await);
        assert_eq!(after, before, "{name}: not even the good file beside it came in");
    }
    lead.workspace.merge(&[good]).await.expect("the good one is good");
}

#[tokio::test]
async fn a_damaged_bundle_is_not_opened_and_leaves_nothing() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let bytes = fs::read(&made[0].path).expect("the file");
    let at = bytes.windows(8).position(|w| w == b"prompt 2").expect("a prompt");
    let mut changed = bytes.clone();
    changed[at + 7] = b'9';
    let dir = lead.dir.path().join("laptop");
    let workspace = Workspace::open(&dir).await.expect("a workspace");
    for (name, bytes) in [("changed", &changed[..]), ("cut", &bytes[..bytes.len() - 100])] {
        let path = lead.write(name, bytes);
        let error = workspace.open_bundle(&path).await.expect_err(name);
        assert_eq!(error.code(), Code::Invalid, "{error}");
        assert!(workspace.queues().await.expect("queues").is_empty(), "{name}: nothing came in");
    }
}

#[tokio::test]
async fn a_history_that_forked_is_refused() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    work(&laptop, "ana", &mut Dice(1), 1).await;
    laptop.close().await;
    let twin = copy_of(&laptop, &lead.dir.path().join("twin")).await;
    let laptop = Workspace::open(laptop.dir()).await.expect("the laptop again");
    let ids = lead.ids().await;
    laptop.decide(&says(&ids[5], "ana", "safe")).await.expect("on one");
    twin.decide(&says(&ids[4], "ana", "safe")).await.expect("on the other");
    let one = give_back(&lead, &laptop, "ana", "one").await;
    let other = give_back(&lead, &twin, "ana", "other").await;
    lead.workspace.merge(&[one]).await.expect("the first");
    let error = lead.workspace.merge(&[other]).await.expect_err("the second");
    assert_eq!(problem(&error), &BundleProblem::HistoryForked);
}

#[tokio::test]
async fn what_was_merged_is_audited_with_the_chain_of_its_laptop() {
    for sql in [
        "UPDATE decisions SET label = 'unsafe' WHERE label = 'safe'",
        "UPDATE laptop_events SET row_hash = '00' WHERE seq = 3",
        "DELETE FROM laptop_events WHERE seq = (SELECT max(seq) FROM laptop_events)",
        "UPDATE laptops SET length = length - 1",
        "UPDATE bundles SET reviewer = 'somebody'",
    ] {
        let lead = lead(4).await;
        let made = split(&lead, &["ana"], None).await;
        let laptop = laptop(&lead, &made[0]).await;
        for id in lead.ids().await {
            laptop.decide(&says(&id, "ana", "safe")).await.expect("decided");
        }
        let file = give_back(&lead, &laptop, "ana", "all").await;
        lead.workspace.merge(&[file]).await.expect("merged");
        assert!(lead.workspace.verify(None).await.expect("an audit").holds());
        lead.tamper(sql).await;
        assert!(!lead.workspace.verify(None).await.expect("an audit").holds(), "{sql}");
    }
}
