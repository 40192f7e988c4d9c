//! Writing an export, and showing one beforehand.

use std::path::Path;

use super::{
    ExportFormat, ExportOrder, ExportPreview, ExportReport, Part,
    card::{Card, card},
    decisions::{self, csv_line},
    folder::{ExportFile, ExportFolder, ExportedFile},
    llama_factory,
    pass::{Pass, Sink},
    tally::Tally,
};
use crate::{
    Error, Result, Workspace,
    audit::chain::RowHasher,
    clock::timestamp_text,
    engine::EngineHandle,
    metrics,
    queue::{Queue, find_queue},
    store::{
        self, ReadTx,
        events::{self, EventKind},
        exports, provenances,
    },
};

const SAMPLE_ROWS: usize = 3;
/// A preview renders no more than this; beyond it, rows are counted without being rendered.
const PREVIEW_RENDER_MAX: u64 = 2000;
/// Times that an export is written again because an item went into quarantine meanwhile.
const ATTEMPTS: u32 = 5;

impl Workspace {
    /// Writes an export into `folder`, which does not exist or is empty. Reads one moment of the workspace.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings that make no sense and for a folder with something in it; [`Error::NotFound`]; what the
    /// engine or the disk refuses. Then nothing is left behind.
    pub async fn export(
        &self,
        engine: &EngineHandle,
        order: &ExportOrder,
        folder: &Path,
    ) -> Result<ExportReport> {
        check(order)?;
        for _ in 0..ATTEMPTS {
            if let Some(report) = self.try_export(engine, order, folder).await? {
                return Ok(report);
            }
            tracing::info!("an item went into quarantine during an export, which is written again");
        }
        Err(Error::invalid("queue", "items go into quarantine all the time; export when that has ended"))
    }

    /// Shows what [`export`](Self::export) would write.
    ///
    /// # Errors
    /// As [`export`](Self::export).
    pub async fn preview_export(&self, engine: &EngineHandle, order: &ExportOrder) -> Result<ExportPreview> {
        check(order)?;
        let mut sample = Sample::default();
        let (tally, card, _) = self.pass(engine, order, PREVIEW_RENDER_MAX, &mut sample).await?;
        Ok(ExportPreview {
            rows: tally.total(),
            train: tally.of_part(Part::Train),
            validation: tally.of_part(Part::Validation),
            sample: sample.0,
            left_out: tally.left_out(),
            card: card.text(&tally, &[]),
        })
    }

    /// Writes once; `None` if an item that was written, or listed as held back, is in quarantine by now.
    async fn try_export(
        &self,
        engine: &EngineHandle,
        order: &ExportOrder,
        target: &Path,
    ) -> Result<Option<ExportReport>> {
        let mut folder = ExportFolder::create(target)?;
        let mut sink = Files::create(&folder, order.format)?;
        let (tally, card, queue) = self.pass(engine, order, u64::MAX, &mut sink).await?;
        let mut files = sink.finish()?;
        if order.format == ExportFormat::LlamaFactory {
            let parts = parts(&tally);
            files.push(folder.write("dataset_info.json", &llama_factory::dataset_info(&queue.name, &parts))?);
        }
        if !tally.held_back.is_empty() {
            files.push(folder.write("held_back.csv", &held_back(&tally))?);
        }
        files.push(folder.write("README.md", &card.text(&tally, &files))?);

        let mut tx = self.store().write().await?;
        // Under the write lock nothing can go into quarantine between this look and the hand-over.
        let hidden = exports::quarantined(&mut tx, &queue.id).await?;
        if tally.names_any(&hidden) {
            return Ok(None);
        }
        let id = self.clock().new_id();
        events::append(&mut tx, EventKind::Export, &id, &files_hash(&files)).await?;
        let chain_head = tx.head().hash.clone();
        let placed = folder.place()?;
        if let Err(error) = tx.commit().await {
            folder.take_back()?;
            return Err(error.into());
        }
        Ok(Some(ExportReport {
            folder: placed,
            files,
            rows: tally.total(),
            train: tally.of_part(Part::Train),
            validation: tally.of_part(Part::Validation),
            left_out: tally.left_out(),
            template: tally.template,
            chain_head,
        }))
    }

