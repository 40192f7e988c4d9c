//! Filters and sorted lists over a workspace: what they find, what they keep hidden, and that their facets are the truth.

use saring_verdict::{Mode as ReadingMode, Reading, Severity, Task};

use super::*;
use crate::{
    Code,
    fixture::{Dice, Fixture, QUEUE},
    language::LanguageCorrection,
    review::{FilteredReview, Gesture, HistoryEvent, NewDecision, PlanChange, Share},
    store,
};

async fn find(fixture: &Fixture, filter: Filter, sort: Sort) -> Vec<String> {
    // A page of two, so that every answer crosses edges of pages.
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let filter = filter.clone();
        let query =
            FilteredQuery { queue: QUEUE.into(), filter, sort, after, limit: 2, ..FilteredQuery::default() };
        let page = fixture.workspace.filtered(&query).await.expect("a page");
        found.extend(page.rows.into_iter().map(|row| row.external_id.expect("its id")));
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().expect("a cursor comes back as it went"));
    }
    let query = FilteredQuery { queue: QUEUE.into(), filter, sort, ..FilteredQuery::default() };
    let count = fixture.workspace.count_filtered(&query, 100).await;
    assert!(count.is_err() || count.is_ok_and(|n| n == found.len() as u64), "counted as many as listed");
    found
}

/// Four texts in two languages, one with a response, one with an image; three are judged, three decided.
async fn reviewed() -> (Fixture, Vec<String>) {
    let fixture = Fixture::new().await;
    image::RgbImage::new(8, 8).save(fixture.dir.path().join("a.png")).expect("an image");
    let rows = [
        r#"{"id": "a", "prompt": "cooking rice", "language": "en", "images": ["a.png"]}"#,
        r#"{"id": "b", "prompt": "ทำอาหาร", "language": "th"}"#,
        r#"{"id": "c", "prompt": "cooking soup", "response": "no", "language": "en"}"#,
        r#"{"id": "d", "prompt": "neither", "language": "th"}"#,
    ];
    fixture.import("rows.jsonl", rows.join("\n").as_bytes()).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("suggestions");
    let ids = fixture.ids().await;
    for (at, p) in [(0, 0.9), (1, 0.2), (2, 0.55)] {
        fixture.judge(&ids[at], Task::Prompt, p).await;
    }
    let unsafe_one = NewDecision { categories: vec!["PII".into()], ..fixture.decision(&ids[1], "unsafe") };
    fixture.workspace.decide(&unsafe_one).await.expect("a decision");
    fixture.workspace.decide(&fixture.decision(&ids[2], "safe")).await.expect("a decision");
    let bo = NewDecision { reviewer: "bo".into(), ..fixture.decision(&ids[3], "safe") };
    fixture.workspace.decide(&bo).await.expect("a decision");
    fixture.workspace.flag(&Gesture::new(&ids[3], "ana")).await.expect("a flag");
    (fixture, ids)
}

