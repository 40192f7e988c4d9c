//! Items, verdicts, decisions and histories as the review screen shows them.

use saring_desk::{
    media::ItemImage,
    policy::Policy,
    review::{self as desk, DecisionKind, HistoryEvent},
    store::decisions::DecisionRow,
};

use super::{count, float, provenance, risk, team};
use crate::{
    failure::{Answer, sentence},
    wire::{
        DecisionView, Failure, HistoryEntry, ImageView, ItemView, LabelShare, NewDecision, TaskView, Turn,
        VerdictSlot, VerdictView,
    },
};

pub(crate) fn item(item: desk::ItemView) -> ItemView {
    // What the response task judges.
    let in_unicode = item.in_unicode.as_ref().and_then(|texts| texts.last()).map(String::as_str);
    let response = in_unicode.or(item.turns.last().map(|turn| turn.content.as_str())).unwrap_or_default();
    let tasks = item.tasks.into_iter().map(|one| task(one, response)).collect();
    ItemView {
        id: item.id,
        queue_id: item.queue_id,
        seq: count(item.seq),
        external_id: item.external_id,
        language: item.language,
        language_from: item.language_from.map(|from| from.as_str().to_owned()),
        in_unicode: item.in_unicode,
        turns: item
            .turns
            .into_iter()
            .map(|turn| Turn { role: turn.role.as_str().to_owned(), content: turn.content })
            .collect(),
        images: item.images.into_iter().map(image).collect(),
        source: item.source,
        tasks,
        flagged: item.flagged,
        duplicates: count(item.duplicates),
        draw_id: item.draw_id,
    }
}

fn image(image: ItemImage) -> ImageView {
    let (width, height) = image.size.unwrap_or_default();
    ImageView {
        sha256: image.sha256,
        file_name: image.file_name,
        width,
        height,
        bytes: float(image.bytes),
        linked: image.linked,
        problem: image.problem,
    }
}

fn task(task: desk::TaskView, response: &str) -> TaskView {
    TaskView {
        task: task.task.as_str().to_owned(),
        state: task.state.as_str().to_owned(),
        verdict: slot(task.verdict, response),
        decision: task.decision.map(decision),
        gold: task.gold.map(team::gold),
    }
}

fn slot(slot: desk::VerdictSlot, response: &str) -> VerdictSlot {
    match slot {
        desk::VerdictSlot::Absent => VerdictSlot::Absent,
        desk::VerdictSlot::Hidden => VerdictSlot::Hidden,
        desk::VerdictSlot::Failed { reason, .. } => VerdictSlot::Failed { reason: sentence(&reason) },
        // The newest of them all: a card shows one guard, and names it.
        desk::VerdictSlot::Shown(verdicts) => match verdicts.into_iter().next() {
            Some(newest) => VerdictSlot::Shown { verdict: Box::new(verdict(newest, response)) },
            None => VerdictSlot::Absent,
        },
    }
}

fn verdict(view: desk::VerdictView, response: &str) -> VerdictView {
    let raw = view.verdict;
    VerdictView {
        id: view.id,
        guard: view.guard_name,
        is_toy: view.is_toy,
        label: raw.label().unwrap_or_default().to_owned(),
        suggestion: view.suggestion.map(|label| label.as_str().to_owned()),
        suggested_categories: view.suggested_categories,
        p_unsafe: view.p_unsafe,
        label_mass: raw.label_mass,
        off_format: raw.off_format(),
        has_categories: view.has_categories,
        refusal: raw.refusal,
        truncated: raw.truncated,
        notes: raw.notes.iter().map(|note| desk::note_words(*note).to_owned()).collect(),
        pixels_max: provenance::pixels_max(&view.provenance).map(float),
        risk: view.risk.map(|along| risk::view(along, response)),
        made_at: view.made_at,
        provenance: provenance::facts(&view.provenance, raw.tokens),
        probabilities: raw.probabilities.into_iter().map(|x| LabelShare { label: x.label, p: x.p }).collect(),
        categories: raw.categories,
    }
}

pub(crate) fn decision(view: desk::DecisionView) -> DecisionView {
    DecisionView {
        id: view.id,
        label: view.label.as_str().to_owned(),
        categories: view.categories,
        refusal: view.refusal,
        note: view.note,
        reviewer: view.reviewer,
        decided_at: view.decided_at,
        anchored: view.anchored,
    }
}

/// What the page says, said by `reviewer`.
pub(crate) fn new_decision(decision: NewDecision, reviewer: String) -> Answer<desk::NewDecision> {
    Ok(desk::NewDecision {
        item_id: decision.item_id,
        task: decision.task.parse().map_err(|e| Failure::unknown_word(&e))?,
        label: decision.label,
        categories: decision.categories,
        refusal: decision.refusal,
        note: decision.note,
        reviewer,
        duration_ms: Some(i64::from(decision.duration_ms)),
        verdict_visible: decision.verdict_visible,
        draw_id: decision.draw_id,
        synthetic: false,
    })
}

pub(crate) fn history(entry: desk::HistoryEntry) -> HistoryEntry {
    let desk::HistoryEntry { at, by, event, policy } = entry;
    let terms = policy.as_ref().map(|version| &version.terms);
    match event {
        HistoryEvent::Decision(row) => HistoryEntry {
            at,
            by,
            task: row.task.map(|task| task.as_str().to_owned()),
            what: done(&row),
            anchored: row.kind == DecisionKind::Label && row.verdict_visible,
            undone: row.undone,
            reason: row
                .reason
                .map(|reason| terms.map_or(reason.clone(), |t| t.reason_text(row.kind, &reason))),
            note: row.note,
            policy: terms.map(Policy::reference),
        },
        HistoryEvent::Verdict(view) => HistoryEntry {
            at,
            by,
            task: None,
            what: format!("verdict {} {:.2}", view.verdict.label().unwrap_or_default(), view.p_unsafe),
            reason: None,
            note: None,
            policy: None,
            anchored: false,
            undone: false,
        },
    }
}

fn done(row: &DecisionRow) -> String {
    match row.label {
        Some(label) => format!("{} {label}", row.kind),
        None => row.kind.to_string(),
    }
}
