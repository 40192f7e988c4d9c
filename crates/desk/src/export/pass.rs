//! One pass over a queue: reads its pairs in order of import, decides about each, and hands rows to a sink.

use std::{collections::HashMap, path::PathBuf};

use saring_verdict::{GuardSettings, GuardSource, Message, Rendered, Subject, Task};

use super::{
    ExportFormat, ExportOrder, LeftOut, Part,
    answer::answer,
    decisions,
    frame::{TrainerTemplate, with_images},
    split::Split,
    tally::Tally,
};
use crate::{
    Error, Result, Workspace,
    engine::EngineHandle,
    guards::Guard,
    label::subject,
    media::{ImageAt, first_changed},
    policy::{Policy, PolicyVersion},
    store::{
        ReadTx,
        exports::{self, DecidedRow, ExportRow},
    },
};

/// Pairs that are read, and rendered, together.
const PAGE: i64 = 500;

/// Where rows go.
pub(super) trait Sink: Send {
    /// Takes a decision: its two lines, with their ends.
    fn decision(&mut self, json: &str, csv: &[u8]) -> Result<()>;

    /// Takes a row to learn from or to measure on.
    fn row(&mut self, part: Part, row: TrainingRow<'_>) -> Result<()>;
}

/// A row for a trainer.
pub(super) struct TrainingRow<'a> {
    pub(super) turns: &'a [Message],
    pub(super) answer: &'a str,
    pub(super) images: &'a [ImageAt],
}

/// Whose wording a training file has.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    pub(super) guard: Guard,
    pub(super) source: GuardSource,
    pub(super) settings: GuardSettings,
}

/// What a pass reads and how.
pub(super) struct Pass<'a> {
    pub(super) engine: &'a EngineHandle,
    pub(super) order: &'a ExportOrder,
    pub(super) queue_id: &'a str,
    pub(super) wording: Option<Wording>,
    pub(super) media_dir: PathBuf,
    /// Under which decisions may have been made, by their ids.
    pub(super) policies: &'a HashMap<String, PolicyVersion>,
    /// Rows that are rendered at most; further ones are only counted. For previews.
    pub(super) render_max: u64,
}

/// A pair that has an answer and waits to be rendered.
struct Candidate {
    row: ExportRow,
    decision: DecidedRow,
    task: Task,
    subject: Subject,
    answer: String,
}

