//! Importing files into a queue, a thousand rows a transaction.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use saring_verdict::Cancel;
use tokio::sync::mpsc;

use super::{
    ColumnMapping,
    batch::{self, Batch, ReadOrder},
    bytes::BytesRead,
    preview::check_file,
};
use crate::{
    Error, Result, Workspace,
    media::Keeping,
    queue::insert_queue,
    store::{self, imports::ImportRow},
};

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Id or name; made if there is none of that name.
    pub queue: String,
    /// For a new queue: a version of a policy, as [`Workspace::policy`] takes it. One that exists keeps its own.
    pub policy: String,
    /// Files, imported in this order.
    pub paths: Vec<PathBuf>,
    /// Which column holds which field.
    pub mapping: ColumnMapping,
    /// What becomes of their images.
    pub keeping: Keeping,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Of all files together.
    pub bytes_read: u64,
    /// Of all files together.
    pub bytes_total: u64,
    /// Rows that were read, whatever came of them.
    pub rows_read: u64,
    /// Rows that were not taken.
    pub rows_failed: u64,
}

/// A row, or a whole file, that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRowError {
    /// The file.
    pub path: PathBuf,
    /// Its line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// The queue that it went into.
    pub queue_id: String,
    /// Its imports, one for each file, for the list of every error.
    pub import_ids: Vec<String>,
    /// Rows of the files.
    pub rows_read: u64,
    /// Rows that became items.
    pub added: u64,
    /// Rows that were in the queue already: same id, same content.
    pub known: u64,
    /// Of those added, rows with the content of an earlier item.
    pub duplicates: u64,
    /// Of those added, rows whose language the file did not say and that was detected.
    pub detected: u64,
    /// Of those added, rows with Burmese in the Zawgyi encoding.
    pub zawgyi: u64,
    /// Of those added, rows that are nearly the same as an earlier item of the queue, or the same.
    pub alike: u64,
    /// Of those added, rows for which some earlier items were not looked at: too many others stand under the same keys.
    pub crowded: u64,
    /// How many pairs of fingerprints were compared to find that out.
    pub comparisons: u64,
    /// Rows, and files as a whole, that were not taken.
    pub failed: u64,
    /// The first of those, at most [`ImportReport::ERRORS_MAX`]; every one is kept with its import.
    pub errors: Vec<FileRowError>,
    /// Sentences about what was read in another way than one might think.
    pub warnings: Vec<String>,
    /// Whether it was stopped before its end; importing again goes on.
    pub cancelled: bool,
}

impl ImportReport {
    /// How many errors a report holds.
    pub const ERRORS_MAX: usize = 200;

    fn push_error(&mut self, path: &Path, line: u64, reason: String) {
        if self.errors.len() < Self::ERRORS_MAX {
            self.errors.push(FileRowError { path: path.to_owned(), line, reason });
        }
    }
}

/// Names of columns in one warning; a file may have thousands.
const COLUMNS_NAMED_MAX: usize = 20;

impl Workspace {
    /// Imports files into a queue. Every thousand rows are durable together; what was imported before a stop, a crash or an
    /// error stays, and importing the same files again goes on where it ended. Known rows are not added twice.
    ///
    /// # Errors
    /// A file that cannot be read at all, if it is the only one (else it is in the report), and what the database refuses.
    /// Rows that are no items are no errors; they are in the report.
    pub async fn import(
        &self,
        request: &ImportRequest,
        progress: &mut (dyn FnMut(ImportProgress) + Send),
        cancel: &Cancel,
    ) -> Result<ImportReport> {
        let mut report = ImportReport::default();
        let mut readable = Vec::new();
        let mut shown = ImportProgress::default();
        for path in &request.paths {
            match check_file(path) {
                Ok(bytes) => {
                    shown.bytes_total += bytes;
                    readable.push(path);
                }
                Err(error) if request.paths.len() == 1 => return Err(error),
                Err(error) => {
                    report.failed += 1;
                    report.push_error(path, 0, error.to_string());
                }
            }
        }
        report.queue_id = self.queue_for_import(request).await?;
        for path in readable {
            if cancel.is_cancelled() {
                break;
            }
            self.import_file(path, request, &mut report, &mut shown, progress, cancel).await?;
        }
        report.cancelled = cancel.is_cancelled();
        Ok(report)
    }

    async fn queue_for_import(&self, request: &ImportRequest) -> Result<String> {
        let mut tx = self.store().write().await?;
        if let Some(queue) = store::queues::find(&mut tx, request.queue.trim()).await? {
            return Ok(queue.id);
        }
        let queue = insert_queue(&mut tx, &request.queue, &request.policy).await?;
        tx.commit().await?;
        Ok(queue.id)
    }

