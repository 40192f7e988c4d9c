//! An engine for tests, in this process: its verdicts follow from the text, and the text says how it misbehaves.
//!
//! A text with "bad" is unsafe with 0.9, one with "edge" with 0.55 and in int8 with 0.45, any other with 0.1. "die" is the death
//! of the engine, "refuse" a template that refuses, "markup" something that a trainer would take for markup, "along" has risk
//! along the text, "twice" two places of it, "halt" makes the whole call fail. A checkpoint's folder with a file `images` reads
//! images, and something is kept of each; one with a file `packed` runs as it is. The assistant repeats what it was asked last.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use saring_verdict::{
    BenchPace, BenchReport, BenchRequest, Cancel, DeviceInfo, DeviceKind, Ending, Engine, EngineError,
    Family, GenerateRequest, Generated, GuardCard, GuardSettings, GuardSource, ImageRef, JudgeError,
    LabelProbability, LoadRequest, Loaded, Message, Mode, Outcome, PrecisionChoice, Progress, Provenance,
    Rendered, RiskTrace, Role, Subject, Task, TaskTaxonomy, Taxonomy, TokenCount, TokenRisk, Verdict,
    VerdictNote,
};

use super::{EngineHandle, RestartPolicy, Supervised};

/// What a test can look at from outside.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Subjects that were judged.
    pub judged: AtomicU64,
    /// Engines that were started.
    pub started: AtomicU64,
    /// How long a batch takes, in milliseconds.
    pub batch_ms: AtomicU64,
    /// What was loaded, in that order.
    pub loaded: Mutex<Vec<LoadRequest>>,
    /// Images of the subjects that were judged.
    pub images: Mutex<Vec<ImageRef>>,
    /// What the assistant was asked.
    pub asked: Mutex<Vec<GenerateRequest>>,
}

pub(crate) struct Scripted {
    family: Family,
    seen: Arc<Seen>,
    loaded: Option<PrecisionChoice>,
    features_dir: Option<PathBuf>,
    dead: bool,
}

/// A handle to scripted engines of `family`.
pub(crate) fn handle(family: Family) -> (EngineHandle, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let (policy, made) =
        (RestartPolicy { backoff: Duration::ZERO, ..RestartPolicy::default() }, seen.clone());
    let factory = move || {
        made.started.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Scripted { family, seen: made.clone(), loaded: None, features_dir: None, dead: false })
            as Box<dyn Engine>)
    };
    (EngineHandle::new(Supervised::new(Arc::new(factory), policy, |_| ())).unwrap(), seen)
}

/// A card whose weights hash is the content of the folder's `weights` file.
pub(crate) fn card(family: Family, path: &Path) -> Result<GuardCard, EngineError> {
    let weights = std::fs::read_to_string(path.join("weights")).unwrap_or_else(|_| "demo".into());
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let (labels, categories, refusal) = match family {
        Family::SeaGuard => (words(&["safe", "unsafe"]), vec![], false),
        _ => (words(&["Safe", "Unsafe", "Controversial"]), words(&["Violent", "PII"]), true),
    };
    let task = |task, refusal| TaskTaxonomy { task, categories: categories.clone(), refusal };
    Ok(GuardCard {
        architecture: if path.join("images").exists() {
            "Qwen3VLForConditionalGeneration".into()
        } else {
            "Qwen3ForCausalLM".into()
        },
        family,
        family_reason: "it is scripted".into(),
        taxonomy: Taxonomy { labels, tasks: vec![task(Task::Prompt, false), task(Task::Response, refusal)] },
        weights_sha256: weights.trim().to_owned(),
        template_sha256: "template".into(),
        weights_bytes: 1,
        parameters: 1,
        precision: "f32".into(),
        context_tokens: 100,
        memory_needed_bytes: 1,
        memory: vec![],
        images: path.join("images").exists(),
        processor_sha256: None,
        languages: if family == Family::Assistant { words(&["en", "ms"]) } else { vec![] },
        license: None,
        warnings: vec![],
    })
}

