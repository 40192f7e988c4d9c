//! Writing an export, and showing one beforehand.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
};

use super::{
    ExportFormat, ExportOrder, ExportPreview, ExportReport, Part,
    card::{Card, card},
    data_set::DataSet,
    decisions::{self, csv_line},
    folder::{ExportFile, ExportFolder, ExportedFile, IMAGES},
    llama_factory,
    pass::{Pass, Sink, TrainingRow},
    tally::Tally,
};
use crate::{
    Error, Result, Workspace,
    audit::chain::RowHasher,
    clock::timestamp_text,
    engine::EngineHandle,
    media::ImageAt,
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
        let mut sink = Files::create(&folder, order.format, self.media_dir())?;
        let (tally, card, queue) = self.pass(engine, order, u64::MAX, &mut sink).await?;
        let mut files = sink.finish()?;
        if order.format == ExportFormat::LlamaFactory {
            let info = llama_factory::dataset_info(&queue.name, &DataSet::all(&tally));
            files.push(folder.write("dataset_info.json", &info)?);
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
        let policies = store::policies::all(&mut tx).await?;
        let policies = policies.into_iter().map(|row| (row.version.id.clone(), row.version)).collect();
        let pass = Pass {
            engine,
            order,
            queue_id: &queue.id,
            wording,
            media_dir: self.media_dir().to_owned(),
            policies: &policies,
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
            pass.policies.clone(),
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

impl Sample {
    fn add(&mut self, line: &str) {
        if self.0.len() < SAMPLE_ROWS {
            self.0.push(line.trim_end().to_owned());
        }
    }
}

impl Sink for Sample {
    fn decision(&mut self, json: &str, _csv: &[u8]) -> Result<()> {
        self.add(json);
        Ok(())
    }

    fn row(&mut self, _part: Part, row: TrainingRow<'_>) -> Result<()> {
        let names: Vec<String> = row.images.iter().map(image_name).collect();
        self.add(&llama_factory::row(row.turns, row.answer, &names));
        Ok(())
    }
}

/// Of an image in an export: by its hash, which says nothing of whoever called it what. Trainers look at the bytes.
fn image_name(image: &ImageAt) -> String {
    format!("{IMAGES}/{}", image.sha256)
}

/// The data files, each begun with its first row, and the images.
struct Files<'a> {
    folder: &'a ExportFolder,
    media_dir: &'a Path,
    training: BTreeMap<DataSet, ExportFile>,
    /// JSONL and CSV.
    decisions: Option<(ExportFile, ExportFile)>,
    images: BTreeMap<String, ExportedFile>,
}

impl<'a> Files<'a> {
    fn create(folder: &'a ExportFolder, format: ExportFormat, media_dir: &'a Path) -> Result<Self> {
        let decisions = match format {
            ExportFormat::LlamaFactory => None,
            ExportFormat::Decisions => {
                let mut csv = folder.file("decisions.csv")?;
                csv.write(&csv_line(&decisions::COLUMNS))?;
                Some((folder.file("decisions.jsonl")?, csv))
            }
        };
        Ok(Self { folder, media_dir, training: BTreeMap::new(), decisions, images: BTreeMap::new() })
    }

    fn finish(self) -> Result<Vec<ExportedFile>> {
        let decisions = self.decisions.into_iter().flat_map(|(jsonl, csv)| [jsonl, csv]);
        let data = self.training.into_values().chain(decisions);
        let mut files = data.map(ExportFile::finish).collect::<Result<Vec<_>>>()?;
        files.extend(self.images.into_values());
        Ok(files)
    }
}

impl Sink for Files<'_> {
    fn decision(&mut self, json: &str, csv: &[u8]) -> Result<()> {
        let Some((jsonl, table)) = &mut self.decisions else { return Ok(()) };
        jsonl.write(json.as_bytes())?;
        table.write(csv)
    }

    fn row(&mut self, part: Part, row: TrainingRow<'_>) -> Result<()> {
        let mut names = Vec::with_capacity(row.images.len());
        for image in row.images {
            let name = image_name(image);
            if !self.images.contains_key(&image.sha256) {
                let copied = self.folder.copy_image(&name, image, self.media_dir)?;
                self.images.insert(image.sha256.clone(), copied);
            }
            names.push(name);
        }
        let set = DataSet { part, images: !row.images.is_empty() };
        let file = match self.training.entry(set) {
            Entry::Occupied(file) => file.into_mut(),
            Entry::Vacant(place) => place.insert(self.folder.file(&set.file_name())?),
        };
        file.write(llama_factory::row(row.turns, row.answer, &names).as_bytes())
    }
}
