//! The program as a user runs it: a process with arguments, a workspace, an exit code and two streams.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const SARING: &str = env!("CARGO_BIN_EXE_saring");

/// A workspace in a folder of its own, and room for files beside it.
pub struct Desk {
    root: TempDir,
}

/// What a process said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// The workspace.
    pub fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    /// A place for a file beside the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file beside the workspace.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A process that is not started yet, on this workspace and nowhere else.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(SARING);
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env("SARING_WORKSPACE", self.workspace())
            .env_remove("SARING_LOG")
            .env_remove("SARING_ENGINE")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }

    /// Runs it; it must succeed.
    pub fn done<S: AsRef<std::ffi::OsStr> + std::fmt::Debug>(&self, arguments: &[S]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?} should succeed: {}", said.err);
        said
    }

    /// Runs it with `--json`; it must succeed and print JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let said = self.done(&[&["--json"], arguments].concat());
        serde_json::from_str(&said.out)
            .unwrap_or_else(|e| panic!("{arguments:?} printed no JSON ({e}): {}", said.out))
    }

    /// Runs it; it must fail with `code`, and say why.
    pub fn refused<S: AsRef<std::ffi::OsStr> + std::fmt::Debug>(&self, code: i32, arguments: &[S]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?} should exit with {code}: {}{}", said.out, said.err);
        assert!(!said.err.trim().is_empty(), "{arguments:?} should say why");
        said
    }

    /// Imports rows into a queue.
    pub fn import(&self, queue: &str, rows: &[Value]) -> Value {
        let file = self.file(&format!("{queue}.jsonl"), lines(rows));
        self.json(&["import", file.to_str().unwrap(), "--queue", queue])
    }
}

impl Said {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// One JSON object a line.
pub fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// The objects of a JSONL file.
pub fn read_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every file below `dir`.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Says that a test could not do its work here. Fails where `CI` is set: a build machine has everything that tests need, so what
/// is missing there is a mistake, and a pass would hide it.
pub fn skipped(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} cannot be tested: {why}");
    say_skipped(test, why);
}

/// Like [`skipped`] for the one thing that a build machine may lack the right to: namespaces of its own, which `unshare` makes.
pub fn skipped_without_namespaces(test: &str, why: &str) {
    say_skipped(test, why);
}

/// Past the capture of the test harness, so that it is seen.
fn say_skipped(test: &str, why: &str) {
    let mut err = std::io::stderr().lock();
    writeln!(err, "skipped: {test}: {why}").unwrap();
}

/// The demo queue's items of text, as they were committed.
pub fn demo_queue() -> Vec<Value> {
    let mut items = read_lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/queue.jsonl"));
    items.retain(|item| item.get("images").is_none());
    items
}

/// So many prompts made from those of the demo queue, no two alike.
pub fn demo_prompts(count: usize) -> Vec<Value> {
    let mut rows = demo_queue();
    rows.retain(|row| row.get("response").is_none());
    let copy = |(n, mut row): (usize, Value)| {
        row["prompt"] = format!("{} ({n})", row["prompt"].as_str().unwrap()).into();
        row["id"] = format!("prompt-{n}").into();
        row
    };
    rows.into_iter().cycle().take(count).enumerate().map(copy).collect()
}
