//! `saring bench`: how fast a guard runs on this machine.

use std::time::Duration;

use saring_verdict::{BenchRequest, Engine, LoadRequest};
use serde_json::json;

use crate::{
    arguments::Running,
    guarding,
    output::{self, Output},
    place::Place,
};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of a guard of the workspace, or the folder of a checkpoint; the default guard if not given.
    #[arg(long, value_name = "NAME|PATH")]
    guard: Option<String>,

    #[command(flatten)]
    running: Running,

    /// About how many seconds it may take.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
}

/// Measures.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let engine = guarding::engine()?;
    let (source, settings) = match &wanted.guard {
        Some(name) => guarding::source(name, place, &engine).await?,
        None => {
            let workspace = place.open().await?;
            let guard = workspace.default_guard(&engine).await?;
            workspace.close().await;
            (guard.source, guard.settings)
        }
    };
    let request = LoadRequest {
        source,
        device: wanted.running.device,
        precision: wanted.running.precision,
        settings,
        features_dir: None,
    };
    let loaded = guarding::load(&engine, &request).await?;
    let budget_ms = u64::try_from(Duration::from_secs(wanted.seconds).as_millis()).unwrap_or(u64::MAX);
    let report = engine.call(move |engine| engine.bench(BenchRequest { budget_ms })).await?;
    let shown = json!({
        "guard": request.source.path,
        "device": loaded.device,
        "device_fallback": loaded.device_fallback,
        "precision": loaded.provenance.precision,
        "program": loaded.provenance.program,
        "rows": report.rows,
    });
    output.show(&shown, |_| {
        let rows: Vec<Vec<String>> =
            report.rows.iter().map(|r| vec![r.name.clone(), figure(r.value), r.unit.clone()]).collect();
        format!("{}\n\n{}", guarding::place(&loaded), output::table(&["what", "figure", "unit"], &rows))
    })
}

/// Three digits that count.
fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
