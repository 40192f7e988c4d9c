//! Loading: what is reported, and what is refused.

use saring_guard::LocalEngine;
use saring_verdict::{
    BenchRequest, DeviceChoice, Engine as _, EngineError, PrecisionChoice, Progress, Subject,
};

use crate::checkpoint::{Copy, GUARDS, SEA_GUARD, golden, judge, load, request, source};

#[test]
fn a_checkpoint_runs_in_its_own_precision_unless_another_is_asked_for() {
    for (shape, own) in [(GUARDS[0], "f32"), (GUARDS[1], "bf16"), (SEA_GUARD, "f16")] {
        let mut engine = LocalEngine::new();
        let loaded =
            engine.load(&request(source(&golden(shape)), PrecisionChoice::Auto), &mut |_| {}).unwrap();
        assert_eq!((loaded.card.precision.as_str(), loaded.provenance.precision.as_str()), (own, own));
        let narrow = judge(&mut engine, &[Subject::prompt("hello")]).remove(0).unwrap();
        let (mut engine, loaded) = load(&golden(shape));
        assert_eq!(loaded.provenance.precision, "f32", "{shape}: precision is as asked for");
        let wide = judge(&mut engine, &[Subject::prompt("hello")]).remove(0).unwrap();
        for (a, b) in narrow.probabilities.iter().zip(&wide.probabilities) {
            assert!((a.p - b.p).abs() < 0.1, "{shape}: {a:?} in {own} is far from {b:?} in f32");
        }
    }
}

#[test]
fn what_cannot_be_done_here_is_refused_by_name() {
    let mut engine = LocalEngine::new();
    if cfg!(not(feature = "cuda")) {
        let mut wish = request(source(&golden(GUARDS[0])), PrecisionChoice::Auto);
        wish.device = DeviceChoice::Cuda;
        let error = engine.load(&wish, &mut |_| {}).unwrap_err();
        assert!(
            matches!(&error, EngineError::DeviceUnavailable { device, .. } if device == "cuda"),
            "a named device is never replaced in silence: {error:?}"
        );
    }
}

#[test]
fn room_to_work_is_counted_and_a_long_context_alone_takes_none() {
    let copy = Copy::of(GUARDS[0]);
    let before = LocalEngine::new().describe(&copy.source(), &mut |_| {}).unwrap();
    copy.change_json("config.json", |config| config["max_position_embeddings"] = 16_000_000.into());
    let after = LocalEngine::new().describe(&copy.source(), &mut |_| {}).unwrap();
    assert!(before.memory_needed_bytes > before.weights_bytes);
    assert_eq!(before.memory_needed_bytes, after.memory_needed_bytes);
}

#[test]
fn progress_counts_up_to_all_bytes_and_hashes_are_the_files_own() {
    let mut seen: Vec<Progress> = Vec::new();
    let path = golden(GUARDS[1]);
    let mut engine = LocalEngine::new();
    let card = engine.describe(&source(&path), &mut |p| seen.push(p)).unwrap();
    assert_eq!(seen.last(), Some(&Progress { done: card.weights_bytes, total: card.weights_bytes }));
    seen.clear();
    let wish = request(source(&path), PrecisionChoice::F32);
    let loaded = engine.load(&wish, &mut |p| seen.push(p)).unwrap();
    assert!(seen.windows(2).all(|w| w[0].done <= w[1].done && w[0].total == w[1].total), "{seen:?}");
    assert_eq!(loaded.card, card, "describing and loading see the same guard");
    let mut bytes = Vec::new();
    for n in 1..=3 {
        bytes.extend(std::fs::read(path.join(format!("model-0000{n}-of-00003.safetensors"))).unwrap());
    }
    use sha2::Digest as _;
    let digest: String = sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(card.weights_sha256, digest, "over the bytes of all shards in the order of their names");
    assert_eq!(card.weights_bytes, bytes.len() as u64);
}

#[test]
fn a_loaded_guard_can_be_measured() {
    let (mut engine, _) = load(&golden(GUARDS[0]));
    let report = engine.bench(BenchRequest { budget_ms: 40, items: None }).unwrap();
    for name in ["load", "prefill, 128 tokens", "queue of prompts"] {
        let row = report.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(row.value.is_finite() && row.value >= 0.0, "{row:?}");
    }
    for tokens in [512, 2048] {
        let (row, note) =
            (format!("prefill, {tokens} tokens"), format!("prefill of {tokens} tokens was left out"));
        let measured = report.rows.iter().any(|r| r.name == row);
        let said = report.notes.iter().any(|n| n.starts_with(&note));
        assert!(measured != said, "a length is measured, or it is said why not: {report:?}");
    }
    let pace = report.pace.unwrap();
    assert!(pace.items > 0 && pace.seconds > 0.0, "{pace:?}");
    assert!(pace.cached > 0 && pace.cached < pace.tokens, "the items share a beginning: {pace:?}");
}

#[test]
fn exactly_so_many_items_are_judged_once_if_that_is_asked_for() {
    let (mut engine, _) = load(&golden(GUARDS[0]));
    let report = engine.bench(BenchRequest { budget_ms: 0, items: Some(70) }).unwrap();
    assert_eq!(report.pace.unwrap().items, 70, "more than one call makes");
    assert!(!report.rows.iter().any(|row| row.name.starts_with("prefill")), "{:?}", report.rows);
}

#[test]
fn a_guard_that_answers_at_every_token_is_measured_on_the_queue_and_says_what_is_left_out() {
    let (mut engine, _) = load(&golden("stream-tied-f32"));
    let report = engine.bench(BenchRequest { budget_ms: 1, items: None }).unwrap();
    assert!(report.pace.unwrap().items > 0);
    assert!(!report.rows.iter().any(|row| row.name.starts_with("prefill")), "{:?}", report.rows);
    assert!(report.notes[0].contains("every token"), "{:?}", report.notes);
}
