//! Questions that were answered before: equal subjects get equal verdicts, so that a guard is asked about each only once.
//!
//! An equal subject has the same task, the same turns and the same images, by their content. It was answered if it stands in this
//! batch, in the one that is being written, or in the database with a verdict of the same guard and the very same provenance,
//! of an item of the queue that is not in quarantine. What failed is asked again, since it may have been the machine's fault; but a
//! question that has killed the guard's process twice is not asked a third time in a run.

use std::{collections::HashMap, sync::Arc};

use saring_verdict::{JudgeError, Outcome, Provenance, Subject, TokenCount, Verdict};
use sha2::{Digest as _, Sha256};

use super::{batch::Pair, write::provenance_id};
use crate::{Result, Workspace, store::item_verdicts};

/// SHA-256 of a subject.
pub(super) type Digest = [u8; 32];

/// Equal for subjects that a guard cannot tell apart.
pub(super) fn digest(subject: &Subject) -> Digest {
    let mut hasher = Sha256::new();
    let mut feed = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    feed(subject.task.as_str().as_bytes());
    feed(&(subject.messages.len() as u64).to_le_bytes());
    for message in &subject.messages {
        feed(message.role.as_str().as_bytes());
        feed(message.content.as_bytes());
    }
    // Where an image lies says nothing about it.
    for image in &subject.images {
        feed(image.sha256.as_bytes());
    }
    hasher.finalize().into()
}

/// An answer, and what gave it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) provenance: Arc<Provenance>,
}

/// Where the outcome of a pair comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The guard is asked: which of its answers.
    Asked(usize),
    /// The same question stands in the same call: which of the answers.
    Copied(usize),
    /// It was answered before.
    Known(Box<Answer>),
    /// It has killed the guard's process in this run.
    Deadly(JudgeError),
}

/// What to ask about the pairs of a batch.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// For each pair, in their order.
    pub(super) origins: Vec<Origin>,
    /// Places of the pairs that the guard is asked about.
    pub(super) asked: Vec<usize>,
}

/// What was answered before, for one run.
#[derive(Debug)]
pub(super) struct Repeats {
    queue_id: String,
    guard_id: String,
    provenance: Arc<Provenance>,
    provenance_id: String,
    /// Of the batch that is being written: the database may not have it yet.
    in_writing: HashMap<Digest, Answer>,
    deadly: HashMap<Digest, JudgeError>,
}

impl Repeats {
    /// Of a queue, for a guard that is loaded with this provenance.
    pub(super) fn new(queue_id: String, guard_id: String, provenance: &Provenance) -> Self {
        Self {
            queue_id,
            guard_id,
            provenance_id: provenance_id(provenance),
            provenance: Arc::new(provenance.clone()),
            in_writing: HashMap::new(),
            deadly: HashMap::new(),
        }
    }

    /// Sorts out what the guard must be asked about.
    pub(super) async fn sort_out(&self, workspace: &Workspace, pairs: &[Pair]) -> Result<Questions> {
        let digests: Vec<Digest> = pairs.iter().map(|pair| pair.digest).collect();
        let mut read = workspace.store().read().await?;
        let known =
            item_verdicts::answered(&mut read, &self.queue_id, &self.guard_id, &self.provenance_id, &digests)
                .await?;
        drop(read);
        let mut questions = Questions::default();
        let mut places: HashMap<Digest, usize> = HashMap::new();
        for (at, digest) in digests.iter().enumerate() {
            let in_writing = self.in_writing.get(digest).filter(|a| a.provenance == self.provenance);
            if let Some(answer) = in_writing {
                questions.origins.push(Origin::Known(Box::new(answer.clone())));
            } else if let Some(verdict) = known.get(digest) {
                let answer = Answer { verdict: verdict.clone(), provenance: Arc::clone(&self.provenance) };
                questions.origins.push(Origin::Known(Box::new(answer)));
            } else if let Some(error) = self.deadly.get(digest) {
                questions.origins.push(Origin::Deadly(error.clone()));
            } else if let Some(place) = places.get(digest) {
                questions.origins.push(Origin::Copied(*place));
            } else {
                let place = questions.asked.len();
                places.insert(*digest, place);
                questions.asked.push(at);
                questions.origins.push(Origin::Asked(place));
            }
        }
        Ok(questions)
    }

    /// Takes note of what the guard has answered to `asked` pairs, before it is written.
    pub(super) fn answered<'a>(
        &mut self,
        provenance: &Provenance,
        answers: impl Iterator<Item = (&'a Pair, &'a Outcome)>,
    ) -> Arc<Provenance> {
        if *provenance != *self.provenance {
            self.provenance_id = provenance_id(provenance);
            self.provenance = Arc::new(provenance.clone());
        }
        let answer =
            |verdict: &Verdict| Answer { verdict: verdict.clone(), provenance: Arc::clone(&self.provenance) };
        self.in_writing.clear();
        for (pair, outcome) in answers {
            match outcome {
                Ok(verdict) => {
                    self.in_writing.insert(pair.digest, answer(verdict));
                }
                Err(error @ JudgeError::EngineDied { .. }) => {
                    self.deadly.insert(pair.digest, error.clone());
                }
                Err(_) => {}
            }
        }
        Arc::clone(&self.provenance)
    }
}

/// The verdict for another item with the same question: nothing was computed for it.
pub(super) fn repeated(verdict: &Verdict) -> Verdict {
    let prompt = verdict.tokens.prompt;
    Verdict { tokens: TokenCount { prompt, cached: prompt, computed: 0 }, ..verdict.clone() }
}

#[cfg(test)]
mod tests {
    use saring_verdict::{ImageRef, Task};

    use super::*;

    #[test]
    fn subjects_differ_in_task_turns_and_images_but_not_in_where_an_image_lies() {
        let image = |path: &str, sha256: &str| ImageRef { path: path.into(), sha256: sha256.into() };
        let with = |images: Vec<ImageRef>| Subject { images, ..Subject::prompt("a") };
        assert_eq!(digest(&with(vec![image("/x", "11")])), digest(&with(vec![image("/y", "11")])));
        let subjects = [
            Subject::prompt("a"),
            Subject::prompt("b"),
            Subject::response("a", "b"),
            Subject::response("ab", ""),
            Subject { task: Task::Response, ..Subject::prompt("a") },
            with(vec![image("/x", "11")]),
            with(vec![image("/x", "22")]),
            with(vec![image("/x", "11"), image("/x", "22")]),
        ];
        let distinct: std::collections::HashSet<Digest> = subjects.iter().map(digest).collect();
        assert_eq!(distinct.len(), subjects.len(), "each is another question");
    }
}
