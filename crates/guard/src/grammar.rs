//! The grammar of an answer, in tokens: `Safety: L\nCategories: A, B | None[\nRefusal: Yes|No]`.
//!
//! A [`Grammar`] is made once for each task. A [`Walk`] leads one row through it: text that the grammar forces is fed
//! without asking, and the model chooses only where the grammar branches. Where plain greedy decoding stays inside
//! the grammar, both write the same.

use saring_verdict::{EngineError, TaskTaxonomy};

use crate::{family::Words, tokenizer::Tokenizer};

/// A label and its tokens after the opening.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// As stored in verdicts.
    pub name: &'static str,
    /// All of its tokens after [`Labels::opening`].
    tokens: Vec<u32>,
}

/// Where a label is read and which tokens stand for it.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    /// Tokens that are appended to the prompt: the family's fixed text, and what all labels begin with.
    pub opening: Vec<u32>,
    /// In the order of the taxonomy. Their first tokens differ.
    pub labels: Vec<Label>,
}

impl Labels {
    /// Finds each label's first distinct token.
    ///
    /// # Errors
    /// `BadTokenizer` if two labels that the family needs cannot be told apart by one token.
    pub fn new(words: Words, tokenizer: &Tokenizer) -> Result<Self, EngineError> {
        let mut opening = tokenizer.encode_plain(words.opening)?;
        let mut labels: Vec<Label> = Vec::new();
        for word in words.labels {
            let tokens = continuation(tokenizer, words.opening, word.text)?;
            let is_taken = labels.iter().any(|l| l.tokens[0] == tokens[0]);
            if !(word.optional && is_taken) {
                labels.push(Label { name: word.label, tokens });
            }
        }
        while labels.iter().all(|l| l.tokens.len() > 1 && l.tokens[0] == labels[0].tokens[0]) {
            opening.push(labels[0].tokens[0]);
            for label in &mut labels {
                label.tokens.remove(0);
            }
        }
        for (i, label) in labels.iter().enumerate() {
            if let Some(other) = labels[..i].iter().find(|l| l.tokens[0] == label.tokens[0]) {
                let reason =
                    format!("the labels {} and {} begin with the same token", other.name, label.name);
                return Err(EngineError::BadTokenizer { reason });
            }
        }
        Ok(Self { opening, labels })
    }

    /// The token that stands for each label.
    pub fn first_tokens(&self) -> Vec<u32> {
        self.labels.iter().map(|l| l.tokens[0]).collect()
    }
}

/// What an option stands for once it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A category by its number, and whether another one follows.
    Category { index: usize, more: bool },
    /// No category at all.
    NoCategory,
    /// Whether the response is a refusal.
    Refusal(bool),
}

#[derive(Clone, Debug)]
struct Choice {
    tokens: Vec<u32>,
    meaning: Meaning,
}

/// What may be answered for one task, after the label.
#[derive(Clone, Debug)]
pub(crate) struct Grammar {
    /// What is forced after each label's first token: the rest of the label and the second line's beginning.
    after_label: Vec<Vec<u32>>,
    first: Vec<Choice>,
    further: Vec<Choice>,
    refusal: Vec<Choice>,
    categories: Vec<String>,
    tokens_max: usize,
}

impl Grammar {
    /// For a task with categories. `end` is the token that ends an answer.
    ///
    /// # Errors
    /// `BadTokenizer` if the answer's parts cannot be told apart in tokens, or merge across their borders.
    pub fn new(
        words: Words,
        tokenizer: &Tokenizer,
        labels: &Labels,
        task: &TaskTaxonomy,
        end: u32,
    ) -> Result<Self, EngineError> {
        let after = |context: &str, text: &str| continuation(tokenizer, context, text);
        let line = "\nCategories:";
        let mut after_label = Vec::new();
        for label in &labels.labels {
            let word = words.labels.iter().find(|w| w.label == label.name);
            let context = format!("{}{}", words.opening, word.map_or("", |w| w.text));
            after_label.push([&label.tokens[1..], &after(&context, line)?].concat());
        }
        let close = |context: &str| match task.refusal {
            true => after(context, "\nRefusal:"),
            false => Ok(vec![end]),
        };
        let category = |before: &str, name: &str| -> Result<[Vec<u32>; 2], EngineError> {
            let words = after(before, &format!(" {name}"))?;
            let whole = format!("{before} {name}");
            Ok([[&words[..], &after(&whole, ",")?].concat(), [&words[..], &close(&whole)?].concat()])
        };
        let (mut first, mut further) = (Vec::new(), Vec::new());
        for (index, name) in task.categories.iter().enumerate() {
            // Which category stood before must not matter: each pair is looked at.
            let mut spellings = Vec::new();
            for other in task.categories.iter().filter(|other| *other != name) {
                spellings.push(category(&format!("{line} {other},"), name)?);
            }
            spellings.dedup();
            if spellings.len() > 1 {
                let reason =
                    format!("the category {name:?} is spelled differently after different categories");
                return Err(EngineError::BadTokenizer { reason });
            }
            let pair = |[more, last]: [Vec<u32>; 2]| {
                let choice = |tokens, more| Choice { tokens, meaning: Meaning::Category { index, more } };
                [choice(more, true), choice(last, false)]
            };
            let is_single = task.categories.len() == 1;
            first.extend(pair(category(line, name)?).into_iter().skip(usize::from(is_single)));
            further.extend(spellings.into_iter().flat_map(pair));
        }
        let none = format!("{line} None");
        let tokens = [after(line, " None")?, close(&none)?].concat();
        first.push(Choice { tokens, meaning: Meaning::NoCategory });
        let mut refusal = Vec::new();
        for (word, yes) in [(" Yes", true), (" No", false)].into_iter().filter(|_| task.refusal) {
            let tokens = after("\nRefusal:", word)?;
            refusal.push(Choice { tokens, meaning: Meaning::Refusal(yes) });
        }
        let longest = |choices: &[Choice]| choices.iter().map(|c| c.tokens.len()).max().unwrap_or(0);
        let lines: usize = further.iter().map(|c| c.tokens.len()).sum();
        let tokens_max = after_label.iter().map(Vec::len).max().unwrap_or(0)
            + longest(&first)
            + lines
            + longest(&refusal)
            + 1;
        let grammar =
            Self { after_label, first, further, refusal, categories: task.categories.clone(), tokens_max };
        grammar.check()?;
        Ok(grammar)
    }

