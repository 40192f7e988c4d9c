//! The demo guard: grammar-bound decoding against plain `generate` of `transformers`.

use saring_verdict::{Message, Subject, Task};
use serde::Deserialize;

use crate::checkpoint::{golden, json, judge, load, root};

#[derive(Deserialize)]
struct Row {
    id: String,
    task: Task,
    messages: Vec<Message>,
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

#[test]
fn where_plain_decoding_stays_inside_the_grammar_both_write_the_same() {
    let folder = root().join("demo/guard");
    let path = golden("demo-guard.json");
    if !folder.join("model.safetensors").exists() || !path.exists() {
        println!("SKIPPED: there is no demo/guard or no golden file for it");
        return;
    }
    let mut document = json(&path);
    let rows: Vec<Row> = serde_json::from_value(document["rows"].take()).unwrap();
    let (mut engine, loaded) = load(&folder);
    assert_eq!(
        loaded.card.weights_sha256, document["weights_sha256"],
        "the demo guard was made anew: run `make reference`"
    );
    let subject = |row: &Row| Subject { task: row.task, messages: row.messages.clone(), images: Vec::new() };
    let outcomes = judge(&mut engine, &rows.iter().map(subject).collect::<Vec<_>>());
    let mut compared = 0;
    for (row, outcome) in rows.iter().zip(outcomes) {
        let verdict = outcome.unwrap_or_else(|e| panic!("{}: {e}", row.id));
        let opening = verdict.tokens.prompt - row.tokens;
        assert!((1..=8).contains(&opening), "{}: the same prompt, and `Safety:` behind it", row.id);
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
