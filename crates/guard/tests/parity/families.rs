//! Every family, from a subject with its images to what `transformers` makes of it.

use std::collections::BTreeMap;

use saring_guard::LocalEngine;
use saring_verdict::{
    Cancel, Ending, Engine as _, EngineError, Family, GenerateRequest, GuardSettings, JudgeError, Message,
    Mode, PrecisionChoice, Subject, Task, Verdict, VerdictNote,
};
use serde::Deserialize;
use tokenizers::Tokenizer;

use crate::checkpoint::{golden, golden_image, json, judge, load, request, source};

const WITH_IMAGES: [&str; 6] = [
    "qwen3-vl-tied-f32",
    "qwen3-vl-untied-bf16",
    "qwen3-vl-patch16-bf16",
    "gemma3-grouped-f32",
    "gemma3-single-bf16",
    "gemma3-full-bf16",
];
const TEXT_ONLY: [&str; 2] = ["llama-untied-f32", "llama-tied-bf16"];
const STREAMS: [&str; 2] = ["stream-tied-f32", "stream-untied-bf16"];
const ASSISTANTS: [&str; 2] = ["apertus-grouped-f32", "apertus-single-bf16"];

/// Probabilities differ by no more than logits may.
const TOLERANCE: f64 = 2e-5;

#[derive(Deserialize)]
struct Golden {
    task: Task,
    messages: Vec<Message>,
    #[serde(default)]
    images: Vec<String>,
    verdict: Expected,
}

#[derive(Deserialize)]
struct Expected {
    ids: Vec<u32>,
    probabilities: BTreeMap<String, f64>,
    label_mass: f64,
}

#[derive(Deserialize)]
struct StreamGolden {
    task: Task,
    messages: Vec<Message>,
    query: Option<ExpectedQuery>,
    response: Option<ExpectedResponse>,
}

#[derive(Deserialize)]
struct ExpectedQuery {
    position: usize,
    probabilities: Vec<f64>,
    category: usize,
}

#[derive(Deserialize)]
struct ExpectedResponse {
    start: usize,
    end: usize,
    probabilities: Vec<Vec<f64>>,
    categories: Vec<u16>,
    strict: ExpectedFlags,
    loose: ExpectedFlags,
}

#[derive(Deserialize)]
struct ExpectedFlags {
    raw: Vec<bool>,
    debounced: Vec<bool>,
    first: Option<usize>,
}

#[derive(Deserialize)]
struct Conversation {
    messages: Vec<Message>,
    ids: Vec<u32>,
    answer: Vec<u32>,
}

fn subject(golden: &Golden) -> Subject {
    let images = golden.images.iter().map(|name| golden_image(name)).collect();
    Subject { task: golden.task, messages: golden.messages.clone(), images }
}

fn goldens<T: serde::de::DeserializeOwned>(shape: &str, file: &str, key: &str) -> Vec<T> {
    let mut document = json(&golden(shape).join(file));
    serde_json::from_value(document[key].take()).unwrap()
}

fn assert_near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= TOLERANCE, "{what}: {found} instead of {expected}");
}

fn assert_equals(expected: &Expected, verdict: &Verdict, what: &str) {
    assert_eq!(verdict.probabilities.len(), expected.probabilities.len(), "{what}: labels");
    for found in &verdict.probabilities {
        assert_near(found.p, expected.probabilities[&found.label], &format!("{what}: {}", found.label));
    }
    assert_near(verdict.label_mass, expected.label_mass, &format!("{what}: label mass"));
    assert_eq!(verdict.tokens.prompt as usize, expected.ids.len(), "{what}: tokens");
    let likeliest = expected.probabilities.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(label, _)| label);
    assert_eq!(verdict.label(), likeliest.map(String::as_str), "{what}: the same label");
}

