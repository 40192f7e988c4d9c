//! [`LocalEngine`]: guards run in this process.

use std::{sync::Arc, time::Instant};

use candle_core::{DType, Device};
use saring_verdict::{
    BenchReport, BenchRequest, Cancel, DeviceInfo, DeviceKind, Engine, EngineError, Family, GenerateRequest,
    Generated, GuardCard, GuardSettings, GuardSource, JudgeError, LoadRequest, Loaded, MemoryNeed, Outcome,
    Progress, Provenance, Rendered, Subject,
};

use crate::{
    asking::Asker,
    bench::{self, Look, Prefill},
    checkpoint::{Checkpoint, DigestCache, Stamp, Weights},
    device, family, generating,
    judging::{Guard, LARGER_BATCHES, Limits, PROCESSOR_BATCH, SMALL_BATCH, working_bytes},
    layers::Computing,
    model::{Model, ModelConfig},
    precision::Precision,
    template::Now,
    vision::{FeatureCache, VisionConfig},
};

/// Name and version of this program, as verdicts record it.
pub(crate) const PROGRAM: &str = concat!("saring ", env!("CARGO_PKG_VERSION"));

/// Features of images that are kept in memory.
const FEATURES_BYTES_MAX: u64 = 512 << 20;

/// The warning about a GGUF file of a model that reads images, where the second file for that is missing.
const NO_PROJECTOR: &str = "It judges text only: its model reads images, but the projector file for them is not in its \
                            folder. Put the file with mmproj in its name beside it.";

/// Runs guards in this process, one at a time.
pub struct LocalEngine {
    now: Now,
    guard: Option<(Guard, u64)>,
    digests: DigestCache,
    /// The last one that was rendered with, and its files: an export asks many times.
    asker: Option<(GuardSource, Vec<Stamp>, Arc<Asker>)>,
}

/// What describing and loading have in common.
struct Opened {
    checkpoint: Checkpoint,
    weights: Weights,
    asker: Asker,
    config: ModelConfig,
}

impl Default for LocalEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl LocalEngine {
    /// With nothing loaded.
    pub fn new() -> Self {
        Self::with_clock(jiff::Zoned::now)
    }

    /// With nothing loaded, and a clock of one's own for chat templates that say the date.
    pub fn with_clock(now: fn() -> jiff::Zoned) -> Self {
        Self { now, guard: None, digests: DigestCache::default(), asker: None }
    }

    /// Rows of arbitrary tokens for the loaded guard to read, see [`Prefill`].
    ///
    /// # Errors
    /// `NotLoaded`; `Inference` if the device refuses.
    pub fn prefill(&self, rows: usize, tokens: usize, shared: usize) -> Result<Prefill<'_>, EngineError> {
        let (guard, _) = self.guard.as_ref().ok_or(EngineError::NotLoaded)?;
        Prefill::new(guard, rows, tokens, shared)
    }

    /// A picture of `width` x `height` arbitrary pixels for the loaded guard to see, see [`Look`].
    ///
    /// # Errors
    /// `NotLoaded`; `Inference` for a guard of text alone.
    pub fn look(&self, width: u32, height: u32) -> Result<Look<'_>, EngineError> {
        let (guard, _) = self.guard.as_ref().ok_or(EngineError::NotLoaded)?;
        Look::new(guard, width, height)
    }

    fn asker(&mut self, source: &GuardSource) -> Result<Arc<Asker>, EngineError> {
        let stamps = Checkpoint::stamps(&source.path);
        if let Some((known, known_stamps, asker)) = &self.asker
            && (known, known_stamps) == (source, &stamps)
        {
            return Ok(Arc::clone(asker));
        }
        let checkpoint = Checkpoint::open(&source.path)?;
        let config = ModelConfig::read(&checkpoint)?;
        let asker = Arc::new(Asker::open(&checkpoint, source, &config, self.now)?);
        self.asker = Some((source.clone(), stamps, Arc::clone(&asker)));
        Ok(asker)
    }

    fn card(
        &mut self,
        opened: &Opened,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        let Opened { checkpoint, weights, asker, config } = opened;
        let precisions = Precision::all(weights.stored());
        let memory: Vec<MemoryNeed> = precisions
            .iter()
            .map(|p| MemoryNeed {
                precision: p.name(),
                // What is enough on any device: which one it will be is not known yet.
                bytes: memory_needed(weights, config, p.dtype, *p, SMALL_BATCH).max(memory_needed(
                    weights,
                    config,
                    DType::F32,
                    *p,
                    PROCESSOR_BATCH,
                )),
            })
            .collect();
        let mut warnings = Vec::new();
        if asker.family_guessed {
            warnings.push(format!("{} If it is no guard, its answers mean nothing.", asker.family_reason));
        }
        if asker.taxonomy.tasks.len() == 1 {
            warnings.push("Its chat template renders only one of the two tasks.".into());
        }
        if checkpoint.lacks_projector() {
            warnings.push(NO_PROJECTOR.into());
        }
        Ok(GuardCard {
            architecture: checkpoint.architecture.clone(),
            family: asker.family,
            family_reason: asker.family_reason.clone(),
            taxonomy: asker.taxonomy.clone(),
            weights_sha256: self.digests.sha256(weights.files(), progress)?,
            template_sha256: asker.template_sha256.clone(),
            weights_bytes: weights.bytes(),
            parameters: weights.parameters(),
            precision: memory[0].precision.clone(),
            context_tokens: config.text.max_position_embeddings as u32,
            memory_needed_bytes: memory[0].bytes,
            memory,
            images: asker.images.is_some(),
            processor_sha256: asker.images.as_ref().map(|images| images.processor_sha256.clone()),
            languages: languages(checkpoint, asker.family),
            license: checkpoint.license(),
            warnings,
        })
    }
}

