//! Which judgements each number rests on.

use std::{collections::BTreeMap, str::FromStr};

use saring_measures::{Ranking, Scored};
use saring_verdict::{LabelProbability, Reading, Task};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Error, Result,
    metrics::{Yardstick, probabilities},
    store::{
        StoreError,
        verdicts::{JudgedBy, JudgedRow},
    },
};

/// What items are told apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The item's language, "und" where it is not known.
    #[default]
    Language,
    /// Categories of the judgement. A group has the unsafe pairs of that category and every safe pair: what is measured is how
    /// well the guard tells that category from what is safe.
    Category,
    /// A key of the item's `source`, "unknown" where it has none.
    Source(String),
    /// Not items but guards: every one that has judged some of them, on all that it has judged.
    Guard,
}

impl FromStr for By {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name.split_once(':') {
            None if name == "language" => Ok(Self::Language),
            None if name == "category" => Ok(Self::Category),
            None if name == "guard" => Ok(Self::Guard),
            Some(("source", key)) if !key.is_empty() => Ok(Self::Source(key.to_owned())),
            _ => Err(Error::invalid("by", "items are told apart by language, category, source:KEY or guard")),
        }
    }
}

/// A judgement that counts, with what the guard said.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub item_id: String,
    pub positive: bool,
    /// `None` if the guard has not judged the pair.
    pub said: Option<Vec<LabelProbability>>,
    groups: Vec<String>,
}

impl Judged {
    /// The score, if the guard has judged the pair.
    pub fn scored(&self, reading: Reading, task: Task) -> Option<Scored> {
        let score = reading.p_unsafe_of(task, self.said.as_ref()?);
        Some(Scored { score, positive: self.positive })
    }
}

/// On which task, against what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Basis {
    pub task: Task,
    pub against: Yardstick,
}

/// Judgements by what they are an answer to. Only gold labels and blind decisions of people on items of a recorded uniform draw are
/// taken: what was decided with a verdict in view, or on items that somebody picked, or by a script, is in no number here.
pub(crate) fn samples(
    reading: Reading,
    rows: Vec<JudgedRow>,
    by: &By,
) -> Result<BTreeMap<Basis, Vec<Judged>>> {
    let mut samples = BTreeMap::new();
    for task in [Task::Prompt, Task::Response] {
        for against in [Yardstick::Gold, Yardstick::Estimate] {
            samples.insert(Basis { task, against }, Vec::new());
        }
    }
    for row in rows {
        let against = match row.by {
            JudgedBy::Gold => Yardstick::Gold,
            JudgedBy::Decision { drawn: true, anchored: false, synthetic: false } => Yardstick::Estimate,
            JudgedBy::Decision { .. } => continue,
        };
        let damaged = |_| StoreError::Damaged { reason: "the task of an item is unreadable".into() };
        let task: Task = row.task.parse().map_err(damaged)?;
        let positive = reading.counts_as_unsafe(task, &row.label);
        let said = row.probabilities.as_deref().map(probabilities).transpose()?;
        let groups = groups(by, &row);
        let judged = Judged { item_id: row.item_id, positive, said, groups };
        samples.entry(Basis { task, against }).or_default().push(judged);
    }
    Ok(samples)
}

fn groups(by: &By, row: &JudgedRow) -> Vec<String> {
    match by {
        By::Language => vec![row.language.clone().unwrap_or_else(|| "und".to_owned())],
        By::Category => {
            let listed = row.categories.as_deref().and_then(|json| serde_json::from_str(json).ok());
            listed.unwrap_or_default()
        }
        By::Guard => Vec::new(),
        By::Source(key) => {
            let source: Option<Value> =
                row.source.as_deref().and_then(|json| serde_json::from_str(json).ok());
            let value = source.as_ref().and_then(|source| source.get(key)).filter(|value| !value.is_null());
            vec![match value {
                None => "unknown".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            }]
        }
    }
}

/// The judgements of a group; `None` for all of them.
pub(crate) fn of_group<'a>(sample: &'a [Judged], by: &By, group: Option<&str>) -> Vec<&'a Judged> {
    let inside = |judged: &&Judged| match group {
        None => true,
        Some(group) => {
            judged.groups.iter().any(|name| name == group) || (*by == By::Category && !judged.positive)
        }
    };
    sample.iter().filter(inside).collect()
}

/// The groups that a sample has, by name.
pub(crate) fn group_names(sample: &[Judged], by: &By) -> Vec<String> {
    let counting = sample.iter().filter(|judged| *by != By::Category || judged.positive);
    let mut names: Vec<String> = counting.flat_map(|judged| judged.groups.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What was judged and scored, sorted.
pub(crate) fn ranking(sample: &[&Judged], reading: Reading, task: Task) -> Result<Ranking> {
    let scored = sample.iter().filter_map(|judged| judged.scored(reading, task)).collect();
    let damaged = |_| StoreError::Damaged { reason: "a probability of a verdict is no number".into() };
    Ok(Ranking::new(scored).map_err(damaged)?)
}
