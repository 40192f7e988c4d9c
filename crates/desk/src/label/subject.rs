//! From a stored item and a task to the question that a guard is asked. Guards have learned Burmese in Unicode: of an item in
//! Zawgyi they read the Unicode text that it means.

use std::path::Path;

use saring_verdict::{Message, Subject, Task};

use crate::{import::row::conversation, language::zawgyi, store::verdicts::ContentRow};

/// The question about one task of an item, or `None` if the stored conversation cannot be read.
pub(crate) fn subject(content: &ContentRow, task: Task, media_dir: &Path) -> Option<Subject> {
    let turns: Option<Vec<Message>> = match &content.messages {
        Some(json) => Some(serde_json::from_str(json).ok()?),
        None => None,
    };
    let mut messages =
        conversation(task, content.prompt.as_deref(), content.response.as_deref(), turns.as_deref());
    if content.zawgyi {
        for message in &mut messages {
            message.content = zawgyi::in_unicode(&message.content).into_owned();
        }
    }
    let images = content.images.iter().map(|image| image.to_ref(media_dir)).collect();
    Some(Subject { task, messages, images })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ImageAt;

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
    fn of_an_item_in_zawgyi_its_unicode_text_is_asked_about() {
        let (asked, answered) = ("ေမးခြန္း", "အဖြေကို မြန်မာလို ပြောပြပါမည်");
        let content = ContentRow {
            prompt: Some(asked.into()),
            response: Some(answered.into()),
            zawgyi: true,
            ..Default::default()
        };
        let expected = Subject::response("မေးခွန်း", answered);
        assert_eq!(subject_of(&content, Task::Response), expected, "an answer in Unicode stays as it is");
    }

    #[test]
    fn images_are_found_where_they_lie_in_their_order() {
        let at = |sha256: &str, linked: Option<&str>| ImageAt {
            sha256: sha256.into(),
            linked: linked.map(Into::into),
        };
        let images = vec![at("bb", None), at("aa", Some("/elsewhere/a.png"))];
        let content = ContentRow { images, ..Default::default() };
        let subject = subject_of(&content, Task::Prompt);
        let hashes: Vec<&str> = subject.images.iter().map(|i| i.sha256.as_str()).collect();
        assert_eq!(hashes, ["bb", "aa"]);
        assert!(subject.images[0].path.starts_with("/w/media"));
        assert_eq!(subject.images[1].path, Path::new("/elsewhere/a.png"), "a linked one stays where it is");
    }

    #[test]
    fn a_conversation_that_cannot_be_read_is_no_question() {
        let content = ContentRow { messages: Some("{".into()), ..Default::default() };
        assert_eq!(subject(&content, Task::Prompt, Path::new("/w")), None);
    }
}