impl Opened {
    /// Everything that can be wrong with a checkpoint is found here, before a weight is copied.
    fn open(source: &GuardSource, now: Now) -> Result<Self, EngineError> {
        let checkpoint = Checkpoint::open(&source.path)?;
        let config = ModelConfig::read(&checkpoint)?;
        let asker = Asker::open(&checkpoint, source, &config, now)?;
        let weights = Weights::open(&checkpoint)?;
        weights.require(&checkpoint.architecture, &config.tensors())?;
        Ok(Self { checkpoint, weights, asker, config })
    }
}

impl Engine for LocalEngine {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        Ok(device::list())
    }

    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        let opened = Opened::open(source, self.now)?;
        self.card(&opened, progress)
    }

    fn load(
        &mut self,
        request: &LoadRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError> {
        let start = Instant::now();
        self.guard = None;
        let opened = Opened::open(&request.source, self.now)?;
        let chosen = device::choose(request.device)?;
        let precision = Precision::choose(request.precision, opened.weights.stored());
        let activations = Computing::best(&chosen.device).activations(precision.dtype);
        let needed = |limits| memory_needed(&opened.weights, &opened.config, activations, precision, limits);
        let free_bytes = chosen.info.memory_free_bytes;
        let least = if chosen.info.kind == DeviceKind::Cpu { PROCESSOR_BATCH } else { SMALL_BATCH };
        check_memory(needed(least), free_bytes)?;
        let limits = match chosen.info.kind {
            DeviceKind::Cpu => PROCESSOR_BATCH,
            _ => {
                let fits = |limits: &Limits| check_memory(needed(*limits), free_bytes).is_ok();
                LARGER_BATCHES.into_iter().find(fits).unwrap_or(SMALL_BATCH)
            }
        };
        // Bytes are read twice: once for the digest, once for the device.
        let total = opened.weights.bytes() * 2;
        let card = self.card(&opened, &mut |p| progress(Progress { done: p.done.min(total / 2), total }))?;
        let mut copied = |p: Progress| progress(Progress { done: (total / 2 + p.done).min(total), total });
        let Opened { weights, asker, config, .. } = opened;
        let model = Model::load(&config, &weights, precision, &chosen.device, &mut copied)?;
        let features = features(request, &card, config.vision.as_ref(), precision, &chosen.device);
        let guard = Guard::new(asker, model, request.settings, features, limits);
        let load_ms = start.elapsed().as_millis() as u64;
        let provenance = Provenance {
            weights_sha256: card.weights_sha256.clone(),
            template_sha256: card.template_sha256.clone(),
            family: card.family,
            processor_sha256: card.processor_sha256.clone(),
            precision: precision.name(),
            device: chosen.info.kind.to_string(),
            device_name: chosen.info.name.clone(),
            settings: serde_json::to_string(&request.settings)
                .map_err(|e| EngineError::Inference { reason: e.to_string() })?,
            program: PROGRAM.into(),
        };
        let batch_subjects = guard.batch_subjects();
        self.guard = Some((guard, load_ms));
        Ok(Loaded {
            card,
            provenance,
            device: chosen.info,
            device_fallback: chosen.fallback,
            batch_subjects,
            load_ms,
        })
    }

    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        let (guard, _) = self.guard.as_mut().ok_or(EngineError::NotLoaded)?;
        if !guard.asker.family.is_guard() {
            return Err(wrong_family(guard, "judge; choose a guard"));
        }
        guard.judge(subjects, cancel)
    }

    fn generate(
        &mut self,
        request: &GenerateRequest,
        on_text: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> Result<Generated, EngineError> {
        let (guard, _) = self.guard.as_ref().ok_or(EngineError::NotLoaded)?;
        if guard.asker.family != Family::Assistant {
            return Err(wrong_family(guard, "write answers; choose an assistant"));
        }
        generating::generate(
            &guard.asker,
            &guard.model.decoder,
            guard.pass_tokens(),
            request,
            on_text,
            cancel,
        )
    }

    fn render(
        &mut self,
        source: &GuardSource,
        settings: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        let asker = self.asker(source)?;
        Ok(subjects.iter().map(|subject| asker.render(subject, settings)).collect())
    }

    fn bench(&mut self, request: BenchRequest) -> Result<BenchReport, EngineError> {
        let (guard, load_ms) = self.guard.as_mut().ok_or(EngineError::NotLoaded)?;
        if !guard.asker.family.is_guard() {
            return Err(wrong_family(guard, "judge, which is what is measured; choose a guard"));
        }
        bench::run(guard, *load_ms, request)
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        self.guard = None;
        Ok(())
    }
}