#[tokio::test]
async fn each_condition_finds_what_it_says() {
    let (fixture, _) = reviewed().await;
    let all = Filter::default();
    let today = crate::Clock::system().now_text()[..10].to_owned();
    for (filter, expected) in [
        (all.clone(), "abcd"),
        (Filter { state: Some(ItemState::Pending), ..all.clone() }, "ac"),
        (Filter { state: Some(ItemState::Decided), task: Some(Task::Prompt), ..all.clone() }, "bcd"),
        (Filter { task: Some(Task::Response), ..all.clone() }, "c"),
        (Filter { language: Some("th".into()), ..all.clone() }, "bd"),
        (Filter { label: Some(GuardLabel::Unsafe), ..all.clone() }, "ac"),
        (Filter { label: Some(GuardLabel::Safe), ..all.clone() }, "b"),
        (Filter { decided_label: Some(Severity::Safe), ..all.clone() }, "cd"),
        (Filter { category: Some("pii".into()), ..all.clone() }, "b"),
        (Filter { disagreement: Some(DisagreementOf::Decision), ..all.clone() }, "bc"),
        (Filter { disagreement: Some(DisagreementOf::Guards), ..all.clone() }, ""),
        (Filter { score: Some(ScoreRange { from: 0.2, to: 0.6 }), ..all.clone() }, "bc"),
        (Filter { reviewer: Some("bo".into()), ..all.clone() }, "d"),
        (Filter { since: Some(today.clone()), until: Some(today), ..all.clone() }, "bcd"),
        (Filter { until: Some("2020-01-01".into()), ..all.clone() }, ""),
        (Filter { flagged: Some(true), ..all.clone() }, "d"),
        (Filter { has_image: Some(true), ..all.clone() }, "a"),
        (Filter { has_image: Some(false), language: Some("en".into()), ..all.clone() }, "c"),
        (Filter { text: Some("cook".into()), ..all.clone() }, "ac"),
        (Filter { text: Some("co ok so".into()), ..all.clone() }, "c"),
        (Filter { text: Some("ทำ".into()), ..all.clone() }, "b"),
        (Filter { text: Some("cook".into()), flagged: Some(true), ..all.clone() }, ""),
    ] {
        assert_eq!(find(&fixture, filter.clone(), Sort::Imported).await.concat(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn each_order_is_what_it_says_and_has_every_item_once() {
    let (fixture, _) = reviewed().await;
    for (sort, expected) in [
        (Sort::Imported, "abcd"),
        (Sort::Unsafe, "acbd"),
        (Sort::Safe, "bcad"),
        (Sort::Uncertain, "cbad"),
        (Sort::Language, "acbd"),
    ] {
        assert_eq!(find(&fixture, Filter::default(), sort).await.concat(), expected, "{sort}");
        let cook = Filter { text: Some("cook".into()), ..Filter::default() };
        let cook_in_order: String = expected.chars().filter(|id| "ac".contains(*id)).collect();
        assert_eq!(find(&fixture, cook, sort).await.concat(), cook_in_order, "{sort}, of a text");
    }
    let decided = find(&fixture, Filter::default(), Sort::Decided).await.concat();
    assert!(decided.ends_with('a') && decided.len() == 4, "what nobody decided comes last: {decided}");
}

#[tokio::test]
async fn equal_and_missing_figures_are_where_a_page_ends_well_too() {
    let fixture = Fixture::with_prompts(23).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("suggestions");
    for (i, id) in fixture.ids().await.iter().enumerate().take(17) {
        fixture.judge(id, Task::Prompt, [0.2, 0.9, 0.6][i % 3]).await;
    }
    for sort in [Sort::Imported, Sort::Unsafe, Sort::Safe, Sort::Uncertain, Sort::Decided, Sort::Language] {
        let pages = find(&fixture, Filter::default(), sort).await;
        let mut once = pages.clone();
        once.sort();
        once.dedup();
        assert_eq!((pages.len(), once.len()), (23, 23), "{sort}: {pages:?}");
    }
}

#[tokio::test]
async fn two_guards_that_differ_are_found() {
    let fixture = Fixture::with_prompts(2).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("suggestions");
    for id in fixture.ids().await {
        fixture.judge(&id, Task::Prompt, 0.9).await;
    }
    fixture.tamper("INSERT INTO guards SELECT 'other', 'other', path, family, settings, card, is_toy, added_at, NULL FROM guards WHERE id = 'guard'").await;
    fixture
        .tamper(
            "INSERT INTO verdicts (id, item_id, task, guard_id, run_id, provenance_id, probabilities, label_mass, categories, \
             tokens_prompt, tokens_cached, tokens_computed, truncated, created_at) SELECT 'v' || v.id, v.item_id, v.task, 'other', \
             v.run_id, v.provenance_id, CASE WHEN i.external_id = '1' THEN '{\"safe\": 0.8, \"unsafe\": 0.2}' \
             ELSE v.probabilities END, 0.9, '[\"Violent\"]', 1, 0, 1, 0, v.created_at FROM verdicts AS v JOIN visible_items AS i \
             ON i.id = v.item_id WHERE v.guard_id = 'guard'",
        )
        .await;
    fixture.tamper("UPDATE tasks SET verdict_id = 'v' || verdict_id").await;
    let differ = Filter { disagreement: Some(DisagreementOf::Guards), ..Filter::default() };
    assert_eq!(find(&fixture, differ, Sort::Imported).await, ["1"]);
    let named = Filter {
        guard_category: Some("violent".into()),
        label: Some(GuardLabel::Unsafe),
        ..Filter::default()
    };
    assert_eq!(find(&fixture, named, Sort::Imported).await, ["2"], "what the newest verdict says counts");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let (fixture, _) = reviewed().await;
    let refused = async |filter: Filter| {
        let query = FilteredQuery { queue: QUEUE.into(), filter, limit: 9, ..FilteredQuery::default() };
        let error = fixture.workspace.filtered(&query).await.expect_err("it makes no sense");
        assert_eq!(error.code(), Code::Invalid);
        error.to_string()
    };
    let unknown = refused(Filter { category: Some("Weather".into()), ..Filter::default() }).await;
    assert!(unknown.contains("\"Weather\"") && unknown.contains("PII"), "{unknown}");
    let empty = Filter { score: Some(ScoreRange { from: 0.6, to: 0.4 }), ..Filter::default() };
    assert!(refused(empty).await.contains("0.4..0.6"));
    let workspace = &fixture.workspace;
    workspace.create_queue("two labels", "sea-guard").await.expect("a queue");
    let filter = Filter { decided_label: Some(Severity::Controversial), ..Filter::default() };
    let query = FilteredQuery { queue: "two labels".into(), filter, limit: 9, ..FilteredQuery::default() };
    let unknown = workspace.filtered(&query).await.expect_err("it is none of this policy").to_string();
    assert!(unknown.contains("no label controversial; it has safe, unsafe"), "{unknown}");
}

#[tokio::test]
async fn no_filter_and_no_order_tells_a_verdict_that_is_hidden() {
    let (fixture, ids) = reviewed().await;
    let workspace = &fixture.workspace;
    workspace.set_mode(QUEUE, Mode::Blind).await.expect("blind");
    let telling = [
        Filter { label: Some(GuardLabel::Unsafe), ..Filter::default() },
        Filter { score: Some(ScoreRange { from: 0.5, to: 1.0 }), ..Filter::default() },
        Filter { guard_category: Some("pii".into()), ..Filter::default() },
        Filter { disagreement: Some(DisagreementOf::Guards), ..Filter::default() },
        Filter { disagreement: Some(DisagreementOf::Decision), ..Filter::default() },
    ];
    let query = |filter: Filter, sort| FilteredQuery {
        queue: QUEUE.into(),
        filter,
        sort,
        limit: 9,
        ..FilteredQuery::default()
    };
    let mut asked: Vec<FilteredQuery> =
        telling.iter().map(|filter| query(filter.clone(), Sort::Imported)).collect();
    asked.extend([Sort::Unsafe, Sort::Safe, Sort::Uncertain].map(|sort| query(Filter::default(), sort)));
    for query in asked {
        let refused = workspace.filtered(&query).await.expect_err("it would tell");
        assert!(refused.to_string().contains("hidden until an item is decided"), "{refused}");
        let review = FilteredReview {
            queue: QUEUE.into(),
            filter: query.filter.clone(),
            sort: query.sort,
            ..FilteredReview::default()
        };
        assert!(workspace.next_filtered(&review).await.is_err(), "nor does the next item");
        let decided = Filter { state: Some(ItemState::Decided), ..query.filter.clone() };
        for task in [None, Some(Task::Prompt)] {
            let filter = Filter { task, ..decided.clone() };
            let page = workspace.filtered(&FilteredQuery { filter, ..query.clone() }).await;
            let rows = page.expect("verdicts of decided items are shown").rows;
            assert!(rows.iter().all(|row| row.state == ItemState::Decided), "all of the item is decided");
        }
    }
    // Beside suggestions, the blind sample stays blind.
    let change =
        PlanChange { mode: Some(Mode::Suggestion), blind_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &change, 1).await.expect("a plan");
    let page = workspace.filtered(&query(telling[0].clone(), Sort::Unsafe)).await.expect("a page");
    assert!(page.withheld, "and it is said");
    assert!(page.rows.iter().all(|row| row.id != ids[0]), "undecided, and in the sample");
}

#[tokio::test]
async fn gold_that_is_mixed_in_is_not_told_by_what_others_decided() {
    let rows = [
        r#"{"id": "a", "prompt": "gold", "labels": {"prompt": {"label": "safe"}}, "labels_role": "gold"}"#,
        r#"{"id": "b", "prompt": "other"}"#,
    ];
    let fixture = Fixture::with_rows(&rows).await;
    for id in fixture.ids().await {
        fixture.workspace.decide(&fixture.decision(&id, "safe")).await.expect("a decision");
    }
    let decided = Filter { decided_label: Some(Severity::Safe), ..Filter::default() };
    assert_eq!(find(&fixture, decided.clone(), Sort::Imported).await, ["a", "b"]);
    let change = PlanChange { gold_share: Some(Share::from_millionths(100_000)), ..PlanChange::default() };
    fixture.workspace.set_plan(QUEUE, &change, 1).await.expect("a plan");
    assert_eq!(find(&fixture, decided, Sort::Imported).await, ["b"]);
    assert_eq!(find(&fixture, Filter::default(), Sort::Decided).await, ["b"]);
    let pending = Filter { state: Some(ItemState::Pending), ..Filter::default() };
    assert_eq!(find(&fixture, pending, Sort::Decided).await, ["a"], "what is open is found in any order");
    assert_eq!(
        find(&fixture, Filter::default(), Sort::Imported).await,
        ["a", "b"],
        "what tells nothing has all"
    );
}

#[tokio::test]
async fn what_is_reached_through_a_filter_carries_no_draw_and_is_no_estimate() {
    let fixture = Fixture::with_prompts(12).await;
    let workspace = &fixture.workspace;
    workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("suggestions");
    for (i, id) in fixture.ids().await.iter().enumerate() {
        fixture.judge(id, Task::Prompt, 0.05 + 0.07 * i as f64).await;
    }
    workspace.draw(QUEUE, DrawFrom::All, 12, 5).await.expect("a draw of everything");
    let first_drawn = fixture.tab(Tab::Pending).await[0].clone();
    let mut review = FilteredReview {
        queue: QUEUE.into(),
        sort: Sort::Uncertain,
        reviewer: Some("ana".into()),
        ..FilteredReview::default()
    };
    for _ in 0..8 {
        let item = workspace.next_filtered(&review).await.expect("next").expect("an open item");
        assert_eq!(item.draw_id, None, "no draw brought it up");
        review.after = Some(item.id.clone());
        if item.id == first_drawn {
            continue;
        }
        let decision =
            NewDecision { draw_id: Some(NewDecision::NO_DRAW.into()), ..fixture.decision(&item.id, "safe") };
        workspace.decide(&decision).await.expect("a decision");
        let history = workspace.history(&item.id).await.expect("history");
        let carried = history.iter().find_map(|entry| match &entry.event {
            HistoryEvent::Decision(row) => Some(row.draw_id.clone()),
            _ => None,
        });
        assert_eq!(carried, Some(None), "though it is in the draw that is in force");
    }
    let stats = workspace.stats(QUEUE, None).await.expect("stats");
    let estimated = stats.agreement.iter().filter(|a| a.against == crate::metrics::Yardstick::Estimate);
    assert_eq!(estimated.map(|a| a.n).sum::<u64>(), 0, "the draw itself has not begun");
}

#[tokio::test]
async fn the_next_item_of_a_filter_goes_on_behind_the_last_and_begins_again_at_the_end() {
    let fixture = Fixture::with_prompts(3).await;
    let ids = fixture.ids().await;
    let next = async |filter: Filter, after: Option<&String>, reviewer: Option<&str>| {
        let review = FilteredReview {
            queue: QUEUE.into(),
            filter,
            sort: Sort::Imported,
            reviewer: reviewer.map(str::to_owned),
            after: after.cloned(),
        };
        fixture.workspace.next_filtered(&review).await.expect("next").map(|item| item.id)
    };
    let all = Filter::default;
    assert_eq!(next(all(), None, None).await.as_ref(), Some(&ids[0]));
    assert_eq!(next(all(), Some(&ids[1]), Some("ana")).await.as_ref(), Some(&ids[2]));
    assert_eq!(next(all(), Some(&ids[2]), Some("ana")).await.as_ref(), Some(&ids[0]), "from the beginning");
    fixture.workspace.decide(&fixture.decision(&ids[0], "safe")).await.expect("a decision");
    assert_eq!(next(all(), Some(&ids[2]), Some("ana")).await.as_ref(), Some(&ids[1]), "what is open");
    let decided = Filter { state: Some(ItemState::Decided), ..all() };
    assert_eq!(next(decided.clone(), None, Some("ana")).await.as_ref(), Some(&ids[0]));
    assert_eq!(next(decided, Some(&ids[0]), Some("ana")).await, None, "another state is gone through once");
}

#[tokio::test]
async fn facets_never_disagree_with_what_they_are_derived_from() {
    let rows: Vec<String> = (0..12)
        .map(|n| {
            let response = if n % 3 == 0 { r#", "response": "an answer""# } else { "" };
            let gold = if n % 4 == 0 {
                r#", "labels": {"prompt": {"label": "safe"}}, "labels_role": "gold""#
            } else {
                ""
            };
            format!(r#"{{"id": "{n}", "prompt": "prompt {n}"{response}{gold}}}"#)
        })
        .collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let mut dice = Dice(7);
    for step in 0..160 {
        let id = &ids[dice.below(ids.len())];
        let reviewer = ["ana", "bo", "chi"][dice.below(3)];
        let gesture = Gesture::new(id, reviewer);
        // Whatever is refused changes nothing, which is checked too.
        match dice.below(12) {
            0 => {
                let label = ["safe", "controversial", "unsafe"][dice.below(3)];
                let categories = if label == "safe" { Vec::new() } else { vec!["Violent".to_owned()] };
                let decision =
                    NewDecision { reviewer: reviewer.into(), categories, ..fixture.decision(id, label) };
                drop(workspace.decide(&decision).await);
            }
            1 => drop(workspace.skip(&gesture).await),
            2 => drop(workspace.escalate(&gesture).await),
            3 => drop(workspace.flag(&gesture).await),
            4 => drop(workspace.unflag(&gesture).await),
            5 if step % 3 == 0 => drop(workspace.quarantine(&gesture).await),
            5 | 6 => drop(workspace.release(&gesture).await),
            7 | 8 => drop(workspace.undo(reviewer).await),
            9 => {
                let language = ["th", "my", "und"][dice.below(3)].to_owned();
                let correction =
                    LanguageCorrection { item_id: id.clone(), language, reviewer: reviewer.into() };
                drop(workspace.correct_language(&correction).await);
            }
            10 => {
                let change = PlanChange {
                    second_share: Some(Share::from_millionths(
                        500_000 * u32::try_from(dice.below(3)).unwrap(),
                    )),
                    ..PlanChange::default()
                };
                workspace.set_plan(QUEUE, &change, 3).await.expect("a plan");
            }
            _ => {
                let mode = if step % 2 == 0 { ReadingMode::Strict } else { ReadingMode::Loose };
                workspace.set_reading(Reading { mode, ..Reading::default() }).await.expect("a reading");
            }
        }
        if step == 20 {
            for (n, id) in ids.iter().enumerate().take(8) {
                fixture.judge(id, Task::Prompt, [0.1, 0.6, 0.95][n % 3]).await;
            }
        }
        let mut read = workspace.store().read().await.expect("a reader");
        let differing =
            store::facets::differing(&mut read, 0, i64::from(u16::MAX)).await.expect("a comparison");
        assert_eq!(differing, [] as [i64; 0], "after step {step}");
    }
    let report = workspace.verify(None).await.expect("an audit");
    assert!(report.holds(), "{:?}", report.problems);
}

#[tokio::test]
async fn an_audit_finds_facets_that_were_edited_or_lost() {
    let fixture = Fixture::with_prompts(3).await;
    fixture.tamper("UPDATE facets SET marks = marks | 16 WHERE place = 2").await;
    fixture.tamper("DELETE FROM facets WHERE place = 4").await;
    let report = fixture.workspace.verify(None).await.expect("an audit");
    let said: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "what lists say of item number 1 does not follow from the item",
            "what lists say of item number 2 does not follow from the item"
        ]
    );
}

#[tokio::test]
async fn every_sorted_list_is_one_walk_along_its_own_index() {
    let fixture = Fixture::new().await;
    for (index, column) in [
        ("facets_by_risk", "risk"),
        ("facets_by_uncertainty", "uncertainty"),
        ("facets_by_decision", "settled_at"),
    ] {
        for sql in [
            format!(
                "SELECT place FROM facets INDEXED BY {index} WHERE queue = 1 AND marks & 3 = 0 AND reviewer = 'a' ORDER BY {column} DESC, place LIMIT 9"
            ),
            format!(
                "SELECT place FROM facets INDEXED BY {index} WHERE queue = 1 AND {column} < 0.5 AND p_unsafe BETWEEN 0 AND 1 ORDER BY {column} DESC, place LIMIT 9"
            ),
            format!(
                "SELECT place FROM facets INDEXED BY {index} WHERE queue = 1 AND {column} = 0.5 AND place > 7 ORDER BY place LIMIT 9"
            ),
        ] {
            let plan = fixture.workspace.store().plan(&sql).await;
            assert!(plan.contains("COVERING INDEX") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
    }
}
