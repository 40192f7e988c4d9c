//! Rows on their way from a file to the database: read and hashed on one thread, written on another.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use saring_verdict::Cancel;
use tokio::sync::mpsc;

use super::{ColumnMapping, ItemRow, RowError, bytes::BytesRead, labels::LabelsRole, records::Rows};
use crate::{
    Error, Result,
    alike::{
        Pdq, TextPrint,
        group::{self, NewPrint},
    },
    audit::chain::RowHasher,
    language::{self, zawgyi},
    media::{self, Keeping, StoreImageError, StoredImage},
    queue::search::Indexed,
    store::{
        WriteTx,
        events::{self, EventKind},
        facets,
        imports::{ImportErrorRow, ImportRow},
        items::{self, NewItem},
        media as media_rows, row_hash, search,
        tasks::{self, Gold, NewTask},
    },
};

/// Rows of one transaction.
const BATCH_ROWS: usize = 1000;
/// Bytes of one transaction's rows, with what is made from them: long rows make small batches, so that memory is bounded.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What an item of a bundle is where that was made, and stays here.
pub(crate) struct Elsewhere {
    pub id: String,
    pub language_detected: bool,
    pub zawgyi: bool,
}

/// An image that was brought into the workspace, and what it looks like, where that can be said.
#[derive(Clone)]
pub(crate) struct KeptImage {
    stored: StoredImage,
    look: Option<Pdq>,
}

impl KeptImage {
    /// Brings it in. It is the `position`th of its row, from 1.
    pub(crate) fn keep(
        path: &Path,
        position: usize,
        media_dir: &Path,
        keeping: Keeping,
    ) -> std::result::Result<Self, StoreImageError> {
        let stored = media::keep_image(media_dir, path, position, keeping)?;
        Ok(Self { stored, look: media::picture::looks(path) })
    }
}

/// A row that is ready to be written.
pub(crate) struct Prepared {
    /// Of an item of a bundle.
    elsewhere: Option<Elsewhere>,
    line: i64,
    row: ItemRow,
    images: Vec<StoredImage>,
    content_hash: String,
    indexed: Indexed,
    zawgyi: bool,
    /// Of a row that does not say its language.
    detected: Option<&'static str>,
    sketch: TextPrint,
    /// What its images look like, where that can be said.
    looks: Vec<Option<Pdq>>,
}

impl Prepared {
    /// An item of a bundle, with its images.
    pub(crate) fn of_bundle(elsewhere: Elsewhere, line: i64, row: ItemRow, images: Vec<KeptImage>) -> Self {
        let zawgyi = elsewhere.zawgyi;
        Self { zawgyi, elsewhere: Some(elsewhere), ..with_images(line, row, images) }
    }

    /// The id that it has elsewhere; empty for a row of a file.
    pub(crate) fn item_id(&self) -> &str {
        self.elsewhere.as_ref().map_or("", |elsewhere| &elsewhere.id)
    }

    /// SHA-256 of turns and images.
    pub(crate) fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// What it holds in memory, as far as that grows with the row.
    fn bytes(&self) -> usize {
        let Self { row, indexed, .. } = self;
        let texts = [&row.id, &row.prompt, &row.response, &row.language, &row.group, &row.source];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let turns: usize = row.messages.iter().flatten().map(|m| m.content.len()).sum();
        let names: usize = row.images.iter().chain(&row.unknown).map(String::len).sum();
        let labels = row.labels.as_ref().map_or(0, |labels| labels.verbatim.len());
        texts + turns + names + labels + indexed.text.len() + indexed.grams.len()
    }
}

/// What goes into one transaction.
#[derive(Default)]
pub(crate) struct Batch {
    pub rows: Vec<Prepared>,
    pub errors: Vec<(i64, RowError)>,
    pub rows_read: i64,
    bytes: usize,
}

impl Batch {
    /// Adds a row that was read elsewhere.
    pub(crate) fn push(&mut self, row: Prepared) {
        self.rows_read += 1;
        self.bytes += row.bytes();
        self.rows.push(row);
    }

    /// Its rows, as they were read.
    pub fn items(&self) -> impl Iterator<Item = &ItemRow> {
        self.rows.iter().map(|prepared| &prepared.row)
    }

    /// Looks at what the rows say in words, on all processors: it takes longer than reading them.
    fn read_closely(&mut self) {
        self.rows.par_iter_mut().filter(|prepared| prepared.row.language.is_none()).for_each(|prepared| {
            prepared.detected = language::detect(prepared.row.texts());
        });
    }