#[test]
fn verdicts_about_text_and_images_equal_the_reference_together_and_alone() {
    for shape in WITH_IMAGES.iter().chain(&TEXT_ONLY) {
        let (mut engine, loaded) = load(&golden(shape));
        assert_eq!(loaded.card.family, Family::SeaGuard, "{shape}");
        assert_eq!(loaded.card.images, WITH_IMAGES.contains(shape), "{shape}");
        let goldens: Vec<Golden> = goldens(shape, "verdicts.json", "subjects");
        let with_images = goldens.iter().filter(|golden| !golden.images.is_empty()).count();
        assert_eq!(with_images >= 5, loaded.card.images, "{shape}: images are asked about");
        let subjects: Vec<Subject> = goldens.iter().map(subject).collect();
        let together = judge(&mut engine, &subjects);
        for (i, (golden, outcome)) in goldens.iter().zip(&together).enumerate() {
            let what = format!("{shape}, subject {i}");
            assert_equals(&golden.verdict, outcome.as_ref().unwrap(), &what);
            let alone = judge(&mut engine, &subjects[i..=i]);
            assert_equals(&golden.verdict, alone[0].as_ref().unwrap(), &format!("{what} alone"));
        }
        let settings = GuardSettings::default();
        let rendered = engine.render(&source(&golden(shape)), settings, &subjects).unwrap();
        for (i, (golden, rendered)) in goldens.iter().zip(rendered).enumerate() {
            assert_eq!(rendered.unwrap().ids, golden.verdict.ids, "{shape}, subject {i}: ids");
        }
    }
}

#[test]
fn an_image_without_text_gets_a_verdict_that_says_so() {
    for shape in [WITH_IMAGES[0], WITH_IMAGES[3]] {
        let (mut engine, _) = load(&golden(shape));
        let mut bare = Subject::prompt("");
        bare.messages.clear();
        bare.images.push(golden_image("wide.png"));
        let mut worded = Subject::prompt("look");
        worded.images.push(golden_image("wide.png"));
        let outcomes = judge(&mut engine, &[bare, worded]);
        let [bare, worded] = [0, 1].map(|i| outcomes[i].as_ref().unwrap());
        assert_eq!(bare.notes, [VerdictNote::ImageWithoutText], "{shape}");
        assert!(worded.notes.is_empty(), "{shape}: {:?}", worded.notes);
    }
}

#[test]
fn a_guard_for_text_never_judges_an_image_by_its_words() {
    for shape in [TEXT_ONLY[0], STREAMS[0], crate::checkpoint::GUARDS[0]] {
        let (mut engine, loaded) = load(&golden(shape));
        assert!(!loaded.card.images, "{shape}");
        let mut with_image = Subject::prompt("look");
        with_image.images.push(golden_image("wide.png"));
        let outcomes = judge(&mut engine, &[with_image, Subject::prompt("look")]);
        assert_eq!(outcomes[0], Err(JudgeError::ImagesUnsupported), "{shape}");
        assert!(outcomes[1].is_ok(), "{shape}: the others are judged");
    }
}

#[test]
fn heads_agree_with_the_reference_at_every_token() {
    for shape in STREAMS {
        let (mut engine, loaded) = load(&golden(shape));
        assert_eq!(loaded.card.family, Family::Qwen3guardStream, "{shape}");
        let goldens: Vec<StreamGolden> = goldens(shape, "stream.json", "subjects");
        let subject =
            |g: &StreamGolden| Subject { task: g.task, messages: g.messages.clone(), images: Vec::new() };
        let subjects: Vec<Subject> = goldens.iter().map(subject).collect();
        let together = judge(&mut engine, &subjects);
        for (i, (golden, outcome)) in goldens.iter().zip(&together).enumerate() {
            let alone = judge(&mut engine, &subjects[i..=i]);
            for outcome in [outcome, &alone[0]] {
                let what = format!("{shape}, subject {i}");
                if golden.messages.last().unwrap().content.is_empty() {
                    assert_eq!(*outcome, Err(JudgeError::NothingToJudge), "{what}: no token, no risk");
                    continue;
                }
                let verdict = outcome.as_ref().unwrap_or_else(|e| panic!("{what}: {e}"));
                assert_streams(golden, verdict, &loaded.card.taxonomy, &what);
            }
        }
    }
}

