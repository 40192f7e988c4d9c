//! Near-duplicates as the review screen shows them.

use saring_desk::alike as desk;

use super::count;
use crate::wire::{Alike, AlikeItem, AlikeTask};

pub(crate) fn alike(alike: desk::Alike) -> Alike {
    Alike { items: alike.items.into_iter().map(item).collect(), more: alike.more }
}

fn item(item: desk::AlikeItem) -> AlikeItem {
    let task = |(task, state, label): (_, _, Option<_>)| AlikeTask {
        task: saring_verdict::Task::as_str(task).to_owned(),
        state: saring_desk::queue::ItemState::as_str(state).to_owned(),
        label: label.map(|label| saring_verdict::Severity::as_str(label).to_owned()),
    };
    AlikeItem {
        item_id: item.item_id,
        seq: count(item.seq),
        language: item.language,
        excerpt: item.excerpt,
        text_distance: item.text_distance,
        picture_distance: item.picture_distance,
        tasks: item.tasks.into_iter().map(task).collect(),
    }
}