impl Engine for Scripted {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        Ok(vec![device()])
    }

    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        progress(Progress { done: 1, total: 1 });
        card(self.family, &source.path)
    }

    fn load(
        &mut self,
        request: &LoadRequest,
        _progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError> {
        self.loaded = Some(request.precision);
        self.features_dir.clone_from(&request.features_dir);
        self.seen.loaded.lock().unwrap().push(request.clone());
        let card = card(self.family, &request.source.path)?;
        Ok(Loaded {
            provenance: Provenance {
                weights_sha256: card.weights_sha256.clone(),
                template_sha256: card.template_sha256.clone(),
                processor_sha256: None,
                family: card.family,
                precision: match request.precision {
                    _ if request.source.path.join("packed").exists() => "q4_k".into(),
                    PrecisionChoice::Int8 => "int8".into(),
                    _ => "f32".into(),
                },
                device: "cpu".into(),
                device_name: "scripted".into(),
                settings: "{}".into(),
                program: "scripted 1".into(),
            },
            card,
            device: device(),
            device_fallback: None,
            batch_subjects: 4,
            load_ms: 1,
        })
    }

    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        let precision = self.loaded.ok_or(EngineError::NotLoaded)?;
        std::thread::sleep(Duration::from_millis(self.seen.batch_ms.load(Ordering::SeqCst)));
        if self.dead || subjects.iter().any(|s| text(s).contains("die")) {
            self.dead = true;
            return Err(EngineError::Died { reason: "it was told to".into() });
        }
        for image in subjects.iter().flat_map(|s| &s.images) {
            let kept = self.features_dir.as_ref().map(|folder| folder.join(&image.sha256));
            kept.map_or(Ok(()), std::fs::create_dir_all).unwrap();
        }
        if subjects.iter().any(|s| text(s).contains("halt")) {
            return Err(EngineError::NotLoaded);
        }
        Ok(subjects
            .iter()
            .map(|subject| {
                if cancel.is_cancelled() {
                    return Err(JudgeError::Cancelled);
                }
                self.seen.judged.fetch_add(1, Ordering::SeqCst);
                self.seen.images.lock().unwrap().extend_from_slice(&subject.images);
                let p_unsafe = match text(subject) {
                    t if t.contains("refuse") => return Err(JudgeError::SeveralTurns { turns: 3 }),
                    t if t.contains("bad") => 0.9,
                    t if t.contains("edge") && precision == PrecisionChoice::Int8 => 0.45,
                    t if t.contains("edge") => 0.55,
                    _ => 0.1,
                };
                Ok(self.verdict(p_unsafe, subject))
            })
            .collect())
    }

    fn render(
        &mut self,
        source: &GuardSource,
        _settings: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        let sees = source.path.join("images").exists();
        let thought = if sees { "" } else { "<think>\n\n</think>\n\n" };
        let render = |subject: &Subject| {
            if text(subject).contains("refuse") {
                return Err(JudgeError::SeveralTurns { turns: 3 });
            }
            let texts: Vec<&str> = subject.messages.iter().map(|m| m.content.as_str()).collect();
            let content = format!("Judge the {}: {}", subject.task, texts.join(" | "));
            let images =
                "<|vision_start|><|image_pad|><|image_pad|><|vision_end|>".repeat(subject.images.len());
            Ok(Rendered {
                text: format!(
                    "<|im_start|>user\n{images}{content}<|im_end|>\n<|im_start|>assistant\n{thought}"
                ),
                ids: vec![],
                turns: vec![Message { role: Role::User, content }],
                markup_in_item: text(subject).contains("markup"),
            })
        };
        Ok(subjects.iter().map(render).collect())
    }

    fn generate(
        &mut self,
        request: &GenerateRequest,
        on_text: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> Result<Generated, EngineError> {
        self.loaded.ok_or(EngineError::NotLoaded)?;
        self.seen.asked.lock().unwrap().push(request.clone());
        let mut text = String::new();
        for word in request.messages.last().map_or("", |m| &m.content).split_inclusive(' ') {
            if cancel.is_cancelled() {
                break;
            }
            on_text(word);
            text.push_str(word);
        }
        let ending = if cancel.is_cancelled() { Ending::Cancelled } else { Ending::Finished };
        Ok(Generated { text, tokens_prompt: 10, tokens_generated: 5, ending })
    }

    fn bench(&mut self, _request: BenchRequest) -> Result<BenchReport, EngineError> {
        Ok(BenchReport {
            pace: Some(BenchPace { items: 100, seconds: 4.0, tokens: 1000, cached: 400 }),
            ..BenchReport::default()
        })
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        self.loaded = None;
        Ok(())
    }
}

impl Scripted {
    fn verdict(&self, p_unsafe: f64, subject: &Subject) -> Verdict {
        let label = |label: &str, p| LabelProbability { label: label.into(), p };
        let probabilities = match self.family {
            Family::SeaGuard => vec![label("safe", 1.0 - p_unsafe), label("unsafe", p_unsafe)],
            _ => {
                vec![label("Safe", 1.0 - p_unsafe), label("Unsafe", p_unsafe), label("Controversial", 0.0)]
            }
        };
        let risk = risk_along(text(subject));
        let spoken = risk.as_ref().and_then(|trace| trace.probabilities(Mode::Strict));
        Verdict {
            probabilities: spoken.unwrap_or(probabilities),
            label_mass: 0.99,
            categories: vec![],
            refusal: None,
            tokens: TokenCount { prompt: 10, cached: 4, computed: 6 },
            truncated: false,
            notes: if text(subject).is_empty() { vec![VerdictNote::ImageWithoutText] } else { vec![] },
            risk,
        }
    }
}

/// Three tokens: the first letter, which is safe, and two more for the rest, which are not. With "twice" two more pairs:
/// one that is worse in strict mode, one in loose mode.
fn risk_along(text: &str) -> Option<RiskTrace> {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let token = |end, p: [f32; 3]| TokenRisk { end, p: p.to_vec(), category: 0 };
    let mixed = token(end, [0.05, 0.48, 0.47]);
    let mut tokens = vec![token(1, [0.9, 0.1, 0.0]), token(2, [0.2, 0.8, 0.0]), token(end, [0.1, 0.9, 0.0])];
    if text.contains("twice") {
        tokens.extend([mixed.clone(), mixed]);
    }
    text.contains("along").then(|| RiskTrace {
        labels: ["Safe", "Unsafe", "Controversial"].map(str::to_owned).to_vec(),
        categories: vec!["Violent".into()],
        tokens,
    })
}

fn text(subject: &Subject) -> &str {
    subject.messages.last().map_or("", |m| m.content.as_str())
}

fn device() -> DeviceInfo {
    DeviceInfo { kind: DeviceKind::Cpu, name: "scripted".into(), memory_bytes: None, memory_free_bytes: None }
}
