//! GGUF files as their users see them: what they judge, what they need, and what is refused.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use saring_guard::LocalEngine;
use saring_verdict::{
    Engine as _, EngineError, Family, GuardCard, GuardSettings, GuardSource, JudgeError, Loaded, Message,
    Outcome, PrecisionChoice, Progress, Subject, Task,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::checkpoint::{Copy, golden, golden_image, json, judge, request};

const ARCHITECTURES: [&str; 5] = ["qwen3", "qwen3vl", "llama", "apertus", "gemma3"];
const WITH_IMAGES: [&str; 2] = ["qwen3vl", "gemma3"];

/// Probabilities differ by no more than logits may.
const TOLERANCE: f64 = 2e-5;
/// By how much eight bits change a probability: logits of these checkpoints are off by a few tenths at most.
const EIGHT_BITS: f64 = 0.1;

#[derive(Deserialize)]
struct Golden {
    task: Task,
    messages: Vec<Message>,
    images: Vec<String>,
    verdict: Expected,
}

#[derive(Deserialize)]
struct Expected {
    ids: Vec<u32>,
    probabilities: BTreeMap<String, f64>,
}

/// A GGUF file in a folder of its own, with or without its projector file.
struct File(TempDir);

impl File {
    fn alone(architecture: &str, kind: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let file = golden("gguf").join(format!("{architecture}-{kind}.gguf"));
        fs::copy(file, place.path().join("model.gguf")).unwrap();
        Self(place)
    }

    /// With the projector file that belongs to it, if there is one.
    fn whole(architecture: &str, kind: &str) -> Self {
        let file = Self::alone(architecture, kind);
        if WITH_IMAGES.contains(&architecture) {
            file.add_projector_of(architecture, "mmproj-F16.gguf");
        }
        file
    }

    fn add_projector_of(&self, architecture: &str, name: &str) {
        let projector = golden("gguf").join(format!("{architecture}-small/mmproj-F16.gguf"));
        fs::copy(projector, self.0.path().join(name)).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("model.gguf")
    }

    fn describe(&self) -> Result<GuardCard, EngineError> {
        engine().describe(&source(&self.path()), &mut |_| {})
    }
}

/// Asked as a SEA-Guard, whatever the architecture.
fn source(path: &Path) -> GuardSource {
    GuardSource { path: path.to_owned(), family: Some(Family::SeaGuard) }
}

/// On the day on which the reference judged (`families/apertus.py`): one template says the date.
fn engine() -> LocalEngine {
    LocalEngine::with_clock(|| "2026-11-21T12:00:00[UTC]".parse().unwrap())
}

fn load(path: &Path, precision: PrecisionChoice) -> (LocalEngine, Loaded) {
    let mut engine = engine();
    let loaded = engine.load(&request(source(path), precision), &mut |_| {}).unwrap();
    (engine, loaded)
}

fn goldens(architecture: &str) -> Vec<Golden> {
    let mut document = json(&golden("gguf").join(format!("{architecture}-small/verdicts.json")));
    serde_json::from_value(document["subjects"].take()).unwrap()
}

fn subjects(goldens: &[Golden]) -> Vec<Subject> {
    let images = |golden: &Golden| golden.images.iter().map(|name| golden_image(name)).collect();
    let subject = |g: &Golden| Subject { task: g.task, messages: g.messages.clone(), images: images(g) };
    goldens.iter().map(subject).collect()
}

/// The largest difference between probabilities and those that are expected.
fn off(outcomes: &[Outcome], goldens: &[Golden], what: &str) -> f64 {
    assert_eq!(outcomes.len(), goldens.len(), "{what}");
    let mut worst = 0f64;
    for (i, (outcome, golden)) in outcomes.iter().zip(goldens).enumerate() {
        let verdict = outcome.as_ref().unwrap_or_else(|e| panic!("{what}, subject {i}: {e}"));
        assert_eq!(verdict.tokens.prompt as usize, golden.verdict.ids.len(), "{what}, subject {i}: tokens");
        assert_eq!(verdict.probabilities.len(), golden.verdict.probabilities.len(), "{what}, subject {i}");
        for found in &verdict.probabilities {
            let off = (found.p - golden.verdict.probabilities[&found.label]).abs();
            // `max` would let a NaN pass.
            worst = if off > worst || off.is_nan() { off } else { worst };
        }
    }
    worst
}

#[test]
fn a_file_judges_texts_and_images_like_the_reference_of_the_checkpoint_that_it_was_made_of() {
    for architecture in ARCHITECTURES {
        let file = File::whole(architecture, "small-F16");
        let goldens = goldens(architecture);
        let subjects = subjects(&goldens);
        let with_images = goldens.iter().filter(|golden| !golden.images.is_empty()).count();
        assert_eq!(with_images > 4, WITH_IMAGES.contains(&architecture), "{architecture}: images are there");
        let (mut engine, _) = load(&file.path(), PrecisionChoice::F32);
        let found = off(&judge(&mut engine, &subjects), &goldens, architecture);
        println!("{architecture}: {found:.2e}");
        assert!(found <= TOLERANCE, "{architecture}: probabilities are off by {found:e}");
        let rendered = engine.render(&source(&file.path()), GuardSettings::default(), &subjects).unwrap();
        for (i, (rendered, golden)) in rendered.into_iter().zip(&goldens).enumerate() {
            assert_eq!(rendered.unwrap().ids, golden.verdict.ids, "{architecture}, subject {i}: ids");
        }
    }
}

#[test]
fn a_file_is_the_same_guard_as_the_folder_that_it_was_made_of() {
    for architecture in ARCHITECTURES {
        let folder = golden("gguf").join(format!("{architecture}-small"));
        let (mut engine, loaded) = load(&folder, PrecisionChoice::F32);
        let goldens = goldens(architecture);
        let found = off(&judge(&mut engine, &subjects(&goldens)), &goldens, architecture);
        assert!(found <= TOLERANCE, "{architecture}: the folder's probabilities are off by {found:e}");
        let (of_folder, of_file) = (loaded.card, File::whole(architecture, "small-F16").describe().unwrap());
        assert_eq!(of_file.architecture, of_folder.architecture);
        assert_eq!(of_file.taxonomy, of_folder.taxonomy, "{architecture}");
        assert_eq!(of_file.template_sha256, of_folder.template_sha256, "{architecture}: the template");
        assert_eq!(of_file.context_tokens, of_folder.context_tokens, "{architecture}");
        assert_eq!(of_file.images, of_folder.images, "{architecture}");
        assert_eq!((of_folder.precision.as_str(), of_file.precision.as_str()), ("bf16", "f16"));
        assert_eq!(of_file.warnings, [""; 0], "{architecture}: nothing is wrong with the file");
    }
}

#[test]
fn quantised_files_are_run_as_they_are_and_say_so() {
    for architecture in ARCHITECTURES {
        for (kind, name) in [("small-Q8_0", "q8_0"), ("wide-Q4_K_M", "q4_k"), ("wide-Q6_K", "q6_k")] {
            let small = kind.starts_with("small");
            let file = if small { File::whole(architecture, kind) } else { File::alone(architecture, kind) };
            let (mut engine, loaded) = load(&file.path(), PrecisionChoice::Auto);
            assert_eq!(loaded.card.precision, name, "{architecture}-{kind}");
            assert_eq!(loaded.provenance.precision, name, "{architecture}-{kind}: verdicts say so");
            let goldens = goldens(architecture);
            if small {
                let found = off(&judge(&mut engine, &subjects(&goldens)), &goldens, architecture);
                println!("{architecture}-{kind}: {found:.2e}");
                assert!(found <= EIGHT_BITS, "{architecture}-{kind}: probabilities are off by {found}");
                assert!(found > 0.0, "{architecture}-{kind}: eight bits cannot be all of sixteen");
                let whole = File::whole(architecture, "small-F16").describe().unwrap();
                let wide = whole.memory.iter().find(|need| need.precision == "f32").unwrap();
                // Everything but the weights takes the same, and they take less than two bytes a number.
                let saved = wide.bytes - loaded.card.memory_needed_bytes;
                let decoder = File::alone(architecture, kind).describe().unwrap().parameters;
                assert!(saved > 2 * decoder, "{architecture}: {saved} bytes saved of {decoder} numbers");
            } else {
                let outcome = judge(&mut engine, &[Subject::prompt("Apa khabar?")]).remove(0).unwrap();
                let sum: f64 = outcome.probabilities.iter().map(|label| label.p).sum();
                assert!((sum - 1.0).abs() < 1e-6, "{architecture}-{kind}: {outcome:?}");
            }
        }
    }
}

#[test]
fn loading_counts_the_bytes_of_both_files() {
    let file = File::whole("gemma3", "small-Q8_0");
    let bytes = |name: &str| fs::metadata(file.0.path().join(name)).unwrap().len();
    let both = bytes("model.gguf") + bytes("mmproj-F16.gguf");
    let mut seen: Vec<Progress> = Vec::new();
    let loaded =
        engine().load(&request(source(&file.path()), PrecisionChoice::Auto), &mut |p| seen.push(p)).unwrap();
    assert_eq!(loaded.card.weights_bytes, both);
    assert!(seen.windows(2).all(|w| w[0].done <= w[1].done && w[1].total == 2 * both), "{seen:?}");
    let mut digest = Sha256::new();
    // In the order of their names.
    for name in ["mmproj-F16.gguf", "model.gguf"] {
        digest.update(fs::read(file.0.path().join(name)).unwrap());
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(loaded.card.weights_sha256, digest, "another projector makes another guard");
}

#[test]
fn a_file_without_a_chat_template_is_refused_until_the_authors_template_lies_beside_it() {
    let file = File::alone("llama", "small-F16");
    let template = json(&golden("gguf/llama-small/tokenizer_config.json"))["chat_template"].clone();
    let mut bytes = fs::read(file.path()).unwrap();
    let key = b"tokenizer.chat_template";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
    bytes[at..at + key.len()].copy_from_slice(b"tokenizer.lost_template");
    fs::write(file.path(), bytes).unwrap();
    let refused = file.describe().unwrap_err();
    assert_eq!(refused, EngineError::NoChatTemplate { folder: file.path() });
    assert!(refused.to_string().contains("put its authors' chat_template.jinja beside"), "{refused}");
    fs::write(file.0.path().join("chat_template.jinja"), template.as_str().unwrap()).unwrap();
    let card = file.describe().unwrap();
    assert_eq!(card.template_sha256, File::alone("llama", "small-F16").describe().unwrap().template_sha256);
}

#[test]
fn without_its_projector_file_a_guard_judges_text_and_says_why_it_refuses_images() {
    for architecture in WITH_IMAGES {
        let file = File::alone(architecture, "small-F16");
        let (mut engine, loaded) = load(&file.path(), PrecisionChoice::F32);
        assert!(!loaded.card.images, "{architecture}");
        let [warning] = &loaded.card.warnings[..] else { panic!("{:?}", loaded.card.warnings) };
        assert!(warning.contains("Put the file with mmproj in its name beside it"), "{warning}");
        let goldens = goldens(architecture);
        for (golden, outcome) in goldens.iter().zip(judge(&mut engine, &subjects(&goldens))) {
            if golden.images.is_empty() {
                assert!(off(&[outcome], std::slice::from_ref(golden), architecture) <= TOLERANCE);
            } else {
                assert_eq!(outcome, Err(JudgeError::ImagesUnsupported), "{architecture}: never by its text");
            }
        }
    }
}

#[test]
fn an_image_is_never_read_as_the_name_of_a_token_that_the_vocabulary_lacks() {
    for (architecture, token) in [("qwen3vl", "<|image_pad|>"), ("gemma3", "<image_soft_token>")] {
        let other = token.replace("image", "imagf");
        let file = File::alone(architecture, "small-F16");
        let mut bytes = fs::read(file.path()).unwrap();
        let length = (token.len() as u64).to_le_bytes();
        let written = [&length[..], token.as_bytes()].concat();
        let at = bytes.windows(written.len()).position(|window| window == written).unwrap() + length.len();
        bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
        fs::write(file.path(), bytes).unwrap();
        assert!(!file.describe().unwrap().images, "{architecture}: text alone can be judged");
        file.add_projector_of(architecture, "mmproj.gguf");
        let refused = file.describe().unwrap_err().to_string();
        assert!(refused.contains("no token for images"), "{architecture}: {refused}");
        let folder = Copy::of(&format!("gguf/{architecture}-small"));
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            let text = fs::read_to_string(folder.path(name)).unwrap();
            // The template still writes the placeholder.
            let text = text.replace(&format!("\"{token}\""), &format!("\"{other}\""));
            fs::write(folder.path(name), text).unwrap();
        }
        let mut subject = Subject::prompt("look");
        subject.images.push(golden_image("speck.png"));
        let mut engine = engine();
        engine.load(&request(folder.source(), PrecisionChoice::F32), &mut |_| {}).unwrap();
        let outcomes = judge(&mut engine, &[subject, Subject::prompt("look")]);
        assert!(
            matches!(&outcomes[0], Err(JudgeError::Template { reason }) if reason.contains(token)),
            "{architecture}: {:?}",
            outcomes[0]
        );
        assert!(outcomes[1].is_ok(), "{architecture}: {:?}", outcomes[1]);
    }
}

#[test]
fn a_projector_of_another_model_or_one_too_many_is_refused() {
    let file = File::alone("qwen3vl", "small-F16");
    file.add_projector_of("gemma3", "mmproj.gguf");
    let refused = file.describe().unwrap_err().to_string();
    assert!(refused.contains("move it to its own model"), "{refused}");
    file.add_projector_of("qwen3vl", "qwen3vl.mmproj-f16.gguf");
    let refused = file.describe().unwrap_err().to_string();
    assert!(refused.contains("several projector files (mmproj.gguf, qwen3vl.mmproj-f16.gguf)"), "{refused}");
    fs::remove_file(file.0.path().join("mmproj.gguf")).unwrap();
    assert!(file.describe().unwrap().images, "the right one alone is taken");
    let wide = File::alone("qwen3vl", "wide-Q6_K");
    wide.add_projector_of("qwen3vl", "mmproj.gguf");
    let refused = wide.describe().unwrap_err().to_string();
    assert!(refused.contains("for hidden size 32"), "one of another size of the same model: {refused}");
}

#[test]
fn a_truncated_file_and_absurd_counts_are_corrupt() {
    let file = File::whole("qwen3vl", "small-Q8_0");
    for name in ["model.gguf", "mmproj-F16.gguf"] {
        let path = file.0.path().join(name);
        let whole = fs::read(&path).unwrap();
        // The counts of tensors and of keys follow the version.
        let mut damaged: Vec<Vec<u8>> = [8, 16]
            .into_iter()
            .flat_map(|at| [u64::MAX, 1 << 40, 1 << 19].map(|count| (at, count)))
            .map(|(at, count): (usize, u64)| {
                let mut bytes = whole.clone();
                bytes[at..at + 8].copy_from_slice(&count.to_le_bytes());
                bytes
            })
            .collect();
        damaged.extend([whole.len() - 1, whole.len() / 2, 2000, 30, 8].map(|len| whole[..len].to_vec()));
        for bytes in damaged {
            fs::write(&path, &bytes).unwrap();
            let error = file.describe().unwrap_err();
            assert!(
                matches!(&error, EngineError::CorruptWeights { path: p, .. } if *p == path),
                "{name} of {} bytes: {error:?}",
                bytes.len()
            );
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(file.describe().is_ok(), "both files are whole again");
}
