//! `saring demo`: the whole loop with what comes with the program: import, label, statistics against gold, decisions, export.
//!
//! The decisions are those of a scripted reviewer called `demo`. Its policy is simple: it goes through the queue in order and
//! says of each undecided task what the gold label says, with its categories, and for a response whether it refuses; a task
//! without a gold label it skips. Its decisions take the same way as a person's, and each is marked as synthetic: they are in
//! no export but the one made here, and no figure counts them as people's.
//!
//! It can be run again: nothing is imported, judged or decided twice, and its exports are written anew.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use saring_desk::{
    Workspace,
    engine::EngineHandle,
    export::{ExportFormat, ExportOrder, ExportReport},
    guards::{
        demo::{self as embedded, DemoGuard},
        demo_queue,
    },
    import::{ItemRow, RowLabels},
    label::LabelOrder,
    queue::ItemState,
    review::{Gesture, ItemView, NewDecision},
};
use saring_verdict::{DeviceChoice, PrecisionChoice};
use serde_json::{Value, json};

use crate::{
    export,
    failure::Advised,
    guarding, label,
    output::Output,
    place::{Place, is_workspace},
    progress, stats,
};

/// The scripted reviewer.
const REVIEWER: &str = "demo";
/// Where the demo puts its exports, below the workspace.
const EXPORTS: &str = "exports";

/// How far to go.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Stop after the import: a workspace to look at in the window.
    #[arg(long)]
    import_only: bool,
}

/// Runs it.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let dir = folder(place)?;
    let workspace = Workspace::open(&dir)
        .await
        .with_context(|| format!("the workspace {} cannot be opened", dir.display()))?;
    let heading = |what: &str| {
        if !output.json() {
            output.say(format_args!("== {what}"));
        }
    };
    heading("import");
    let imported = workspace.import_demo_queue().await?;
    let overview = workspace.queue_overview(&imported).await?;
    output.say(format_args!("{} items in the queue {}", overview.counts.total(), overview.queue.name));
    let queue = overview.queue.name;
    if wanted.import_only {
        workspace.close().await;
        return output.show(&json!({ "workspace": dir, "queue": queue }), |_| String::new());
    }

    output.say(embedded::WARNING);
    let engine = guarding::engine()?;
    let mut judged = Vec::new();
    // The one for text comes last: where both have judged, lists and the window show the newer verdict.
    for demo in [&embedded::PICTURES, &embedded::TEXT] {
        heading(&format!("label with {}", demo.name));
        judged.push(judge(&workspace, &engine, &queue, demo, output).await?);
    }
    let guard = workspace.guard_in_use(embedded::NAME).await?;

    heading("decisions of a script, marked as such");
    let decided = decide(&workspace, &queue).await?;
    output.say(format_args!("{decided} decisions by {REVIEWER}"));

    heading("export");
    let mut exports = Vec::new();
    for format in ExportFormat::ALL {
        let order = ExportOrder {
            guard: Some(guard.id.clone()),
            include_synthetic: true,
            ..ExportOrder::new(&queue, format)
        };
        let target = dir.join(EXPORTS).join(format.as_str());
        remove_earlier(&target)?;
        let report: ExportReport = workspace.export(&engine, &order, &target).await?;
        output.say(export::text(&report).trim_end());
        exports.push(export::view(&report));
    }
    workspace.close().await;
    let report = json!({
        "workspace": dir,
        "queue": queue,
        "guards": judged,
        "decisions": decided,
        "exports": exports,
    });
    output.show(&report, |_| {
        // A folder that is a workspace need not be named in it.
        let named = place.named().map_or_else(String::new, |dir| format!("--workspace {} ", dir.display()));
        format!("\nDone. Look at it with: saring {named}stats --queue {queue}")
    })
}