    /// Whether it should be written before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() + self.errors.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }
}

/// Where rows come from and where their images go.
pub(super) struct ReadOrder {
    pub path: PathBuf,
    pub mapping: ColumnMapping,
    pub media_dir: PathBuf,
    pub keeping: Keeping,
    pub bytes_read: BytesRead,
    pub cancel: Cancel,
}

/// Reads a file to its end and sends it on in batches. Blocks; ends early when it is cancelled or nobody listens any more.
pub(super) fn read_file(order: &ReadOrder, batches: &mpsc::Sender<Result<Batch>>) {
    if let Err(error) = try_read_file(order, batches) {
        let _listener_gone = batches.blocking_send(Err(error));
    }
}

fn try_read_file(order: &ReadOrder, batches: &mpsc::Sender<Result<Batch>>) -> Result<()> {
    let path = &order.path;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut rows = Rows::open(path, &order.mapping, &order.bytes_read).map_err(Error::io(path))?;
    let mut batch = Batch::default();
    while !order.cancel.is_cancelled()
        && let Some(row) = rows.next_row().map_err(Error::io(path))?
    {
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        batch.rows_read += 1;
        match row.item.map(|item| prepare(line, item, folder, &order.media_dir, order.keeping)) {
            Err(error) => batch.errors.push((line, error)),
            Ok(Err(StoreImageError::Image(error))) => batch.errors.push((line, error.into())),
            Ok(Err(StoreImageError::Disk { path, source })) => return Err(Error::Io { path, source }),
            Ok(Ok(prepared)) => {
                batch.bytes += prepared.bytes();
                batch.rows.push(prepared);
            }
        }
        if batch.is_full() {
            batch.read_closely();
            if batches.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
    }
    if batch.rows_read > 0 {
        batch.read_closely();
        let _listener_gone = batches.blocking_send(Ok(batch));
    }
    Ok(())
}

fn prepare(
    line: i64,
    row: ItemRow,
    folder: &Path,
    media_dir: &Path,
    keeping: Keeping,
) -> std::result::Result<Prepared, StoreImageError> {
    let mut images = Vec::with_capacity(row.images.len());
    for (position, written) in (1..).zip(&row.images) {
        let path = media::resolve(folder, written, position)?;
        images.push(KeptImage::keep(&path, position, media_dir, keeping)?);
    }
    Ok(with_images(line, row, images))
}

fn with_images(line: i64, row: ItemRow, images: Vec<KeptImage>) -> Prepared {
    let (images, looks): (Vec<StoredImage>, _) =
        images.into_iter().map(|KeptImage { stored, look }| (stored, look)).unzip();
    let zawgyi = row.texts().any(zawgyi::is_zawgyi);
    let (indexed, sketch) = if zawgyi {
        let meant = |text| zawgyi::in_unicode(text).into_owned();
        let (asked, answer): (Vec<String>, _) = (row.asked().map(meant).collect(), row.answer().map(meant));
        let in_unicode = || asked.iter().map(String::as_str);
        // Found by what was typed in either encoding.
        let indexed = Indexed::new(0, row.texts().chain(in_unicode()).chain(answer.as_deref()));
        (indexed, TextPrint::of(in_unicode(), answer.as_deref()))
    } else {
        (Indexed::new(0, row.texts()), TextPrint::of(row.asked(), row.answer()))
    };
    let content_hash = content_hash(&row, &images);
    Prepared {
        elsewhere: None,
        line,
        content_hash,
        images,
        indexed,
        zawgyi,
        detected: None,
        sketch,
        looks,
        row,
    }
}

/// SHA-256 of turns and images: what makes two rows the same.
fn content_hash(row: &ItemRow, images: &[StoredImage]) -> String {
    let mut hasher = RowHasher::new();
    for text in [&row.prompt, &row.response] {
        match text {
            Some(text) => hasher.text(text),
            None => hasher.null(),
        }
    }
    for message in row.messages.iter().flatten() {
        hasher.text(message.role.as_str());
        hasher.text(&message.content);
    }
    for image in images {
        hasher.text("image");
        hasher.text(&image.at.sha256);
    }
    hasher.finish()
}

/// What came of a batch beside what is counted with its import.
pub(crate) struct Came {
    /// The rows that were not taken.
    pub errors: Vec<ImportErrorRow>,
    /// How many pairs of fingerprints were compared.
    pub comparisons: u64,
}

/// Writes a batch inside of a transaction and counts what came of it in `import`.
pub(crate) async fn write(tx: &mut WriteTx<'_>, import: &mut ImportRow, batch: Batch) -> Result<Came> {
    let Batch { rows, errors, rows_read, .. } = batch;
    let mut errors: Vec<ImportErrorRow> =
        errors.iter().map(|(line, error)| error_row(*line, error)).collect();
    let (fresh, known, refused) = sort_out(tx, import, rows).await?;
    errors.extend(refused.into_iter().map(|line| error_row(line, &RowError::Quarantined)));
    errors.sort_by_key(|e| e.line);
    insert_fresh(tx, import, &fresh).await?;
    let prints: Vec<NewPrint> = fresh.iter().map(new_print).collect();
    let grouped = group::group(tx, &import.queue_id, &prints).await?;
    for error in &errors {
        crate::store::imports::insert_error(tx, &import.id, error).await?;
    }
    import.rows_read += rows_read;
    import.rows_known += known;
    import.rows_added += count(&fresh);
    import.rows_duplicate += count(fresh.iter().filter(|(item, _)| item.duplicate_of.is_some()));
    import.rows_failed += count(&errors);
    import.rows_detected += count(fresh.iter().filter(|(item, _)| item.language_detected));
    import.rows_zawgyi += count(fresh.iter().filter(|(item, _)| item.zawgyi));
    import.rows_alike += grouped.alike;
    import.rows_crowded += grouped.crowded;
    crate::store::imports::update(tx, import).await?;
    Ok(Came { errors, comparisons: grouped.comparisons })
}

fn count<T>(things: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(things.into_iter().count()).unwrap_or(i64::MAX)
}

fn error_row(line: i64, error: &RowError) -> ImportErrorRow {
    ImportErrorRow { line, reason: error.to_string() }
}

/// Tells new rows from known ones; gives (new, number of known, lines whose content is in quarantine).
async fn sort_out(
    tx: &mut WriteTx<'_>,
    import: &ImportRow,
    rows: Vec<Prepared>,
) -> Result<(Vec<(NewItem, Prepared)>, i64, Vec<i64>)> {
    use std::collections::{HashMap, HashSet};

    let asked: Vec<_> = rows.iter().map(|r| serde_json::json!([r.content_hash, r.row.id, r.line])).collect();
    let asked = serde_json::Value::from(asked).to_string();
    let mut known: HashSet<i64> = items::known(tx, &import.queue_id, &asked).await?.into_iter().collect();
    let ids: Vec<&str> = rows.iter().map(Prepared::item_id).collect();
    known.extend(items::here_already(tx, &serde_json::Value::from(ids).to_string()).await?);
    let hashes: HashSet<&str> = rows.iter().map(|r| r.content_hash.as_str()).collect();
    let hashes = serde_json::json!(hashes).to_string();
    let quarantined: HashSet<String> = items::quarantined_contents(tx, &hashes).await?.into_iter().collect();
    let mut originals: HashMap<String, String> = HashMap::new();
    for original in items::originals(tx, &import.queue_id, &hashes).await? {
        originals.insert(original.content_hash, original.id);
    }

    let mut seq = items::last_seq(tx).await?;
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let (mut fresh, mut known_rows, mut refused) = (Vec::new(), 0, Vec::new());
    for (position, mut prepared) in (0..).zip(rows) {
        let again = prepared
            .row
            .id
            .as_ref()
            .is_some_and(|id| !seen.insert((id.clone(), prepared.content_hash.clone())));
        if again || known.contains(&position) {
            known_rows += 1;
            continue;
        }
        if quarantined.contains(&prepared.content_hash) {
            refused.push(prepared.line);
            continue;
        }
        seq += 1;
        prepared.indexed.seq = seq;
        let duplicate_of = originals.get(&prepared.content_hash).cloned();
        let id = match &prepared.elsewhere {
            Some(elsewhere) => elsewhere.id.clone(),
            None => tx.clock().new_id(),
        };
        let item = new_item(id, seq, &mut prepared, duplicate_of);
        originals.entry(prepared.content_hash.clone()).or_insert_with(|| item.id.clone());
        fresh.push((item, prepared));
    }
    Ok((fresh, known_rows, refused))
}

fn new_item(id: String, seq: i64, prepared: &mut Prepared, duplicate_of: Option<String>) -> NewItem {
    let row = &mut prepared.row;
    NewItem {
        seq,
        id,
        line: prepared.line,
        external_id: row.id.take(),
        prompt: row.prompt.clone(),
        response: row.response.clone(),
        messages: row.messages.as_ref().map(|turns| {
            let turn = |m: &saring_verdict::Message| serde_json::json!({"role": m.role.as_str(), "content": m.content});
            serde_json::Value::from(turns.iter().map(turn).collect::<Vec<_>>()).to_string()
        }),
        language_detected: prepared.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.language_detected)
            || row.language.is_none() && prepared.detected.is_some(),
        language: row.language.take().or_else(|| prepared.detected.map(str::to_owned)),
        zawgyi: prepared.zawgyi,
        group_key: row.group.take(),
        source: row.source.take(),
        labels: row.labels.as_ref().map(|l| l.verbatim.clone()),
        labels_role: row.labels.as_ref().map(|l| l.role.as_str()),
        content_hash: prepared.content_hash.clone(),
        duplicate_of,
    }
}

