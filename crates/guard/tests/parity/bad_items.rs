//! Items that cannot be judged, or not whole: each gets its own answer and its neighbours are not touched.

use std::fs;

use saring_guard::LocalEngine;
use saring_verdict::{
    Cancel, Engine as _, EngineError, GuardSettings, ImageRef, JudgeError, Message, Role, Subject, Task,
};

use crate::checkpoint::{Copy, GUARDS, SEA_GUARD, golden, judge, load, source};

#[test]
fn each_bad_item_gets_its_own_error_and_the_rest_goes_on() {
    let (mut engine, _) = load(&golden(SEA_GUARD));
    let mut several = Subject::response("a", "b");
    several.messages.push(Message { role: Role::User, content: "c".into() });
    several.task = Task::Prompt;
    let mut image = Subject::prompt("look");
    image.images.push(ImageRef { path: "x.png".into(), sha256: "0".repeat(64) });
    let mismatch = Subject { task: Task::Response, ..Subject::prompt("a") };
    let outcomes = judge(
        &mut engine,
        &[Subject::prompt("good"), Subject::prompt(" "), several, image, mismatch, Subject::prompt("fine")],
    );
    assert!(outcomes[0].is_ok() && outcomes[5].is_ok(), "good items are judged beside bad ones");
    assert_eq!(outcomes[1], Err(JudgeError::NothingToJudge));
    assert_eq!(outcomes[2], Err(JudgeError::SeveralTurns { turns: 3 }));
    assert_eq!(outcomes[3], Err(JudgeError::ImagesUnsupported));
    assert_eq!(outcomes[4], Err(JudgeError::TaskMismatch { task: Task::Response }));
}

#[test]
fn equal_items_get_equal_verdicts_in_their_places() {
    let (mut engine, _) = load(&golden(GUARDS[0]));
    let subjects = ["one", "two", "one", "a much longer item, to be computed in another batch", "two"];
    let outcomes = judge(&mut engine, &subjects.map(Subject::prompt));
    assert_eq!(outcomes[0], outcomes[2]);
    assert_eq!(outcomes[1], outcomes[4]);
    assert_ne!(outcomes[0], outcomes[1], "outcomes are in the order of the subjects");
}

#[test]
fn an_item_longer_than_the_context_is_cut_in_the_middle() {
    let words: Vec<String> = (0..3000).map(|i| format!("word{i}")).collect();
    let long = words.join(" ");
    let subjects = [
        Subject::prompt(long.clone()),
        Subject::response("short question", long),
        Subject::prompt("வணக்கம்".repeat(4000)),
    ];
    let (mut engine, loaded) = load(&golden(GUARDS[0]));
    let context = loaded.card.context_tokens;
    for outcome in judge(&mut engine, &subjects) {
        let verdict = outcome.unwrap();
        assert!(verdict.truncated, "a verdict about a part says so");
        assert!(verdict.tokens.prompt < context && verdict.tokens.prompt > context * 9 / 10, "{verdict:?}");
    }
    let rendered = engine.render(&source(&golden(GUARDS[0])), GuardSettings::default(), &subjects).unwrap();
    let text = &rendered[1].as_ref().unwrap().text;
    assert!(text.contains("word0 word1 ") && text.contains(" word2998 word2999"), "both ends are kept");
    assert!(!text.contains("word1500 "), "the middle is not");
    assert!(text.contains("USER: short question\n"), "what fits beside the long message is kept whole");
    assert!(
        text.contains("Possible categories:") && text.contains("Answer in lines"),
        "instructions are whole"
    );
}

#[test]
fn a_context_that_the_instructions_fill_is_an_error() {
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("config.json", |config| config["max_position_embeddings"] = 100.into());
    let (mut engine, _) = load(&copy.path(""));
    let outcomes = judge(&mut engine, &[Subject::prompt("hello")]);
    assert!(matches!(outcomes[0], Err(JudgeError::ContextTooSmall { context: 100, .. })), "{outcomes:?}");
}

#[test]
fn numbers_that_are_none_spoil_one_row_only() {
    let shape = GUARDS[1];
    let plain = Subject::prompt("hello, how are you? A longer row than the other.");
    let spoiled = Subject::prompt("வ");
    let mut engine = LocalEngine::new();
    let rendered = engine
        .render(&source(&golden(shape)), GuardSettings::default(), &[plain.clone(), spoiled.clone()])
        .unwrap();
    let ids: Vec<Vec<u32>> = rendered.into_iter().map(|r| r.unwrap().ids).collect();
    let only = ids[1].iter().find(|id| !ids[0].contains(id)).expect("a token that only one row has");
    // Its embedding becomes NaN; the head of this checkpoint is another tensor.
    let copy = Copy::of(shape);
    let index = crate::checkpoint::json(&copy.path("model.safetensors.index.json"));
    let file = index["weight_map"]["model.embed_tokens.weight"].as_str().unwrap();
    let mut bytes = fs::read(copy.path(file)).unwrap();
    let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header_len]).unwrap();
    let tensor = &header["model.embed_tokens.weight"];
    let width = tensor["shape"][1].as_u64().unwrap() as usize * 2;
    let start =
        8 + header_len + tensor["data_offsets"][0].as_u64().unwrap() as usize + *only as usize * width;
    bytes[start..start + width].copy_from_slice(&[0xC0, 0x7F].repeat(width / 2));
    fs::write(copy.path(file), bytes).unwrap();
    let (mut good, _) = load(&golden(shape));
    let (mut bad, _) = load(&copy.path(""));
    let expected = judge(&mut good, &[plain.clone(), spoiled.clone()]);
    let outcomes = judge(&mut bad, &[plain, spoiled]);
    assert_eq!(outcomes[0], expected[0], "the neighbour in the batch is untouched");
    assert!(matches!(outcomes[1], Err(JudgeError::Inference { .. })), "{:?}", outcomes[1]);
}

#[test]
fn a_stopped_run_leaves_the_rest_unjudged_and_the_engine_usable() {
    let (mut engine, _) = load(&golden(GUARDS[0]));
    let cancel = Cancel::new();
    cancel.cancel();
    let outcomes = engine.judge(&[Subject::prompt("a"), Subject::prompt("b")], &cancel).unwrap();
    assert_eq!(outcomes, [Err(JudgeError::Cancelled), Err(JudgeError::Cancelled)]);
    assert!(judge(&mut engine, &[Subject::prompt("a")])[0].is_ok());
}

#[test]
fn without_a_guard_nothing_is_judged() {
    let refused = LocalEngine::new().judge(&[Subject::prompt("a")], &Cancel::new());
    assert_eq!(refused, Err(EngineError::NotLoaded));
    let (mut engine, _) = load(&golden(GUARDS[0]));
    engine.unload().unwrap();
    assert_eq!(engine.judge(&[], &Cancel::new()), Err(EngineError::NotLoaded));
}
