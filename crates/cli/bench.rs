//! `saring bench`: how fast a guard runs on this machine. The result is remembered, so that a run of that guard can say before it
//! starts how long it will take.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use saring_desk::engine::EngineHandle;
use saring_verdict::{
    BenchReport, BenchRequest, Engine, Family, GuardSettings, GuardSource, LoadRequest, Loaded,
};
use serde_json::{Value, json};

use crate::{
    arguments::Running,
    failure::Advised,
    guarding,
    output::{self, Output},
    place::Place,
    progress,
};

/// Items that are rendered in one call.
const RENDERED_AT_ONCE: u32 = 256;

/// What to measure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "RAYON_NUM_THREADS=N measures, and labels, with so many threads. All items of the queue that is judged are \
                  made up from everyday words of eight languages; what a guard says of them means nothing."
)]
pub struct Wanted {
    /// Name of a guard of the workspace, or the folder of a checkpoint; the default guard if not given.
    #[arg(long, value_name = "NAME|PATH")]
    guard: Option<String>,

    #[command(flatten)]
    running: Running,

    /// About how many seconds it may take, loading the guard not counted.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// Judge exactly so many items of the queue, once and however long it takes, and measure nothing else.
    #[arg(long, value_name = "N", conflicts_with_all = ["seconds", "export_workload"],
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    workload_items: Option<u32>,

    /// Measure nothing, and write the items as this guard is fed them, one JSON object a line, for another engine to run.
    #[arg(long, value_name = "FILE", conflicts_with = "seconds")]
    export_workload: Option<PathBuf>,

    /// How many items to write.
    #[arg(long, value_name = "N", default_value_t = 96, requires = "export_workload",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    items: u32,
}

/// Measures, or writes the workload.
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
    match &wanted.export_workload {
        Some(file) => export(&engine, source, settings, file, wanted.items, output).await,
        None => measure(&engine, source, settings, &wanted, place, output).await,
    }
}

async fn measure(
    engine: &EngineHandle,
    source: GuardSource,
    settings: GuardSettings,
    wanted: &Wanted,
    place: &Place,
    output: Output,
) -> anyhow::Result<()> {
    let request = LoadRequest {
        source,
        device: wanted.running.device,
        precision: wanted.running.precision,
        settings,
        features_dir: None,
    };
    let loaded = guarding::load(engine, &request).await?;
    let budget_ms = u64::try_from(Duration::from_secs(wanted.seconds).as_millis()).unwrap_or(u64::MAX);
    let bench = BenchRequest { budget_ms, items: wanted.workload_items };
    let mut report = engine.call(move |engine| engine.bench(bench)).await?;
    let weights = loaded.card.weights_bytes as f64 / (1024.0 * 1024.0);
    report.rows.push(saring_verdict::BenchRow {
        name: "weight files".into(),
        value: weights,
        unit: "MiB".into(),
    });
    let remembered = remember(&loaded, &report, wanted.guard.as_deref(), place).await?;
    output.show(&view(&request, &loaded, &report, remembered), |_| text(&loaded, &report, remembered))
}

/// Keeps the pace for forecasts, unless the guard is only a folder: a workspace is not made for that.
async fn remember(
    loaded: &Loaded,
    report: &BenchReport,
    guard: Option<&str>,
    place: &Place,
) -> anyhow::Result<bool> {
    let Some(pace) = report.pace else { return Ok(false) };
    if guard.is_some_and(guarding::is_path) {
        return Ok(false);
    }
    let workspace = place.open().await?;
    let kept = workspace.remember_bench(loaded, pace).await;
    workspace.close().await;
    kept?;
    Ok(true)
}

fn view(request: &LoadRequest, loaded: &Loaded, report: &BenchReport, remembered: bool) -> Value {
    json!({
        "guard": request.source.path,
        "device": loaded.device,
        "device_fallback": loaded.device_fallback,
        "precision": loaded.provenance.precision,
        "program": loaded.provenance.program,
        "weights_bytes": loaded.card.weights_bytes,
        "rows": report.rows,
        "pace": report.pace,
        "items_per_second": report.pace.map(|pace| pace.items_per_second()),
        "notes": report.notes,
        "remembered": remembered,
    })
}

fn text(loaded: &Loaded, report: &BenchReport, remembered: bool) -> String {
    let row = |r: &saring_verdict::BenchRow| vec![r.name.clone(), figure(r.value), r.unit.clone()];
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    let table = output::table(&["what", "figure", "unit"], &rows);
    let items = report.pace.map_or(String::new(), |pace| {
        format!("\n{} items were judged in {:.1} s.", pace.items, pace.seconds)
    });
    let notes: String = report.notes.iter().map(|note| format!("\nNote: {note}.")).collect();
    let kept = match remembered {
        true => "\nRemembered: `saring label` says by it how long a run will take.",
        false => "\nNot remembered: `saring models add` makes it a guard of the workspace.",
    };
    format!("{}\n\n{table}{items}{notes}{kept}", guarding::place(loaded))
}

/// Three digits that count.
fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Writes the first `items` of the workload as the guard is fed them.
async fn export(
    engine: &EngineHandle,
    source: GuardSource,
    settings: GuardSettings,
    file: &Path,
    items: u32,
    output: Output,
) -> anyhow::Result<()> {
    let bar = progress::reading("reading the guard", 0);
    let card = engine.describe(source.clone(), progress::drawn(&bar)).await;
    bar.finish_and_clear();
    let answer_tokens = answer_tokens(card?.family);
    let refused = |error: std::io::Error| Advised {
        what: format!("{} cannot be written: {error}", file.display()),
        next: "name a file in a folder that you may write to".into(),
    };
    let mut out = BufWriter::new(File::create(file).map_err(refused)?);
    let mut tokens = 0;
    let mut first = 0;
    while first < items {
        let subjects = saring_guard::workload(first, RENDERED_AT_ONCE.min(items - first));
        for rendered in engine.render(source.clone(), settings, subjects).await? {
            let rendered = rendered?;
            tokens += rendered.ids.len();
            let line = json!({
                "prompt": rendered.text, "tokens": rendered.ids.len(), "answer_tokens": answer_tokens
            });
            writeln!(out, "{line}").map_err(refused)?;
        }
        first = first.saturating_add(RENDERED_AT_ONCE);
    }
    out.flush().map_err(refused)?;
    let shown = json!({ "file": file, "items": items, "tokens": tokens, "answer_tokens": answer_tokens });
    output.show(&shown, |_| {
        format!(
            "{items} items, {tokens} tokens, are in {}; {answer_tokens} tokens answer each",
            file.display()
        )
    })
}

/// How many tokens a guard's whole answer to a prompt usually takes.
const fn answer_tokens(family: Family) -> u32 {
    match family {
        // `Safety: Unsafe`, a line break, `Categories: Violent` and the end: eight to eleven.
        Family::Qwen3guardGen => 10,
        _ => 1,
    }
}
