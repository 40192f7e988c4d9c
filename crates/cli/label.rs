//! `saring label`: a guard judges what it has not judged yet in a queue. Run again, it goes on where it was stopped.

use std::time::{Duration, Instant};

use indicatif::HumanDuration;
use saring_desk::{
    Workspace,
    engine::EngineHandle,
    label::{Forecast, LabelOrder, RunProgress, RunState},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{arguments::Running, failure::Advised, guarding, output::Output, place::Place, progress};

/// How many of what could not be judged are named.
const FAILURES_SHOWN: u32 = 20;

/// What to label.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// Name of a guard of the workspace; its default guard if not given, at first the toy that comes with the program.
    #[arg(long)]
    guard: Option<String>,

    #[command(flatten)]
    running: Running,

    /// Look at images with at most so many pixels, which is faster; verdicts say so. The guard's own limit if not given.
    #[arg(long, value_name = "PIXELS")]
    pixels_max: Option<u64>,
}

/// Labels.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open().await?;
    workspace.settle_dead_runs().await?;
    let engine = guarding::engine()?;
    if let Some(demo) = wanted.guard.as_deref().and_then(saring_desk::guards::demo::named) {
        workspace.add_demo_guard(&engine, demo).await?;
    }
    let order = LabelOrder {
        queue: wanted.queue.clone(),
        guard: wanted.guard,
        device: wanted.running.device,
        precision: wanted.running.precision,
        pixels_max: wanted.pixels_max,
    };
    let forecast = workspace.forecast(&engine, &order).await?;
    if forecast.tasks > 0 {
        output.say(format_args!("saring: {}", foretold(&forecast)));
    }
    let started = Instant::now();
    let done = to_the_end(&workspace, &engine, order, output).await?;
    let guard = workspace.guard(&done.guard_id).await?;
    let failures = workspace.run_failures(&done.run_id, FAILURES_SHOWN).await?;
    workspace.close().await;
    let mut view = view(&done, &wanted.queue, &guard.name, started.elapsed());
    view["failures"] = json!(failures);
    view["forecast"] = json!(forecast);
    view["forecast"]["seconds"] = json!(forecast.seconds());
    output.show(&view, |_| {
        let failures: String =
            failures.iter().map(|f| format!("\n  {} {}: {}", f.item_id, f.task, f.reason)).collect();
        text(&done, &guard.name, guard.is_toy, started.elapsed()) + &failures
    })?;
    if done.state == RunState::Cancelled {
        return Err(
            Advised { what: "stopped".into(), next: "run the same command again to go on".into() }.into()
        );
    }
    Ok(())
}

/// What can be said of a run before it starts.
fn foretold(forecast: &Forecast) -> String {
    let tasks = forecast.tasks;
    match (forecast.seconds(), &forecast.pace) {
        (Some(seconds), Some(pace)) => {
            let day = pace.measured_at.split('T').next().unwrap_or_default();
            let about = HumanDuration(Duration::from_secs_f64(seconds.min(1e9)));
            format!("about {about} for {tasks} tasks (measured {day} by a {})", pace.source)
        }
        _ => format!(
            "{tasks} tasks; how long they take was not measured on this machine yet: `saring bench` does it"
        ),
    }
}

/// Starts a run and draws it until it ends. Ctrl-C stops it after the batch in work.
pub async fn to_the_end(
    workspace: &Workspace,
    engine: &EngineHandle,
    order: LabelOrder,
    output: Output,
) -> anyhow::Result<RunProgress> {
    let run = workspace.start_label_run(engine, order).await?;
    let drawing = tokio::spawn(draw(run.progress(), output));
    let mut ended = run.progress();
    tokio::select! {
        // The sender lives as long as the run.
        _ = ended.wait_for(|p| p.state.is_final()) => {}
        interrupted = tokio::signal::ctrl_c() => {
            if interrupted.is_ok() {
                run.cancel();
            }
        }
    }
    let done = run.finish().await;
    drawing.abort();
    Ok(done?)
}

async fn draw(mut progress: watch::Receiver<RunProgress>, output: Output) {
    let bar = progress::counting("loading the guard", 0, "tasks");
    let mut notes = 0;
    let mut announced = false;
    loop {
        let now = progress.borrow_and_update().clone();
        if !announced && now.device.is_some() {
            announced = true;
            if let Some(reason) = &now.device_fallback {
                let device = place(&now);
                bar.suspend(|| {
                    output.say(format_args!("saring: WARNING: the guard runs on {device}: {reason}"))
                });
            }
        }
        if announced {
            bar.set_message(format!("judging on {}{}", place(&now), effort(&now)));
        }
        for note in now.notes.iter().skip(notes) {
            bar.suspend(|| output.say(format_args!("saring: {note}")));
        }
        notes = now.notes.len();
        bar.set_length(now.total);
        bar.set_position(now.done());
        if now.state.is_final() || progress.changed().await.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
}

/// Tokens a second, how many of them are not computed, and what is not asked again.
fn effort(progress: &RunProgress) -> String {
    let tokens = progress.tokens_per_second.map(|rate| format!(", {rate:.0} tokens/s"));
    let cached = progress.cached_share.map(|share| format!(" ({:.0}% cached)", share * 100.0));
    let repeated = (progress.repeated > 0).then(|| format!(", {} repeated", progress.repeated));
    [tokens, cached, repeated].into_iter().flatten().collect()
}

fn place(progress: &RunProgress) -> String {
    let device = progress.device.as_ref().map_or_else(String::new, |d| format!("{} ({})", d.kind, d.name));
    format!("{device}, {}", progress.precision.as_deref().unwrap_or("?"))
}

fn rate(progress: &RunProgress, took: Duration) -> f64 {
    let seconds = took.as_secs_f64();
    if seconds > 0.0 { progress.done() as f64 / seconds } else { 0.0 }
}

/// What came of a run, for scripts.
pub fn view(done: &RunProgress, queue: &str, guard: &str, took: Duration) -> Value {
    json!({
        "run_id": done.run_id,
        "queue": queue,
        "guard": guard,
        "state": done.state.to_string(),
        "total": done.total,
        "judged": done.judged,
        "repeated": done.repeated,
        "failed": done.failed,
        "withdrawn": done.withdrawn,
        "left_out": done.left_out,
        "seconds": took.as_secs_f64(),
        "items_per_second": rate(done, took),
        "tokens_per_second": done.tokens_per_second,
        "cached_share": done.cached_share,
        "device": done.device,
        "device_fallback": done.device_fallback,
        "precision": done.precision,
        "notes": done.notes,
    })
}

/// What came of a run, for people.
pub fn text(done: &RunProgress, guard: &str, is_toy: bool, took: Duration) -> String {
    let failed = match done.failed {
        0 => String::new(),
        n => format!(", {n} could not be judged"),
    };
    let repeated = match done.repeated {
        0 => String::new(),
        n => format!(" ({n} of them repeat the answer to an equal question)"),
    };
    if done.total == 0 {
        return format!("nothing was left to judge for {guard}");
    }
    let toy = if is_toy { "\nIt is a toy: its verdicts must not moderate anything." } else { "" };
    format!(
        "{} judged by {guard}{repeated}{failed}, {:.1} a second on {}{toy}",
        done.judged,
        rate(done, took),
        place(done)
    )
}
