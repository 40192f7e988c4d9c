//! One order for the rows of an item, whatever the order in which they arrived. Pure.
//!
//! Rows of several laptops are put together without a clock that all of them share. What a row points at came before it; what
//! does not point at each other is ordered by time, then by id. The order is a function of the set of rows alone.

use std::collections::{BTreeSet, HashMap};

use crate::store::decisions::DecisionRow;

/// The rows, each after those that it points at.
pub(super) fn in_order(rows: &[DecisionRow]) -> Vec<&DecisionRow> {
    let place: HashMap<&str, usize> =
        rows.iter().enumerate().map(|(at, row)| (row.id.as_str(), at)).collect();
    let mut waits_for = vec![0_usize; rows.len()];
    let mut followers = vec![Vec::new(); rows.len()];
    for (at, row) in rows.iter().enumerate() {
        // What a row points at may be about another item: a copy in quarantine points at the item that it went with.
        let links = [&row.supersedes, &row.undoes].into_iter().flatten();
        for earlier in links.filter_map(|link| place.get(link.as_str())) {
            followers[*earlier].push(at);
            waits_for[at] += 1;
        }
    }
    let key = |at: usize| (rows[at].decided_at.as_str(), rows[at].id.as_str(), at);
    let mut ready: BTreeSet<_> = (0..rows.len()).filter(|at| waits_for[*at] == 0).map(key).collect();
    let mut ordered = Vec::with_capacity(rows.len());
    while let Some((.., at)) = ready.pop_first() {
        ordered.push(&rows[at]);
        for follower in std::mem::take(&mut followers[at]) {
            waits_for[follower] -= 1;
            if waits_for[follower] == 0 {
                ready.insert(key(follower));
            }
        }
    }
    // Rows that point at each other in a ring were never written by the program; an audit finds them edited.
    let mut rings: Vec<_> = (0..rows.len()).filter(|at| waits_for[*at] > 0).map(key).collect();
    rings.sort_unstable();
    ordered.extend(rings.into_iter().map(|(.., at)| &rows[at]));
    ordered
}
