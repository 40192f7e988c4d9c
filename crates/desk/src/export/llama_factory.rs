//! LLaMA-Factory's files: sharegpt messages, one row a line, and `dataset_info.json` (data/README.md of v0.9.4).

use saring_verdict::{Message, Role};
use serde::Serialize;
use serde_json::json;

use super::{Part, data_set::DataSet, frame::TrainerTemplate};

/// A row: the turns that the guard is asked with, and the answer that it should have given.
#[derive(Serialize)]
struct Row<'a> {
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    images: &'a [String],
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'a str,
    content: &'a str,
}

/// A row as a line, its end included. `images` are paths beside the file, one for each placeholder in the turns.
pub(super) fn row(turns: &[Message], answer: &str, images: &[String]) -> String {
    let turn = |m: &'_ Message| (m.role.as_str(), m.content.clone());
    let mut owned: Vec<(&str, String)> = turns.iter().map(turn).collect();
    owned.push((Role::Assistant.as_str(), answer.to_owned()));
    let messages = owned.iter().map(|(role, content)| Turn { role, content }).collect();
    let mut line = serde_json::to_string(&Row { messages, images }).unwrap_or_default();
    line.push('\n');
    line
}

/// `dataset_info.json`. Every column is named: where `columns` is given, the others are dropped.
pub(super) fn dataset_info(queue: &str, sets: &[DataSet]) -> String {
    let entries: serde_json::Map<String, serde_json::Value> = sets
        .iter()
        .map(|set| {
            let columns = match set.images {
                true => json!({ "messages": "messages", "images": "images" }),
                false => json!({ "messages": "messages" }),
            };
            let entry = json!({
                "file_name": set.file_name(),
                "formatting": "sharegpt",
                "columns": columns,
                "tags": {
                    "role_tag": "role",
                    "content_tag": "content",
                    "user_tag": "user",
                    "assistant_tag": "assistant",
                    "system_tag": "system",
                },
            });
            (set.name(queue), entry)
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).unwrap_or_default();
    text.push('\n');
    text
}

/// The lines that a training configuration needs.
pub(super) fn training_settings(queue: &str, sets: &[DataSet], template: Option<TrainerTemplate>) -> String {
    let mut lines = Vec::new();
    for (key, part) in [("dataset", Part::Train), ("eval_dataset", Part::Validation)] {
        let names: Vec<String> = sets.iter().filter(|s| s.part == part).map(|s| s.name(queue)).collect();
        if !names.is_empty() {
            lines.push(format!("{key}: {}", names.join(",")));
        }
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

    const TEXT: DataSet = DataSet { part: Part::Train, images: false };
    const IMAGES: DataSet = DataSet { part: Part::Train, images: true };

    #[test]
    fn a_row_is_one_line_with_the_turns_and_the_answer() {
        let turns = [Message { role: Role::User, content: "a\nb \"c\" ก".into() }];
        let expected = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\nb \\\"c\\\" ก\"},\
                        {\"role\":\"assistant\",\"content\":\"safe\"}]}\n";
        assert_eq!(row(&turns, "safe", &[]), expected);
        let line = row(&turns, "safe", &["images/a.png".into()]);
        assert!(line.ends_with("],\"images\":[\"images/a.png\"]}\n"), "{line}");
    }

    #[test]
    fn data_sets_with_images_name_their_column() {
        let info: serde_json::Value = serde_json::from_str(&dataset_info("q", &[TEXT, IMAGES])).unwrap();
        assert_eq!(info["q_train_images"]["columns"]["images"], "images");
        assert_eq!(info["q_train"]["columns"], json!({ "messages": "messages" }));
    }

    #[test]
    fn the_settings_name_the_template_and_switch_thinking_off() {
        let text = training_settings("q", &[TEXT], Some(TrainerTemplate::Qwen3));
        assert!(text.contains("template: qwen3\nenable_thinking: false"), "{text}");
        assert!(!text.contains("eval_dataset"), "there is no validation part");
        let text = training_settings("q", &[TEXT, IMAGES], Some(TrainerTemplate::Qwen3VlNoThink));
        assert!(text.contains("dataset: q_train,q_train_images\n"), "{text}");
    }
}
