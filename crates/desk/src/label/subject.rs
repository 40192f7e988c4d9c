//! From a stored item and a task to the question that a guard is asked.

use std::path::Path;

use saring_verdict::{ImageRef, Message, Subject, Task};

use crate::{import::row::conversation, media, store::verdicts::ContentRow};

/// The question about one task of an item, or `None` if the stored conversation cannot be read.
pub(crate) fn subject(content: &ContentRow, task: Task, media_dir: &Path) -> Option<Subject> {
    let turns: Option<Vec<Message>> = match &content.messages {
        Some(json) => Some(serde_json::from_str(json).ok()?),
        None => None,
    };
    let messages =
        conversation(task, content.prompt.as_deref(), content.response.as_deref(), turns.as_deref());
    let images = content.images.as_deref().unwrap_or_default().split(',').filter(|sha256| !sha256.is_empty());
    let images = images
        .map(|sha256| ImageRef { path: media::path_of(media_dir, sha256), sha256: sha256.to_owned() })
        .collect();
    Some(Subject { task, messages, images })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject_of(content: &ContentRow, task: Task) -> Subject {
        subject(content, task, Path::new("/w/media")).unwrap()
    }

    #[test]
    fn a_request_and_its_answer_are_asked_about_apart() {
        let content =
            ContentRow { prompt: Some("p".into()), response: Some("r".into()), ..Default::default() };
        assert_eq!(subject_of(&content, Task::Prompt), Subject::prompt("p"));
        assert_eq!(subject_of(&content, Task::Response), Subject::response("p", "r"));
    }

    #[test]
    fn all_turns_of_a_conversation_are_asked_about() {
        let json = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
                       {"role":"user","content":"c"},{"role":"assistant","content":"d"}]"#;
        let content = ContentRow { messages: Some(json.into()), ..Default::default() };
        let subject = subject_of(&content, Task::Response);
        assert_eq!(subject.messages.iter().map(|m| m.content.as_str()).collect::<String>(), "abcd");
    }

    #[test]
    fn images_are_found_in_the_workspace_in_their_order() {
        let content = ContentRow { images: Some("bb,aa".into()), ..Default::default() };
        let subject = subject_of(&content, Task::Prompt);
        let hashes: Vec<&str> = subject.images.iter().map(|i| i.sha256.as_str()).collect();
        assert_eq!(hashes, ["bb", "aa"]);
        assert!(subject.images[0].path.starts_with("/w/media"));
    }

    #[test]
    fn a_conversation_that_cannot_be_read_is_no_question() {
        let content = ContentRow { messages: Some("{".into()), ..Default::default() };
        assert_eq!(subject(&content, Task::Prompt, Path::new("/w")), None);
    }
}
