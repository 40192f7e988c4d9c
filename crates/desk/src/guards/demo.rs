//! The demo guards, which are part of the program: the main job runs with no download.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{Error, Result, audit::chain::hex};

/// What names of demo guards begin with.
pub const NAME: &str = "saring-demo";
/// What must be said wherever its verdicts are shown.
pub const WARNING: &str =
    "A toy, trained on made-up sentences to show how Saring works; it must not moderate anything.";

const SCORES: &str = include_str!("../../../../demo/scores.json");

/// A guard that is part of the program.
#[derive(Debug)]
pub struct DemoGuard {
    /// What it is called in a workspace.
    pub name: &'static str,
    /// The files of its checkpoint, in the order of their names.
    files: &'static [(&'static str, &'static [u8])],
    hashes: OnceLock<Hashes>,
}

#[derive(Debug)]
struct Hashes {
    version: String,
    weights: String,
}

/// Reads text, answers as Qwen3Guard-Gen does.
pub static TEXT: DemoGuard = DemoGuard { name: NAME, files: &TEXT_FILES, hashes: OnceLock::new() };

/// Reads text and images, answers as SEA-Guard does.
pub static PICTURES: DemoGuard =
    DemoGuard { name: "saring-demo-pictures", files: &PICTURES_FILES, hashes: OnceLock::new() };

/// All of them.
pub static ALL: [&DemoGuard; 2] = [&TEXT, &PICTURES];

/// The one of that name.
pub fn named(name: &str) -> Option<&'static DemoGuard> {
    ALL.into_iter().find(|demo| demo.name == name)
}

const TEXT_FILES: [(&str, &[u8]); 6] = [
    ("chat_template.jinja", include_bytes!("../../../../demo/guard/chat_template.jinja")),
    ("config.json", include_bytes!("../../../../demo/guard/config.json")),
    ("generation_config.json", include_bytes!("../../../../demo/guard/generation_config.json")),
    ("model.safetensors", include_bytes!("../../../../demo/guard/model.safetensors")),
    ("tokenizer.json", include_bytes!("../../../../demo/guard/tokenizer.json")),
    ("tokenizer_config.json", include_bytes!("../../../../demo/guard/tokenizer_config.json")),
];

const PICTURES_FILES: [(&str, &[u8]); 7] = [
    ("chat_template.jinja", include_bytes!("../../../../demo/picture-guard/chat_template.jinja")),
    ("config.json", include_bytes!("../../../../demo/picture-guard/config.json")),
    ("generation_config.json", include_bytes!("../../../../demo/picture-guard/generation_config.json")),
    ("model.safetensors", include_bytes!("../../../../demo/picture-guard/model.safetensors")),
    ("preprocessor_config.json", include_bytes!("../../../../demo/picture-guard/preprocessor_config.json")),
    ("tokenizer.json", include_bytes!("../../../../demo/picture-guard/tokenizer.json")),
    ("tokenizer_config.json", include_bytes!("../../../../demo/picture-guard/tokenizer_config.json")),
];

/// How well the demo guard ranks the demo queue, which it was not trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoScore {
    /// prompt, response.
    pub task: String,
    /// BCP 47, or "all".
    pub language: String,
    /// Area under the precision-recall curve.
    pub auprc: f64,
    /// That of a character n-gram baseline with the same training texts.
    pub baseline_auprc: f64,
}

#[derive(Deserialize)]
struct Scores {
    tasks: serde_json::Map<String, serde_json::Value>,
}

/// What was measured when the demo guard was made: for each task "all" first, then each language.
pub fn scores() -> Vec<DemoScore> {
    let Ok(Scores { tasks }) = serde_json::from_str(SCORES) else { return Vec::new() };
    let score = |task: &str, language: &str, value: &serde_json::Value| {
        Some(DemoScore {
            task: task.to_owned(),
            language: language.to_owned(),
            auprc: value.pointer("/guard/auprc")?.as_f64()?,
            baseline_auprc: value.pointer("/baseline/auprc")?.as_f64()?,
        })
    };
    let of_task = |(task, scores): (&String, &serde_json::Value)| {
        let languages = scores["languages"].as_object().into_iter().flatten();
        let all = score(task, "all", &scores["all"]).into_iter();
        all.chain(languages.filter_map(|(language, value)| score(task, language, value))).collect::<Vec<_>>()
    };
    tasks.iter().flat_map(of_task).collect()
}

