//! From a subject to the ids that a guard reads: family, template and tokenizer together, still without weights.
//!
//! An [`Asker`] is what scoring and export share. It words the question, has it framed and encoded by a
//! [`Frame`](crate::framing::Frame), and cuts what is longer than the context.

use saring_verdict::{
    EngineError, Family, GuardSettings, GuardSource, JudgeError, Message, Rendered, Subject, Task, Taxonomy,
};

use crate::{
    checkpoint::Checkpoint,
    decoder::{Qwen3Config, SUPPORTED},
    family::{self, Rules},
    framing::Frame,
    grammar::{Grammar, Labels},
    template::ChatTemplate,
    tokenizer::Tokenizer,
};

/// What a trainer takes for a place where an image, a video or a sound goes.
const MEDIA_TAGS: [&str; 3] = ["<image>", "<video>", "<audio>"];

/// How a checkpoint is asked.
pub(crate) struct Asker {
    /// How it answers.
    pub family: Family,
    /// Why it was taken for that family.
    pub family_reason: String,
    /// Whether the family is only what was left.
    pub family_guessed: bool,
    /// Labels and categories.
    pub taxonomy: Taxonomy,
    /// Where the label is read.
    pub labels: Labels,
    /// See [`saring_verdict::GuardCard::template_sha256`].
    pub template_sha256: String,
    /// Longest input in tokens.
    pub context_tokens: usize,
    grammars: Vec<(Task, Grammar)>,
    rules: Box<dyn Rules>,
    frame: Frame,
}

/// What a guard is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Ids before the answer, without its opening.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
    /// The turns inside the frame.
    pub turns: Vec<Message>,
    /// Whether the item was cut.
    pub truncated: bool,
}

impl Asker {
    /// Reads tokenizer and template of a checkpoint and works out how it is asked.
    ///
    /// # Errors
    /// `UnknownArchitecture`, `BadConfig`, `NoChatTemplate`, `BadTemplate`, `BadTokenizer`, `MissingFile`, `Io`.
    pub fn open(checkpoint: &Checkpoint, source: &GuardSource) -> Result<(Self, Qwen3Config), EngineError> {
        if checkpoint.architecture != SUPPORTED {
            return Err(EngineError::UnknownArchitecture {
                found: checkpoint.architecture.clone(),
                supported: SUPPORTED.into(),
            });
        }
        let config = Qwen3Config::from_json(&checkpoint.config, &checkpoint.config_path())?;
        let text = checkpoint.chat_template()?;
        let tokenizer_config = checkpoint.tokenizer_config()?;
        let template = ChatTemplate::new(text.source, &tokenizer_config)?;
        let tokenizer = Tokenizer::new(checkpoint.tokenizer()?, &tokenizer_config, config.vocab_size)?;
        let detected = family::detect(&template, source.family);
        let rules = family::rules(detected.family);
        let mut tasks = Vec::new();
        for task in [Task::Prompt, Task::Response] {
            tasks.extend(rules.task(&template, task)?);
        }
        if tasks.is_empty() {
            return Err(EngineError::BadTemplate {
                reason: format!("it asks nothing that a guard of the family {} answers", detected.family),
            });
        }
        let labels = Labels::new(rules.as_ref(), &tokenizer)?;
        let mut grammars = Vec::new();
        for task in tasks.iter().filter(|t| !t.categories.is_empty()) {
            let end = end_token(checkpoint, &tokenizer)?;
            grammars.push((task.task, Grammar::new(rules.as_ref(), &tokenizer, &labels, task, end)?));
        }
        let asker = Self {
            family: detected.family,
            family_reason: detected.reason,
            family_guessed: detected.guessed,
            taxonomy: Taxonomy { labels: labels.labels.iter().map(|l| l.name.to_owned()).collect(), tasks },
            labels,
            template_sha256: text.sha256,
            context_tokens: config.max_position_embeddings,
            grammars,
            rules,
            frame: Frame::new(template, tokenizer),
        };
        Ok((asker, config))
    }

