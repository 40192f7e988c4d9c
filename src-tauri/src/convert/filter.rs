//! Filters and what they find.

use std::str::FromStr;

use saring_desk::queue as desk;

use super::{count, queue::row};
use crate::{
    failure::Answer,
    wire::Failure,
    wire_filter::{FilterCount, FilterTerms, FilteredPage, Filtering, SavedFilter},
};

/// The filter and the order that the page means.
pub(crate) fn meant(filtering: Filtering) -> Answer<(desk::Filter, desk::Sort)> {
    let Filtering { filter: terms, sort } = filtering;
    let filter = desk::Filter {
        state: word(terms.state)?,
        task: terms.task.map(|task| task.parse().map_err(|e| Failure::unknown_word(&e))).transpose()?,
        language: terms.language,
        label: word(terms.label)?,
        decided_label: terms
            .decided_label
            .map(|label| label.parse().map_err(|e| Failure::unknown_word(&e)))
            .transpose()?,
        category: terms.category,
        guard_category: terms.guard_category,
        disagreement: word(terms.disagreement)?,
        score: terms.score.map(|range| range.parse()).transpose()?,
        reviewer: terms.reviewer,
        since: terms.since,
        until: terms.until,
        flagged: terms.flagged,
        has_image: terms.has_image,
        text: terms.text,
    };
    let sort = sort.parse().map_err(|e| Failure::unknown_word(&e))?;
    Ok((filter, sort))
}

fn word<T: FromStr<Err = desk::UnknownWord>>(said: Option<String>) -> Answer<Option<T>> {
    said.map(|word| word.parse().map_err(|e| Failure::unknown_word(&e))).transpose()
}

pub(crate) fn page(page: desk::FilteredPage) -> FilteredPage {
    FilteredPage {
        rows: page.rows.into_iter().map(row).collect(),
        cursor: page.next.map(|cursor| cursor.to_string()),
        withheld: page.withheld,
    }
}

/// Counted up to `most`.
pub(crate) fn counted(found: u64, most: u32) -> FilterCount {
    FilterCount { found: count(found.min(u64::from(most))), more: found > u64::from(most) }
}

pub(crate) fn saved(saved: desk::SavedFilter) -> SavedFilter {
    let desk::Filter { state, task, language, label, decided_label, category, guard_category, .. } =
        saved.filter;
    let terms = FilterTerms {
        state: state.map(|word| word.to_string()),
        task: task.map(|word| word.to_string()),
        language,
        label: label.map(|word| word.to_string()),
        decided_label: decided_label.map(|word| word.as_str().to_owned()),
        category,
        guard_category,
        disagreement: saved.filter.disagreement.map(|word| word.to_string()),
        score: saved.filter.score.map(|range| range.to_string()),
        reviewer: saved.filter.reviewer,
        since: saved.filter.since,
        until: saved.filter.until,
        flagged: saved.filter.flagged,
        has_image: saved.filter.has_image,
        text: saved.filter.text,
    };
    SavedFilter {
        id: saved.id,
        queue_id: saved.queue_id,
        name: saved.name,
        filtering: Filtering { filter: terms, sort: saved.sort.to_string() },
    }
}
