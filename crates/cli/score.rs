//! `saring score`: a file in, a file out, one line for each judged task, in the order of the input. Needs no queue.
//!
//! Rows are read and judged in batches, so that a file of any size takes little memory. The output is written beside its
//! place and moved there when it is whole: half a file is never taken for a whole one. Devices and pipes are written to directly.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use clap::ValueHint;
use indicatif::ProgressBar;
use saring_desk::{
    engine::EngineHandle,
    import::{ItemRow, RowReader, TaskSelection},
    media,
};
use saring_verdict::{
    Cancel, ImageRef, LoadRequest, Loaded, Outcome, Reading, Subject, Task, TokenCount, Verdict,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    arguments::Running,
    failure::{Advised, Usage},
    guarding, import,
    output::Output,
    place::Place,
    progress,
};

/// What to judge and where to write it.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of a guard of the workspace, or the folder of a checkpoint.
    #[arg(long, value_name = "NAME|PATH")]
    guard: String,

    /// Items, one JSON object a line (or CSV).
    #[arg(long, value_name = "IN.jsonl", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// Where to write; replaced when all of it is there.
    #[arg(long, value_name = "OUT.jsonl", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    #[command(flatten)]
    running: Running,

    /// What to judge of each item: prompt, response, or all. If not given: the response where there is one, else the prompt.
    #[arg(long, value_parser = selection)]
    task: Option<TaskSelection>,
}

fn selection(word: &str) -> Result<TaskSelection, String> {
    match word {
        "all" => Ok(TaskSelection::All),
        other => other
            .parse::<Task>()
            .map(TaskSelection::Only)
            .map_err(|_| "the choices are prompt, response and all".to_owned()),
    }
}

/// One line of the output.
#[derive(Debug, Serialize)]
struct Line {
    id: Option<String>,
    task: Option<Task>,
    label: Option<String>,
    p_unsafe: Option<f64>,
    probabilities: Map<String, Value>,
    label_mass: Option<f64>,
    categories: Vec<String>,
    refusal: Option<bool>,
    tokens: TokenCount,
    truncated: bool,
    error: Option<String>,
}

impl Line {
    fn failed(id: Option<String>, task: Option<Task>, error: String) -> Self {
        Self {
            id,
            task,
            label: None,
            p_unsafe: None,
            probabilities: Map::new(),
            label_mass: None,
            categories: Vec::new(),
            refusal: None,
            tokens: TokenCount::default(),
            truncated: false,
            error: Some(error),
        }
    }

    fn judged(id: Option<String>, task: Task, verdict: Verdict) -> Self {
        // `score` belongs to no workspace, so it reads as a new one does: strict.
        let p_unsafe = Reading::default().p_unsafe(task, &verdict);
        Self {
            id,
            task: Some(task),
            label: verdict.label().map(str::to_owned),
            p_unsafe: Some(p_unsafe),
            probabilities: verdict.probabilities.iter().map(|x| (x.label.clone(), x.p.into())).collect(),
            label_mass: Some(verdict.label_mass),
            categories: verdict.categories,
            refusal: verdict.refusal,
            tokens: verdict.tokens,
            truncated: verdict.truncated,
            error: None,
        }
    }
}

/// What a batch holds for each line to be written, in order.
enum Slot {
    /// It is known already that there is no verdict.
    Known(Line),
    /// The next subject of the batch.
    Asked { id: Option<String>, task: Task },
}

/// What was done, for the end.
#[derive(Debug, Serialize)]
struct Report {
    output: PathBuf,
    rows: u64,
    lines: u64,
    errors: u64,
    seconds: f64,
    items_per_second: f64,
    device: String,
    device_fallback: Option<String>,
    precision: String,
    weights_sha256: String,
}