    /// What may be answered after the label; `None` where nothing is.
    pub fn grammar(&self, task: Task) -> Option<&Grammar> {
        self.grammars.iter().find(|(t, _)| *t == task).map(|(_, grammar)| grammar)
    }

    /// What the guard is asked about a subject.
    ///
    /// # Errors
    /// What is wrong with this subject.
    pub fn ask(&self, subject: &Subject, settings: GuardSettings) -> Result<Asked, JudgeError> {
        family::check(subject)?;
        if self.taxonomy.task(subject.task).is_none() {
            return Err(JudgeError::TaskUnsupported { task: subject.task });
        }
        if !subject.images.is_empty() {
            return Err(JudgeError::ImagesUnsupported);
        }
        let budget = self.context_tokens.saturating_sub(self.answer_tokens(subject.task));
        // A token is rarely more than a few bytes; what is certainly too long is cut before it is rendered.
        let bytes: usize = subject.messages.iter().map(|m| m.content.len()).sum();
        if bytes <= budget.saturating_mul(4) {
            let asked = self.frame(subject, settings)?;
            if asked.ids.len() <= budget {
                return Ok(asked);
            }
        }
        self.ask_cut(subject, settings, budget)
    }

    /// See [`saring_verdict::Engine::render`].
    ///
    /// # Errors
    /// What is wrong with this subject.
    pub fn render(&self, subject: &Subject, settings: GuardSettings) -> Result<Rendered, JudgeError> {
        let Asked { ids, text, turns, .. } = self.ask(subject, settings)?;
        let is_markup = |text: &str| {
            MEDIA_TAGS.iter().any(|tag| text.contains(tag)) || self.frame.tokenizer().has_control(text)
        };
        let markup_in_item = subject.messages.iter().any(|m| is_markup(&m.content));
        Ok(Rendered { text, ids, turns, markup_in_item })
    }

    /// Tokens that must stay free for the answer.
    fn answer_tokens(&self, task: Task) -> usize {
        self.labels.opening.len() + 1 + self.grammar(task).map_or(0, Grammar::tokens_max)
    }

    /// Renders and encodes a subject as it is.
    fn frame(&self, subject: &Subject, settings: GuardSettings) -> Result<Asked, JudgeError> {
        let messages = self.rules.messages(subject, settings)?;
        let framed = self.frame.encode(&messages, self.rules.generation_prompt())?;
        let turns = if self.rules.messages_are_turns() { messages } else { framed.turns };
        Ok(Asked { ids: framed.ids, text: framed.text, turns, truncated: false })
    }

    /// Cuts the longest messages in the middle until all fit into `budget` tokens.
    fn ask_cut(
        &self,
        subject: &Subject,
        settings: GuardSettings,
        budget: usize,
    ) -> Result<Asked, JudgeError> {
        let bare = Subject {
            messages: subject
                .messages
                .iter()
                .map(|m| Message { role: m.role, content: String::new() })
                .collect(),
            ..subject.clone()
        };
        let needed = self.frame(&bare, settings)?.ids.len();
        let too_small = JudgeError::ContextTooSmall { needed, context: self.context_tokens };
        let mut left = budget.checked_sub(needed).filter(|left| *left > 0).ok_or(too_small.clone())?;
        let contents: Vec<Ends> = subject
            .messages
            .iter()
            .map(|m| Ends::new(self.frame.tokenizer(), &m.content, left))
            .collect::<Result<_, _>>()
            .map_err(|e| JudgeError::Inference { reason: e.to_string() })?;
        // Where ends meet, tokens may come out a few more; then a few less are allowed.
        while left > 0 {
            let cap = even_cap(&contents.iter().map(Ends::tokens).collect::<Vec<_>>(), left);
            let messages = subject.messages.iter().zip(&contents);
            let cut = Subject {
                messages: messages
                    .map(|(m, ends)| Message { role: m.role, content: ends.cut(cap) })
                    .collect(),
                ..subject.clone()
            };
            let asked = self.frame(&cut, settings)?;
            if asked.ids.len() <= budget {
                let truncated = cut.messages != subject.messages;
                return Ok(Asked { truncated, ..asked });
            }
            left = left.saturating_sub(asked.ids.len() - budget);
        }
        Err(too_small)
    }
}

