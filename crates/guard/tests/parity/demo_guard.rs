//! The demo guards: grammar-bound decoding against plain `generate` of `transformers`, and what it reads in pictures.

use std::{collections::BTreeMap, fs, io::Write};

use saring_verdict::{Engine as _, GuardSettings, Message, Role, Subject, Task};
use serde::Deserialize;
use serde_json::Value;

use crate::checkpoint::{golden, image, json, judge, load, root, sha256, source};

/// Probabilities differ by no more than logits may.
const TOLERANCE: f64 = 2e-5;

#[derive(Deserialize)]
struct Row {
    id: String,
    ids_sha256: String,
    tokens: u32,
    /// `None` where plain decoding left the format.
    answer: Option<Answer>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Answer {
    label: String,
    categories: Vec<String>,
    refusal: Option<bool>,
}

/// The subject of a line of the demo queue.
fn subject(item: &Value) -> Subject {
    let mut messages: Vec<Message> = serde_json::from_value(item["messages"].clone()).unwrap_or_default();
    let texts = [(Role::User, item["prompt"].as_str()), (Role::Assistant, item["response"].as_str())];
    for (role, text) in texts {
        messages.extend(text.map(|text| Message { role, content: text.to_owned() }));
    }
    let task = match messages.last().map(|m| m.role) {
        Some(Role::Assistant) => Task::Response,
        _ => Task::Prompt,
    };
    let images = item["images"].as_array().into_iter().flatten();
    let images = images.map(|name| image(&root().join("demo").join(name.as_str().unwrap()))).collect();
    Subject { task, messages, images }
}

#[derive(Deserialize)]
struct PictureRow {
    id: String,
    ids_sha256: String,
    /// The labels' shares of the whole vocabulary.
    vocabulary: BTreeMap<String, f64>,
}

#[test]
fn the_picture_guard_reads_in_posters_what_the_reference_reads() {
    let folder = root().join("demo/picture-guard");
    let mut document = json(&golden("picture-guard.json"));
    let rows: Vec<PictureRow> = serde_json::from_value(document["rows"].take()).unwrap();
    let (mut engine, loaded) = load(&folder);
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    assert_eq!(document["weights_file_sha256"], sha256(&bytes), "it was made anew: run `make demo-guard`");
    assert!(loaded.card.images);
    let queue = fs::read_to_string(root().join("demo/queue.jsonl")).unwrap();
    let items: BTreeMap<String, Value> = queue
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|item| (item["id"].as_str().unwrap().to_owned(), item))
        .collect();
    let subjects: Vec<Subject> = rows.iter().map(|row| subject(&items[&row.id])).collect();
    let pictures: usize = subjects.iter().map(|subject| subject.images.len()).sum();
    assert!(pictures > 90, "{pictures} pictures");
    let rendered = engine.render(&source(&folder), GuardSettings::default(), &subjects).unwrap();
    let outcomes = judge(&mut engine, &subjects);
    for ((row, outcome), rendered) in rows.iter().zip(outcomes).zip(rendered) {
        let ids: Vec<u8> = rendered.unwrap().ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        assert_eq!(sha256(&ids), row.ids_sha256, "{}: ids", row.id);
        let verdict = outcome.unwrap_or_else(|e| panic!("{}: {e}", row.id));
        let mass: f64 = row.vocabulary.values().sum();
        assert!((verdict.label_mass - mass).abs() <= TOLERANCE, "{}: {}", row.id, verdict.label_mass);
        for found in &verdict.probabilities {
            let expected = row.vocabulary[&found.label] / mass;
            assert!((found.p - expected).abs() <= TOLERANCE, "{}: {found:?}, not {expected}", row.id);
        }
    }
}

#[test]
fn where_plain_decoding_stays_inside_the_grammar_both_write_the_same() {
    let folder = root().join("demo/guard");
    let path = golden("demo-guard.json");
    if !folder.join("model.safetensors").exists() || !path.exists() {
        // Past the capture of the test harness, so that it is seen.
        let mut err = std::io::stderr().lock();
        writeln!(err, "skipped: the demo guard: there is no demo/guard or no golden file for it").unwrap();
        return;
    }
    let mut document = json(&path);
    let rows: Vec<Row> = serde_json::from_value(document["rows"].take()).unwrap();
    let (mut engine, loaded) = load(&folder);
    assert_eq!(
        loaded.card.weights_sha256, document["weights_sha256"],
        "the demo guard was made anew: run `make reference`"
    );
    let queue = fs::read_to_string(root().join("demo/queue.jsonl")).unwrap();
    let mut items: Vec<Value> = queue.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    items.retain(|item| item.get("images").is_none());
    let subjects: Vec<Subject> = items.iter().map(subject).collect();
    assert_eq!(items.len(), rows.len(), "the demo queue was changed: run `make reference`");
    let rendered = engine.render(&source(&folder), GuardSettings::default(), &subjects).unwrap();
    let outcomes = judge(&mut engine, &subjects);
    let mut compared = 0;
    for (((row, item), outcome), rendered) in rows.iter().zip(&items).zip(outcomes).zip(rendered) {
        assert_eq!(row.id, item["id"], "the demo queue was changed: run `make reference`");
        let bytes: Vec<u8> = rendered.unwrap().ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        assert_eq!(
            sha256(&bytes),
            row.ids_sha256,
            "{}: the prompt has the ids that transformers gives it",
            row.id
        );
        let verdict = outcome.unwrap_or_else(|e| panic!("{}: {e}", row.id));
        assert!(verdict.tokens.prompt > row.tokens, "{}: `Safety:` comes behind the prompt", row.id);
        if let Some(answer) = &row.answer {
            let found = Answer {
                label: verdict.label().unwrap().to_owned(),
                categories: verdict.categories.clone(),
                refusal: verdict.refusal,
            };
            assert_eq!(&found, answer, "{}", row.id);
            compared += 1;
        }
    }
    assert!(compared * 10 >= rows.len() * 9, "the guard must mostly keep to its format: {compared}");
}
