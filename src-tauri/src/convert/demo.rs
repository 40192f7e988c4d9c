//! What the demo guard scores on its own queue, as its build measured it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    failure::Answer,
    wire::{DemoScore, Failure},
};

/// Written by the build of the demo guard; see `demo/README.md`.
const SCORES: &str = include_str!("../../../demo/scores.json");

#[derive(Deserialize)]
struct Scores {
    tasks: BTreeMap<String, TaskScores>,
}

#[derive(Deserialize)]
struct TaskScores {
    all: Measured,
    languages: BTreeMap<String, Measured>,
}

#[derive(Deserialize)]
struct Measured {
    guard: Ranking,
    baseline: Ranking,
}

#[derive(Deserialize)]
struct Ranking {
    auprc: f64,
}

/// A row per task for all languages, then one for each.
pub(crate) fn scores() -> Answer<Vec<DemoScore>> {
    let scores: Scores = serde_json::from_str(SCORES).map_err(|error| Failure::broken_off(&error))?;
    let mut rows = Vec::new();
    for (task, measured) in scores.tasks {
        rows.push(row(&task, "all", &measured.all));
        rows.extend(measured.languages.iter().map(|(language, measured)| row(&task, language, measured)));
    }
    Ok(rows)
}

fn row(task: &str, language: &str, measured: &Measured) -> DemoScore {
    DemoScore {
        task: task.to_owned(),
        language: language.to_owned(),
        auprc: measured.guard.auprc,
        baseline_auprc: measured.baseline.auprc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scores_that_were_measured_can_be_read() {
        let rows = scores().unwrap();
        assert!(rows.iter().any(|row| row.task == "prompt" && row.language == "all"));
        assert!(rows.iter().all(|row| (0.0..=1.0).contains(&row.auprc)), "an area lies between 0 and 1");
    }
}
