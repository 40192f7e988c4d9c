//! How a verdict was made, as facts in the order of display.

use saring_verdict::{GuardSettings, Provenance, TokenCount};

use crate::wire::Fact;

/// `json` is a [`Provenance`]; one that a newer version wrote shows what can be understood of it: the tokens.
pub(crate) fn facts(json: &str, tokens: TokenCount) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = Vec::new();
    if let Ok(made) = serde_json::from_str::<Provenance>(json) {
        facts.push(fact("Device", format!("{} · {}", made.device.to_uppercase(), made.device_name)));
        facts.push(fact("Precision", made.precision));
        facts.push(fact("Asked as", made.family.as_str().to_owned()));
        facts.extend(
            pixels_max(json).map(|n| fact("Pixel budget", format!("lowered to {n} pixels an image"))),
        );
        facts.push(fact("Settings", made.settings));
        facts.push(fact("Weights SHA-256", made.weights_sha256));
        facts.push(fact("Template SHA-256", made.template_sha256));
        facts.extend(made.processor_sha256.map(|hash| fact("Image processor SHA-256", hash)));
        facts.push(fact("Program", made.program));
    }
    let TokenCount { prompt, cached, computed } = tokens;
    let tokens = match computed {
        0 => format!("{prompt} read, none computed: an equal question had been answered"),
        _ => format!("{prompt} read, {cached} of them from a shared prefix, {computed} computed"),
    };
    facts.push(fact("Tokens", tokens));
    facts
}

/// The lowered pixel budget that a verdict was made with, if it was.
pub(crate) fn pixels_max(json: &str) -> Option<u64> {
    let made: Provenance = serde_json::from_str(json).ok()?;
    serde_json::from_str::<GuardSettings>(&made.settings).ok()?.pixels_max
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provenance_of_another_version_still_shows_the_tokens() {
        let facts = facts("{\"new\": 1}", TokenCount { prompt: 7, cached: 3, computed: 4 });
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].value, "7 read, 3 of them from a shared prefix, 4 computed");
    }

    #[test]
    fn a_repeated_answer_says_that_nothing_was_computed_for_it() {
        let facts = facts("{}", TokenCount { prompt: 7, cached: 7, computed: 0 });
        assert_eq!(facts[0].value, "7 read, none computed: an equal question had been answered");
    }
}
