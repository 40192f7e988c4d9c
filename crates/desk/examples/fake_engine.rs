//! An engine that speaks the wire protocol and runs no model: what the tests of the guard's process talk to.
//!
//! Its first argument is how it behaves; texts of subjects say the rest: `die` ends the process, `slow` takes a while,
//! `garbage` writes nonsense. The label mass of a verdict is the length of the text, so that outcomes can be told apart.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an engine speaks over its standard output, and one that dies says why"
)]
#![allow(clippy::unwrap_used, reason = "a test double: a panic is its way to die")]
#![allow(clippy::exit, reason = "ending abruptly is what it is for")]

use std::{
    io::{Write, stdin, stdout},
    process::exit,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use saring_verdict::{
    DeviceInfo, DeviceKind, Ending, EngineError, Family, Generated, GuardCard, JudgeError, LabelProbability,
    Loaded, Outcome, Progress, Provenance, Subject, Taxonomy, TokenCount, Verdict,
    wire::{self, Body, Call, Hello, PROTOCOL, Reply, Request},
};

fn main() {
    let behaviour = std::env::args().nth(1).unwrap_or_default();
    eprintln!("the fake engine starts as {behaviour:?}");
    let protocol = if behaviour == "old" { PROTOCOL + 1 } else { PROTOCOL };
    match behaviour.as_str() {
        "mute" => thread::sleep(Duration::from_secs(600)),
        "broken" => {
            eprintln!("libcuda.so.1: cannot open shared object file");
            exit(127);
        }
        "noise" => println!("Hello, I am not an engine"),
        _ => {}
    }
    let hello = Hello { protocol, program: "fake 1".into(), devices: vec![device()] };
    wire::write(&mut stdout(), &hello).unwrap();
    let (requests, waiting) = channel();
    thread::spawn(move || {
        let mut input = stdin().lock();
        while let Ok(Some(request)) = wire::read::<Request>(&mut input) {
            requests.send(request).unwrap();
        }
        exit(0);
    });
    while let Ok(Request { id, call }) = waiting.recv() {
        if let Some(body) = answer(id, call, &waiting, &behaviour) {
            wire::write(&mut stdout(), &Reply { id, body }).unwrap();
        }
    }
}

fn answer(id: u64, call: Call, waiting: &Receiver<Request>, behaviour: &str) -> Option<Body> {
    Some(match call {
        Call::Cancel => return None,
        Call::Devices => Body::Devices(vec![device()]),
        Call::Describe { .. } => Body::Described(Box::new(card())),
        Call::Load { .. } if behaviour == "heavy" => {
            eprintln!("out of memory");
            exit(9)
        }
        Call::Load { .. } => {
            for done in 1..=3 {
                let body = Body::Progress(Progress { done, total: 3 });
                wire::write(&mut stdout(), &Reply { id, body }).unwrap();
            }
            Body::Loaded(Box::new(loaded()))
        }
        Call::Judge { subjects } => Body::Judged(judge(&subjects, waiting)),
        Call::Generate { request } => {
            let text = request.messages.last().unwrap().content.to_uppercase();
            for piece in text.split_inclusive(' ') {
                wire::write(&mut stdout(), &Reply { id, body: Body::Text(piece.to_owned()) }).unwrap();
            }
            let tokens = text.split(' ').count() as u32;
            Body::Generated(Generated {
                text,
                tokens_prompt: 1,
                tokens_generated: tokens,
                ending: Ending::Finished,
            })
        }
        Call::Unload => Body::Unloaded,
        Call::Render { .. } | Call::Bench { .. } => Body::Failed(EngineError::NotLoaded),
    })
}

fn judge(subjects: &[Subject], waiting: &Receiver<Request>) -> Vec<Outcome> {
    let mut cancelled = false;
    subjects
        .iter()
        .map(|subject| {
            let text = subject.messages.last().unwrap().content.as_str();
            if text.contains("slow") {
                // Until it is cancelled, so that a test needs no clock.
                while !cancelled {
                    cancelled = matches!(waiting.recv().unwrap().call, Call::Cancel);
                }
            }
            if text.contains("die") {
                eprintln!("the decoder fell over");
                exit(3);
            }
            if text.contains("garbage") {
                println!("{{\"secret text of an item\": ");
                stdout().flush().unwrap();
            }
            if cancelled { Err(JudgeError::Cancelled) } else { Ok(verdict(text.len())) }
        })
        .collect()
}

#[allow(clippy::cast_precision_loss, reason = "lengths of test texts")]
fn verdict(length: usize) -> Verdict {
    let label = |label: &str, p| LabelProbability { label: label.into(), p };
    Verdict {
        probabilities: vec![label("safe", 0.75), label("unsafe", 0.25)],
        label_mass: length as f64,
        categories: vec![],
        refusal: None,
        tokens: TokenCount { prompt: 7, cached: 3, computed: 4 },
        truncated: false,
        notes: vec![],
        risk: None,
    }
}

fn device() -> DeviceInfo {
    DeviceInfo { kind: DeviceKind::Cpu, name: "fake".into(), memory_bytes: None, memory_free_bytes: None }
}

fn card() -> GuardCard {
    GuardCard {
        architecture: "FakeForCausalLM".into(),
        family: Family::SeaGuard,
        family_reason: "it is a fake".into(),
        taxonomy: Taxonomy { labels: vec!["safe".into(), "unsafe".into()], tasks: vec![] },
        weights_sha256: "00".into(),
        template_sha256: "11".into(),
        weights_bytes: 1,
        parameters: 1,
        precision: "f32".into(),
        context_tokens: 100,
        memory_needed_bytes: 1,
        memory: vec![],
        images: false,
        processor_sha256: None,
        languages: vec![],
        license: None,
        warnings: vec![],
    }
}

fn loaded() -> Loaded {
    Loaded {
        card: card(),
        provenance: Provenance {
            weights_sha256: "00".into(),
            template_sha256: "11".into(),
            processor_sha256: None,
            family: Family::SeaGuard,
            precision: "f32".into(),
            device: "cpu".into(),
            device_name: "fake".into(),
            settings: "{}".into(),
            program: "fake 1".into(),
        },
        device: device(),
        device_fallback: None,
        batch_subjects: 4,
        load_ms: 1,
    }
}
