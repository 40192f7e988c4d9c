//! Which program to start as the guard's process.

use std::path::{Path, PathBuf};

use saring_verdict::{Engine, EngineError};

use super::{EngineFactory, EngineProcess, ProcessOptions};

/// Names a program to be used instead of those beside the executable; for tests and for development.
pub const ENGINE_VARIABLE: &str = "SARING_ENGINE";

/// A program that may be started as an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineProgram {
    /// Where it lies.
    pub path: PathBuf,
    /// Its arguments: `engine`.
    pub arguments: Vec<String>,
}

/// The programs to try, best first, and how to talk to them.
#[derive(Clone, Debug)]
pub struct EnginePrograms {
    /// The first whose handshake answers is used.
    pub programs: Vec<EngineProgram>,
    /// Time limits.
    pub options: ProcessOptions,
}

impl EnginePrograms {
    /// The programs for this executable: what [`ENGINE_VARIABLE`] names, else `saring-cuda` and `saring` beside it.
    ///
    /// # Errors
    /// [`EngineError::Died`] if there is none: the installation is not whole.
    pub fn locate() -> Result<Self, EngineError> {
        let named = std::env::var_os(ENGINE_VARIABLE).map(PathBuf::from);
        let executable = std::env::current_exe().map_err(|e| EngineError::Died {
            reason: format!("the place of this program cannot be found out: {e}"),
        })?;
        Self::locate_beside(&executable, named)
    }

    /// As [`Self::locate`], with everything given.
    ///
    /// # Errors
    /// As [`Self::locate`].
    pub fn locate_beside(executable: &Path, named: Option<PathBuf>) -> Result<Self, EngineError> {
        let folder = executable.parent().unwrap_or(Path::new("."));
        let paths = match named {
            Some(path) => vec![path],
            None => ["saring-cuda", "saring"]
                .map(|name| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
                .into_iter()
                .filter(|path| path.is_file())
                .collect(),
        };
        if paths.is_empty() {
            return Err(EngineError::Died {
                reason: format!("there is no program `saring` in {}; install it again", folder.display()),
            });
        }
        let programs =
            paths.into_iter().map(|path| EngineProgram { path, arguments: vec!["engine".into()] }).collect();
        Ok(Self { programs, options: ProcessOptions::default() })
    }
}

impl EngineFactory for EnginePrograms {
    /// Starts the first program whose handshake answers. What went wrong with the ones before it is kept in the
    /// process and comes out in [`saring_verdict::Loaded::device_fallback`]: a slower engine is never silent.
    fn start(&self) -> Result<Box<dyn Engine>, EngineError> {
        let mut refused: Vec<(String, EngineError)> = Vec::new();
        for program in &self.programs {
            let name =
                program.path.file_name().unwrap_or(program.path.as_os_str()).to_string_lossy().into_owned();
            match EngineProcess::start(program, self.options) {
                Ok(mut process) => {
                    if !refused.is_empty() {
                        process.set_fallback(told(&refused));
                    }
                    return Ok(Box::new(process));
                }
                Err(error) => {
                    tracing::warn!("{name} cannot be used as the guard's process: {error}");
                    refused.push((name, error));
                }
            }
        }
        match refused.pop() {
            Some((_, error)) if refused.is_empty() => Err(error),
            Some((name, error)) => {
                refused.push((name, error));
                Err(EngineError::Died { reason: told(&refused) })
            }
            None => Err(EngineError::Died { reason: "no program was given to start".into() }),
        }
    }
}

fn told(refused: &[(String, EngineError)]) -> String {
    refused.iter().map(|(name, error)| format!("{name}: {error}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &EnginePrograms) -> Vec<String> {
        found.programs.iter().map(|p| p.path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_cuda_build_beside_the_executable_is_tried_first() {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("saring-desktop");
        let file = |name: &str| folder.path().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(file("saring"), "").unwrap();
        let found = EnginePrograms::locate_beside(&executable, None).unwrap();
        assert_eq!(names(&found), ["saring"], "without a CUDA build only the plain one is tried");
        std::fs::write(file("saring-cuda"), "").unwrap();
        let found = EnginePrograms::locate_beside(&executable, None).unwrap();
        assert_eq!(names(&found), ["saring-cuda", "saring"]);
        assert_eq!(found.programs[0].arguments, ["engine"]);
    }

    #[test]
    fn a_named_program_replaces_those_beside_the_executable() {
        let found =
            EnginePrograms::locate_beside(Path::new("/nowhere/x"), Some("/some/other".into())).unwrap();
        assert_eq!(names(&found), ["other"]);
    }

    #[test]
    fn an_installation_without_the_program_is_said() {
        let error = EnginePrograms::locate_beside(Path::new("/nowhere/saring-desktop"), None).unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "the place that was looked in is named: {error}");
    }
}
