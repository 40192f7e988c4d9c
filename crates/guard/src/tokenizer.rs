//! From text to ids, with control tokens only where the template put them.
//!
//! [`Tokenizer`] holds the checkpoint's tokenizer *without* its structural added tokens, and the structural ones beside
//! it. Text between two control tokens is encoded as one piece, exactly as the reference does. Structural means:
//! every added token that frames a conversation, flagged "special" or not (`<think>` is not). Gemma's whitespace runs
//! and HTML tags are ordinary text that happens to be one token; they stay in.

use saring_verdict::EngineError;
use serde_json::Value;

/// HTML tags that Gemma's tokenizer lists as added tokens.
const HTML_TAGS: &[&str] = &[
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "sub",
    "sup",
    "code",
];

/// An added token that frames a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ControlToken {
    /// Its text.
    pub text: String,
    /// Its id.
    pub id: u32,
    /// It swallows white space before it.
    strips_left: bool,
    /// It swallows white space after it.
    strips_right: bool,
}

/// A stretch of rendered text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A control token.
    Control(&'a ControlToken),
    /// What lies between two of them; never empty.
    Text(&'a str),
}

/// A checkpoint's tokenizer.
pub(crate) struct Tokenizer {
    bare: tokenizers::Tokenizer,
    /// Longest first, so that the first match is the longest.
    controls: Vec<ControlToken>,
    starts: Vec<char>,
}

impl Tokenizer {
    /// From tokenizer.json and tokenizer_config.json. `vocabulary` is the number of rows of the embedding.
    ///
    /// # Errors
    /// `BadTokenizer` if it cannot be read, has ids beyond the embedding, or spells a control token in plain text.
    pub fn new(json: Value, config: &Value, vocabulary: usize) -> Result<Self, EngineError> {
        let bad = |reason: String| EngineError::BadTokenizer { reason };
        let mut json = json;
        let added = added_tokens(&json, config);
        let (structural, ordinary): (Vec<_>, Vec<_>) = added.into_iter().partition(is_structural);
        json["added_tokens"] = Value::Array(ordinary);
        // Padding and cutting are done here; what the file says was meant for somebody's training run.
        json["truncation"] = Value::Null;
        json["padding"] = Value::Null;
        let text = json.to_string();
        drop(json);
        let bare: tokenizers::Tokenizer =
            text.parse().map_err(|e| bad(format!("tokenizer.json cannot be read: {e}")))?;
        let mut controls = structural.iter().filter_map(control_token).collect::<Vec<_>>();
        controls.sort_by(|a, b| b.text.len().cmp(&a.text.len()).then_with(|| a.text.cmp(&b.text)));
        let largest = bare.get_vocab(true).values().copied().chain(controls.iter().map(|c| c.id)).max();
        if let Some(largest) = largest.filter(|id| *id as usize >= vocabulary) {
            return Err(bad(format!("its largest id is {largest}; the embedding has {vocabulary} rows")));
        }
        let mut starts: Vec<char> = controls.iter().filter_map(|c| c.text.chars().next()).collect();
        starts.sort_unstable();
        starts.dedup();
        let tokenizer = Self { bare, controls, starts };
        for control in &tokenizer.controls {
            if tokenizer.encode_plain(&control.text)?.iter().any(|id| tokenizer.is_control(*id)) {
                return Err(bad(format!("{} is also spelled by plain text", control.text)));
            }
        }
        Ok(tokenizer)
    }

    /// The characters that control tokens begin with.
    pub fn starts(&self) -> &[char] {
        &self.starts
    }

    /// Whether `text` ends with what may be the beginning of a control token.
    pub fn ends_inside_control(&self, text: &str) -> bool {
        self.controls.iter().any(|control| {
            let ends = control.text.char_indices().skip(1).map(|(end, _)| end);
            ends.into_iter().any(|end| text.ends_with(&control.text[..end]))
        })
    }

    /// The id of a control token.
    pub fn control(&self, text: &str) -> Option<u32> {
        self.controls.iter().find(|c| c.text == text).map(|c| c.id)
    }

    /// Whether `text` holds a control token.
    pub fn has_control(&self, text: &str) -> bool {
        self.split(text).iter().any(|piece| matches!(piece, Piece::Control(_)))
    }

    /// Splits text at its control tokens, leftmost and longest first.
    pub fn split<'a>(&'a self, text: &'a str) -> Vec<Piece<'a>> {
        let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
        while let Some(found) = text[at..].find(self.starts.as_slice()) {
            at += found;
            match self.controls.iter().find(|c| text[at..].starts_with(c.text.as_str())) {
                Some(control) => {
                    let before = &text[start..at];
                    let before = if control.strips_left { before.trim_end() } else { before };
                    if !before.is_empty() {
                        pieces.push(Piece::Text(before));
                    }
                    pieces.push(Piece::Control(control));
                    at += control.text.len();
                    if control.strips_right {
                        at += text[at..].len() - text[at..].trim_start().len();
                    }
                    start = at;
                }
                None => at += text[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        if start < text.len() {
            pieces.push(Piece::Text(&text[start..]));
        }
        pieces
    }

    /// The ids of a text in which no control token is recognised.
    ///
    /// # Errors
    /// `BadTokenizer` if the model refuses the text.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.bare
            .encode_fast(text, false)
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|_| EngineError::BadTokenizer { reason: "a text could not be encoded".into() })
    }

    /// Byte spans of the tokens of a text in which no control token is recognised.
    ///
    /// # Errors
    /// `BadTokenizer` if the model refuses the text.
    pub fn spans_plain(&self, text: &str) -> Result<Vec<(usize, usize)>, EngineError> {
        self.bare
            .encode(text, false)
            .map(|encoding| encoding.get_offsets().to_vec())
            .map_err(|_| EngineError::BadTokenizer { reason: "a text could not be encoded".into() })
    }

    /// The text of ids; control tokens have none.
    pub fn decode(&self, ids: &[u32]) -> String {
        let plain: Vec<u32> = ids.iter().copied().filter(|id| !self.is_control(*id)).collect();
        // It fails only where the decoder of the checkpoint's tokenizer cannot be applied at all.
        self.bare.decode(&plain, false).unwrap_or_default()
    }

    fn is_control(&self, id: u32) -> bool {
        self.controls.iter().any(|c| c.id == id)
    }
}

/// tokenizer.json's added tokens, and those that only tokenizer_config.json lists.
fn added_tokens(json: &Value, config: &Value) -> Vec<Value> {
    let mut added = json["added_tokens"].as_array().cloned().unwrap_or_default();
    for (id, token) in config["added_tokens_decoder"].as_object().into_iter().flatten() {
        if added.iter().any(|known| known["content"] == token["content"]) {
            continue;
        }
        if let Ok(id) = id.parse::<u32>() {
            let mut token = token.clone();
            token["id"] = id.into();
            added.push(token);
        }
    }
    added
}

fn is_structural(token: &Value) -> bool {
    let text = token["content"].as_str().unwrap_or_default();
    if token["special"] == true {
        return true;
    }
    let is_space = !text.is_empty() && text.chars().all(|c| c.is_whitespace() || c == '\u{2581}');
    let tag = text.strip_prefix("</").or_else(|| text.strip_prefix('<')).and_then(|t| t.strip_suffix('>'));
    !is_space && !tag.is_some_and(|name| HTML_TAGS.contains(&name))
}

fn control_token(token: &Value) -> Option<ControlToken> {
    Some(ControlToken {
        text: token["content"].as_str().filter(|t| !t.is_empty())?.to_owned(),
        id: token["id"].as_u64().and_then(|id| u32::try_from(id).ok())?,
        strips_left: token["lstrip"] == true,
        strips_right: token["rstrip"] == true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(text: &str, special: bool) -> Value {
        json!({"content": text, "special": special, "id": 1})
    }

    #[test]
    fn what_frames_a_conversation_is_structural_whether_special_or_not() {
        for (text, special) in [("<|im_end|>", true), ("<think>", false), ("<s>", true), ("[INST]", false)] {
            assert!(is_structural(&token(text, special)), "{text} must never be made by an item");
        }
        for text in ["\n\n", "\u{2581}\u{2581}", "\t", "<b>", "</table>", "<s>"] {
            assert!(!is_structural(&token(text, false)), "{text} is ordinary text and stays one token");
        }
    }
}
