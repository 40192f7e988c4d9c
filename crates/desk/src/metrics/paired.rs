//! Which of two guards is right more often, on the same judgements.

use std::collections::{BTreeMap, BTreeSet};

use saring_measures::mcnemar;
use saring_verdict::{Reading, Task};
use serde::Serialize;

use super::{
    Missing, Yardstick,
    insight::{Basis, By, Judged, samples},
    reading,
};
use crate::{
    Error, Result, Workspace,
    queue::{Mode, find_queue},
    store::{Conn, comparisons, lists::ListRow, verdicts},
};

/// Two guards held against one yardstick on one task: McNemar's test of whether they are right equally often.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairedTest {
    /// Which task.
    pub task: Task,
    /// Gold, or an estimate.
    pub against: Yardstick,
    /// Judgements on pairs that both guards have judged.
    pub n: u64,
    /// Both are on the right side of the threshold.
    pub both_right: u64,
    /// The first alone is.
    pub only_first: u64,
    /// The second alone is.
    pub only_second: u64,
    /// Neither is.
    pub neither: u64,
    /// Two-sided p of the exact test; one where only one of them is right on no item. `None` without judgements.
    pub exact_p: Option<f64>,
    /// Chi-squared with continuity correction; `None` where it is undefined.
    pub statistic: Option<f64>,
    /// Its p.
    pub p: Option<f64>,
    /// Why a number is missing.
    pub note: Option<Missing>,
    /// Items on which one alone is right, in order of their ids, at most [`PairedTest::DIFFERING_MAX`]. What must be decided blind
    /// and is not yet is counted but not named.
    pub differing: Vec<Differing>,
}

impl PairedTest {
    /// Longest list of items on which one alone is right.
    pub const DIFFERING_MAX: usize = 500;
}

/// An item on which one guard alone is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The item.
    pub item_id: String,
    /// The first guard is right; else the second one.
    pub first_is_right: bool,
    /// Its order of import.
    pub seq: i64,
    /// Its language.
    pub language: Option<String>,
    /// As lists show it; scripts ask for the item.
    #[serde(skip)]
    pub excerpt: String,
}

impl Workspace {
    /// Tests whether two guards (ids or names) are right equally often in a queue (id or name), at a threshold of p_unsafe.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code); [`Error::Invalid`] for a guard and itself.
    pub async fn paired_tests(
        &self,
        queue: &str,
        first: &str,
        second: &str,
        threshold: f64,
    ) -> Result<Vec<PairedTest>> {
        let (first, second) = (self.guard(first).await?, self.guard(second).await?);
        if first.id == second.id {
            return Err(Error::invalid("guard", "a guard always agrees with itself; choose two guards"));
        }
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let reading = reading(&mut read).await?;
        let mut of_guards = Vec::new();
        let mut decided = BTreeSet::new();
        for guard in [&first, &second] {
            let mut rows = verdicts::against_decisions(&mut read, &queue.id, &guard.id, reading.mode).await?;
            decided.extend(rows.iter().map(|row| (row.item_id.clone(), row.task.clone())));
            rows.extend(verdicts::against_gold(&mut read, &queue.id, &guard.id, reading.mode).await?);
            of_guards.push(samples(reading, rows, &By::Language)?);
        }
        let (Some(of_second), Some(of_first)) = (of_guards.pop(), of_guards.pop()) else {
            return Ok(Vec::new());
        };
        let shown = |item_id: &str, task: Task| {
            queue.mode != Mode::Blind || decided.contains(&(item_id.to_owned(), task.as_str().to_owned()))
        };
        let tested = of_first.into_iter().map(|(basis, sample)| {
            let other = of_second.get(&basis).map_or(&[][..], Vec::as_slice);
            test(basis, (&sample, other), reading, threshold, |item_id| shown(item_id, basis.task))
        });
        let mut tests: Vec<PairedTest> = tested.collect();
        for test in &mut tests {
            describe(&mut read, &mut test.differing).await?;
        }
        Ok(tests)
    }
}

/// Says of items what lists show; one that has gone into quarantine meanwhile is named no more.
async fn describe(conn: &mut Conn, differing: &mut Vec<Differing>) -> Result<()> {
    let ids: Vec<&str> = differing.iter().map(|found| found.item_id.as_str()).collect();
    let rows = comparisons::rows_of(conn, &serde_json::json!(ids).to_string()).await?;
    let rows: BTreeMap<&str, &ListRow> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
    differing.retain_mut(|found| {
        let Some(row) = rows.get(found.item_id.as_str()) else { return false };
        found.seq = row.seq;
        found.language.clone_from(&row.language);
        found.excerpt.clone_from(&row.excerpt);
        true
    });
    Ok(())
}

fn test(
    basis: Basis,
    (first, second): (&[Judged], &[Judged]),
    reading: Reading,
    threshold: f64,
    shown: impl Fn(&str) -> bool,
) -> PairedTest {
    let right = |judged: &Judged| {
        judged.scored(reading, basis.task).map(|scored| (scored.score >= threshold) == scored.positive)
    };
    let of_second: BTreeMap<&str, bool> =
        second.iter().filter_map(|judged| Some((judged.item_id.as_str(), right(judged)?))).collect();
    // [first is wrong, first is right][second is wrong, second is right]
    let mut table = [[0_u64; 2]; 2];
    let mut differing = Vec::new();
    for judged in first {
        let (Some(a), Some(b)) = (right(judged), of_second.get(judged.item_id.as_str())) else { continue };
        table[usize::from(a)][usize::from(*b)] += 1;
        if a != *b && shown(&judged.item_id) {
            differing.push(Differing {
                item_id: judged.item_id.clone(),
                first_is_right: a,
                seq: 0,
                language: None,
                excerpt: String::new(),
            });
        }
    }
    differing.sort_unstable_by(|a, b| a.item_id.cmp(&b.item_id));
    differing.truncate(PairedTest::DIFFERING_MAX);
    let n = table.iter().flatten().sum();
    let found = mcnemar(table[1][0], table[0][1]);
    PairedTest {
        task: basis.task,
        against: basis.against,
        n,
        both_right: table[1][1],
        only_first: found.only_first,
        only_second: found.only_second,
        neither: table[0][0],
        exact_p: (n > 0).then_some(found.exact_p),
        statistic: found.corrected.ok().map(|corrected| corrected.statistic),
        p: found.corrected.ok().map(|corrected| corrected.p),
        note: match n {
            0 => Some(Missing::NothingInCommon),
            _ => found.corrected.err().map(Missing::from),
        },
        differing,
    }
}
