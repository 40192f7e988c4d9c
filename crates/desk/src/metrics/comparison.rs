//! Two guards on one queue: how often they say the same, and where they do not.

use std::collections::BTreeMap;

use saring_measures::{CrossTable, kappa};
use saring_verdict::{Reading, Task};

use super::{read_probabilities, reading};
use crate::{
    Error, Result, Workspace,
    queue::{Mode, find_queue},
    store::{
        StoreError,
        comparisons::{self, ComparedRow},
    },
};

/// Pairs that are read together.
const PAGE: i64 = 2000;

/// Two guards on the pairs (item, task) of a queue that both have judged and whose verdicts may be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How many pairs.
    pub pairs: u64,
    /// Of them, with the same native label, whatever its case.
    pub agree: u64,
    /// Cohen's kappa of the labels: agreement beyond what two guards reach that give each label as often by chance. `None`
    /// without pairs, and where chance alone explains everything: both gave one and the same label to all.
    pub kappa: Option<f64>,
    /// Further pairs that stay out: the queue is reviewed blind and nobody has decided them yet.
    pub hidden: u64,
    /// Those that differ, the largest difference of `p_unsafe` first, at most [`Comparison::FLIPS_MAX`].
    pub flips: Vec<Flip>,
}

impl Comparison {
    /// Longest list of pairs that differ.
    pub const FLIPS_MAX: usize = 500;
}

/// A pair that two guards label differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// The item.
    pub item_id: String,
    /// Its order of import.
    pub seq: i64,
    /// Which task.
    pub task: Task,
    /// The item's language.
    pub language: Option<String>,
    /// As lists show it.
    pub excerpt: String,
    /// What the one guard said.
    pub a: Said,
    /// What the other one said.
    pub b: Said,
}

/// What a guard said, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Native label.
    pub label: String,
    /// Under the workspace's reading.
    pub p_unsafe: f64,
}

impl Workspace {
    /// Compares two guards (ids or names) on a queue (id or name).
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code); [`Error::Invalid`] for a guard and itself.
    pub async fn compare(&self, queue: &str, guard_a: &str, guard_b: &str) -> Result<Comparison> {
        let (a, b) = (self.guard(guard_a).await?, self.guard(guard_b).await?);
        if a.id == b.id {
            return Err(Error::invalid("guard", "a guard always agrees with itself; choose two guards"));
        }
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let mut counting = Counting { reading: reading(&mut read).await?, ..Counting::default() };
        let mut after = (0, String::new());
        loop {
            let guards = (a.id.as_str(), b.id.as_str());
            let (mode, after_pair) = (counting.reading.mode, (after.0, after.1.as_str()));
            let page =
                comparisons::judged_by_both(&mut read, &queue.id, guards, mode, after_pair, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.seq, last.task.clone());
            for row in page {
                if queue.mode == Mode::Blind && !row.decided {
                    counting.hidden += 1;
                } else {
                    counting.add(row)?;
                }
            }
        }
        let mut comparison = counting.end();
        let ids: Vec<&str> = comparison.flips.iter().map(|flip| flip.item_id.as_str()).collect();
        let rows = comparisons::rows_of(&mut read, &serde_json::json!(ids).to_string()).await?;
        for flip in &mut comparison.flips {
            if let Some(row) = rows.iter().find(|row| row.id == flip.item_id) {
                flip.language.clone_from(&row.language);
                flip.excerpt.clone_from(&row.excerpt);
            }
        }
        Ok(comparison)
    }
}

#[derive(Default)]
struct Counting {
    reading: Reading,
    hidden: u64,
    /// How often each label of the one guard met each of the other one, in lower case.
    table: BTreeMap<(String, String), u64>,
    flips: Vec<Flip>,
}

impl Counting {
    fn add(&mut self, row: ComparedRow) -> Result<()> {
        let unreadable = |_| StoreError::Damaged { reason: "the task of an item is unreadable".into() };
        let task: Task = row.task.parse().map_err(unreadable)?;
        let said = |probabilities: &str| -> Result<Said> {
            let (p_unsafe, label) = read_probabilities(self.reading, task, probabilities)?;
            Ok(Said { label: label.unwrap_or_default(), p_unsafe })
        };
        let (a, b) = (said(&row.a)?, said(&row.b)?);
        let labels = (a.label.to_lowercase(), b.label.to_lowercase());
        if labels.0 != labels.1 {
            let (item_id, seq) = (row.item_id, row.seq);
            self.flips.push(Flip { item_id, seq, task, language: None, excerpt: String::new(), a, b });
            if self.flips.len() >= 2 * Comparison::FLIPS_MAX {
                self.keep_the_largest();
            }
        }
        *self.table.entry(labels).or_default() += 1;
        Ok(())
    }

    fn keep_the_largest(&mut self) {
        let difference = |flip: &Flip| (flip.a.p_unsafe - flip.b.p_unsafe).abs();
        self.flips.sort_by(|x, y| difference(y).total_cmp(&difference(x)).then(x.seq.cmp(&y.seq)));
        self.flips.truncate(Comparison::FLIPS_MAX);
    }

    fn end(mut self) -> Comparison {
        self.keep_the_largest();
        let table = CrossTable::new(self.table);
        Comparison {
            pairs: table.cases(),
            agree: table.agreeing(),
            kappa: kappa(&table).ok(),
            hidden: self.hidden,
            flips: self.flips,
        }
    }
}
