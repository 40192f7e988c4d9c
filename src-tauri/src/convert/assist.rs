//! The assistant: what is asked of it, and what it wrote.

use saring_desk::{assist as desk, guards::Guard};
use saring_verdict::Ending;

use super::float;
use crate::{
    failure::Answer,
    wire::{AssistOrder, AssistView, AssistantView, Failure},
};

pub(crate) fn assistant(guard: Guard) -> AssistantView {
    AssistantView {
        guard_id: guard.id,
        name: guard.name,
        languages: guard.card.languages,
        memory_needed_bytes: float(guard.card.memory_needed_bytes),
    }
}

pub(crate) fn order(order: AssistOrder) -> Answer<desk::AssistOrder> {
    Ok(desk::AssistOrder {
        item_id: order.item_id,
        task: order.task.parse().map_err(|e| Failure::unknown_word(&e))?,
        question: order.question,
        language: order.language,
    })
}

pub(crate) fn view(assisted: desk::Assisted) -> AssistView {
    let ended = match assisted.ending {
        Ending::Finished => "finished",
        Ending::Length => "length",
        Ending::Cancelled => "cancelled",
    };
    AssistView {
        text: assisted.text,
        guard: assisted.assistant,
        generated: true,
        ended: ended.to_owned(),
        warning: (!assisted.warnings.is_empty()).then(|| assisted.warnings.join(" ")),
    }
}
