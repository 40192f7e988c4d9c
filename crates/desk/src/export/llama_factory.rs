//! LLaMA-Factory's files: sharegpt messages, one row a line, and `dataset_info.json` (data/README.md of v0.9.4).

use saring_verdict::{Message, Role};
use serde::Serialize;
use serde_json::json;

use super::{Part, frame::TrainerTemplate};

/// A row: the turns that the guard is asked with, and the answer that it should have given.
#[derive(Serialize)]
struct Row<'a> {
    messages: Vec<Turn<'a>>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'a str,
    content: &'a str,
}

/// A row as a line, its end included.
pub(super) fn row(turns: &[Message], answer: &str) -> String {
    let turn = |m: &'_ Message| (m.role.as_str(), m.content.clone());
    let mut owned: Vec<(&str, String)> = turns.iter().map(turn).collect();
    owned.push((Role::Assistant.as_str(), answer.to_owned()));
    let messages = owned.iter().map(|(role, content)| Turn { role, content }).collect();
    let mut line = serde_json::to_string(&Row { messages }).unwrap_or_default();
    line.push('\n');
    line
}

/// What a data set is called in `dataset_info.json` and in a training configuration.
pub(super) fn dataset_name(queue: &str, part: Part) -> String {
    let slug: String =
        queue.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let slug = slug.trim_matches('_');
    let slug = if slug.is_empty() { "saring" } else { slug };
    format!("{slug}_{}", part.as_str())
}

pub(super) fn file_name(part: Part) -> String {
    format!("{}.jsonl", part.as_str())
}

/// `dataset_info.json` for the parts that have rows. Every column is named: where `columns` is given, the others are dropped.
pub(super) fn dataset_info(queue: &str, parts: &[Part]) -> String {
    let entries: serde_json::Map<String, serde_json::Value> = parts
        .iter()
        .map(|part| {
            let entry = json!({
                "file_name": file_name(*part),
                "formatting": "sharegpt",
                "columns": { "messages": "messages" },
                "tags": {
                    "role_tag": "role",
                    "content_tag": "content",
                    "user_tag": "user",
                    "assistant_tag": "assistant",
                    "system_tag": "system",
                },
            });
            (dataset_name(queue, *part), entry)
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).unwrap_or_default();
    text.push('\n');
    text
}

/// The lines that a training configuration needs.
pub(super) fn training_settings(queue: &str, parts: &[Part], template: Option<TrainerTemplate>) -> String {
    let mut lines = Vec::new();
    for part in parts {
        let key = if *part == Part::Train { "dataset" } else { "eval_dataset" };
        lines.push(format!("{key}: {}", dataset_name(queue, *part)));
    }
    lines.push("dataset_dir: .    # this folder".to_owned());
    match template {
        Some(template) => {
            lines.push(format!("template: {}", template.as_str()));
            if template == TrainerTemplate::Qwen3 {
                lines.push("enable_thinking: false".to_owned());
            }
        }
        None => lines
            .push("# template: none of LLaMA-Factory's gives this guard's frame; register one".to_owned()),
    }
    lines.push("mask_history: true    # the loss covers the last answer only".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_with_the_turns_and_the_answer() {
        let turns = [Message { role: Role::User, content: "a\nb \"c\" ก".into() }];
        let expected = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\nb \\\"c\\\" ก\"},\
                        {\"role\":\"assistant\",\"content\":\"safe\"}]}\n";
        assert_eq!(row(&turns, "safe"), expected);
    }

    #[test]
    fn names_of_data_sets_are_plain() {
        assert_eq!(dataset_name("Forum, November", Part::Train), "forum__november_train");
        assert_eq!(dataset_name("ไทย", Part::Validation), "saring_validation");
    }

    #[test]
    fn the_settings_name_the_template_and_switch_thinking_off() {
        let text = training_settings("q", &[Part::Train], Some(TrainerTemplate::Qwen3));
        assert!(text.contains("template: qwen3\nenable_thinking: false"), "{text}");
        assert!(!text.contains("eval_dataset"), "there is no validation part");
    }
}