    async fn pass(
        &self,
        engine: &EngineHandle,
        order: &ExportOrder,
        render_max: u64,
        sink: &mut dyn Sink,
    ) -> Result<(Tally, Card, Queue)> {
        let wording = self.wording(engine, order).await?;
        let mut tx = self.store().read().await?;
        let queue = find_queue(&mut tx, &order.queue).await?;
        let pass = Pass {
            engine,
            order,
            queue_id: &queue.id,
            wording,
            media_dir: self.media_dir().to_owned(),
            render_max,
        };
        let tally = pass.run(&mut tx, sink).await?;
        let card = self.card(&mut tx, &queue, pass).await?;
        Ok((tally, card, queue))
    }

    async fn card(&self, tx: &mut ReadTx, queue: &Queue, pass: Pass<'_>) -> Result<Card> {
        Ok(card(
            pass.order.clone(),
            queue,
            pass.wording.map(|w| w.guard),
            metrics::reading(tx).await?,
            provenances::of_queue(tx, &queue.id).await?,
            store::draws::of_queue(tx, &queue.id).await?,
            store::chain::get(tx).await?,
            timestamp_text(self.clock().now()),
        ))
    }
}

fn check(order: &ExportOrder) -> Result<()> {
    if !(0.0..=0.5).contains(&order.validation) {
        return Err(Error::invalid("validation", "the share of the validation part is from 0 to 0.5"));
    }
    Ok(())
}

/// The parts that have rows.
pub(super) fn parts(tally: &Tally) -> Vec<Part> {
    [Part::Train, Part::Validation].into_iter().filter(|part| tally.of_part(*part) > 0).collect()
}

/// What the event of an export vouches for: the names and hashes of its files, in the order of the report.
fn files_hash(files: &[ExportedFile]) -> String {
    let mut hasher = RowHasher::new();
    for file in files {
        hasher.text(&file.name);
        hasher.text(&file.sha256);
    }
    hasher.finish()
}

fn held_back(tally: &Tally) -> String {
    let mut text = csv_line(&["id", "item_id", "task", "reason"]);
    for held in &tally.held_back {
        let id = held.external_id.clone().unwrap_or_default();
        text.extend(csv_line(&[id, held.item_id.clone(), held.task.to_string(), held.reason.to_string()]));
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The first rows.
#[derive(Default)]
struct Sample(Vec<String>);

impl Sink for Sample {
    fn row(&mut self, _part: Part, json: &str, _csv: &[u8]) -> Result<()> {
        if self.0.len() < SAMPLE_ROWS {
            self.0.push(json.trim_end().to_owned());
        }
        Ok(())
    }
}

/// The data files: for training the two parts, for decisions the two forms of one table.
struct Files {
    first: ExportFile,
    second: ExportFile,
    format: ExportFormat,
}

impl Files {
    fn create(folder: &ExportFolder, format: ExportFormat) -> Result<Self> {
        Ok(match format {
            ExportFormat::LlamaFactory => Self {
                first: folder.file(&llama_factory::file_name(Part::Train))?,
                second: folder.file(&llama_factory::file_name(Part::Validation))?,
                format,
            },
            ExportFormat::Decisions => {
                let mut second = folder.file("decisions.csv")?;
                second.write(&csv_line(&decisions::COLUMNS))?;
                Self { first: folder.file("decisions.jsonl")?, second, format }
            }
        })
    }

    fn finish(self) -> Result<Vec<ExportedFile>> {
        let mut files = Vec::new();
        for file in [self.first, self.second] {
            if self.format == ExportFormat::LlamaFactory && file.is_empty() {
                file.discard()?;
            } else {
                files.push(file.finish()?);
            }
        }
        Ok(files)
    }
}

impl Sink for Files {
    fn row(&mut self, part: Part, json: &str, csv: &[u8]) -> Result<()> {
        match (self.format, part) {
            (ExportFormat::LlamaFactory, Part::Validation) => self.second.write(json.as_bytes()),
            (ExportFormat::LlamaFactory, Part::Train) => self.first.write(json.as_bytes()),
            (ExportFormat::Decisions, _) => {
                self.first.write(json.as_bytes())?;
                self.second.write(csv)
            }
        }
    }
}
