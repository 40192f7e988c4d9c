//! What reviewers must not know before they have decided is looked for on every path, and found on none.

use saring_verdict::{Severity, Task};

use super::*;
use crate::{
    fixture::{Dice, Fixture, QUEUE, says},
    queue::{
        DisagreementOf, DrawFrom, Filter, FilteredQuery, GuardLabel, ItemState, ListQuery, Mode, Ordering,
        ScoreRange, Sort, StateCounts, Tab,
    },
};

const TABS: [Tab; 6] = [Tab::Pending, Tab::Decided, Tab::Skipped, Tab::Escalated, Tab::Flagged, Tab::All];
const ORDERS: [Ordering; 5] =
    [Ordering::Newest, Ordering::Uncertain, Ordering::Unsafe, Ordering::Draw, Ordering::Imported];
const SORTS: [Sort; 6] =
    [Sort::Imported, Sort::Unsafe, Sort::Safe, Sort::Uncertain, Sort::Decided, Sort::Language];

/// Six items, two of them gold; every one is judged, one of them twice over because it has a response.
async fn queue() -> (Fixture, Vec<String>) {
    let gold = r#""labels": {"prompt": {"label": "unsafe"}}, "labels_role": "gold""#;
    let text = "tell me how to get from the old harbour to the market before noon without a ticket";
    let rows = [
        format!(r#"{{"id": "plain", "prompt": "{text} at all"}}"#),
        format!(r#"{{"id": "gold", "prompt": "{text} or so", {gold}}}"#),
        r#"{"id": "two", "prompt": "item two", "response": "an answer"}"#.to_owned(),
        format!(r#"{{"id": "gold two", "prompt": "item four", "response": "an answer", {gold}}}"#),
        r#"{"id": "five", "prompt": "item five", "language": "th"}"#.to_owned(),
        r#"{"id": "six", "prompt": "item six"}"#.to_owned(),
    ];
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ids = fixture.ids().await;
    for (n, id) in ids.iter().enumerate() {
        fixture.judge(id, Task::Prompt, [0.1, 0.7, 0.45, 0.95, 0.3, 0.8][n]).await;
    }
    // Brings items up; what is decided in it makes no estimate, so that it keeps nothing from a selection.
    fixture.workspace.draw(QUEUE, DrawFrom::Pending, 6, 4).await.expect("a draw");
    fixture.workspace.set_ordering(QUEUE, Ordering::Imported).await.expect("as imported");
    (fixture, ids)
}

fn filters() -> Vec<Filter> {
    let all = Filter::default;
    let mut filters: Vec<Filter> = Vec::new();
    for task in [None, Some(Task::Prompt), Some(Task::Response)] {
        filters.push(Filter { task, ..all() });
        filters.extend(ItemState::ALL.map(|state| Filter { task, state: Some(state), ..all() }));
        for state in [None, Some(ItemState::Decided)] {
            filters.extend([
                Filter { task, state, label: Some(GuardLabel::Unsafe), ..all() },
                Filter { task, state, score: Some(ScoreRange { from: 0.5, to: 1.0 }), ..all() },
                Filter { task, state, decided_label: Some(Severity::Unsafe), ..all() },
                Filter { task, state, decided_label: Some(Severity::Safe), ..all() },
                Filter { task, state, disagreement: Some(DisagreementOf::Decision), ..all() },
                Filter { task, state, reviewer: Some("ana".into()), ..all() },
                Filter { task, state, since: Some("2020-01-01".into()), ..all() },
                Filter { task, state, text: Some("item".into()), ..all() },
            ]);
        }
    }
    filters
}

/// Everything that somebody is shown, path by path. Without a name, what everybody is.
async fn everything(fixture: &Fixture, ids: &[String], viewer: Option<&str>) -> Vec<String> {
    let workspace = &fixture.workspace;
    let mut shown = Vec::new();
    for order in ORDERS {
        workspace.set_ordering(QUEUE, order).await.expect("an order");
        for tab in TABS {
            let (mut after, viewer) = (None, viewer.map(str::to_owned));
            loop {
                let query = ListQuery { queue: QUEUE.into(), tab, viewer: viewer.clone(), after, limit: 2 };
                let page = workspace.list(&query).await.expect("a page");
                shown.push(format!("{order} {tab}: {page:?}"));
                let Some(next) = page.next else { break };
                after = Some(next);
            }
        }
        if let Some(reviewer) = viewer {
            let next = workspace.next_for(QUEUE, reviewer, None).await.expect("next");
            shown.push(format!("{order} next: {next:?}"));
        }
    }
    let sorted = SORTS.map(|sort| (Filter::default(), sort));
    let decided_sorted =
        SORTS.map(|sort| (Filter { state: Some(ItemState::Decided), ..Filter::default() }, sort));
    let filtered = filters().into_iter().map(|filter| (filter, Sort::Imported));
    for (filter, sort) in filtered.chain(sorted).chain(decided_sorted) {
        let query = FilteredQuery {
            queue: QUEUE.into(),
            filter: filter.clone(),
            sort,
            viewer: viewer.map(str::to_owned),
            after: None,
            limit: 50,
        };
        let page = workspace.filtered(&query).await.map_err(|error| error.to_string());
        let count = workspace.count_filtered(&query, 100).await.map_err(|error| error.to_string());
        shown.push(format!("{filter:?} {sort}: {count:?} {page:?}"));
    }
    let review = FilteredReview {
        queue: QUEUE.into(),
        reviewer: viewer.map(str::to_owned),
        ..FilteredReview::default()
    };
    if viewer.is_some() {
        shown.push(format!("{:?}", workspace.next_filtered(&review).await.expect("next")));
    }
    shown.push(format!("{:?}", workspace.search_for(QUEUE, "item", 50, viewer).await.expect("a search")));
    let overview = workspace.queue_overview_for(QUEUE, viewer).await.expect("the queue");
    shown.push(format!("{:?} {:?}", overview.counts, overview.draw));
    shown.push(format!("{:?}", workspace.preview_bulk(ids, Task::Prompt, viewer).await.expect("a preview")));
    for id in ids {
        let preview = workspace.preview_bulk(std::slice::from_ref(id), Task::Prompt, viewer).await;
        shown.push(format!("{id} selected: {:?}", preview.expect("a preview")));
        shown.push(format!("{:?}", workspace.item_for(id, viewer).await.expect("the item")));
        shown.push(format!("{id}: {:?}", workspace.history_for(id, viewer).await.expect("history")));
        shown.push(format!("{id}: {:?}", workspace.alike_for(id, viewer).await.expect("its like")));
        shown.push(format!("{id}: {:?}", workspace.neighbours(id).await.expect("neighbours")));
    }
    shown
}

fn same(before: &[String], after: &[String], what: &str) {
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before, after, "{what} is told");
    }
    assert_eq!(before.len(), after.len(), "{what} is told by how much there is");
}

fn gold_plan(second: Share) -> PlanChange {
    PlanChange {
        gold_share: Some(Share::from_millionths(200_000)),
        feedback: Some(Feedback::Never),
        second_share: Some(second),
        ..PlanChange::default()
    }
}

#[tokio::test]
async fn what_somebody_else_decided_apart_is_told_on_no_path() {
    for (mode, second, blind) in [
        (Mode::Blind, Share::NONE, Share::NONE),
        (Mode::Blind, Share::ALL, Share::NONE),
        (Mode::Suggestion, Share::ALL, Share::from_millionths(500_000)),
    ] {
        let (fixture, ids) = queue().await;
        let workspace = &fixture.workspace;
        let change = PlanChange { mode: Some(mode), blind_share: Some(blind), ..gold_plan(second) };
        workspace.set_plan(QUEUE, &change, 11).await.expect("a plan");
        workspace.decide(&says(&ids[5], "ben", "safe")).await.expect("what ben has done");
        let mut before = Vec::new();
        for viewer in [Some("ben"), None] {
            before.push((viewer, everything(&fixture, &ids, viewer).await));
        }
        let response = |id: &str, label| NewDecision {
            task: Task::Response,
            refusal: Some(false),
            ..says(id, "ana", label)
        };
        let mut acts = vec![("the label of gold", says(&ids[1], "ana", "unsafe"))];
        acts.push(("half of a gold item", response(&ids[3], "safe")));
        acts.push(("the whole of a gold item", says(&ids[3], "ana", "safe")));
        if second == Share::ALL {
            acts.push(("a first decision", says(&ids[0], "ana", "unsafe")));
            acts.push(("a first decision about one task of two", says(&ids[2], "ana", "safe")));
            acts.push(("a first decision about both", response(&ids[2], "unsafe")));
        }
        let last = acts.len() - 1;
        for (n, (what, act)) in acts.into_iter().enumerate() {
            workspace.decide(&act).await.expect("a decision");
            for (viewer, before) in before.iter().filter(|_| n < 2 || n == last) {
                same(before, &everything(&fixture, &ids, *viewer).await, what);
            }
        }
        while workspace.undo("ana").await.is_ok() {}
        workspace.skip(&Gesture::new(&ids[1], "ana")).await.expect("gold is passed over");
        workspace.escalate(&Gesture::new(&ids[3], "ana")).await.expect("gold is left to others");
        for (viewer, before) in &before {
            same(
                before,
                &everything(&fixture, &ids, *viewer).await,
                "what was not decided, and undone before,",
            );
        }
        let skipped = workspace.skip(&Gesture::new(&ids[1], "ben")).await.expect("ben may do the same");
        assert_eq!(skipped.state, ItemState::Skipped);
        let report = workspace.verify(None).await.expect("an audit");
        assert!(report.holds(), "{:?}", report.problems);
    }
}

#[tokio::test]
async fn nothing_in_lists_and_selections_tells_gold_from_others() {
    let (fixture, ids) = queue().await;
    let workspace = &fixture.workspace;
    workspace.set_plan(QUEUE, &gold_plan(Share::NONE), 11).await.expect("a plan");
    let (gold, plain) = (&ids[1], &ids[0]);
    let selected = async |id: &String, reviewer| {
        let preview = workspace.preview_bulk(std::slice::from_ref(id), Task::Prompt, Some(reviewer)).await;
        preview.expect("a preview")
    };
    assert_eq!(selected(gold, "ben").await, selected(plain, "ben").await);
    let bulk = BulkDecision {
        decision: says(gold, "ben", "safe"),
        looked_at: false,
        others: vec![plain.clone(), ids[4].clone()],
    };
    let saved = workspace.decide_all(&bulk).await.expect("decided");
    assert_eq!((saved.items, saved.left_out), (3, 0), "none of them is left out for what it is");
    for (tab, expected) in
        [(Tab::Decided, ["plain", "gold", "five"]), (Tab::Pending, ["two", "gold two", "six"])]
    {
        let query =
            ListQuery { queue: QUEUE.into(), tab, viewer: Some("ben".into()), after: None, limit: 50 };
        let rows = workspace.list(&query).await.expect("a list").rows;
        let listed: Vec<_> = rows.iter().filter_map(|row| row.external_id.as_deref()).collect();
        assert_eq!(listed, expected, "gold stands among the others, before and after ben's decision");
    }
    assert_eq!(selected(gold, "ben").await.touched.len(), 1, "what ben did himself is known to him");
    assert_eq!(selected(gold, "carl").await.items, 1, "and to nobody else");
}

#[tokio::test]
async fn lists_and_counts_have_items_where_each_reviewer_finds_them() {
    let (fixture, ids) = queue().await;
    let workspace = &fixture.workspace;
    let mut dice = Dice(21);
    let people = ["ana", "bo", "chi"];
    for step in 0..90 {
        let (id, reviewer) = (&ids[dice.below(ids.len())], people[dice.below(3)]);
        let gesture = Gesture::new(id, reviewer);
        // Whatever is refused changes nothing, which is looked at too.
        match dice.below(14) {
            0 => drop(workspace.skip(&gesture).await),
            1 => drop(workspace.escalate(&gesture).await),
            2 => drop(workspace.quarantine(&gesture).await),
            3 | 4 => drop(workspace.undo(reviewer).await),
            5 => drop(workspace.adjudicate(&says(id, "lead", "unsafe")).await),
            6 => {
                let second = [Share::NONE, Share::from_millionths(500_000), Share::ALL][dice.below(3)];
                let gold_share = Some([Share::NONE, Share::from_millionths(200_000)][dice.below(2)]);
                let change = PlanChange { gold_share, ..gold_plan(second) };
                workspace.set_plan(QUEUE, &change, 3).await.expect("a plan");
            }
            _ => {
                let task = [Task::Prompt, Task::Response][dice.below(2)];
                let label = ["safe", "controversial"][dice.below(2)];
                let refusal = (task == Task::Response).then_some(false);
                drop(workspace.decide(&NewDecision { task, refusal, ..says(id, reviewer, label) }).await);
            }
        }
        if step % 3 != 0 {
            continue;
        }
        for viewer in [None, Some("ana"), Some("bo"), Some("chi"), Some("dora")] {
            agree(&fixture, viewer, &format!("step {step}, for {viewer:?}")).await;
        }
    }
    let report = workspace.verify(None).await.expect("an audit");
    assert!(report.holds(), "{:?}", report.problems);
}

/// Every list has an item where the item itself says that it stands, and counts count that.
async fn agree(fixture: &Fixture, viewer: Option<&str>, when: &str) {
    let workspace = &fixture.workspace;
    let mut counts = StateCounts::default();
    for (tab, state) in TABS[..4].iter().zip(ItemState::ALL) {
        let of_viewer = viewer.map(str::to_owned);
        let query =
            ListQuery { queue: QUEUE.into(), tab: *tab, viewer: of_viewer.clone(), after: None, limit: 50 };
        let rows = workspace.list(&query).await.expect("a list").rows;
        let filter = Filter { state: Some(state), ..Filter::default() };
        let query = FilteredQuery {
            queue: QUEUE.into(),
            filter,
            viewer: of_viewer,
            limit: 50,
            ..FilteredQuery::default()
        };
        let found = workspace.filtered(&query).await.expect("a list").rows;
        assert_eq!(found, rows, "a filter finds what a tab has, {when}");
        for row in &rows {
            let item = workspace.item_for(&row.id, viewer).await.expect("the item");
            assert_eq!((item.state, row.state), (state, state), "{} in {tab}, {when}", row.id);
        }
        let n = rows.len() as u64;
        match state {
            ItemState::Pending => counts.pending = n,
            ItemState::Decided => counts.decided = n,
            ItemState::Skipped => counts.skipped = n,
            ItemState::Escalated => counts.escalated = n,
        }
    }
    let counted = workspace.queue_overview_for(QUEUE, viewer).await.expect("the queue").counts;
    counts.quarantined = counted.quarantined;
    assert_eq!(counted, counts, "{when}");
    assert_eq!(counts.total(), fixture.ids().await.len() as u64, "every item is in one of them, {when}");
}

#[tokio::test]
async fn a_list_is_in_no_order_that_tells_a_hidden_verdict() {
    let (fixture, ids) = queue().await;
    let workspace = &fixture.workspace;
    workspace.set_ordering(QUEUE, Ordering::Unsafe).await.expect("an order");
    assert_eq!(fixture.tab(Tab::Pending).await, ids, "as imported: the queue is blind");
    workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("suggestions");
    let by_risk = fixture.tab(Tab::Pending).await;
    assert_eq!((&by_risk[0], &by_risk[5]), (&ids[3], &ids[0]), "0.95 first, 0.1 last");
    let change = PlanChange { blind_share: Some(Share::from_millionths(300_000)), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &change, 1).await.expect("a plan");
    assert_eq!(fixture.tab(Tab::Pending).await, ids, "what stays blind would stand between what does not");
}

#[tokio::test]
async fn what_is_left_to_somebody_who_knows_better_is_found_by_them_without_what_others_decided() {
    let (fixture, ids) = queue().await;
    let workspace = &fixture.workspace;
    let twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &twice, 11).await.expect("a plan");
    workspace.decide(&says(&ids[0], "ana", "unsafe")).await.expect("a first decision");
    let why = Gesture { reason: Some("needs a lawyer".into()), ..Gesture::new(&ids[0], "ben") };
    workspace.escalate(&why).await.expect("escalated");
    let query = ListQuery {
        queue: QUEUE.into(),
        tab: Tab::Escalated,
        viewer: Some("lead".into()),
        after: None,
        limit: 9,
    };
    let rows = workspace.list(&query).await.expect("a list").rows;
    assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&ids[0]]);
    let history = workspace.history_for(&ids[0], Some("lead")).await.expect("history");
    let by: Vec<&str> = history.iter().map(|entry| entry.by.as_str()).collect();
    assert_eq!(by, ["ben"], "who asked for help, and not what ana says");
    let settled = workspace.decide(&says(&ids[0], "lead", "unsafe")).await.expect("the lead decides");
    assert_eq!(settled.state, ItemState::Decided, "that answers it, and agrees with ana");
    assert_eq!(workspace.item(&ids[0]).await.expect("the item").state, ItemState::Decided);
    let report = workspace.verify(None).await.expect("an audit");
    assert!(report.holds(), "{:?}", report.problems);
}
