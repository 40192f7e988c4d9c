//! A guard that calls "unsafe" whatever contains the word, and cannot judge what contains "broken".

use saring_verdict::{
    BenchReport, BenchRequest, Cancel, DeviceInfo, DeviceKind, Engine, EngineError, Family, GuardCard,
    GuardSettings, GuardSource, JudgeError, LabelProbability, LoadRequest, Loaded, Message, Outcome,
    Progress, Provenance, Rendered, Subject, Task, TaskTaxonomy, Taxonomy, TokenCount, Verdict,
};

#[derive(Default)]
pub struct RuleGuard {
    loaded: Option<Loaded>,
}

fn device() -> DeviceInfo {
    DeviceInfo {
        kind: DeviceKind::Cpu,
        name: "Test".into(),
        memory_bytes: Some(8 << 30),
        memory_free_bytes: Some(4 << 30),
    }
}

fn card() -> GuardCard {
    let task =
        |task, refusal| TaskTaxonomy { task, categories: vec!["Violent".into(), "PII".into()], refusal };
    GuardCard {
        architecture: "Qwen3ForCausalLM".into(),
        family: Family::Qwen3guardGen,
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
        _: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        progress(Progress { done: 1000, total: 1000 });
        Ok(card())
    }

    fn load(&mut self, _: &LoadRequest, _: &mut dyn FnMut(Progress)) -> Result<Loaded, EngineError> {
        let loaded = Loaded {
            card: card(),
            provenance: Provenance {
                weights_sha256: card().weights_sha256,
                template_sha256: card().template_sha256,
                processor_sha256: None,
                family: Family::Qwen3guardGen,
                precision: "f32".into(),
                device: "cpu".into(),
                device_name: "Test".into(),
                settings: "{}".into(),
                program: "test".into(),
            },
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
        Ok(BenchReport { rows: vec![] })
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        self.loaded = None;
        Ok(())
    }
}
