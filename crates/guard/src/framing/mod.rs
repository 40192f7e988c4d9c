//! From messages to ids: a checkpoint's template and tokenizer together.
//!
//! A [`Frame`] keeps item text inert (see [`crate::inert`]): the only control tokens in what it makes are those that the
//! template put there. It refuses conversations of which the template would silently leave a message out.

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
};

/// Conversations of more shapes than this are checked anew each time.
const SHAPES_MAX: usize = 1024;

/// The roles of a conversation's messages, and whether a generation prompt is added.
type Shape = (Vec<Role>, bool);

/// A conversation in its frame of control tokens.
#[derive(Clone, Debug)]
pub(crate) struct Framed {
    /// What the guard reads.
    pub ids: Vec<u32>,
    /// The text of `ids`.
    pub text: String,
    /// The closed turns of a ChatML frame; none if the frame is another one.
    pub turns: Vec<Message>,
}

/// A chat template and the tokenizer that it writes for.
pub(crate) struct Frame {
    template: ChatTemplate,
    tokenizer: Tokenizer,
    /// What is known about conversations by their shape.
    shapes: Mutex<HashMap<Shape, Result<(), JudgeError>>>,
}

impl Frame {
    /// From its parts.
    pub fn new(template: ChatTemplate, tokenizer: Tokenizer) -> Self {
        Self { template, tokenizer, shapes: Mutex::default() }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Renders and encodes a conversation.
    ///
    /// # Errors
    /// `Template` if the template refuses it or leaves a message out, `Inference` if the tokenizer refuses its text.
    pub fn encode(&self, messages: &[Message], generation_prompt: bool) -> Result<Framed, JudgeError> {
        self.check_shape(messages, generation_prompt)?;
        let mask = Mask::new(self.tokenizer.starts(), self.template.source(), messages);
        let hidden: Vec<Message> =
            messages.iter().map(|m| Message { role: m.role, content: mask.hide(&m.content) }).collect();
        let rendered = self.template.render(&hidden, generation_prompt)?;
        let mut ids = Vec::new();
        for piece in self.tokenizer.split(&rendered) {
            match piece {
                Piece::Control(control) => ids.push(control.id),
                Piece::Text(text) => {
                    let plain = self.tokenizer.encode_plain(&mask.show(text));
                    ids.extend(plain.map_err(|e| JudgeError::Inference { reason: e.to_string() })?);
                }
            }
        }
        Ok(Framed { ids, text: mask.show(&rendered), turns: chat_ml_turns(&rendered, &mask) })
    }

    /// Refuses a conversation of which the template would leave a message out, or put one inside a control token.
    fn check_shape(&self, messages: &[Message], generation_prompt: bool) -> Result<(), JudgeError> {
        let shape = (messages.iter().map(|m| m.role).collect::<Vec<_>>(), generation_prompt);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shapes.get(&shape) {
            return known.clone();
        }
        let result = self.probe_shape(&shape.0, generation_prompt);
        if shapes.len() < SHAPES_MAX {
            shapes.insert(shape, result.clone());
        }
        result
    }

    fn probe_shape(&self, roles: &[Role], generation_prompt: bool) -> Result<(), JudgeError> {
        let probe =
            |(i, role): (usize, &Role)| Message { role: *role, content: format!("\u{F1000}{i}\u{F1001}") };
        let probes: Vec<Message> = roles.iter().enumerate().map(probe).collect();
        let rendered = self.template.render(&probes, generation_prompt)?;
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
