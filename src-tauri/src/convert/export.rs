//! What is to be exported and what was.

use saring_desk::export as desk;

use super::count;
use crate::{
    failure::{Answer, sentence},
    wire::{ExportOrder, ExportPreview, ExportReport, Failure, LeftOut},
};

pub(crate) fn order(order: ExportOrder) -> Answer<desk::ExportOrder> {
    Ok(desk::ExportOrder {
        queue: order.queue_id,
        format: order.format.parse().map_err(|e| Failure::unknown_word(&e))?,
        guard: order.guard_id,
        controversial_as: order.controversial_as.parse().map_err(|e| Failure::unknown_word(&e))?,
        validation: order.validation,
        seed: u64::from(order.seed),
        include_synthetic: false,
    })
}

pub(crate) fn preview(preview: desk::ExportPreview) -> ExportPreview {
    ExportPreview {
        rows: count(preview.rows),
        train: count(preview.train),
        validation: count(preview.validation),
        sample: preview.sample,
        left_out: left_out(preview.left_out),
        card: preview.card,
    }
}

pub(crate) fn report(report: desk::ExportReport) -> ExportReport {
    ExportReport {
        folder: report.folder.display().to_string(),
        files: report.files.into_iter().map(|file| file.name).collect(),
        rows: count(report.rows),
        left_out: left_out(report.left_out),
        chain_head: report.chain_head,
    }
}

fn left_out(reasons: Vec<(desk::LeftOut, u64)>) -> Vec<LeftOut> {
    reasons
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(reason, n)| LeftOut { reason: sentence(&reason.to_string()), n: count(n) })
        .collect()
}
