//! What is to be imported and what came of it.

use std::path::{Path, PathBuf};

use saring_desk::{
    import::{self as desk, ColumnMapping, Format, ItemRow},
    media::Keeping,
};
use saring_verdict::Role;

use super::{count, float};
use crate::{
    failure::{Answer, sentence},
    wire::{
        Failure, FieldMapping, ImportOrder, ImportPreview, ImportProgress, ImportReport, PreviewRow, RowError,
    },
};

/// As much of a text as a preview shows; a line may hold twenty megabytes.
const PREVIEW_CHARS: usize = 240;

pub(crate) fn mapping(rules: &[FieldMapping]) -> Answer<ColumnMapping> {
    let mut mapping = ColumnMapping::new();
    // A rule with an empty column stays: it says that the field has no column and must not be guessed.
    for rule in rules {
        mapping.set(rule.field.parse().map_err(|e| Failure::unknown_word(&e))?, rule.column.clone());
    }
    Ok(mapping)
}

pub(crate) fn request(order: ImportOrder) -> Answer<desk::ImportRequest> {
    Ok(desk::ImportRequest {
        queue: order.queue,
        policy: order.policy,
        paths: order.paths.into_iter().map(PathBuf::from).collect(),
        mapping: mapping(&order.mapping)?,
        keeping: if order.link_images { Keeping::Link } else { Keeping::Copy },
    })
}

pub(crate) fn preview(preview: desk::ImportPreview) -> ImportPreview {
    let unused = (!preview.unused.is_empty())
        .then(|| format!("Columns that no field takes: {}", preview.unused.join(", ")));
    ImportPreview {
        path: preview.path.display().to_string(),
        file_name: name(&preview.path),
        format: match preview.format {
            Format::Jsonl => "JSONL",
            Format::Csv => "CSV",
            Format::Tsv => "TSV",
        }
        .to_owned(),
        columns: preview.columns,
        mapping: preview
            .mapping
            .rules()
            .map(|(field, column)| FieldMapping {
                field: field.as_str().to_owned(),
                column: column.to_owned(),
            })
            .collect(),
        rows: preview.rows.into_iter().map(row).collect(),
        warnings: unused.into_iter().collect(),
    }
}

fn row(row: desk::PreviewRow) -> PreviewRow {
    let line = count(row.line);
    match row.item {
        Ok(item) => PreviewRow {
            line,
            prompt: item.prompt.as_deref().or_else(|| last(&item, Role::User)).map(beginning),
            response: item.response.as_deref().or_else(|| last(&item, Role::Assistant)).map(beginning),
            id: item.id,
            language: item.language,
            error: None,
        },
        Err(error) => PreviewRow {
            line,
            id: None,
            prompt: None,
            response: None,
            language: None,
            error: Some(sentence(&error.to_string())),
        },
    }
}

fn last(item: &ItemRow, role: Role) -> Option<&str> {
    item.messages
        .as_ref()?
        .iter()
        .rfind(|message| message.role == role)
        .map(|message| message.content.as_str())
}

fn beginning(text: &str) -> String {
    text.chars().take(PREVIEW_CHARS).collect()
}

pub(crate) fn progress(progress: desk::ImportProgress) -> ImportProgress {
    let fraction = match progress.bytes_total {
        0 => 0.0,
        total => (float(progress.bytes_read) / float(total)).clamp(0.0, 1.0),
    };
    ImportProgress {
        rows_read: count(progress.rows_read),
        rows_failed: count(progress.rows_failed),
        fraction,
    }
}

pub(crate) fn report(report: desk::ImportReport) -> ImportReport {
    ImportReport {
        queue_id: report.queue_id,
        rows_read: count(report.rows_read),
        added: count(report.added),
        known: count(report.known),
        duplicates: count(report.duplicates),
        alike: count(report.alike),
        detected: count(report.detected),
        zawgyi: count(report.zawgyi),
        failed: count(report.failed),
        errors: report
            .errors
            .into_iter()
            .map(|error| RowError {
                file: name(&error.path),
                line: count(error.line),
                reason: sentence(&error.reason),
            })
            .collect(),
        warnings: report.warnings.iter().map(|warning| sentence(warning)).collect(),
        cancelled: report.cancelled,
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
