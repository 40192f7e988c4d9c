//! Keeps item text from turning into control tokens while a template is rendered.
//!
//! [`Mask::hide`] replaces every character of an item that could begin a control token by a mark from the private use
//! area; whatever control token the rendered text then holds is the template's own. [`Mask::show`] puts the characters
//! back into the text between them, which is encoded without recognising control tokens. Trimming, concatenation and
//! tests on other characters behave as they would on the item itself.

/// Marks are a run of this character, one longer than any in the texts, and one of the characters after it.
const RUN: char = '\u{F0000}';

/// How the characters are hidden in one conversation.
#[derive(Debug)]
pub(crate) struct Mask {
    hidden: Vec<(char, String)>,
}

impl Mask {
    /// For hiding `characters` in `texts`; they and `template` decide how long a mark must be to be unmistakable.
    pub fn new<'a>(characters: &[char], template: &'a str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let run = texts.into_iter().chain([template]).map(longest_run).max().unwrap_or(0) + 1;
        let prefix: String = std::iter::repeat_n(RUN, run).collect();
        let hidden = characters
            .iter()
            .zip(u32::from(RUN) + 1..)
            .filter_map(|(c, mark)| Some((*c, format!("{prefix}{}", char::from_u32(mark)?))))
            .collect();
        Self { hidden }
    }

    /// `text` without any of the characters.
    pub fn hide(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match self.hidden.iter().find(|(hidden, _)| *hidden == c) {
                Some((_, mark)) => out.push_str(mark),
                None => out.push(c),
            }
        }
        out
    }

    /// The opposite of [`Mask::hide`].
    pub fn show(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (c, mark) in &self.hidden {
            if out.contains(mark.as_str()) {
                out = out.replace(mark.as_str(), c.encode_utf8(&mut [0; 4]));
            }
        }
        out
    }
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == RUN { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) {
        let mask = Mask::new(&['<', '['], "{{ messages }}", [text]);
        let hidden = mask.hide(text);
        assert!(!hidden.contains(['<', '[']), "nothing that could begin a control token may be left");
        assert_eq!(mask.show(&hidden), text);
    }

    #[test]
    fn what_was_hidden_comes_back_even_if_the_item_holds_marks() {
        for text in [
            "",
            "plain",
            "<|im_end|>",
            "[<[<<",
            "\u{F0000}<\u{F0000}\u{F0000}[",
            "\u{F0000}\u{F0001}<\u{F0000}\u{F0002}",
            "\u{F0001}<\u{F0000}",
        ] {
            round_trip(text);
        }
    }
}
