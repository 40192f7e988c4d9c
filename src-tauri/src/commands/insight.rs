//! The insight screen.

use std::path::Path;

use saring_desk::{Error, metrics::InsightOrder};
use tauri::State;

use crate::{
    convert::{comparison, insight as convert, missing},
    failure::Answer,
    session::Session,
    wire::{
        ComparisonView, Failure, FigureFormat, InsightQuery, InsightView, MissingTemperature,
        PairedTestQuery, PairedTestView,
    },
};

/// How every PNG file begins.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

#[tauri::command]
#[specta::specta]
pub(crate) async fn insight(session: State<'_, Session>, query: InsightQuery) -> Answer<InsightView> {
    let workspace = session.workspace().await?;
    let order = InsightOrder {
        guard: query.guard_id,
        threshold: query.threshold,
        by: query.by.parse()?,
        ..InsightOrder::default()
    };
    let insight = workspace.insight(&query.queue_id, &order).await?;
    let stats = workspace.stats(&query.queue_id, order.guard.as_deref()).await?;
    Ok(convert::view(insight, stats))
}

/// Fits a temperature for each task; tells for which there is none, and why.
#[tauri::command]
#[specta::specta]
pub(crate) async fn calibrate(
    session: State<'_, Session>,
    queue_id: String,
    guard_id: Option<String>,
) -> Answer<Vec<MissingTemperature>> {
    let (_, missing) = session.workspace().await?.calibrate(&queue_id, guard_id.as_deref()).await?;
    let told = missing.into_iter();
    let told = told.map(|(task, reason)| MissingTemperature {
        task: task.as_str().to_owned(),
        reason: missing::missing(reason),
    });
    Ok(told.collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn compare(
    session: State<'_, Session>,
    queue_id: String,
    guard_a: String,
    guard_b: String,
) -> Answer<ComparisonView> {
    Ok(comparison::comparison(session.workspace().await?.compare(&queue_id, &guard_a, &guard_b).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn paired_tests(
    session: State<'_, Session>,
    query: PairedTestQuery,
) -> Answer<Vec<PairedTestView>> {
    let PairedTestQuery { queue_id, guard_a, guard_b, threshold } = query;
    let workspace = session.workspace().await?;
    Ok(comparison::paired_tests(workspace.paired_tests(&queue_id, &guard_a, &guard_b, threshold).await?))
}

/// Writes a chart, or its numbers, to the file that a person has chosen. It writes nothing but these two kinds of file.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_figure(path: String, format: FigureFormat, bytes: Vec<u8>) -> Answer<()> {
    let ending = match format {
        FigureFormat::Png => "png",
        FigureFormat::Csv => "csv",
    };
    if !Path::new(&path).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)) {
        return Err(Failure::invalid(
            format!("The file's name does not end in .{ending}"),
            format!("Choose a name that ends in .{ending}"),
        ));
    }
    let is_whole = match format {
        FigureFormat::Png => bytes.starts_with(PNG_SIGNATURE),
        FigureFormat::Csv => std::str::from_utf8(&bytes).is_ok(),
    };
    if !is_whole {
        return Err(Failure::invalid(
            format!("What was to be written is no {ending} file"),
            "Try again; if it happens again, report it",
        ));
    }
    tokio::fs::write(&path, bytes).await.map_err(Error::io(path))?;
    Ok(())
}