fn wrong_family(guard: &Guard, wanted: &str) -> EngineError {
    EngineError::WrongFamily { family: guard.asker.family.to_string(), wanted: wanted.to_owned() }
}

/// Languages by the model card's front matter; an assistant's known ones where it says nothing.
fn languages(checkpoint: &Checkpoint, family: Family) -> Vec<String> {
    let stated = checkpoint.languages();
    if stated.is_empty() && family == Family::Assistant {
        return family::ASSISTANT_LANGUAGES.map(str::to_owned).to_vec();
    }
    stated
}

/// Features depend on weights, the tower's configuration, processor, precision and what computes; the image and its pixel budget are the
/// cache's own keys.
fn features(
    request: &LoadRequest,
    card: &GuardCard,
    vision: Option<&VisionConfig>,
    precision: Precision,
    device: &Device,
) -> FeatureCache {
    let processor = card.processor_sha256.as_deref().unwrap_or_default();
    let computing = Computing::best(device);
    let activations = computing.activations(precision.dtype);
    let identity = format!(
        "{} {processor} {} {:?} {computing:?} {activations:?} {vision:?}",
        card.weights_sha256,
        precision.name(),
        precision.dtype
    );
    FeatureCache::new(request.features_dir.clone(), identity, FEATURES_BYTES_MAX, device)
}

/// Bytes on the device: weights, room to work on a batch in the precision of `activations`, and the images' features that
/// are kept.
fn memory_needed(
    weights: &Weights,
    config: &ModelConfig,
    activations: DType,
    precision: Precision,
    limits: Limits,
) -> u64 {
    let features = if config.vision.is_some() { FEATURES_BYTES_MAX } else { 0 };
    precision.weight_bytes(weights) + working_bytes(config, activations, limits) + features
}

/// Refuses what is certain to fail. Where free memory is not known, the device is left to say so itself.
fn check_memory(needed_bytes: u64, free_bytes: Option<u64>) -> Result<(), EngineError> {
    match free_bytes {
        Some(free_bytes) if needed_bytes > free_bytes => {
            Err(EngineError::OutOfMemory { needed_bytes, free_bytes })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_cannot_fit_is_refused_with_both_numbers() {
        let refused = check_memory(100, Some(99));
        assert_eq!(refused, Err(EngineError::OutOfMemory { needed_bytes: 100, free_bytes: 99 }));
        assert_eq!(check_memory(100, Some(100)), Ok(()));
        assert_eq!(check_memory(100, None), Ok(()), "not knowing is no reason to refuse");
    }
}