/// Judges the input.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let reader = RowReader::open(&wanted.input)
        .with_context(|| format!("the input {} cannot be read", wanted.input.display()))?;
    if is_same_file(&wanted.input, &wanted.output) {
        let output = wanted.output.display();
        return Err(Usage(format!("--output {output} is the input; give the name of another file")).into());
    }
    let target = Target::create(&wanted.output)?;
    let engine = guarding::engine()?;
    let request = request(&wanted, place, &engine).await?;
    let loaded = guarding::load(&engine, &request).await?;

    let cancel = Cancel::new();
    import::cancel_on_interrupt(&cancel);
    let size = reader.bytes_total();
    let folder = wanted.input.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scoring = Scoring {
        engine,
        request,
        selection: wanted.task.unwrap_or_default(),
        folder: folder.to_owned(),
        batch_subjects: loaded.batch_subjects.max(1) as usize,
        bar: progress::reading("judging", size),
        cancel,
    };
    let report = scoring.all(reader, target, loaded).await?;
    output.show(&report, |report| {
        let errors = match report.errors {
            0 => String::new(),
            n => format!(", {n} of them with an error"),
        };
        format!(
            "{} lines written to {}{errors}\n{:.1} items/s on {}, {}",
            report.lines,
            report.output.display(),
            report.items_per_second,
            report.device,
            report.precision
        )
    })
}

async fn request(wanted: &Wanted, place: &Place, engine: &EngineHandle) -> anyhow::Result<LoadRequest> {
    let (source, settings) = guarding::source(&wanted.guard, place, engine).await?;
    Ok(LoadRequest {
        source,
        device: wanted.running.device,
        precision: wanted.running.precision,
        settings,
        features_dir: None,
    })
}

struct Scoring {
    engine: EngineHandle,
    request: LoadRequest,
    selection: TaskSelection,
    folder: PathBuf,
    batch_subjects: usize,
    bar: ProgressBar,
    cancel: Cancel,
}

impl Scoring {
    async fn all(self, mut reader: RowReader, mut target: Target, loaded: Loaded) -> anyhow::Result<Report> {
        let started = Instant::now();
        let (mut rows, mut lines, mut errors) = (0, 0, 0);
        let (mut slots, mut subjects) = (Vec::new(), Vec::new());
        loop {
            let row = reader.next_row().context("the input cannot be read on")?;
            let ended = row.is_none();
            if let Some(row) = row {
                rows += 1;
                match row.item {
                    Ok(item) => self.ask(row.line, item, &mut slots, &mut subjects),
                    Err(reason) => slots.push(Slot::Known(Line::failed(row.id, None, at(row.line, &reason)))),
                }
            }
            // Rows without a subject are bounded too: a file of nothing but bad rows is no reason to hold it all.
            if ended || subjects.len() >= self.batch_subjects || slots.len() >= 4 * self.batch_subjects {
                let written =
                    self.write_batch(std::mem::take(&mut slots), std::mem::take(&mut subjects), &mut target);
                let (n, failed) = written.await?;
                lines += n;
                errors += failed;
                self.bar.set_position(reader.bytes_read());
            }
            if ended {
                break;
            }
        }
        self.bar.finish_and_clear();
        let output = target.finish()?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Report {
            output,
            rows,
            lines,
            errors,
            seconds,
            items_per_second: if seconds > 0.0 { lines as f64 / seconds } else { 0.0 },
            device: format!("{} ({})", loaded.device.kind, loaded.device.name),
            device_fallback: loaded.device_fallback,
            precision: loaded.provenance.precision,
            weights_sha256: loaded.provenance.weights_sha256,
        })
    }

    /// Adds what is to be asked about one row.
    fn ask(&self, line: u64, item: ItemRow, slots: &mut Vec<Slot>, subjects: &mut Vec<Subject>) {
        let images = match images(&self.folder, &item) {
            Ok(images) => images,
            Err(reason) => {
                return slots.push(Slot::Known(Line::failed(item.id, None, at(line, &reason))));
            }
        };
        let tasks = item.selected(self.selection);
        if let (TaskSelection::Only(task), true) = (self.selection, tasks.is_empty()) {
            let reason = format!("line {line} has no {task} to judge");
            return slots.push(Slot::Known(Line::failed(item.id, Some(task), reason)));
        }
        for task in tasks {
            subjects.push(item.subject(task, &images));
            slots.push(Slot::Asked { id: item.id.clone(), task });
        }
    }

    /// Judges and writes a batch; how many lines, and how many of them with an error.
    async fn write_batch(
        &self,
        slots: Vec<Slot>,
        subjects: Vec<Subject>,
        target: &mut Target,
    ) -> anyhow::Result<(u64, u64)> {
        let outcomes: Vec<Outcome> = if subjects.is_empty() {
            Vec::new()
        } else {
            self.engine.judge(self.request.clone(), subjects, self.cancel.clone()).await?.outcomes
        };
        if self.cancel.is_cancelled() {
            return Err(Advised {
                what: "stopped; nothing was written".into(),
                next: "run the same command again".into(),
            }
            .into());
        }
        let mut outcomes = outcomes.into_iter();
        let (mut lines, mut errors) = (0, 0);
        for slot in slots {
            let line = match slot {
                Slot::Known(line) => line,
                Slot::Asked { id, task } => match outcomes.next().context("the guard left out an item")? {
                    Ok(verdict) => Line::judged(id, task, verdict),
                    Err(error) => Line::failed(id, Some(task), error.to_string()),
                },
            };
            lines += 1;
            errors += u64::from(line.error.is_some());
            target.write(&line)?;
        }
        Ok((lines, errors))
    }
}