async fn insert_fresh(tx: &mut WriteTx<'_>, import: &ImportRow, fresh: &[(NewItem, Prepared)]) -> Result<()> {
    let (Some((first, _)), Some((last, _))) = (fresh.first(), fresh.last()) else { return Ok(()) };
    let created_at = tx.clock().now_text();
    let new_items: Vec<NewItem> = fresh.iter().map(|(item, _)| item.clone()).collect();
    items::insert(tx, &import.queue_id, &import.id, &created_at, &new_items).await?;
    let new_tasks: Vec<NewTask> =
        fresh.iter().flat_map(|(item, prepared)| new_tasks(item, &prepared.row)).collect();
    tasks::insert(tx, &new_tasks).await?;
    for (item, prepared) in fresh {
        for (position, image) in (0..).zip(&prepared.images) {
            media_rows::insert(tx, image, &created_at).await?;
            media_rows::attach(tx, &item.id, position, &image.at.sha256).await?;
        }
    }
    facets::add(tx, first.seq, last.seq).await?;
    let texts: Vec<Indexed> = fresh.iter().map(|(_, prepared)| prepared.indexed.clone()).collect();
    search::insert_trigrams(tx, &texts).await?;
    search::insert_grams(tx, &texts).await?;
    let hash = row_hash::of_items(tx, first.seq, last.seq).await?;
    let row_id = format!("{}/{}/{}", import.id, first.seq, last.seq);
    events::append(tx, EventKind::ItemsImported, &row_id, &hash).await?;
    Ok(())
}

