//! From a subject to the ids that a guard reads: family, template and tokenizer together, still without weights.
//!
//! An [`Asker`] is what scoring and export share. It words the question, has it framed and encoded by a
//! [`Frame`](crate::framing::Frame), and cuts what is longer than the context.

use saring_verdict::{
    EngineError, Family, GuardSettings, GuardSource, JudgeError, Message, Rendered, Subject, Task, Taxonomy,
    VerdictNote,
};

use crate::{
    checkpoint::Checkpoint,
    family::{self, Answer, Rules},
    framing::{Frame, Framed},
    grammar::{Grammar, Labels},
    images::ImageReader,
    model::ModelConfig,
    response::ResponseSpan,
    template::{ChatTemplate, Now},
    tokenizer::Tokenizer,
    turn::Turn,
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
    /// Where the label is read, for families that answer in words.
    pub labels: Option<Labels>,
    /// How images are prepared, if it reads any.
    pub images: Option<ImageReader>,
    /// Ids of the tokens that end an answer.
    pub end_tokens: Vec<u32>,
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
    /// Where the tokens of each image begin in `ids`.
    pub images: Vec<usize>,
    /// Where the response stands, for guards that answer at each of its tokens.
    pub response: Option<ResponseSpan>,
    /// What to know about the question.
    pub notes: Vec<VerdictNote>,
    /// Whether the item was cut.
    pub truncated: bool,
}

impl Asker {
    /// Reads tokenizer and template of a checkpoint and works out how it is asked.
    ///
    /// # Errors
    /// `NoChatTemplate`, `BadTemplate`, `BadTokenizer`, `BadConfig`, `MissingFile`, `WrongFamily`, `Io`.
    pub fn open(
        checkpoint: &Checkpoint,
        source: &GuardSource,
        config: &ModelConfig,
        now: Now,
    ) -> Result<Self, EngineError> {
        let text = checkpoint.chat_template()?;
        let tokenizer_config = checkpoint.tokenizer_config()?;
        let template = ChatTemplate::new(text.source, &tokenizer_config, now)?;
        let tokenizer = Tokenizer::new(checkpoint.tokenizer()?, &tokenizer_config, config.text.vocab_size)?;
        let architecture = config.text.architecture;
        let detected = family::detect(architecture, &template, source.family);
        let rules = family::rules(detected.family, architecture, config.heads.as_ref())?;
        let mut tasks = Vec::new();
        for task in [Task::Prompt, Task::Response] {
            tasks.extend(rules.task(&template, task)?);
        }
        if tasks.is_empty() && detected.family.is_guard() {
            return Err(EngineError::BadTemplate {
                reason: format!("it asks nothing that a guard of the family {} answers", detected.family),
            });
        }
        let end_tokens = checkpoint.end_tokens()?;
        let (mut labels, mut grammars) = (None, Vec::new());
        if let Answer::Words(words) = rules.answer() {
            let found = Labels::new(words, &tokenizer)?;
            for task in tasks.iter().filter(|t| !t.categories.is_empty()) {
                let end = end_token(&end_tokens, &tokenizer)?;
                grammars.push((task.task, Grammar::new(words, &tokenizer, &found, task, end)?));
            }
            labels = Some(found);
        }
        let names = match (&labels, &config.heads) {
            (Some(labels), _) => labels.labels.iter().map(|l| l.name.to_owned()).collect(),
            (None, Some(heads)) => heads.response.risks.clone(),
            (None, None) => Vec::new(),
        };
        let images = config.vision.as_ref().map(|v| ImageReader::open(checkpoint, v)).transpose()?;
        Ok(Self {
            family: detected.family,
            family_reason: detected.reason,
            family_guessed: detected.guessed,
            taxonomy: Taxonomy { labels: names, tasks },
            labels,
            end_tokens,
            template_sha256: text.sha256,
            context_tokens: config.text.max_position_embeddings,
            grammars,
            rules,
            frame: Frame::new(template, tokenizer, images.as_ref().map(ImageReader::markup)),
            images,
        })
    }