/// Lets a guard label the queue, and holds what it says against gold.
async fn judge(
    workspace: &Workspace,
    engine: &EngineHandle,
    queue: &str,
    demo: &'static DemoGuard,
    output: Output,
) -> anyhow::Result<Value> {
    let guard = workspace.add_demo_guard(engine, demo).await?;
    let order = LabelOrder {
        queue: queue.to_owned(),
        guard: Some(guard.id.clone()),
        device: DeviceChoice::Auto,
        // Toys are small, and on a processor single precision is the fastest.
        precision: PrecisionChoice::F32,
        pixels_max: None,
    };
    let started = Instant::now();
    let labelled = label::to_the_end(workspace, engine, order, output).await?;
    let took = started.elapsed();
    output.say(label::text(&labelled, &guard.name, guard.is_toy, took));
    let figures = workspace.stats(queue, Some(&guard.id)).await?;
    if !output.json() {
        output.say(stats::text(&figures));
    }
    Ok(json!({ "label": label::view(&labelled, queue, &guard.name, took), "stats": figures }))
}

/// The named workspace, else the current folder if it is empty or a workspace.
fn folder(place: &Place) -> anyhow::Result<PathBuf> {
    if let Some(named) = place.named() {
        return std::path::absolute(named).with_context(|| format!("{} is no path", named.display()));
    }
    let here = std::env::current_dir().context("the current folder cannot be found out")?;
    let empty =
        fs::read_dir(&here).with_context(|| format!("{} cannot be read", here.display()))?.next().is_none();
    if empty || is_workspace(&here) {
        return Ok(here);
    }
    Err(Advised {
        what: "the demo makes a workspace, and the current folder is neither empty nor a workspace".into(),
        next: "run it in an empty folder, or say where with --workspace DIR".into(),
    }
    .into())
}

/// Takes away what an earlier demo exported; a folder that is not such an export is left alone, and refused by the export.
fn remove_earlier(target: &Path) -> anyhow::Result<()> {
    let ours = target.join("README.md").is_file()
        && (target.join("dataset_info.json").is_file() || target.join("decisions.jsonl").is_file());
    if ours {
        fs::remove_dir_all(target).with_context(|| format!("{} cannot be written anew", target.display()))?;
    }
    Ok(())
}

/// Lets the scripted reviewer go through the queue; how many decisions it made.
async fn decide(workspace: &Workspace, queue: &str) -> anyhow::Result<u64> {
    let gold = gold()?;
    let pending = workspace.queue_overview(queue).await?.counts.pending;
    let bar = progress::counting("deciding", pending, "items");
    let mut decisions = 0;
    // Each round decides an item, so that the next one is another; bounded all the same.
    for _ in 0..pending {
        let Some(item) = workspace.next(queue, None).await? else { break };
        let labels = item.external_id.as_ref().and_then(|id| gold.get(id));
        decisions += decide_item(workspace, &item, labels).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(decisions)
}

async fn decide_item(
    workspace: &Workspace,
    item: &ItemView,
    labels: Option<&RowLabels>,
) -> anyhow::Result<u64> {
    let mut decisions = 0;
    for task in item.tasks.iter().filter(|t| t.state == ItemState::Pending).map(|t| t.task) {
        decisions += 1;
        let Some(label) = labels.and_then(|l| l.task(task)) else {
            let reason = Some("it came without a gold label".to_owned());
            let gesture = Gesture {
                task: Some(task),
                reason,
                synthetic: true,
                ..Gesture::new(item.id.clone(), REVIEWER)
            };
            workspace.skip(&gesture).await?;
            continue;
        };
        let decision = NewDecision {
            item_id: item.id.clone(),
            task,
            label: label.severity.to_string(),
            categories: label.categories.clone(),
            refusal: label.refusal,
            note: None,
            reviewer: REVIEWER.to_owned(),
            duration_ms: None,
            verdict_visible: false,
            draw_id: None,
            synthetic: true,
        };
        workspace.decide(&decision).await?;
    }
    Ok(decisions)
}

/// The gold labels of the demo queue by the items' own ids.
fn gold() -> anyhow::Result<BTreeMap<String, RowLabels>> {
    let mut gold = BTreeMap::new();
    for line in demo_queue::ITEMS.lines().filter(|line| !line.trim().is_empty()) {
        let row = ItemRow::parse(line).context("the demo queue of this program is damaged")?;
        if let (Some(id), Some(labels)) = (row.id, row.labels) {
            gold.insert(id, labels);
        }
    }
    Ok(gold)
}
