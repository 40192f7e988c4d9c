//! A guard that calls "unsafe" whatever contains the word, and cannot judge what contains "broken". In a folder "assistant" it is an
//! assistant.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use saring_verdict::{
    BenchPace, BenchReport, BenchRequest, Cancel, DeviceInfo, DeviceKind, Ending, Engine, EngineError,
    Family, GenerateRequest, Generated, GuardCard, GuardSettings, GuardSource, JudgeError, LabelProbability,
    LoadRequest, Loaded, Message, Outcome, Progress, Provenance, Rendered, Subject, Task, TaskTaxonomy,
    Taxonomy, TokenCount, Verdict,
};

pub struct RuleGuard {
    loaded: Option<Loaded>,
    assistants: Arc<AtomicUsize>,
}

impl RuleGuard {
    /// Nothing is loaded. `assistants` is how many engines have an assistant loaded.
    pub fn counted(assistants: Arc<AtomicUsize>) -> Self {
        Self { loaded: None, assistants }
    }
}

fn device() -> DeviceInfo {
    DeviceInfo {
        kind: DeviceKind::Cpu,
        name: "Test".into(),
        memory_bytes: Some(8 << 30),
        memory_free_bytes: Some(4 << 30),
    }
}

fn card(path: &Path) -> GuardCard {
    let family = if path.ends_with("assistant") { Family::Assistant } else { Family::Qwen3guardGen };
    let task =
        |task, refusal| TaskTaxonomy { task, categories: vec!["Violent".into(), "PII".into()], refusal };
    GuardCard {
        architecture: "Qwen3ForCausalLM".into(),
        family,
        family_reason: "its template asks for Safety: and Categories:".into(),
        taxonomy: Taxonomy {
            labels: ["Safe", "Controversial", "Unsafe"].map(String::from).to_vec(),
            tasks: vec![task(Task::Prompt, false), task(Task::Response, true)],
        },
        weights_sha256: "aa".repeat(32),
        template_sha256: "bb".repeat(32),
        weights_bytes: 1000,
        parameters: 500,
        precision: "f32".into(),
        context_tokens: 512,
        memory_needed_bytes: 2000,
        memory: vec![],
        images: false,
        processor_sha256: None,
        languages: vec![],
        license: None,
        warnings: vec![],
    }
}

fn judge(subject: &Subject) -> Outcome {
    let text = subject.messages.last().map_or("", |message| message.content.as_str());
    if text.contains("broken") {
        return Err(JudgeError::NothingToJudge);
    }
    let p = if text.contains("unsafe") { 0.9 } else { 0.1 };
    let share = |label: &str, p| LabelProbability { label: label.into(), p };
    Ok(Verdict {
        probabilities: vec![share("Safe", 1.0 - p), share("Controversial", 0.0), share("Unsafe", p)],
        label_mass: 0.99,
        categories: vec![],
        refusal: (subject.task == Task::Response).then_some(false),
        tokens: TokenCount { prompt: 10, cached: 4, computed: 6 },
        truncated: false,
        notes: vec![],
        risk: None,
    })
}

impl Engine for RuleGuard {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        Ok(vec![device()])
    }

    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        progress(Progress { done: 1000, total: 1000 });
        Ok(card(&source.path))
    }

    fn load(&mut self, request: &LoadRequest, _: &mut dyn FnMut(Progress)) -> Result<Loaded, EngineError> {
        self.unload()?;
        let card = card(&request.source.path);
        if card.family == Family::Assistant {
            self.assistants.fetch_add(1, Ordering::SeqCst);
        }
        let loaded = Loaded {
            provenance: Provenance {
                weights_sha256: card.weights_sha256.clone(),
                template_sha256: card.template_sha256.clone(),
                processor_sha256: None,
                family: card.family,
                precision: "f32".into(),
                device: "cpu".into(),
                device_name: "Test".into(),
                settings: "{}".into(),
                program: "test".into(),
            },
            card,
            device: device(),
            device_fallback: None,
            batch_subjects: 4,
            load_ms: 1,
        };
        self.loaded = Some(loaded.clone());
        Ok(loaded)
    }

    fn judge(&mut self, subjects: &[Subject], _: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        self.loaded.as_ref().ok_or(EngineError::NotLoaded)?;
        Ok(subjects.iter().map(judge).collect())
    }

    fn render(
        &mut self,
        _: &GuardSource,
        _: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        let rendered = |subject: &Subject| Rendered {
            text: subject.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>().join("\n"),
            ids: vec![1, 2, 3],
            turns: subject
                .messages
                .iter()
                .map(|m| Message { role: m.role, content: m.content.clone() })
                .collect(),
            markup_in_item: false,
        };
        Ok(subjects.iter().map(|subject| Ok(rendered(subject))).collect())
    }

    fn bench(&mut self, _: BenchRequest) -> Result<BenchReport, EngineError> {
        Ok(BenchReport {
            pace: Some(BenchPace { items: 100, seconds: 50.0, tokens: 1000, cached: 400 }),
            ..BenchReport::default()
        })
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        let unloaded = self.loaded.take();
        if unloaded.is_some_and(|loaded| loaded.card.family == Family::Assistant) {
            self.assistants.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn generate(
        &mut self,
        _: &GenerateRequest,
        on_text: &mut dyn FnMut(&str),
        _: &Cancel,
    ) -> Result<Generated, EngineError> {
        on_text("an answer");
        Ok(Generated {
            text: "an answer".into(),
            ending: Ending::Finished,
            tokens_prompt: 3,
            tokens_generated: 2,
        })
    }
}