    /// What may be answered after the label; `None` where nothing is.
    pub fn grammar(&self, task: Task) -> Option<&Grammar> {
        self.grammars.iter().find(|(t, _)| *t == task).map(|(_, grammar)| grammar)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.frame.tokenizer()
    }

    /// What the guard is asked about a subject. `image_tokens` says for each of its images how many tokens stand for it.
    ///
    /// # Errors
    /// What is wrong with this subject.
    pub fn ask(
        &self,
        subject: &Subject,
        settings: GuardSettings,
        image_tokens: &[usize],
    ) -> Result<Asked, JudgeError> {
        family::check(subject)?;
        if self.taxonomy.task(subject.task).is_none() {
            return Err(JudgeError::TaskUnsupported { task: subject.task });
        }
        if !subject.images.is_empty() && self.images.is_none() {
            return Err(JudgeError::ImagesUnsupported);
        }
        let budget = self.context_tokens.saturating_sub(self.answer_tokens(subject.task));
        // A token is rarely more than a few bytes; what is certainly too long is cut before it is rendered.
        let bytes: usize = subject.messages.iter().map(|m| m.content.len()).sum();
        if bytes <= budget.saturating_mul(4) {
            let asked = self.frame(subject, settings, image_tokens, None)?;
            if asked.ids.len() <= budget {
                return Ok(asked);
            }
        }
        self.ask_cut(subject, settings, image_tokens, budget)
    }

    /// What an assistant is asked: a conversation and the opening of its answer.
    ///
    /// # Errors
    /// Those of the frame; `ContextTooSmall` for a conversation that leaves no room for an answer.
    pub fn converse(&self, messages: &[Message]) -> Result<Vec<u32>, JudgeError> {
        let turns: Vec<Turn> = messages.iter().map(Turn::from).collect();
        let ids = self.frame.encode(&turns, self.rules.framing(), &[])?.ids;
        if ids.len() >= self.context_tokens {
            return Err(JudgeError::ContextTooSmall { needed: ids.len(), context: self.context_tokens });
        }
        Ok(ids)
    }