impl Pass<'_> {
    /// Reads everything that `tx` sees of the queue.
    pub(super) async fn run(&self, tx: &mut ReadTx, sink: &mut dyn Sink) -> Result<Tally> {
        let mut split = self.split(tx).await?;
        let mut tally = Tally::default();
        let mut after = (0, String::new());
        loop {
            let rows = exports::list(tx, self.queue_id, (after.0, &after.1), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(tally) };
            after = (last.seq, last.task.clone());
            match &self.wording {
                None => self.decisions(rows, &mut tally, sink)?,
                Some(wording) => self.training(wording, rows, &mut split, &mut tally, sink).await?,
            }
        }
    }

    async fn split(&self, tx: &mut ReadTx) -> Result<Split> {
        let mut split = Split::new(self.order.seed, self.order.validation);
        if self.order.format == ExportFormat::Decisions {
            return Ok(split);
        }
        let mut after_seq = 0;
        loop {
            let ties = exports::ties(tx, self.queue_id, after_seq, PAGE).await?;
            let Some(last) = ties.last() else { return Ok(split) };
            after_seq = last.seq;
            for tie in &ties {
                let prompt = tie.prompt.as_deref().filter(|p| !p.is_empty());
                let images = tie.images.as_deref().into_iter().flat_map(|images| images.split(','));
                split.add(&tie.content_hash, tie.group_key.as_deref(), prompt, images);
            }
        }
    }

    fn decisions(&self, rows: Vec<ExportRow>, tally: &mut Tally, sink: &mut dyn Sink) -> Result<()> {
        for row in rows {
            let task = task(&row)?;
            match &row.decision {
                None => tally.leave_out(undecided(&row), &row, task),
                Some(decision) if decision.synthetic && !self.order.include_synthetic => {
                    tally.leave_out(LeftOut::Synthetic, &row, task);
                }
                Some(decision) => {
                    let (json, csv) = decisions::lines(&row, decision, self.policy(decision))?;
                    sink.decision(&json, &csv)?;
                    tally.count(Part::Train, &row, decision);
                }
            }
        }
        Ok(())
    }

    /// Under which policy something was decided.
    fn policy(&self, decision: &DecidedRow) -> Option<&Policy> {
        decision.policy_id.as_ref().and_then(|id| self.policies.get(id)).map(|version| &version.terms)
    }

    async fn training(
        &self,
        wording: &Wording,
        rows: Vec<ExportRow>,
        split: &mut Split,
        tally: &mut Tally,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut candidates = Vec::new();
        for row in rows {
            let task = task(&row)?;
            match self.candidate(wording, &row, task) {
                Ok((decision, subject, answer)) => {
                    candidates.push(Candidate { row, decision, task, subject, answer });
                }
                Err(reason) => tally.leave_out(reason, &row, task),
            }
        }
        let room = usize::try_from(self.render_max.saturating_sub(tally.total())).unwrap_or(usize::MAX);
        let unrendered = candidates.split_off(room.min(candidates.len()));
        for Candidate { row, decision, .. } in unrendered {
            tally.count(split.part(&row.content_hash), &row, &decision);
            tally.unrendered += 1;
        }
        if candidates.is_empty() {
            return Ok(());
        }
        let subjects = candidates.iter().map(|c| c.subject.clone()).collect();
        let rendered = self.engine.render(wording.source.clone(), wording.settings, subjects).await?;
        for (candidate, rendered) in candidates.into_iter().zip(rendered) {
            let Candidate { row, decision, task, answer, .. } = candidate;
            let images = &row.content.images;
            let rendered = match first_changed(images).await? {
                Some(index) => Err(LeftOut::ImageChanged(images[index].sha256.clone())),
                None => rendered.map_err(|error| LeftOut::Rendering(error.to_string())),
            };
            let rendered = rendered.map(|rendered| with_images(rendered, images.len()));
            let turns =
                rendered.and_then(|r| turns(&wording.guard.card.architecture, r, &mut tally.template));
            match turns {
                Ok(turns) => {
                    let part = split.part(&row.content_hash);
                    sink.row(part, TrainingRow { turns: &turns, answer: &answer, images })?;
                    tally.count(part, &row, &decision);
                }
                Err(reason) => tally.leave_out(reason, &row, task),
            }
        }
        Ok(())
    }

    /// The decision, the question and the answer of a pair, or why it is not exported.
    fn candidate(
        &self,
        wording: &Wording,
        row: &ExportRow,
        task: Task,
    ) -> std::result::Result<(DecidedRow, Subject, String), LeftOut> {
        let decision = row.decision.as_ref().ok_or_else(|| undecided(row))?;
        if decision.synthetic && !self.order.include_synthetic {
            return Err(LeftOut::Synthetic);
        }
        match decision.kind.as_str() {
            "label" | "adjudicate" => {}
            "skip" => return Err(LeftOut::Skipped),
            "escalate" => return Err(LeftOut::Escalated),
            _ => return Err(LeftOut::Undecided),
        }
        let policy = self.policy(decision);
        let answer = answer(&wording.guard.card, task, decision, policy, self.order.controversial_as)?;
        if !row.content.images.is_empty() && !wording.guard.card.images {
            return Err(LeftOut::Images);
        }
        let unreadable = || LeftOut::Rendering("the stored conversation cannot be read".to_owned());
        let subject = subject(&row.content, task, &self.media_dir).ok_or_else(unreadable)?;
        Ok((decision.clone(), subject, answer))
    }
}

/// The turns that a trainer is given. The first row settles the template; a row that it does not reproduce is held back.
fn turns(
    architecture: &str,
    rendered: Rendered,
    template: &mut Option<TrainerTemplate>,
) -> std::result::Result<Vec<Message>, LeftOut> {
    if rendered.markup_in_item {
        return Err(LeftOut::Markup);
    }
    if template.is_none() {
        *template = TrainerTemplate::of(architecture, &rendered);
    }
    match template {
        Some(template) if template.reproduces(&rendered) => Ok(rendered.turns),
        _ => Err(LeftOut::Frame),
    }
}

/// Why a pair has no decision in force.
fn undecided(row: &ExportRow) -> LeftOut {
    match row.awaiting.as_deref() {
        Some("second") => LeftOut::AwaitingSecond,
        Some("adjudication") => LeftOut::AwaitingAdjudication,
        _ => LeftOut::Undecided,
    }
}

fn task(row: &ExportRow) -> Result<Task> {
    row.task.parse().map_err(|_| Error::invalid("task", format!("that of item {} is unknown", row.item_id)))
}

impl Workspace {
    /// Whose wording an order asks for; none for decisions.
    pub(super) async fn wording(
        &self,
        engine: &EngineHandle,
        order: &ExportOrder,
    ) -> Result<Option<Wording>> {
        if order.format == ExportFormat::Decisions {
            return Ok(None);
        }
        let guard = match &order.guard {
            Some(guard) => self.guard(guard).await?,
            None => self.default_guard(engine).await?,
        };
        // Rows are rendered with the template that lies there now; the card names the hashes of the guard as it was added.
        guard.check_unchanged(&engine.describe(guard.source.clone(), |_| ()).await?)?;
        Ok(Some(Wording { source: guard.source.clone(), settings: guard.settings, guard }))
    }
}
