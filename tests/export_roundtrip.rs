//! What is exported for training is what the guard is fed when it judges, and answers what people decided.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use saring_verdict::{
    GuardSettings, GuardSource, Message, Rendered, Role, Subject, Task,
    wire::{self, Body, Call, Hello, Reply, Request},
};
use serde_json::Value;

use crate::program::{Desk, SARING, demo_queue, lines, read_lines};

const DEMO_GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/guard");

/// What the guard is fed for each subject, as its process says.
fn rendered(subjects: Vec<Subject>) -> Vec<Rendered> {
    let mut child =
        Command::new(SARING).arg("engine").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    wire::read::<Hello>(&mut out).unwrap().unwrap();
    let source = GuardSource { path: DEMO_GUARD.into(), family: None };
    let call = Call::Render { source, settings: GuardSettings::default(), subjects };
    let mut input = child.stdin.take().unwrap();
    wire::write(&mut input, &Request { id: 1, call }).unwrap();
    let reply = wire::read::<Reply>(&mut out).unwrap().unwrap();
    drop(input);
    assert!(out.lines().next().is_none(), "one reply is all that was asked for");
    assert!(child.wait().unwrap().success(), "it ends with its input");
    match reply.body {
        Body::Rendered(all) => all.into_iter().map(|r| r.unwrap()).collect(),
        other => panic!("{other:?}"),
    }
}

/// Every (item, task) of the demo queue, with its subject.
fn pairs() -> Vec<(Value, Task, Subject)> {
    let mut pairs = Vec::new();
    for item in demo_queue() {
        let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
        pairs.push((item.clone(), Task::Prompt, Subject::prompt(text("prompt"))));
        if item["response"].is_string() {
            pairs.push((item.clone(), Task::Response, Subject::response(text("prompt"), text("response"))));
        }
    }
    pairs
}

/// The turns in the frame that the trainer's template puts around them, as the card has it configured.
fn framed(turns: &[Message], card: &str) -> String {
    let turn = |m: &Message| format!("<|im_start|>{}\n{}<|im_end|>\n", m.role.as_str(), m.content);
    let text = turns.iter().map(turn).collect::<String>() + "<|im_start|>assistant\n";
    if card.contains("template: qwen3_nothink\n") {
        return text;
    }
    assert!(
        card.contains("template: qwen3\nenable_thinking: false\n"),
        "the card names the template: {card}"
    );
    text + "<think>\n\n</think>\n\n"
}

/// The answer that gold labels give, in the guard's own words.
fn answer(gold: &Value, task: Task) -> String {
    let label = gold["label"].as_str().unwrap();
    let categories: Vec<&str> =
        gold["categories"].as_array().map_or_else(Vec::new, |c| c.iter().filter_map(Value::as_str).collect());
    let categories = if categories.is_empty() { "None".to_owned() } else { categories.join(", ") };
    let mut answer = format!("Safety: {label}\nCategories: {categories}");
    if task == Task::Response {
        answer.push_str(if gold["refusal"] == true { "\nRefusal: Yes" } else { "\nRefusal: No" });
    }
    answer
}

fn messages(row: &Value) -> (Vec<Message>, String) {
    let mut turns: Vec<Message> = serde_json::from_value(row["messages"].clone()).unwrap();
    let last = turns.pop().unwrap();
    assert_eq!(last.role, Role::Assistant, "the answer comes last");
    (turns, last.content)
}

fn score(desk: &Desk, task: &str) -> Vec<Value> {
    let input = desk.file("in.jsonl", lines(&demo_queue()));
    let output = desk.path(&format!("{task}.jsonl"));
    desk.done(&[
        "score",
        "--guard",
        DEMO_GUARD,
        "--input",
        input.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
        "--task",
        task,
        "--precision",
        "f32",
    ]);
    read_lines(&output)
}

#[test]
fn training_rows_are_what_the_guard_is_fed_and_what_was_decided() {
    let desk = Desk::new();
    desk.done(&["demo"]);
    let folder = desk.workspace().join("exports/llama-factory");
    let card = fs::read_to_string(folder.join("README.md")).unwrap();
    let pairs = pairs();
    let rendered = rendered(pairs.iter().map(|(_, _, subject)| subject.clone()).collect());
    let fed: HashMap<String, usize> =
        rendered.iter().enumerate().map(|(i, r)| (serde_json::to_string(&r.turns).unwrap(), i)).collect();

    let rows = ["train.jsonl", "validation.jsonl"].map(|part| read_lines(&folder.join(part)));
    assert!(rows.iter().all(|part| !part.is_empty()), "there is something to train and to validate on");
    let mut groups: [Vec<String>; 2] = Default::default();
    for (part, row) in
        rows.iter().enumerate().flat_map(|(part, rows)| rows.iter().map(move |row| (part, row)))
    {
        let (turns, answered) = messages(row);
        let index = *fed
            .get(&serde_json::to_string(&turns).unwrap())
            .expect("the turns are those that the guard is fed");
        let (item, task, _) = &pairs[index];
        assert_eq!(
            framed(&turns, &card),
            rendered[index].text,
            "after the trainer's template the text is the guard's"
        );
        assert_eq!(answered, answer(&item["labels"][task.as_str()], *task), "the answer is the decision");
        groups[part].push(item["group"].as_str().unwrap_or_default().to_owned());
    }
    assert!(
        groups[0].iter().all(|group| !groups[1].contains(group)),
        "a group is never on both sides of the split"
    );

    assert!(card.contains("mask_history: true"), "the loss covers the answer only: {card}");
    held_against_the_chain(&desk, &card);
}

/// The card carries a head that lies on the chain.
fn held_against_the_chain(desk: &Desk, card: &str) {
    let is_hash = |word: &&str| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
    let words = card.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hash);
    let on_chain =
        words.filter(|hash| desk.run(&["audit", "verify", "--head", hash]).code == Some(0)).count();
    assert!(on_chain >= 1, "one of the hashes of the card is a head of the chain");
}

#[test]
fn score_counts_the_tokens_that_the_export_would_make() {
    let desk = Desk::new();
    let pairs = pairs();
    let rendered = rendered(pairs.iter().map(|(_, _, subject)| subject.clone()).collect());
    let scored = score(&desk, "all");
    assert_eq!(scored.len(), pairs.len());
    let mut forced: Vec<i64> = Vec::new();
    for ((line, (item, task, _)), rendered) in scored.iter().zip(&pairs).zip(&rendered) {
        assert_eq!((&line["id"], line["task"].as_str()), (&item["id"], Some(task.as_str())));
        forced.push(line["tokens"]["prompt"].as_i64().unwrap() - rendered.ids.len() as i64);
    }
    assert!(forced[0] > 0, "`Safety:` is counted too");
    assert!(forced.iter().all(|n| *n == forced[0]), "and it is the same for every item: {forced:?}");
}
