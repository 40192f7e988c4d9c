//! What the demo guard scores on its own queue.

use saring_desk::guards::demo;

use crate::wire::DemoScore;

/// A row per task for all languages, then one for each.
pub(crate) fn scores() -> Vec<DemoScore> {
    demo::scores()
        .into_iter()
        .map(|score| DemoScore {
            task: score.task,
            language: score.language,
            auprc: score.auprc,
            baseline_auprc: score.baseline_auprc,
        })
        .collect()
}
