//! Guards, devices, self-tests.

use saring_desk::guards::{Guard, SelfTest as DeskSelfTest};
use saring_verdict::{DeviceInfo, MemoryNeed, Progress};

use super::{count, float, run::device_words};
use crate::wire::{DeviceView, GuardView, MemoryView, SelfTest, SelfTestRow, StepProgress};

pub(crate) fn guard(guard: Guard, is_default: bool) -> GuardView {
    let card = guard.card;
    let mut categories: Vec<String> = Vec::new();
    for category in card.taxonomy.tasks.into_iter().flat_map(|task| task.categories) {
        if !categories.contains(&category) {
            categories.push(category);
        }
    }
    GuardView {
        id: guard.id,
        name: guard.name,
        path: guard.source.path.display().to_string(),
        is_toy: guard.is_toy,
        is_default,
        family: card.family.as_str().to_owned(),
        family_reason: card.family_reason,
        is_guard: card.family.is_guard(),
        images: card.images,
        languages: card.languages,
        architecture: card.architecture,
        labels: card.taxonomy.labels,
        categories,
        weights_sha256: card.weights_sha256,
        template_sha256: card.template_sha256,
        weights_bytes: float(card.weights_bytes),
        parameters: float(card.parameters),
        precision: card.precision,
        context_tokens: card.context_tokens,
        memory_needed_bytes: float(card.memory_needed_bytes),
        memory: memory(card.memory),
        license: card.license,
        warnings: card.warnings,
        added_at: guard.added_at,
    }
}

fn memory(needs: Vec<MemoryNeed>) -> Vec<MemoryView> {
    needs.into_iter().map(|need| MemoryView { precision: need.precision, bytes: float(need.bytes) }).collect()
}

pub(crate) fn device(device: DeviceInfo) -> DeviceView {
    DeviceView {
        kind: device.kind.as_str().to_owned(),
        name: device.name,
        memory_bytes: device.memory_bytes.map(float),
        memory_free_bytes: device.memory_free_bytes.map(float),
    }
}

pub(crate) fn step(progress: Progress) -> StepProgress {
    StepProgress { done: float(progress.done), total: float(progress.total) }
}

pub(crate) fn self_test(test: DeskSelfTest) -> SelfTest {
    SelfTest {
        passed: test.problems.is_empty(),
        device: device_words(&test.loaded.device, Some(&test.loaded.provenance.precision)),
        load_ms: count(test.loaded.load_ms),
        rows: test
            .rows
            .into_iter()
            .map(|row| SelfTestRow {
                name: row.name.to_owned(),
                label: row.label,
                p_unsafe: row.p_unsafe,
                label_mass: row.label_mass,
            })
            .collect(),
        problems: test.problems,
    }
}