    /// See [`saring_verdict::Engine::render`].
    ///
    /// # Errors
    /// What is wrong with this subject.
    pub fn render(&self, subject: &Subject, settings: GuardSettings) -> Result<Rendered, JudgeError> {
        let image_tokens = match &self.images {
            Some(images) => (1..)
                .zip(&subject.images)
                .map(|(position, image)| images.tokens(image, position, settings.pixels_max))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let Asked { ids, text, turns, .. } = self.ask(subject, settings, &image_tokens)?;
        let is_markup = |text: &str| {
            MEDIA_TAGS.iter().any(|tag| text.contains(tag)) || self.tokenizer().has_control(text)
        };
        let markup_in_item = subject.messages.iter().any(|m| is_markup(&m.content));
        Ok(Rendered { text, ids, turns, markup_in_item })
    }

    /// Tokens that must stay free for the answer.
    fn answer_tokens(&self, task: Task) -> usize {
        let label = self.labels.as_ref().map_or(0, |labels| labels.opening.len() + 1);
        label + self.grammar(task).map_or(0, Grammar::tokens_max)
    }

    /// Renders and encodes a subject as it is. `cut` says where its last message was cut.
    fn frame(
        &self,
        subject: &Subject,
        settings: GuardSettings,
        image_tokens: &[usize],
        cut: Option<Cut>,
    ) -> Result<Asked, JudgeError> {
        let turns = self.rules.turns(subject, settings)?;
        let framed = self.frame.encode(&turns, self.rules.framing(), image_tokens)?;
        let texts =
            |turns: Vec<Turn>| turns.into_iter().map(|t| Message { role: t.role, content: t.content });
        let Framed { ids, text, turns: framed_turns, images, closing } = framed;
        let is_blank = subject.messages.iter().all(|m| m.content.trim().is_empty());
        let mut asked = Asked {
            ids,
            text,
            turns: if self.rules.turns_are_the_frames() { texts(turns).collect() } else { framed_turns },
            images,
            response: None,
            notes: if is_blank { vec![VerdictNote::ImageWithoutText] } else { Vec::new() },
            truncated: false,
        };
        if self.rules.answer() == Answer::Heads {
            let closing = closing.ok_or_else(|| JudgeError::Template {
                reason: "it closes no turn with a control token".into(),
            })?;
            match subject.task {
                Task::Prompt => asked.ids.truncate(closing.at + 1),
                Task::Response => {
                    asked.ids.truncate(closing.at);
                    let original = subject.messages.last().map_or("", |m| m.content.as_str());
                    let mut span = ResponseSpan::find(self.tokenizer(), &closing, original)?;
                    if let Some(cut) = cut {
                        span.undo_cut(cut.head_end, cut.left_out);
                    }
                    asked.response = Some(span);
                }
            }
        }
        Ok(asked)
    }

    /// Cuts the longest messages in the middle until all fit into `budget` tokens.
    fn ask_cut(
        &self,
        subject: &Subject,
        settings: GuardSettings,
        image_tokens: &[usize],
        budget: usize,
    ) -> Result<Asked, JudgeError> {
        let with_contents = |contents: Vec<String>| {
            let roles = subject.messages.iter().map(|m| m.role);
            let messages = roles.zip(contents).map(|(role, content)| Message { role, content }).collect();
            Subject { messages, ..subject.clone() }
        };
        let bare = with_contents(vec![String::new(); subject.messages.len()]);
        let turns = self.rules.turns(&bare, settings)?;
        let needed = self.frame.encode(&turns, self.rules.framing(), image_tokens)?.ids.len();
        let too_small = JudgeError::ContextTooSmall { needed, context: self.context_tokens };
        let mut left = budget.checked_sub(needed).filter(|left| *left > 0).ok_or(too_small.clone())?;
        let contents: Vec<Ends> = subject
            .messages
            .iter()
            .map(|m| Ends::new(self.tokenizer(), &m.content, left))
            .collect::<Result<_, _>>()
            .map_err(|e| JudgeError::Inference { reason: e.to_string() })?;
        // Where ends meet, tokens may come out a few more; then a few less are allowed.
        while left > 0 {
            let cap = even_cap(&contents.iter().map(Ends::tokens).collect::<Vec<_>>(), left);
            let cut = with_contents(contents.iter().map(|ends| ends.cut(cap).0).collect());
            let last = contents.last().and_then(|ends| ends.cut(cap).1);
            let asked = self.frame(&cut, settings, image_tokens, last)?;
            if asked.ids.len() <= budget {
                let truncated = cut.messages != subject.messages;
                return Ok(Asked { truncated, ..asked });
            }
            left = left.saturating_sub(asked.ids.len() - budget);
        }
        Err(too_small)
    }
}

/// The token that ends an answer: ChatML's, or the first that the checkpoint names.
fn end_token(end_tokens: &[u32], tokenizer: &Tokenizer) -> Result<u32, EngineError> {
    tokenizer
        .control("<|im_end|>")
        .or_else(|| end_tokens.first().copied())
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

/// Where the middle of a text was left out, in bytes.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// Where the kept beginning ends.
    head_end: usize,
    /// How much was left out there.
    left_out: usize,
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

    /// The text with at most `cap` tokens, half of them from each end, and where it was cut.
    fn cut(&self, cap: usize) -> (String, Option<Cut>) {
        if self.tokens() <= cap {
            return (self.text.to_owned(), None);
        }
        let (first, last) = (cap.div_ceil(2), cap / 2);
        let head_end = if first == 0 { 0 } else { self.head[first - 1] };
        let tail_start = if last == 0 { self.text.len() } else { self.tail[last - 1] };
        // Tokens may share a character; it is kept on one side only.
        let head_end = floor_boundary(self.text, head_end);
        let tail_start = floor_boundary(self.text, tail_start).max(head_end);
        let text = format!("{}{}", &self.text[..head_end], &self.text[tail_start..]);
        (text, Some(Cut { head_end, left_out: tail_start - head_end }))
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
