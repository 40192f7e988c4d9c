//! From probabilities to one number: derived on reading, so that modes change without running the model again.

use serde::{Deserialize, Serialize};

use crate::{LabelProbability, Severity, Task, Verdict};

/// Whether "controversial" counts as unsafe (Qwen3Guard technical report, strict and loose).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Controversial counts as unsafe.
    #[default]
    Strict,
    /// Controversial counts as safe.
    Loose,
}

/// What SEA-Guard's label "sensitive" counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveAs {
    /// Its probability is not counted.
    Safe,
    /// Its probability is added to unsafe.
    Unsafe,
}

/// How verdicts are read: part of the settings of a workspace, recorded in every export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// For the label "Controversial".
    pub mode: Mode,
    /// For the label "sensitive" on the prompt task. The authors' scoring code adds it to unsafe.
    pub sensitive_prompt: SensitiveAs,
    /// For the label "sensitive" on the response task. The authors' scoring code does not add it.
    pub sensitive_response: SensitiveAs,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            mode: Mode::Strict,
            sensitive_prompt: SensitiveAs::Unsafe,
            sensitive_response: SensitiveAs::Safe,
        }
    }
}

impl Reading {
    /// The probability that the subject is unsafe, 0 to 1: the sum over the labels that count as unsafe.
    pub fn p_unsafe(&self, task: Task, verdict: &Verdict) -> f64 {
        self.p_unsafe_of(task, &verdict.probabilities_in(self.mode))
    }

    /// [`p_unsafe`](Self::p_unsafe) of the probabilities that a verdict has in [`mode`](Self::mode).
    pub fn p_unsafe_of(&self, task: Task, probabilities: &[LabelProbability]) -> f64 {
        probabilities
            .iter()
            .filter(|x| self.counts_as_unsafe(task, &x.label))
            .map(|x| x.p)
            .sum::<f64>()
            .clamp(0.0, 1.0)
    }

    /// Whether a native label counts as unsafe for `task`.
    pub fn counts_as_unsafe(&self, task: Task, native_label: &str) -> bool {
        match Self::severity(native_label) {
            Some(Severity::Unsafe) => true,
            Some(Severity::Controversial) => self.mode == Mode::Strict,
            Some(Severity::Safe) => false,
            None => {
                let sensitive_as = match task {
                    Task::Prompt => self.sensitive_prompt,
                    Task::Response => self.sensitive_response,
                };
                native_label.eq_ignore_ascii_case("sensitive") && sensitive_as == SensitiveAs::Unsafe
            }
        }
    }

    /// The severity of a native label. `None` for "sensitive", whose meaning is the reading's to say.
    pub fn severity(native_label: &str) -> Option<Severity> {
        native_label.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RiskTrace, TokenCount, TokenRisk};

    fn verdict(ps: &[(&str, f64)]) -> Verdict {
        Verdict {
            probabilities: ps.iter().map(|(l, p)| LabelProbability { label: (*l).into(), p: *p }).collect(),
            label_mass: 1.0,
            categories: vec![],
            refusal: None,
            tokens: TokenCount::default(),
            truncated: false,
            notes: vec![],
            risk: None,
        }
    }

    #[test]
    fn strict_adds_controversial_to_unsafe_and_loose_does_not() {
        let v = verdict(&[("Safe", 0.5), ("Controversial", 0.3), ("Unsafe", 0.2)]);
        let strict = Reading::default();
        let loose = Reading { mode: Mode::Loose, ..strict };
        assert!((strict.p_unsafe(Task::Prompt, &v) - 0.5).abs() < 1e-12);
        assert!((loose.p_unsafe(Task::Prompt, &v) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn of_risk_along_a_response_each_mode_reads_its_own_token() {
        let token = |p: [f32; 3]| TokenRisk { end: 0, p: p.to_vec(), category: 0 };
        let [mixed, safe, no_doubt] = [[0.05, 0.5, 0.45], [1.0, 0.0, 0.0], [0.1, 0.9, 0.0]].map(token);
        let trace = RiskTrace {
            labels: ["Safe", "Unsafe", "Controversial"].map(str::to_owned).to_vec(),
            categories: vec!["Violent".into()],
            tokens: vec![mixed.clone(), mixed, safe, no_doubt.clone(), no_doubt],
        };
        let v = Verdict {
            risk: Some(trace),
            ..verdict(&[("Safe", 0.05), ("Unsafe", 0.5), ("Controversial", 0.45)])
        };
        let strict = Reading::default();
        let loose = Reading { mode: Mode::Loose, ..strict };
        assert!((strict.p_unsafe(Task::Response, &v) - 0.95).abs() < 1e-6);
        assert!(
            (loose.p_unsafe(Task::Response, &v) - 0.9).abs() < 1e-6,
            "not 0.5, which strict mode's token has"
        );
        assert_eq!(v.in_mode(Mode::Loose).categories, ["Violent"]);
    }

    #[test]
    fn sensitive_counts_as_unsafe_on_prompts_only_unless_set_otherwise() {
        let v = verdict(&[("safe", 0.5), ("unsafe", 0.2), ("sensitive", 0.3)]);
        let card = Reading::default();
        assert!((card.p_unsafe(Task::Prompt, &v) - 0.5).abs() < 1e-12);
        assert!((card.p_unsafe(Task::Response, &v) - 0.2).abs() < 1e-12);
        let other = Reading { sensitive_response: SensitiveAs::Unsafe, ..card };
        assert!((other.p_unsafe(Task::Response, &v) - 0.5).abs() < 1e-12);
    }
}