fn at(line: u64, reason: &dyn std::fmt::Display) -> String {
    format!("line {line} {reason}")
}

fn images(folder: &Path, item: &ItemRow) -> Result<Vec<ImageRef>, media::ImageError> {
    let image = |(index, written): (usize, &String)| {
        let path = media::resolve(folder, written, index + 1)?;
        let sha256 = media::check_image(&path, index + 1)?;
        Ok(ImageRef { path, sha256 })
    };
    item.images.iter().enumerate().map(image).collect()
}

/// Whether two paths lead to one regular file: writing the answers there would destroy the questions.
fn is_same_file(input: &Path, output: &Path) -> bool {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(input), Ok(output)) => input == output && input.is_file(),
        _ => false,
    }
}

/// The output: a file beside its place until it is whole; dropped before that, it is removed. What stands at the place and is no
/// file (a device, a pipe) is written to as it is: a file moved there would take its place.
struct Target {
    place: PathBuf,
    /// `None` if the place is written to directly.
    partial: Option<PathBuf>,
    writer: Option<BufWriter<File>>,
}

impl Target {
    fn create(place: &Path) -> anyhow::Result<Self> {
        let words = || format!("the output {} cannot be written", place.display());
        let unusable = |why: &str| Usage(format!("--output {} {why}", place.display()));
        if place.file_name().is_none() {
            return Err(unusable("is not the name of a file").into());
        }
        // Links are followed: it is what they lead to that is wanted, and they stay.
        let place = match fs::metadata(place) {
            Ok(found) if found.is_dir() => {
                return Err(unusable("is a folder; give the name of a file").into());
            }
            Ok(found) if found.is_file() => place.canonicalize().with_context(words)?,
            Ok(_) => {
                let file = File::options().write(true).open(place).with_context(words)?;
                return Ok(Self {
                    place: place.to_owned(),
                    partial: None,
                    writer: Some(BufWriter::new(file)),
                });
            }
            Err(_) if place.is_symlink() => {
                return Err(unusable("is a link that leads nowhere; give the name of a file").into());
            }
            Err(_) => place.to_owned(),
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(place.file_name().unwrap_or_default());
        hidden.push(format!(".{}.partial", std::process::id()));
        let partial = place.with_file_name(hidden);
        let file = File::create(&partial).with_context(words)?;
        Ok(Self { place, partial: Some(partial), writer: Some(BufWriter::new(file)) })
    }

    fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        let writer = self.writer.as_mut().context("the output is closed")?;
        serde_json::to_writer(&mut *writer, line)
            .map_err(anyhow::Error::from)
            .and_then(|()| Ok(writer.write_all(b"\n")?))
            .with_context(|| format!("the output {} cannot be written", self.place.display()))
    }

    fn finish(mut self) -> anyhow::Result<PathBuf> {
        let words = || format!("the output {} cannot be written", self.place.display());
        let writer = self.writer.take().context("the output is closed")?;
        let file = writer.into_inner().map_err(|e| e.into_error()).with_context(words)?;
        // A device or a pipe has nothing to sync, and refuses to.
        if let Some(partial) = &self.partial {
            file.sync_all().with_context(words)?;
            fs::rename(partial, &self.place).with_context(words)?;
        }
        Ok(self.place.clone())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // Gone already if it was moved to its place.
            let _ = fs::remove_file(partial);
        }
    }
}
