//! Where a response stands in what a guard reads: for guards that answer at each of its tokens.

use saring_verdict::JudgeError;

use crate::{framing::Closing, tokenizer::Tokenizer};

/// What stands between the end of an empty thought and an answer, as Qwen3's template has it.
const AFTER_THOUGHT: &str = "\n\n";

/// The tokens of a response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResponseSpan {
    /// Index of its first token in the ids; the last of them is its last.
    pub from: usize,
    /// Where each of its tokens ends, in bytes of the response as it came.
    pub ends: Vec<u32>,
}

impl ResponseSpan {
    /// Finds the response `original` in the last closed turn. The template may have left out white space at its ends.
    ///
    /// # Errors
    /// `Template` if the turn does not hold it behind the end of a thought.
    pub fn find(tokenizer: &Tokenizer, closing: &Closing, original: &str) -> Result<Self, JudgeError> {
        let refuse = |reason: &str| JudgeError::Template { reason: reason.into() };
        let body = closing
            .text
            .strip_prefix(AFTER_THOUGHT)
            .ok_or_else(|| refuse("it puts no empty thought before the response"))?;
        let offset = original.find(body).ok_or_else(|| refuse("it changes the response"))?;
        let spans = tokenizer
            .spans_plain(&closing.text)
            .map_err(|e| JudgeError::Inference { reason: e.to_string() })?;
        let first = spans.iter().position(|(_, end)| *end > AFTER_THOUGHT.len()).unwrap_or(spans.len());
        let spans = &spans[first..];
        let end = |i: usize| {
            // Tokens that share a character are all given the whole of it; only the last of them has it.
            let shared = spans.get(i + 1).is_some_and(|(start, _)| *start < spans[i].1);
            let end = if shared { spans[i + 1].0 } else { spans[i].1 };
            (end.saturating_sub(AFTER_THOUGHT.len()) + offset) as u32
        };
        Ok(Self { from: closing.text_from + first, ends: (0..spans.len()).map(end).collect() })
    }

    /// Counts `left_out` bytes in, which were cut out of the response behind its byte `head_end`.
    pub fn undo_cut(&mut self, head_end: usize, left_out: usize) {
        for end in &mut self.ends {
            if *end as usize > head_end {
                *end += left_out as u32;
            }
        }
    }
}
