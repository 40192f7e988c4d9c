//! Two guards on the same items.

use saring_desk::metrics::{Comparison, Differing, Flip, PairedTest};

use super::{count, insight::against, missing::missing};
use crate::wire::{ComparisonView, DifferingView, FlipView, PairedTestView};

pub(crate) fn comparison(comparison: Comparison) -> ComparisonView {
    ComparisonView {
        items: count(comparison.pairs),
        agree: count(comparison.agree),
        kappa: comparison.kappa,
        hidden: count(comparison.hidden),
        flips: comparison.flips.into_iter().map(flip).collect(),
    }
}

fn flip(flip: Flip) -> FlipView {
    FlipView {
        item_id: flip.item_id,
        seq: count(flip.seq),
        task: flip.task.as_str().to_owned(),
        language: flip.language,
        excerpt: flip.excerpt,
        label_a: flip.a.label,
        label_b: flip.b.label,
        p_a: flip.a.p_unsafe,
        p_b: flip.b.p_unsafe,
    }
}

/// Those of every task and yardstick; the ones that rest on nothing say so in their notes.
pub(crate) fn paired_tests(tests: Vec<PairedTest>) -> Vec<PairedTestView> {
    tests.into_iter().map(paired_test).collect()
}

fn paired_test(test: PairedTest) -> PairedTestView {
    PairedTestView {
        task: test.task.as_str().to_owned(),
        against: against(test.against).to_owned(),
        n: count(test.n),
        both_right: count(test.both_right),
        only_first: count(test.only_first),
        only_second: count(test.only_second),
        neither: count(test.neither),
        exact_p: test.exact_p,
        statistic: test.statistic,
        p: test.p,
        note: test.note.map(missing),
        differing: test.differing.into_iter().map(differing).collect(),
    }
}

fn differing(found: Differing) -> DifferingView {
    DifferingView {
        item_id: found.item_id,
        seq: count(found.seq),
        language: found.language,
        excerpt: found.excerpt,
        first_is_right: found.first_is_right,
    }
}