fn assert_streams(golden: &StreamGolden, verdict: &Verdict, taxonomy: &saring_verdict::Taxonomy, what: &str) {
    let query = golden.query.as_ref().filter(|_| golden.task == Task::Prompt);
    let response = golden.response.as_ref().filter(|_| golden.task == Task::Response);
    assert!(query.is_some() != response.is_some(), "{what}: the golden file has what is asked about");
    // Nothing behind the last token that is read is computed.
    let tokens = query.map(|query| query.position + 1).or(response.map(|response| response.end)).unwrap();
    assert_eq!(verdict.tokens.prompt as usize, tokens, "{what}: tokens");
    let safe = |probabilities: &[f64]| {
        (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])) == Some(0)
    };
    if let Some(query) = query {
        for (found, expected) in verdict.probabilities.iter().zip(&query.probabilities) {
            assert_near(found.p, *expected, &format!("{what}: {}", found.label));
        }
        assert_eq!(verdict.risk, None, "{what}: a request is read once, at its end");
        let category = &taxonomy.task(Task::Prompt).unwrap().categories[query.category];
        let expected: &[String] =
            if safe(&query.probabilities) { &[] } else { std::slice::from_ref(category) };
        assert_eq!(verdict.categories, expected, "{what}: category");
    }
    if let Some(response) = response {
        let trace = verdict.risk.as_ref().unwrap_or_else(|| panic!("{what}: no trace"));
        assert_eq!(trace.tokens.len(), response.end - response.start, "{what}: one risk a token");
        let text = &golden.messages.last().unwrap().content;
        let ends: Vec<u32> = trace.tokens.iter().map(|token| token.end).collect();
        assert!(ends.is_sorted() && *ends.last().unwrap() as usize <= text.len(), "{what}: {ends:?}");
        for (token, expected) in trace.tokens.iter().zip(&response.probabilities) {
            for (found, expected) in token.p.iter().zip(expected) {
                assert_near(f64::from(*found), *expected, what);
            }
        }
        let categories: Vec<u16> = trace.tokens.iter().map(|token| token.category).collect();
        assert_eq!(categories, response.categories, "{what}: categories");
        for (mode, flags) in [(Mode::Strict, &response.strict), (Mode::Loose, &response.loose)] {
            assert_eq!(trace.raw_flags(mode), flags.raw, "{what}: raw flags, {mode:?}");
            assert_eq!(trace.flags(mode), flags.debounced, "{what}: flags, {mode:?}");
            assert_eq!(trace.first_flagged(mode), flags.first, "{what}: first flag, {mode:?}");
        }
        // A single token has no neighbour to agree with it, and speaks for itself.
        let flagged =
            if trace.tokens.len() == 1 { response.strict.raw[0] } else { response.strict.first.is_some() };
        assert_eq!(verdict.label() != Some("Safe"), flagged, "{what}: the label follows the flags");
    }
}

