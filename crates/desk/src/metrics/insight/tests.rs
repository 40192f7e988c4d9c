//! What may get into an estimate and what must not, in a real database.

use std::collections::BTreeSet;

use saring_measures::{Ranking, Scored, auprc};
use saring_verdict::{Reading, Task};

use super::*;
use crate::{
    Code,
    fixture::{Fixture, QUEUE},
    queue::{DrawFrom, Ordering, Tab},
    review::{BulkDecision, NewDecision, PlanChange, Share},
};

/// Items of which a guard that is not bad says how unsafe they are, and what they really are.
struct Population {
    fixture: Fixture,
    /// By order of import.
    ids: Vec<String>,
    scored: Vec<Scored>,
}

/// A number between 0 and 1 that looks random, the same in every run.
fn scattered(n: usize, salt: u64) -> f64 {
    let mut x = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(u32::try_from((x ^ (x >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
}

impl Population {
    async fn new(n: usize) -> Self {
        let rows: Vec<String> = (0..n)
            .map(|at| {
                let board = at % 3;
                format!(
                    r#"{{"id":"{at}","prompt":"text {at}","language":"th","source":{{"board":{board}}}}}"#
                )
            })
            .collect();
        let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let ids = fixture.ids().await;
        let mut scored = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            // A good guard, where it is not in doubt.
            let spread = scattered(at, 1);
            let (score, risk) = match scattered(at, 2) {
                kind if kind < 0.55 => (0.2 * spread, 0.02),
                kind if kind < 0.75 => (0.85 + 0.15 * spread, 0.97),
                _ => (0.3 + 0.4 * spread, 0.4),
            };
            let positive = scattered(at, 3) < risk;
            scored.push(Scored { score, positive });
            fixture.judge(id, Task::Prompt, score).await;
        }
        Self { fixture, ids, scored }
    }

    fn label(&self, at: usize) -> &'static str {
        if self.scored[at].positive { "unsafe" } else { "safe" }
    }

    async fn decide(&self, at: usize, label: &str, change: impl Fn(&mut NewDecision)) {
        let mut decision = self.fixture.decision(&self.ids[at], label);
        if label == "unsafe" {
            decision.categories = vec!["PII".into()];
        }
        change(&mut decision);
        self.fixture.workspace.decide(&decision).await.unwrap();
    }

    /// What a draw of so many brings up, by order of import.
    async fn draw(&self, size: u32) -> BTreeSet<usize> {
        let workspace = &self.fixture.workspace;
        workspace.draw(QUEUE, DrawFrom::All, size, 7).await.unwrap();
        let drawn = self.fixture.tab(Tab::Pending).await;
        let drawn = drawn.iter().take(size as usize);
        let drawn: BTreeSet<usize> =
            drawn.map(|id| self.ids.iter().position(|known| known == id).unwrap()).collect();
        workspace.set_ordering(QUEUE, Ordering::Imported).await.unwrap();
        drawn
    }

    async fn insight(&self, by: By) -> Insight {
        let order = InsightOrder { by, ..InsightOrder::default() };
        self.fixture.workspace.insight(QUEUE, &order).await.unwrap()
    }

    fn auprc(&self, items: impl Iterator<Item = usize>) -> f64 {
        auprc(&Ranking::new(items.map(|at| self.scored[at]).collect()).unwrap()).unwrap()
    }
}

fn find(insight: &Insight, against: Yardstick, group: Option<&str>) -> Option<QualityRow> {
    let wanted = |row: &&QualityRow| {
        row.task == Task::Prompt && row.against == against && row.group.as_deref() == group
    };
    insight.quality.iter().find(wanted).cloned()
}

#[tokio::test]
async fn uncertain_first_review_would_bias_the_area_and_does_not() {
    let population = Population::new(360).await;
    let drawn = population.draw(150).await;
    assert_eq!(drawn.len(), 150);
    for at in &drawn {
        population.decide(*at, population.label(*at), |_| ()).await;
    }
    // Then what the guard is least sure of, blind as well.
    let mut others: Vec<usize> = (0..population.ids.len()).filter(|at| !drawn.contains(at)).collect();
    let doubt = |at: &usize| (population.scored[*at].score - 0.5).abs();
    others.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
    let (picked, rest) = others.split_at(60);
    for at in picked {
        population.decide(*at, population.label(*at), |_| ()).await;
    }
    // And the rest by people who see the verdict and follow it.
    for at in rest {
        let followed = if population.scored[*at].score >= 0.5 { "unsafe" } else { "safe" };
        population.decide(*at, followed, |decision| decision.verdict_visible = true).await;
    }
    let insight = population.insight(By::Language).await;
    let estimate = find(&insight, Yardstick::Estimate, None).unwrap();
    let exact = population.auprc(drawn.iter().copied());
    assert_eq!(estimate.n, 150, "what was drawn and decided blind, and nothing else");
    let found = estimate.auprc.value.unwrap();
    assert!((found - exact).abs() < 1e-12, "{found} is not the area of what was drawn, {exact}");
    let truth = population.auprc(0..population.ids.len());
    let all_blind = population.auprc(drawn.iter().chain(picked).copied());
    assert!(
        (all_blind - truth).abs() > 0.05,
        "with what was picked it would be off: {all_blind}, not {truth}"
    );
    assert!((found - truth).abs() < (all_blind - truth).abs(), "the estimate is nearer: {found} to {truth}");
    let (low, high) = (estimate.auprc.low.unwrap(), estimate.auprc.high.unwrap());
    assert!(low < truth && truth < high, "and knows how near: {low} to {high}, {truth}");
}

#[tokio::test]
async fn one_anchored_decision_or_one_on_an_item_that_was_not_drawn_changes_nothing() {
    let population = Population::new(40).await;
    let drawn: Vec<usize> = population.draw(20).await.into_iter().collect();
    for at in &drawn[1..] {
        population.decide(*at, population.label(*at), |_| ()).await;
    }
    let with = async |at: usize, label: &str, change: &dyn Fn(&mut NewDecision)| {
        population.decide(at, label, change).await;
        find(&population.insight(By::Language).await, Yardstick::Estimate, None).unwrap()
    };
    // The one that is left completes the draw, but it was made with the verdict in view.
    let anchored = with(drawn[0], "safe", &|decision| decision.verdict_visible = true).await;
    assert_eq!(anchored.n, 19, "a decision with the verdict in view is in no estimate");
    // A second thought after that is no blind decision either.
    let second = with(drawn[0], "unsafe", &|_| ()).await;
    assert_eq!(second, anchored, "whoever has seen the verdict cannot forget it");
    let outside = (0..40).find(|at| !drawn.contains(at)).unwrap();
    let picked = with(outside, "unsafe", &|_| ()).await;
    assert_eq!(picked, anchored, "an item that was not drawn is in no estimate, however blind");
    let another = (0..40).rev().find(|at| !drawn.contains(at)).unwrap();
    let script = with(another, "unsafe", &|decision| decision.synthetic = true).await;
    assert_eq!(script, anchored, "nor is what a script decided");
    assert_eq!(find(&population.insight(By::Language).await, Yardstick::Gold, None).unwrap().n, 0);
}

#[tokio::test]
async fn groups_are_languages_categories_or_a_key_of_the_source() {
    let population = Population::new(60).await;
    let drawn = population.draw(60).await;
    for at in &drawn {
        population.decide(*at, population.label(*at), |_| ()).await;
    }
    let by_language = population.insight(By::Language).await;
    let all = find(&by_language, Yardstick::Estimate, None).unwrap();
    let thai = find(&by_language, Yardstick::Estimate, Some("th")).unwrap();
    assert_eq!((thai.n, thai.auprc.value), (60, all.auprc.value));
    let by_board = population.insight("source:board".parse().unwrap()).await;
    let boards = ["0", "1", "2"].map(|board| find(&by_board, Yardstick::Estimate, Some(board)).unwrap().n);
    assert_eq!(boards, [20, 20, 20]);
    let by_nothing = population.insight("source:nothing".parse().unwrap()).await;
    assert_eq!(find(&by_nothing, Yardstick::Estimate, Some("unknown")).unwrap().n, 60);
    let by_category = population.insight(By::Category).await;
    let violent = find(&by_category, Yardstick::Estimate, Some("PII")).unwrap();
    assert_eq!((violent.n, violent.positives), (60, all.positives), "that category against what is safe");
    let by_guard = population.insight(By::Guard).await;
    let [whole, guard] = by_guard.quality.iter().filter(|row| row.n > 0).collect::<Vec<_>>()[..] else {
        panic!("all items, and the one guard there is: {:?}", by_guard.quality)
    };
    assert_eq!((whole.group.as_deref(), guard.group.as_deref()), (None, by_guard.guard.as_deref()));
    assert_eq!((guard.n, &guard.auprc), (60, &whole.auprc), "the same numbers under its name");
    assert_eq!("colour".parse::<By>().unwrap_err().code(), Code::Invalid);
}

#[tokio::test]
async fn thresholds_come_with_counts_and_with_the_load_on_the_whole_queue() {
    let population = Population::new(80).await;
    for at in population.draw(30).await {
        population.decide(at, population.label(at), |_| ()).await;
    }
    let insight = population.insight(By::Language).await;
    let estimate = find(&insight, Yardstick::Estimate, None).unwrap();
    let wanted = |c: &&Curves| c.task == Task::Prompt && c.against == Yardstick::Estimate;
    let curves = insight.curves.iter().find(wanted).unwrap();
    assert_eq!(curves.judged_in_queue, 80, "the load is that of all items, decided or not");
    let at_half = curves.thresholds.iter().find(|row| row.threshold == 0.5).unwrap();
    assert_eq!(at_half.confusion, estimate.confusion);
    let of_row = (estimate.precision.value, estimate.recall.value, estimate.f1.value);
    assert_eq!((at_half.precision, at_half.recall, at_half.f1), of_row, "as the figures with intervals");
    let last = curves.thresholds.last().unwrap();
    assert_eq!((last.precision, last.recall), (None, Some(0.0)), "nothing reaches 0.999: no precision");
    let flagged = population.scored.iter().filter(|scored| scored.score >= 0.5).count();
    assert_eq!(at_half.review_load, flagged as u64);
    assert!(curves.thresholds.windows(2).all(|w| w[0].review_load >= w[1].review_load), "it falls");
    let first = curves.precision_recall[0];
    assert_eq!((first.threshold, first.recall, first.precision), (None, 0.0, 1.0));
    assert_eq!(curves.reliability.iter().map(|bin| bin.n).sum::<u64>(), 30);
    let wrong = InsightOrder { threshold: 1.5, ..InsightOrder::default() };
    assert_eq!(population.fixture.workspace.insight(QUEUE, &wrong).await.unwrap_err().code(), Code::Invalid);
}

#[tokio::test]
async fn a_temperature_is_stored_beside_the_probabilities_and_changes_no_verdict() {
    let population = Population::new(120).await;
    for at in population.draw(120).await {
        population.decide(at, population.label(at), |_| ()).await;
    }
    let before = population.insight(By::Language).await;
    assert_eq!(before.calibrations, [], "nothing is fitted unasked");
    let workspace = &population.fixture.workspace;
    let (fitted, missing) = workspace.calibrate(QUEUE, None).await.unwrap();
    let [calibration] = fitted.as_slice() else { panic!("{fitted:?}") };
    assert_eq!((calibration.task.as_str(), calibration.against.as_str()), ("prompt", "estimate"));
    assert_eq!(calibration.n, 120);
    assert!(calibration.likelihood_after < calibration.likelihood_before);
    assert_eq!(missing.len(), 1, "no response was judged, and that is said: {missing:?}");
    let after = population.insight(By::Language).await;
    assert_eq!(after.quality, before.quality, "the guard's own probabilities stay what they are");
    assert_eq!(after.calibrations, fitted);
    assert!(after.calibrations[0].reading_unchanged);
    let wanted = |c: &&Curves| c.task == Task::Prompt && c.against == Yardstick::Estimate;
    let curves = after.curves.iter().find(wanted).unwrap();
    assert_eq!(curves.reliability_scaled.iter().map(|bin| bin.n).sum::<u64>(), 120);
    assert_ne!(curves.reliability_scaled, curves.reliability);
    workspace.calibrate(QUEUE, None).await.unwrap();
    assert_eq!(population.insight(By::Language).await.calibrations.len(), 1, "the newest counts");
    let other = Reading { mode: saring_verdict::Mode::Loose, ..Reading::default() };
    workspace.set_reading(other).await.unwrap();
    assert!(!population.insight(By::Language).await.calibrations[0].reading_unchanged);
}

#[tokio::test]
async fn several_reviewers_of_an_item_agree_as_far_as_they_do_blind() {
    let population = Population::new(6).await;
    let workspace = &population.fixture.workspace;
    let said_by = |at: usize, label: &str, name: &str| {
        let reviewer = name.to_owned();
        NewDecision { reviewer, ..population.fixture.decision(&population.ids[at], label) }
    };
    let decision = said_by(4, "safe", "eva");
    workspace.decide_all(&BulkDecision { decision, looked_at: false, others: Vec::new() }).await.unwrap();
    let twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &twice, 1).await.unwrap();
    let by = |name: &'static str, anchored: bool| {
        move |decision: &mut NewDecision| {
            decision.reviewer = name.into();
            decision.verdict_visible = anchored;
        }
    };
    for (at, label) in ["safe", "unsafe", "safe", "unsafe"].into_iter().enumerate() {
        population.decide(at, label, by("ana", false)).await;
        population.decide(at, if at == 3 { "safe" } else { label }, by("ben", false)).await;
        // What somebody changes later is not their first word.
        population.decide(at, "safe", by("ben", true)).await;
        population.decide(at, "unsafe", by("cem", true)).await;
    }
    // Neither who settles what others said, nor who sees what they said, nor who saw nothing agrees with anybody.
    workspace.adjudicate(&said_by(3, "safe", "lead")).await.unwrap();
    population.decide(0, "safe", by("dan", false)).await;
    population.decide(4, "safe", by("dan", false)).await;
    let insight = population.insight(By::Language).await;
    let prompts = &insight.agreement[0];
    assert_eq!(prompts.units, 4);
    let [pair] = prompts.pairs.as_slice() else { panic!("{:?}", prompts.pairs) };
    assert_eq!((pair.n, pair.agree, pair.kappa.value), (4, 3, Some(0.5)));
    let reviewers: Vec<&str> = insight.reviewers.iter().map(|row| row.reviewer.as_str()).collect();
    assert_eq!(reviewers, ["ana", "ben", "cem", "dan"]);
    assert_eq!(insight.reviewers[0].median_seconds, Some(1.2));
}