fn new_print((item, prepared): &(NewItem, Prepared)) -> NewPrint {
    let hashes = prepared.images.iter().map(|image| image.at.sha256.clone());
    let pictures = hashes.zip(prepared.looks.iter().copied()).collect();
    NewPrint { seq: item.seq, sketch: prepared.sketch, pictures }
}

fn new_tasks(item: &NewItem, row: &ItemRow) -> Vec<NewTask> {
    let labels = row.labels.as_ref().filter(|l| l.role == LabelsRole::Gold);
    let task = |task| NewTask {
        item_id: item.id.clone(),
        task,
        gold: labels.and_then(|l| l.task(task)).map(|label| Gold {
            label: label.severity,
            categories: label.categories.clone(),
            refusal: label.refusal,
        }),
    };
    row.tasks().into_iter().map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_of_what_its_rows_bring_along_too() {
        let dir = tempfile::tempdir().expect("a folder");
        let prepared = |line: &str| {
            let row = ItemRow::parse(line).expect("a row");
            prepare(1, row, dir.path(), dir.path(), Keeping::Copy)
                .unwrap_or_else(|_| panic!("it has no images"))
        };
        let short = prepared(r#"{"prompt": "p"}"#).bytes();
        let ballast = "x".repeat(BATCH_BYTES);
        for line in [
            format!(r#"{{"prompt": "p", "source": {{"page": "{ballast}"}}}}"#),
            format!(r#"{{"prompt": "p", "unknown": "{ballast}"}}"#),
            format!(r#"{{"prompt": "p", "labels": {{"prompt": {{"label": "safe"}}, "by": "{ballast}"}}}}"#),
        ] {
            let batch = Batch { bytes: prepared(&line).bytes(), ..Batch::default() };
            assert!(batch.is_full(), "{} bytes of {}", batch.bytes, line.len());
        }
        let grams = prepared(r#"{"prompt": "pp"}"#);
        assert!(grams.bytes() - short >= grams.indexed.grams.len() - 1, "what search is made of counts");
        assert!(short < 1000, "a short row is short: {short}");
    }
}
