//! From turns to ids: a checkpoint's template and tokenizer together.
//!
//! A [`Frame`] keeps item text inert (see [`crate::inert`]): the only control tokens in what it makes are those that the
//! template put there, and what an image is expanded to. It refuses conversations of which the template would silently
//! leave a message or an image out.

#[cfg(test)]
mod golden_tests;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use saring_verdict::{JudgeError, Message, Role};

use crate::{
    inert::Mask,
    template::ChatTemplate,
    tokenizer::{Piece, Tokenizer},
    turn::{Framing, ImageMarkup, Turn},
};

/// Conversations of more shapes than this are checked anew each time.
const SHAPES_MAX: usize = 1024;

/// Roles and images of a conversation's turns, and how it is framed.
type Shape = (Vec<(Role, usize)>, Framing);

/// A conversation in its frame of control tokens.
#[derive(Clone, Debug)]
pub(crate) struct Framed {
    /// What the guard reads.
    pub ids: Vec<u32>,
    /// The text of `ids`.
    pub text: String,
    /// The closed turns of a ChatML frame; none if the frame is another one.
    pub turns: Vec<Message>,
    /// Where the tokens of each image begin in `ids`.
    pub images: Vec<usize>,
    /// The end of the last closed turn, if the frame has control tokens.
    pub closing: Option<Closing>,
}

/// The last control token of a frame and the text before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    /// Index of the control token in the ids.
    pub at: usize,
    /// Index of the first token of `text`.
    pub text_from: usize,
    /// What stands between the control token before it and this one. Encoded as one piece.
    pub text: String,
}

/// A chat template and the tokenizer that it writes for.
pub(crate) struct Frame {
    template: ChatTemplate,
    tokenizer: Tokenizer,
    image_markup: Option<ImageMarkup>,
    /// What is known about conversations by their shape.
    shapes: Mutex<HashMap<Shape, Result<(), JudgeError>>>,
}

impl Frame {
    /// From its parts. Without an `image_markup` no turn may have images.
    pub fn new(template: ChatTemplate, tokenizer: Tokenizer, image_markup: Option<ImageMarkup>) -> Self {
        Self { template, tokenizer, image_markup, shapes: Mutex::default() }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Renders and encodes a conversation. `image_tokens` says for each image, in order, how many tokens stand for it.
    ///
    /// # Errors
    /// `Template` if the template refuses it or leaves something out, `Inference` if the tokenizer refuses its text,
    /// `ImagesUnsupported`.
    pub fn encode(
        &self,
        turns: &[Turn],
        framing: Framing,
        image_tokens: &[usize],
    ) -> Result<Framed, JudgeError> {
        self.check_shape(turns, framing)?;
        let mask = Mask::new(
            self.tokenizer.starts(),
            self.template.source(),
            turns.iter().map(|turn| turn.content.as_str()),
        );
        let hidden: Vec<Turn> = turns.iter().map(|t| t.with_content(mask.hide(&t.content))).collect();
        let rendered = self.template.render(&hidden, framing)?;
        let (rendered, soft) = self.expand(rendered, image_tokens)?;
        let mut framed = Framed {
            ids: Vec::new(),
            text: mask.show(&rendered),
            turns: chat_ml_turns(&rendered, &mask),
            images: Vec::new(),
            closing: None,
        };
        let mut text_before = (0, String::new());
        for piece in self.tokenizer.split(&rendered) {
            match piece {
                Piece::Control(control) => {
                    let at = framed.ids.len();
                    let (text_from, text) = std::mem::replace(&mut text_before, (at + 1, String::new()));
                    framed.closing = Some(Closing { at, text_from, text });
                    framed.ids.push(control.id);
                }
                Piece::Text(text) => {
                    let text = mask.show(text);
                    let plain = self.tokenizer.encode_plain(&text);
                    text_before = (framed.ids.len(), text);
                    framed.ids.extend(plain.map_err(|e| JudgeError::Inference { reason: e.to_string() })?);
                }
            }
        }
        if let Some(soft) = soft {
            framed.images = image_starts(&framed.ids, soft, image_tokens)?;
        }
        Ok(framed)
    }

    /// Puts the images' tokens where the template wants them. Item text is hidden and cannot hold a placeholder.
    fn expand(&self, rendered: String, tokens: &[usize]) -> Result<(String, Option<u32>), JudgeError> {
        let Some(markup) = self.image_markup else {
            return if tokens.is_empty() { Ok((rendered, None)) } else { Err(JudgeError::ImagesUnsupported) };
        };
        let expanded = markup.expand(&rendered, tokens).ok_or_else(|| JudgeError::Template {
            reason: format!("it does not write {} once for each image", markup.placeholder),
        })?;
        match self.tokenizer.control(markup.soft) {
            // Its name would be read as text, and the image not at all.
            None if !tokens.is_empty() => Err(JudgeError::Template {
                reason: format!("the tokenizer has no {} to put images in the place of", markup.soft),
            }),
            soft => Ok((expanded, soft)),
        }
    }

    /// Refuses a conversation of which the template would leave a message out, or put one inside a control token.
    fn check_shape(&self, turns: &[Turn], framing: Framing) -> Result<(), JudgeError> {
        let shape = (turns.iter().map(|t| (t.role, t.images)).collect::<Vec<_>>(), framing);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shapes.get(&shape) {
            return known.clone();
        }
        let result = self.probe_shape(turns, framing);
        if shapes.len() < SHAPES_MAX {
            shapes.insert(shape, result.clone());
        }
        result
    }

    fn probe_shape(&self, turns: &[Turn], framing: Framing) -> Result<(), JudgeError> {
        let probe = |(i, turn): (usize, &Turn)| turn.with_content(format!("\u{F1000}{i}\u{F1001}"));
        let probes: Vec<Turn> = turns.iter().enumerate().map(probe).collect();
        let rendered = self.template.render(&probes, framing)?;
        let refuse = |reason: String| Err(JudgeError::Template { reason });
        for (i, probe) in probes.iter().enumerate() {
            let Some(at) = rendered.find(&probe.content) else {
                return refuse(format!("it leaves out message {} ({})", i + 1, probe.role.as_str()));
            };
            if self.tokenizer.ends_inside_control(&rendered[..at]) {
                return refuse("it puts messages right behind what may begin a control token".into());
            }
        }
        Ok(())
    }
}

/// Where each image's run of `soft` tokens begins.
fn image_starts(ids: &[u32], soft: u32, tokens: &[usize]) -> Result<Vec<usize>, JudgeError> {
    let (mut starts, mut at) = (Vec::new(), 0);
    for tokens in tokens {
        let found = ids[at..].iter().position(|id| *id == soft).map(|offset| at + offset);
        let run =
            |start: &usize| ids.get(*start..start + tokens).is_some_and(|r| r.iter().all(|i| *i == soft));
        let start = found.filter(run).ok_or_else(|| JudgeError::Inference {
            reason: "the images lost their places in the prompt".into(),
        })?;
        starts.push(start);
        at = start + tokens;
    }
    Ok(starts)
}

/// The closed turns of a ChatML frame. The open one at the end is the answer's.
fn chat_ml_turns(rendered: &str, mask: &Mask) -> Vec<Message> {
    let mut turns = Vec::new();
    for turn in rendered.split("<|im_start|>").skip(1) {
        let Some((turn, _)) = turn.split_once("<|im_end|>") else { continue };
        let Some((role, content)) = turn.split_once('\n') else { continue };
        let role = match role {
            "system" => Role::System,
            "assistant" => Role::Assistant,
            _ => Role::User,
        };
        turns.push(Message { role, content: mask.show(content) });
    }
    turns
}
