//! Which engine this process uses: a CUDA build of the program if one lies beside it and answers, else the guard runs in
//! this process. A fall to the slower one is said on standard error.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;

use saring_desk::engine::{
    ENGINE_VARIABLE, EngineFactory, EngineHandle, EngineNotice, EngineProcess, EngineProgram, ProcessOptions,
    RestartPolicy, Supervised,
};
use saring_desk::{Code, guards};
use saring_guard::LocalEngine;
use saring_verdict::{Engine, EngineError, GuardSettings, GuardSource, LoadRequest, Loaded};

use crate::{failure::Advised, place::Place, progress};

/// An engine on a thread of its own, kept alive.
pub fn engine() -> Result<EngineHandle, EngineError> {
    EngineHandle::new(supervised())
}

/// An engine to be called directly.
pub fn supervised() -> Supervised {
    Supervised::new(Arc::new(BestEngine), RestartPolicy::default(), |notice| match notice {
        EngineNotice::Died { reason } => {
            say(&format!("the guard's process ended and is started again: {reason}"))
        }
        EngineNotice::Restarted { loaded: Some(loaded) } => {
            say(&format!("it runs again on {}", place(&loaded)))
        }
        EngineNotice::Restarted { loaded: None } => say("it runs again"),
        EngineNotice::GivenUp { reason } => say(&format!("the guard's process keeps ending: {reason}")),
    })
}

/// Loads a guard with a bar, and says where it runs.
pub async fn load(engine: &EngineHandle, request: &LoadRequest) -> anyhow::Result<Loaded> {
    let bar = progress::reading("loading the guard", 0);
    let loaded = engine.ensure_loaded(request.clone(), progress::drawn(&bar)).await;
    bar.finish_and_clear();
    let loaded = loaded.context("the guard cannot be loaded")?;
    announce(&loaded);
    Ok(loaded)
}

/// Whether that is where a checkpoint lies, and no name of a guard.
pub fn is_path(name_or_path: &str) -> bool {
    let path = Path::new(name_or_path);
    path.is_dir() || path.components().count() > 1
}

/// The guard of that name in the workspace, or the checkpoint in the folder of that name. The workspace is opened only if
/// it is needed.
pub async fn source(
    name_or_path: &str,
    place: &Place,
    engine: &EngineHandle,
) -> anyhow::Result<(GuardSource, GuardSettings)> {
    if is_path(name_or_path) {
        let path = PathBuf::from(name_or_path);
        return Ok((GuardSource { path, family: None }, GuardSettings::default()));
    }
    let workspace = place.open().await?;
    if let Some(demo) = guards::demo::named(name_or_path) {
        workspace.add_demo_guard(engine, demo).await?;
    }
    let found = workspace.guard_in_use(name_or_path).await;
    workspace.close().await;
    match found {
        Ok(guard) => Ok((guard.source, guard.settings)),
        Err(error) if error.code() == Code::NotFound => Err(Advised {
            what: format!("there is no guard {name_or_path:?} in the workspace, and no folder of that name"),
            next: "give the folder of a checkpoint, or a name from `saring models list`".into(),
        }
        .into()),
        Err(error) => Err(error.into()),
    }
}

/// Says where a guard runs, and loudly if that is not where it was wished to.
pub fn announce(loaded: &Loaded) {
    if let Some(reason) = &loaded.device_fallback {
        say(&format!("WARNING: the guard runs on {}: {reason}", place(loaded)));
    }
    for warning in &loaded.card.warnings {
        say(warning);
    }
}

/// Device, its name and the precision.
pub fn place(loaded: &Loaded) -> String {
    format!("{} ({}), {}", loaded.device.kind, loaded.device.name, loaded.provenance.precision)
}

fn say(words: &str) {
    // There is nowhere to say that saying failed.
    let _ = writeln!(std::io::stderr().lock(), "saring: {words}");
}

struct BestEngine;

impl EngineFactory for BestEngine {
    fn start(&self) -> Result<Box<dyn Engine>, EngineError> {
        // Named on purpose, by a test or a developer: nothing else will do.
        if let Some(path) = std::env::var_os(ENGINE_VARIABLE).map(PathBuf::from) {
            return Ok(Box::new(start(path)?));
        }
        if let Some(path) = cuda_build() {
            match start(path) {
                Ok(process) => return Ok(Box::new(process)),
                Err(error) => {
                    say(&format!(
                        "WARNING: saring-cuda cannot be used, the guard runs in this process: {error}"
                    ));
                }
            }
        }
        Ok(Box::new(LocalEngine::new()))
    }
}

fn start(path: PathBuf) -> Result<EngineProcess, EngineError> {
    let program = EngineProgram { path, arguments: vec!["engine".into()] };
    EngineProcess::start(&program, ProcessOptions::default())
}

/// The CUDA build beside this executable, if this is not it.
pub fn cuda_build() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let path = executable.with_file_name(format!("saring-cuda{}", std::env::consts::EXE_SUFFIX));
    (path != executable && path.is_file()).then_some(path)
}
