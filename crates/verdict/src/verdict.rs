//! What one forward pass answered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Mode, RiskTrace};

/// The probability of one native label, within the label set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelProbability {
    /// The label as the guard writes it.
    pub label: String,
    /// Softmax over the label tokens only; all labels of a verdict sum to one.
    pub p: f64,
}

impl LabelProbability {
    /// The most probable label; the first of equals. `None` without labels.
    pub fn likeliest(labels: &[Self]) -> Option<&str> {
        let best = labels.iter().reduce(|best, next| if next.p > best.p { next } else { best });
        best.map(|best| best.label.as_str())
    }
}

/// How many tokens a verdict took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// Every token before the label, the forced `Safety:` included.
    pub prompt: u32,
    /// Of those, how many came from a shared prefix.
    pub cached: u32,
    /// Of those, how many were computed for this subject.
    pub computed: u32,
}

/// What a reader of a verdict must know about the question that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictNote {
    /// Images without a text: the guard's authors did not describe that format.
    ImageWithoutText,
    /// The item is Burmese in the Zawgyi encoding, and the guard read the Unicode text that it means.
    ZawgyiReadAsUnicode,
}

impl VerdictNote {
    /// The name used in databases and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImageWithoutText => "image_without_text",
            Self::ZawgyiReadAsUnicode => "zawgyi_read_as_unicode",
        }
    }
}

/// A guard's answer about one [`Subject`](crate::Subject). Raw: what it means is a [`Reading`](crate::Reading).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Every label of the guard's taxonomy, in its order. With [`risk`](Self::risk) they are those of strict mode.
    pub probabilities: Vec<LabelProbability>,
    /// What the label tokens have of the whole vocabulary's probability, 0 to 1. A low mass means that the guard
    /// wanted to say something else: a softmax over labels alone makes garbage look certain.
    pub label_mass: f64,
    /// Categories as the guard wrote them; empty for `None` and for guards without categories.
    pub categories: Vec<String>,
    /// Whether the guard called the response a refusal, where it answers that.
    pub refusal: Option<bool>,
    /// Tokens read.
    pub tokens: TokenCount,
    /// Whether the item was cut in the middle to fit the context.
    pub truncated: bool,
    /// What to know about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<VerdictNote>,
    /// Risk along the response, from a guard that answers at every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskTrace>,
}

impl Verdict {
    /// Below this label mass a verdict is shown as "off format".
    pub const LABEL_MASS_MIN: f64 = 0.5;

    /// The most probable native label; the first of equals. `None` for a verdict without labels.
    pub fn label(&self) -> Option<&str> {
        LabelProbability::likeliest(&self.probabilities)
    }

    /// The probabilities in `mode`: of a guard that answers at every token, what another token said may count there.
    pub fn probabilities_in(&self, mode: Mode) -> Cow<'_, [LabelProbability]> {
        let along = self.risk.as_ref().and_then(|trace| trace.probabilities(mode));
        along.map_or(Cow::Borrowed(&self.probabilities), Cow::Owned)
    }

    /// This verdict with the probabilities and categories that it has in `mode`.
    pub fn in_mode(&self, mode: Mode) -> Self {
        let Some(trace) = self.risk.as_ref().filter(|trace| !trace.tokens.is_empty()) else {
            return self.clone();
        };
        Self {
            probabilities: self.probabilities_in(mode).into_owned(),
            categories: trace.category(mode).map(str::to_owned).into_iter().collect(),
            ..self.clone()
        }
    }

    /// Whether the guard hardly wanted to answer with a label at all.
    pub fn off_format(&self) -> bool {
        self.label_mass < Self::LABEL_MASS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ps: &[(&str, f64)]) -> Verdict {
        Verdict {
            probabilities: ps.iter().map(|(l, p)| LabelProbability { label: (*l).into(), p: *p }).collect(),
            label_mass: 0.9,
            categories: vec![],
            refusal: None,
            tokens: TokenCount::default(),
            truncated: false,
            notes: vec![],
            risk: None,
        }
    }

    #[test]
    fn the_label_is_the_most_probable_one_and_the_first_of_equals() {
        assert_eq!(
            verdict(&[("Safe", 0.2), ("Unsafe", 0.5), ("Controversial", 0.3)]).label(),
            Some("Unsafe")
        );
        assert_eq!(verdict(&[("Safe", 0.5), ("Unsafe", 0.5)]).label(), Some("Safe"));
        assert_eq!(verdict(&[]).label(), None);
    }

    #[test]
    fn a_low_label_mass_is_off_format() {
        let mut v = verdict(&[("Safe", 1.0)]);
        assert!(!v.off_format());
        v.label_mass = 0.49;
        assert!(v.off_format());
    }
}
