//! What a guard reads about one subject.

use saring_verdict::{ImageRef, Subject, Task, TokenCount, VerdictNote};

use crate::{asking::Asked, decoder::ImageSpan, response::ResponseSpan};

/// What a guard reads about one subject. Equal questions get equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// What is asked about.
    pub task: Task,
    /// The tokens, the opening of the answer included.
    pub ids: Vec<u32>,
    /// See [`saring_verdict::Verdict::notes`].
    pub notes: Vec<VerdictNote>,
    /// See [`saring_verdict::Verdict::truncated`].
    pub truncated: bool,
    /// Where the response stands, for guards that answer at each of its tokens.
    pub response: Option<ResponseSpan>,
    /// Its images, and where the tokens of each begin in `ids`.
    pub images: Vec<(usize, ImageRef)>,
}

impl Question {
    /// `opening` is what the guard's answer is made to begin with.
    pub fn new(subject: &Subject, asked: Asked, opening: &[u32]) -> Self {
        let mut ids = asked.ids;
        ids.extend(opening);
        Self {
            task: subject.task,
            ids,
            notes: asked.notes,
            truncated: asked.truncated,
            response: asked.response,
            images: asked.images.into_iter().zip(subject.images.iter().cloned()).collect(),
        }
    }

    /// Its tokens, `cached` of which were not computed for it.
    pub fn count(&self, cached: usize) -> TokenCount {
        let (prompt, cached) = (self.ids.len() as u32, cached as u32);
        TokenCount { prompt, cached, computed: prompt - cached }
    }
}

/// A question with what stands for its images, on its way to an answer.
#[derive(Clone, Debug)]
pub(crate) struct Asking<'a> {
    /// Its number among the questions of a call.
    pub place: usize,
    /// The question.
    pub question: &'a Question,
    /// Its images, where they stand in its ids.
    pub images: Vec<ImageSpan>,
}

impl Asking<'_> {
    /// Where the images stand in what follows `cached` tokens.
    pub fn images_after(&self, cached: usize) -> Vec<ImageSpan> {
        let moved = |span: &ImageSpan| ImageSpan { start: span.start - cached, ..span.clone() };
        self.images.iter().map(moved).collect()
    }
}