impl DemoGuard {
    /// Whether a guard of this name is this one, of this version or an older one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(self.name) else { return false };
        let is_version = |v: &str| v.len() == 8 && v.bytes().all(|b| b.is_ascii_hexdigit());
        rest.is_empty() || rest.strip_prefix('-').is_some_and(is_version)
    }

    /// A short hash of the files, so that a newer program's demo guard is told from an older one's.
    pub fn version(&self) -> &str {
        &self.hashes().version
    }

    /// As the card of a guard has it.
    pub(crate) fn weights_sha256(&self) -> &str {
        &self.hashes().weights
    }

    fn hashes(&self) -> &Hashes {
        self.hashes.get_or_init(|| {
            let (mut all, mut weights) = (Sha256::new(), Sha256::new());
            for (name, bytes) in self.files {
                all.update(name);
                all.update((bytes.len() as u64).to_be_bytes());
                all.update(bytes);
                if name.ends_with(".safetensors") {
                    weights.update(bytes);
                }
            }
            Hashes { version: hex(&all.finalize()[..4]), weights: hex(&weights.finalize()) }
        })
    }

    /// Writes the checkpoint into `workspace_dir/guards/NAME-VERSION`; files that differ are written again.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn unpack(&self, workspace_dir: &Path) -> Result<PathBuf> {
        let folder = workspace_dir.join("guards").join(format!("{}-{}", self.name, self.version()));
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        for (name, bytes) in self.files {
            write_if_different(&folder.join(name), bytes)?;
        }
        Ok(folder)
    }
}

/// By a file beside it and a rename, so that another process never reads half a file.
fn write_if_different(path: &Path, bytes: &[u8]) -> Result<()> {
    match fs::read(path) {
        Ok(found) if found == bytes => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io(path)(error)),
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    fs::write(&beside, bytes).map_err(Error::io(&beside))?;
    fs::rename(&beside, path).map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_guards_are_unpacked_and_mended() {
        for demo in ALL {
            let dir = tempfile::tempdir().unwrap();
            let folder = demo.unpack(dir.path()).unwrap();
            let files = fs::read_dir(&folder).unwrap().count();
            assert_eq!(files, demo.files.len(), "nothing but its files");
            let config = folder.join("config.json");
            let written = fs::read(&config).unwrap();
            fs::write(&config, "broken").unwrap();
            assert_eq!(demo.unpack(dir.path()).unwrap(), folder);
            assert_eq!(fs::read(&config).unwrap(), written, "a damaged file is written again");
            let bytes: usize = demo.files.iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(bytes <= 8 << 20, "the checkpoint stays small: {bytes} bytes");
        }
    }

    #[test]
    fn a_demo_guard_is_known_by_its_name_with_or_without_a_version() {
        for name in ["saring-demo", "saring-demo-0a1b2c3d"] {
            assert!(TEXT.is_called(name), "{name}");
        }
        assert!(PICTURES.is_called("saring-demo-pictures-0a1b2c3d"));
        for name in ["saring-demo-pictures", "saring-demo2", "saring", "my-saring-demo"] {
            assert!(!TEXT.is_called(name), "{name}");
        }
    }

    #[test]
    fn its_scores_are_known_for_both_tasks_and_every_language() {
        let scores = scores();
        for task in ["prompt", "response"] {
            let languages: Vec<&str> =
                scores.iter().filter(|s| s.task == task).map(|s| s.language.as_str()).collect();
            for language in ["all", "en", "id", "ms", "tl", "ta", "th", "vi", "my"] {
                assert!(languages.contains(&language), "{task}, {language}: {languages:?}");
            }
        }
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(&s.auprc)));
    }
}