    async fn import_file(
        &self,
        path: &Path,
        request: &ImportRequest,
        report: &mut ImportReport,
        shown: &mut ImportProgress,
        progress: &mut (dyn FnMut(ImportProgress) + Send),
        cancel: &Cancel,
    ) -> Result<()> {
        let mut import = self.begin_import(path, request, &report.queue_id).await?;
        report.import_ids.push(import.id.clone());
        let order = ReadOrder {
            path: path.to_owned(),
            mapping: request.mapping.clone(),
            media_dir: self.media_dir().to_owned(),
            keeping: request.keeping,
            bytes_read: BytesRead::default(),
            cancel: cancel.clone(),
        };
        let bytes_before = shown.bytes_read;
        let bytes_read = order.bytes_read.clone();
        // Two batches under way: one is read while the other is written, and memory is bounded.
        let (send, mut batches) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || batch::read_file(&order, &send));
        let mut columns = UnusedColumns::default();
        while let Some(next) = batches.recv().await {
            let next: Batch = next?;
            columns.see(&next);
            let mut tx = self.store().write().await?;
            let came = batch::write(&mut tx, &mut import, next).await?;
            tx.commit().await?;
            report.comparisons += came.comparisons;
            for error in came.errors {
                report.push_error(path, u64::try_from(error.line).unwrap_or(0), error.reason);
            }
            shown.bytes_read = bytes_before + bytes_read.get();
            shown.rows_read = report.rows_read + as_count(import.rows_read);
            shown.rows_failed = report.failed + as_count(import.rows_failed);
            progress(*shown);
        }
        reader.await.map_err(|error| Error::Io { path: path.to_owned(), source: error.into() })?;
        let warnings = columns.warnings();
        import.warnings = serde_json::Value::from(warnings.clone()).to_string();
        import.ended_at = (!cancel.is_cancelled()).then(|| self.clock().now_text());
        let mut tx = self.store().write().await?;
        store::imports::update(&mut tx, &import).await?;
        tx.commit().await?;
        report.rows_read += as_count(import.rows_read);
        report.added += as_count(import.rows_added);
        report.known += as_count(import.rows_known);
        report.duplicates += as_count(import.rows_duplicate);
        report.failed += as_count(import.rows_failed);
        report.detected += as_count(import.rows_detected);
        report.zawgyi += as_count(import.rows_zawgyi);
        report.alike += as_count(import.rows_alike);
        report.crowded += as_count(import.rows_crowded);
        report.warnings.extend(warnings);
        Ok(())
    }

    async fn begin_import(&self, path: &Path, request: &ImportRequest, queue_id: &str) -> Result<ImportRow> {
        let mut tx = self.store().write().await?;
        let mapping: serde_json::Map<_, _> = request
            .mapping
            .rules()
            .map(|(field, column)| (field.as_str().to_owned(), serde_json::Value::from(column)))
            .collect();
        let import = ImportRow {
            id: tx.clock().new_id(),
            queue_id: queue_id.to_owned(),
            file_name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            mapping: serde_json::Value::Object(mapping).to_string(),
            started_at: tx.clock().now_text(),
            ..ImportRow::default()
        };
        store::imports::insert(&mut tx, &import).await?;
        tx.commit().await?;
        Ok(import)
    }

    /// Rows of an import that were not taken, in the order of the file, after a line.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn import_errors(
        &self,
        import_id: &str,
        after_line: i64,
        limit: u32,
    ) -> Result<Vec<store::imports::ImportErrorRow>> {
        let mut read = self.store().read().await?;
        Ok(store::imports::errors(&mut read, import_id, after_line, limit).await?)
    }

    /// Imports into a queue, newest first.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn imports(&self, queue: &str) -> Result<Vec<ImportRow>> {
        let mut read = self.store().read().await?;
        let queue = crate::queue::find_queue(&mut read, queue).await?;
        Ok(store::imports::of_queue(&mut read, &queue.id).await?)
    }
}

fn as_count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Columns that no field takes: named once a file, not once a row.
#[derive(Default)]
struct UnusedColumns {
    kept: BTreeSet<String>,
    dropped: BTreeSet<String>,
}

impl UnusedColumns {
    fn see(&mut self, batch: &Batch) {
        for row in batch.items() {
            // A row without a source of its own keeps them there.
            let has_own_source = row.source_is_own;
            let set = if has_own_source { &mut self.dropped } else { &mut self.kept };
            for column in &row.unknown {
                if set.len() <= COLUMNS_NAMED_MAX && !set.contains(column) {
                    set.insert(column.clone());
                }
            }
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.kept.is_empty() {
            warnings.push(format!("no field takes {}; kept in the items' source", named(&self.kept)));
        }
        if !self.dropped.is_empty() {
            warnings.push(format!(
                "no field takes {}; not kept, because the rows have a source of their own",
                named(&self.dropped)
            ));
        }
        warnings
    }
}

fn named(columns: &BTreeSet<String>) -> String {
    // A name that is a text by mistake must not stand in a report.
    let short = |c: &String| c.chars().take(60).collect::<String>();
    let names: Vec<String> = columns.iter().take(COLUMNS_NAMED_MAX).map(short).collect();
    let more = if columns.len() > COLUMNS_NAMED_MAX { " and more" } else { "" };
    format!("{}{more}", names.join(", "))
}