#[test]
fn an_assistant_writes_what_greedy_decoding_writes_and_judges_nothing() {
    for shape in ASSISTANTS {
        let (mut engine, loaded) = load(&golden(shape));
        assert_eq!(loaded.card.family, Family::Assistant, "{shape}");
        let tokenizer = Tokenizer::from_file(golden(shape).join("tokenizer.json")).unwrap();
        let conversations: Vec<Conversation> = goldens(shape, "answers.json", "conversations");
        for (i, conversation) in conversations.iter().enumerate() {
            let tokens_max = conversation.answer.len() as u32;
            let request = GenerateRequest { messages: conversation.messages.clone(), tokens_max };
            let mut streamed = String::new();
            let mut on_text = |text: &str| streamed.push_str(text);
            let generated = engine.generate(&request, &mut on_text, &Cancel::new()).unwrap();
            let expected = tokenizer.decode(&conversation.answer, true).unwrap();
            assert_eq!(generated.text, expected, "{shape}, conversation {i}");
            assert_eq!(streamed, generated.text, "{shape}: the pieces make the text");
            assert_eq!(generated.tokens_prompt as usize, conversation.ids.len(), "{shape}: prompt");
            assert_eq!(generated.tokens_generated, tokens_max, "{shape}");
            assert_eq!(generated.ending, Ending::Length, "{shape}");
        }
        let refused = engine.judge(&[Subject::prompt("hello")], &Cancel::new()).unwrap_err();
        assert!(matches!(refused, EngineError::WrongFamily { .. }), "{shape}: it is no guard: {refused}");
    }
}

#[test]
fn a_guard_writes_no_answers_and_a_stopped_assistant_keeps_what_it_wrote() {
    let request = GenerateRequest { messages: Subject::prompt("hello").messages, tokens_max: 50 };
    let (mut guard, _) = load(&golden(TEXT_ONLY[0]));
    let error = guard.generate(&request, &mut |_| {}, &Cancel::new()).unwrap_err();
    assert!(matches!(error, EngineError::WrongFamily { .. }), "{error}");
    let (mut assistant, _) = load(&golden(ASSISTANTS[0]));
    let cancel = Cancel::new();
    let mut pieces = 0;
    let mut on_text = |_: &str| {
        pieces += 1;
        if pieces == 3 {
            cancel.cancel();
        }
    };
    let generated = assistant.generate(&request, &mut on_text, &cancel).unwrap();
    assert_eq!(generated.ending, Ending::Cancelled);
    assert!(!generated.text.is_empty() && generated.tokens_generated < 50, "{generated:?}");
}

#[test]
fn rendering_needs_no_weights_and_a_family_that_does_not_fit_is_refused() {
    let mut wrong = source(&golden(STREAMS[0]));
    wrong.family = Some(Family::SeaGuard);
    let error = LocalEngine::new().describe(&wrong, &mut |_| {}).unwrap_err();
    assert!(matches!(error, EngineError::WrongFamily { .. }), "{error}");
    let mut wrong = source(&golden(TEXT_ONLY[0]));
    wrong.family = Some(Family::Qwen3guardStream);
    let error = LocalEngine::new().describe(&wrong, &mut |_| {}).unwrap_err();
    assert!(matches!(error, EngineError::WrongFamily { .. }), "{error}");
}

#[test]
fn weights_that_are_quantised_on_loading_change_little_and_are_named() {
    // Those whose rows are long enough to be quantised.
    for shape in [WITH_IMAGES[0], WITH_IMAGES[3]] {
        let (mut exact, _) = load(&golden(shape));
        let mut packed = LocalEngine::new();
        let wanted = request(source(&golden(shape)), PrecisionChoice::Int8);
        let loaded = packed.load(&wanted, &mut |_| {}).unwrap();
        assert_eq!(loaded.provenance.precision, "int8", "{shape}");
        let mut subjects = vec![Subject::prompt("hello"), Subject::prompt("สวัสดีครับ")];
        if loaded.card.images {
            subjects[1].images.push(golden_image("wide.png"));
        }
        let pairs = judge(&mut exact, &subjects).into_iter().zip(judge(&mut packed, &subjects));
        let mut most: f64 = 0.0;
        for (exact, packed) in pairs {
            let (exact, packed) = (exact.unwrap(), packed.unwrap());
            for (a, b) in exact.probabilities.iter().zip(&packed.probabilities) {
                most = most.max((a.p - b.p).abs());
            }
        }
        println!("{shape} in int8: probabilities differ by {most:.4}");
        assert!(most > 0.0 && most < 0.2, "{shape}: eight bits lose a little, not {most}");
    }
}
