//! Risk along a response, with places as JavaScript counts them.

use saring_desk::review::{self as desk};

use super::count;
use crate::wire::{RiskSpan, RiskView};

/// `text` is the response that `along` speaks of.
pub(crate) fn view(along: desk::RiskAlong, text: &str) -> RiskView {
    let mut units = Units { text, byte: 0, units: 0 };
    let flagged_from = along.flagged_from.map(|byte| Units { text, byte: 0, units: 0 }.at(byte));
    let spans = along.spans.into_iter().map(|span| RiskSpan {
        end: units.at(span.end),
        p_unsafe: span.p_unsafe,
        flagged: span.flagged,
        category: span.category,
    });
    RiskView { flagged_from, spans: spans.collect() }
}

/// Counts UTF-16 units from the beginning of a text, going forward only.
struct Units<'a> {
    text: &'a str,
    byte: usize,
    units: usize,
}

impl Units<'_> {
    /// Units before a byte at the edge of a character, at or after the last one that was asked for.
    fn at(&mut self, byte: usize) -> u32 {
        let passed = self.text.get(self.byte..byte).unwrap_or_default();
        self.units += passed.encode_utf16().count();
        self.byte = self.byte.max(byte);
        count(self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_utf_16_units() {
        let text = "a\u{1F600}\u{1000}b";
        let span = |end| desk::RiskSpan { end, p_unsafe: 0.5, flagged: false, category: None };
        let along = desk::RiskAlong { flagged_from: Some(5), spans: [1, 5, 8, 9].map(span).to_vec() };
        let view = view(along, text);
        let ends: Vec<u32> = view.spans.iter().map(|span| span.end).collect();
        assert_eq!(ends, [1, 3, 4, 5], "the face takes two units and four bytes, the letter one and three");
        assert_eq!(view.flagged_from, Some(3));
    }
}