/// The token that ends an answer: config.json's or generation_config.json's `eos_token_id`, or ChatML's.
fn end_token(checkpoint: &Checkpoint, tokenizer: &Tokenizer) -> Result<u32, EngineError> {
    if let Some(id) = tokenizer.control("<|im_end|>") {
        return Ok(id);
    }
    let eos = &checkpoint.config["eos_token_id"];
    eos.as_u64()
        .or_else(|| eos[0].as_u64())
        .and_then(|id| u32::try_from(id).ok())
        .ok_or_else(|| EngineError::BadTokenizer { reason: "no token ends an answer".into() })
}

/// The largest number that each length may keep so that all together keep at most `budget`.
fn even_cap(lengths: &[usize], budget: usize) -> usize {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let mut left = budget;
    for (i, length) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - i);
        if *length > share {
            return share;
        }
        left -= length;
    }
    budget
}

/// Both ends of a text, split into tokens; what lies between them is never looked at.
struct Ends<'a> {
    text: &'a str,
    /// Where the first tokens end, in bytes.
    head: Vec<usize>,
    /// Where the last tokens begin, in bytes, the last one first.
    tail: Vec<usize>,
    /// Tokens of the whole text if it was split whole.
    whole: Option<usize>,
}

impl<'a> Ends<'a> {
    /// Splits at least `tokens` tokens from both ends, or the whole text.
    fn new(tokenizer: &Tokenizer, text: &'a str, tokens: usize) -> Result<Self, EngineError> {
        let mut bytes = tokens.saturating_mul(8).max(1024);
        while bytes < text.len() {
            let head_end = floor_boundary(text, bytes);
            let tail_start = floor_boundary(text, text.len() - bytes);
            let head = tokenizer.spans_plain(&text[..head_end])?;
            let tail = tokenizer.spans_plain(&text[tail_start..])?;
            if head.len() >= tokens && tail.len() >= tokens {
                let head = head.into_iter().map(|(_, end)| end).collect();
                let tail = tail.into_iter().rev().map(|(start, _)| tail_start + start).collect();
                return Ok(Self { text, head, tail, whole: None });
            }
            bytes *= 2;
        }
        let spans = tokenizer.spans_plain(text)?;
        let head = spans.iter().map(|(_, end)| *end).collect();
        let tail = spans.iter().rev().map(|(start, _)| *start).collect();
        Ok(Self { text, head, tail, whole: Some(spans.len()) })
    }

    /// Tokens of the text, or a number larger than any budget.
    fn tokens(&self) -> usize {
        self.whole.unwrap_or(usize::MAX / 1024)
    }

    /// The text with at most `cap` tokens, half of them from each end.
    fn cut(&self, cap: usize) -> String {
        if self.tokens() <= cap {
            return self.text.to_owned();
        }
        let (first, last) = (cap.div_ceil(2), cap / 2);
        let head_end = if first == 0 { 0 } else { self.head[first - 1] };
        let tail_start = if last == 0 { self.text.len() } else { self.tail[last - 1] };
        // Tokens may share a character; it is kept on one side only.
        let head_end = floor_boundary(self.text, head_end);
        let tail_start = floor_boundary(self.text, tail_start).max(head_end);
        format!("{}{}", &self.text[..head_end], &self.text[tail_start..])
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_keep_everything_and_long_ones_share_the_rest() {
        assert_eq!(even_cap(&[5, 100, 100], 105), 50);
        assert_eq!(even_cap(&[5, 6], 20), 20, "nothing has to be cut");
        assert_eq!(even_cap(&[10], 4), 4);
    }
}