    /// How many tokens an answer can take.
    pub fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Every token that a walk may have to decide about, in ascending order.
    pub fn tokens(&self) -> Vec<u32> {
        let choices = self.first.iter().chain(&self.further).chain(&self.refusal);
        let mut tokens: Vec<u32> = choices.flat_map(|c| c.tokens.iter().copied()).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// Begins after the first token of label number `label`.
    pub fn walk(&self, label: usize, first_token: u32) -> Walk<'_> {
        let mut feed = vec![first_token];
        feed.extend(&self.after_label[label]);
        let mut walk = Walk {
            grammar: self,
            feed,
            choices: self.first.iter().collect(),
            matched: 0,
            categories: Vec::new(),
            refusal: None,
        };
        walk.follow_forced();
        walk
    }

    /// A choice that begins another one could never be told from it.
    fn check(&self) -> Result<(), EngineError> {
        for choices in [&self.first, &self.further, &self.refusal] {
            for (i, a) in choices.iter().enumerate() {
                if choices.iter().enumerate().any(|(j, b)| i != j && b.tokens.starts_with(&a.tokens)) {
                    return Err(EngineError::BadTokenizer {
                        reason: "two categories are spelled alike in tokens".into(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// One row on its way through a grammar.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    grammar: &'a Grammar,
    /// Chosen or forced, and not yet read by the model.
    feed: Vec<u32>,
    /// What is still possible; empty at the end.
    choices: Vec<&'a Choice>,
    /// How many tokens of the choices are behind.
    matched: usize,
    categories: Vec<usize>,
    refusal: Option<bool>,
}

impl Walk<'_> {
    /// Whether nothing is left to decide.
    pub fn is_done(&self) -> bool {
        self.choices.is_empty()
    }

    /// The tokens that the model must read before the next decision.
    pub fn take_feed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.feed)
    }

    /// Decides: takes the token with the highest logit, the lowest id of equals, among those that the grammar allows.
    /// `tokens` are in ascending order, `logits` belong to them. `false` if an allowed logit is not a number.
    pub fn decide(&mut self, tokens: &[u32], logits: &[f32]) -> bool {
        let mut best: Option<(u32, f32)> = None;
        for (token, logit) in tokens.iter().zip(logits) {
            if !self.choices.iter().any(|c| c.tokens[self.matched] == *token) {
                continue;
            }
            if !logit.is_finite() {
                return false;
            }
            if best.is_none_or(|(_, highest)| *logit > highest) {
                best = Some((*token, *logit));
            }
        }
        let Some((token, _)) = best else { return false };
        self.take(token);
        self.follow_forced();
        true
    }

    /// Categories in the order in which they were written.
    pub fn categories(&self) -> Vec<String> {
        self.categories.iter().map(|i| self.grammar.categories[*i].clone()).collect()
    }

    /// Whether the response was called a refusal.
    pub fn refusal(&self) -> Option<bool> {
        self.refusal
    }

    fn take(&mut self, token: u32) {
        self.feed.push(token);
        self.choices.retain(|c| c.tokens[self.matched] == token);
        self.matched += 1;
        if let [choice] = self.choices[..]
            && choice.tokens.len() == self.matched
        {
            self.complete(choice.meaning);
        }
    }

    fn complete(&mut self, meaning: Meaning) {
        let grammar = self.grammar;
        self.matched = 0;
        self.choices = match meaning {
            Meaning::Category { index, more } => {
                self.categories.push(index);
                let is_new = |c: &&Choice| match c.meaning {
                    Meaning::Category { index, .. } => !self.categories.contains(&index),
                    _ => true,
                };
                // After the last new category only the end is left.
                let left = self.grammar.categories.len() - self.categories.len();
                let is_possible =
                    |c: &&Choice| left > 1 || !matches!(c.meaning, Meaning::Category { more: true, .. });
                match more {
                    true => grammar.further.iter().filter(is_new).filter(is_possible).collect(),
                    false => grammar.refusal.iter().collect(),
                }
            }
            Meaning::NoCategory => grammar.refusal.iter().collect(),
            Meaning::Refusal(yes) => {
                self.refusal = Some(yes);
                Vec::new()
            }
        };
    }

    /// Takes tokens for as long as there is only one.
    fn follow_forced(&mut self) {
        while let Some(first) = self.choices.first() {
            let token = first.tokens[self.matched];
            if self.choices.iter().any(|c| c.tokens[self.matched] != token) {
                break;
            }
            self.take(token);
        }
    }
}

/// The tokens of `text` after `context`, which must not change the context's own.
fn continuation(tokenizer: &Tokenizer, context: &str, text: &str) -> Result<Vec<u32>, EngineError> {
    let before = tokenizer.encode_plain(context)?;
    let whole = tokenizer.encode_plain(&format!("{context}{text}"))?;
    match whole.strip_prefix(before.as_slice()) {
        Some(rest) if !rest.is_empty() => Ok(rest.to_vec()),
        _ => Err(EngineError::BadTokenizer {
            reason: format!("{text:?} merges with what stands before it in the guard's answer"),
        }),
    }
}
