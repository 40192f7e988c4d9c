//! The golden checkpoints, and copies of them that tests may damage.

use std::{
    fs,
    path::{Path, PathBuf},
};

use saring_guard::LocalEngine;
use saring_verdict::{
    DeviceChoice, Engine as _, EngineError, GuardSettings, GuardSource, ImageRef, LoadRequest, Loaded,
    Outcome, PrecisionChoice, Subject,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub const GUARDS: [&str; 2] = ["tied-grouped-f32", "untied-full-bf16"];
pub const SEA_GUARD: &str = "untied-grouped-f16";

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of golden files.
pub fn golden(name: &str) -> PathBuf {
    root().join("tests/reference/golden").join(name)
}

/// A JSON file that must be there.
pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A checkpoint that a test may damage.
pub struct Copy(TempDir);

impl Copy {
    pub fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in fs::read_dir(golden(name)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn change_json(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let mut value = json(&self.path(file));
        change(&mut value);
        fs::write(self.path(file), value.to_string()).unwrap();
    }

    pub fn source(&self) -> GuardSource {
        source(self.0.path())
    }

    pub fn describe_error(&self) -> EngineError {
        LocalEngine::new().describe(&self.source(), &mut |_| {}).unwrap_err()
    }
}

pub fn source(path: &Path) -> GuardSource {
    GuardSource { path: path.to_owned(), family: None }
}

pub fn request(source: GuardSource, precision: PrecisionChoice) -> LoadRequest {
    LoadRequest {
        source,
        device: DeviceChoice::Cpu,
        precision,
        settings: GuardSettings::default(),
        features_dir: None,
    }
}

/// Loads a checkpoint in single precision.
pub fn load(path: &Path) -> (LocalEngine, Loaded) {
    let mut engine = LocalEngine::new();
    let loaded = engine.load(&request(source(path), PrecisionChoice::F32), &mut |_| {}).unwrap();
    (engine, loaded)
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An image file as a subject names it.
pub fn image(path: &Path) -> ImageRef {
    ImageRef { path: path.to_owned(), sha256: sha256(&fs::read(path).unwrap()) }
}

/// One of the small pictures that golden files name.
pub fn golden_image(name: &str) -> ImageRef {
    image(&golden("images").join(name))
}

/// Judges without ever cancelling.
pub fn judge(engine: &mut LocalEngine, subjects: &[Subject]) -> Vec<Outcome> {
    engine.judge(subjects, &saring_verdict::Cancel::new()).unwrap()
}
