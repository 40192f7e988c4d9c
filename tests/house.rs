//! House rules as tests: who may name what, which way the arrows point, what never stands in a tracked file.
//!
//! They read the tracked files and `cargo metadata`; each names its exceptions with a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file past this wants a reason, which stands in [`LONG_FILES`].
const LINES_MAX: usize = 500;

/// Longer files and why.
const LONG_FILES: [(&str, &str); 2] = [
    ("src-tauri/src/wire.rs", "declares every type that crosses to the page, once, and nothing else"),
    ("ui/src/lib/backend/bindings.ts", "generated from that"),
];

/// Programs' own arrows: package -> packages of ours that it may depend on. Tests may use more; they are no arrows.
const ARROWS: [(&str, &[&str]); 7] = [
    ("saring-verdict", &[]),
    ("saring-measures", &[]),
    ("saring-kernels", &[]),
    ("saring-guard", &["saring-kernels", "saring-verdict"]),
    ("saring-desk", &["saring-measures", "saring-verdict"]),
    ("saring", &["saring-desk", "saring-guard", "saring-verdict"]),
    ("saring-desktop", &["saring-desk", "saring-verdict"]),
];

/// Tables whose rows are never changed and never removed.
const APPEND_ONLY: [&str; 13] = [
    "verdicts",
    "failures",
    "decisions",
    "events",
    "policies",
    "queue_policies",
    "review_plans",
    "language_corrections",
    "bulks",
    "bulk_decisions",
    "laptop_events",
    "merged_decisions",
    "merged_references",
];

/// Where `items` is read instead of `visible_items`, how often at most, and why.
const ITEMS_READERS: [(&str, usize, &str); 8] = [
    (
        "crates/desk/src/store/items.rs",
        usize::MAX,
        "writes the table, and import must know what is in quarantine",
    ),
    ("crates/desk/src/store/events.rs", usize::MAX, "audit covers what is in quarantine too"),
    ("crates/desk/src/store/row_hash.rs", usize::MAX, "audit covers what is in quarantine too"),
    ("crates/desk/src/store/audit.rs", usize::MAX, "audit covers what is in quarantine too"),
    ("crates/desk/src/store/decisions.rs", 1, "undo takes back a quarantine"),
    ("crates/desk/src/store/merged.rs", 5, "what laptops put into quarantine is merged too, and holds here"),
    (
        "crates/desk/src/store/exports.rs",
        1,
        "asks what is in quarantine, to take it out of a finished export",
    ),
    (
        "crates/desk/src/store/media.rs",
        1,
        "asks for images in quarantine, to remove what guards keep of them",
    ),
];

/// Tests tamper and look behind the curtain.
fn is_test(file: &str) -> bool {
    file.starts_with("tests/")
        || file.contains("/tests/")
        || file.ends_with("tests.rs")
        || file.ends_with("/fixture.rs")
}

fn tracked() -> Vec<String> {
    let listed =
        Command::new("git").args(["ls-files", "-z"]).current_dir(ROOT).output().expect("git is there");
    assert!(listed.status.success(), "the rules are about tracked files: run the tests in a clone");
    let names = String::from_utf8(listed.stdout).expect("names of tracked files are UTF-8");
    let present = |name: &&str| !name.is_empty() && Path::new(ROOT).join(name).is_file();
    names.split('\0').filter(present).map(str::to_owned).collect()
}

fn with_extension<'a>(files: &'a [String], extensions: &'a [&str]) -> impl Iterator<Item = &'a String> {
    files.iter().filter(|f| f.rsplit_once('.').is_some_and(|(_, e)| extensions.contains(&e)))
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_default()
}

/// The lines of Rust code without those that are only comments.
fn code_lines(file: &str) -> Vec<(usize, String)> {
    let numbered = read(file).lines().map(str::to_owned).enumerate().collect::<Vec<_>>();
    numbered.into_iter().filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Whether `word` stands in `line` on its own, or as the beginning of a longer name if `prefix`.
fn names(line: &str, word: &str, prefix: bool) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !inside(before) && (prefix || !inside(after))
    })
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(ROOT)
        .output()
        .expect("cargo is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// Package -> (dependency, kind) as declared.
fn declared() -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |v: &Value| v.as_str().map(str::to_owned);
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let of =
                dependencies.iter().filter_map(|d| Some((text(&d["name"])?, text(&d["kind"])))).collect();
            (text(&package["name"]).expect("a name"), of)
        })
        .collect()
}

/// Asserts that Rust files outside of `allowed` do not name a crate.
fn named_only_in(word: &str, prefix: bool, allowed: &[&str]) {
    let files = tracked();
    let mut found = Vec::new();
    for file in with_extension(&files, &["rs"]) {
        if allowed.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        for (number, line) in code_lines(file) {
            if names(&line, word, prefix) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{word} may be named only in {allowed:?}:\n{}", found.join("\n"));
}

#[test]
fn sqlx_is_named_only_in_the_store() {
    // The tests look into the database from outside, as an auditor would.
    named_only_in("sqlx", false, &["crates/desk/src/store/", "tests/"]);
    for (package, dependencies) in declared() {
        for (name, kind) in dependencies {
            let allowed = package == "saring-desk" || (package == "saring" && kind.as_deref() == Some("dev"));
            assert!(name != "sqlx" || allowed, "{package} depends on sqlx");
        }
    }
}

#[test]
fn candle_is_named_only_in_the_guard() {
    named_only_in("candle_", true, &["crates/guard/", "tests/house.rs"]);
    for (package, dependencies) in declared() {
        for (name, _) in dependencies {
            assert!(!name.starts_with("candle") || package == "saring-guard", "{package} depends on {name}");
        }
    }
}

#[test]
fn tauri_is_named_only_in_the_window() {
    named_only_in("tauri", false, &["src-tauri/", "tests/house.rs", "tests/window"]);
    for (package, dependencies) in declared() {
        for (name, _) in dependencies {
            assert!(!name.starts_with("tauri") || package == "saring-desktop", "{package} depends on {name}");
        }
    }
}

#[test]
fn one_file_of_the_page_imports_tauri() {
    // The second is generated, and imported by the first alone.
    let allowed = ["ui/src/lib/backend/tauri.ts", "ui/src/lib/backend/bindings.ts"];
    let files = tracked();
    for file in with_extension(&files, &["ts", "js", "svelte"]) {
        if !file.starts_with("ui/src/") || allowed.contains(&file.as_str()) {
            continue;
        }
        for line in read(file).lines() {
            assert!(!line.contains("@tauri-apps"), "{file} imports Tauri: {}", line.trim());
        }
    }
}

#[test]
fn the_arrows_between_our_packages_point_as_they_should() {
    let declared = declared();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    assert_eq!(found, known, "a new package needs its place in the arrows");
    for (package, allowed) in ARROWS {
        for (name, kind) in &declared[package] {
            if known.contains(name.as_str()) && kind.as_deref() != Some("dev") {
                assert!(allowed.contains(&name.as_str()), "{package} must not depend on {name}");
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    let files = tracked();
    let silent: Vec<&String> =
        with_extension(&files, &["rs"]).filter(|f| !read(f).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "these files do not open with `//! `: {silent:?}");
    let placeholders: Vec<&String> =
        with_extension(&files, &["rs"]).filter(|f| read(f).starts_with("//! Placeholder")).collect();
    assert!(placeholders.is_empty(), "these files are empty promises: {placeholders:?}");
}

#[test]
fn a_file_has_at_most_500_lines_or_a_reason() {
    let files = tracked();
    let mut long = Vec::new();
    for file in with_extension(&files, &["rs", "ts", "svelte", "py", "sh"]) {
        let lines = read(file).lines().count();
        let excused = LONG_FILES.iter().any(|(name, _)| name == file);
        if lines > LINES_MAX && !excused {
            long.push(format!("{file}: {lines}"));
        }
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
    for (file, _) in LONG_FILES {
        assert!(read(file).lines().count() > LINES_MAX, "{file} needs no exception any more");
    }
}

#[test]
fn nothing_is_called_utils_or_its_like() {
    let empty_names = ["utils", "util", "helpers", "helper", "common", "manager", "service", "misc"];
    for file in tracked() {
        let stem =
            Path::new(&file).file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
        let words: Vec<&str> = stem.split(['_', '-', '.']).collect();
        let found = empty_names.iter().find(|name| words.contains(name));
        assert!(found.is_none(), "{file}: {found:?} says nothing about what is in it");
    }
}

#[test]
fn append_only_tables_are_only_appended_to() {
    let files = tracked();
    for file in with_extension(&files, &["rs", "sql"]) {
        if is_test(file) {
            continue;
        }
        let text = read(file);
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let words: Vec<String> = product
            .split_whitespace()
            .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
            .collect();
        for pair in words.windows(3) {
            for table in APPEND_ONLY {
                let updates = pair[0] == "update" && pair[1] == table && pair[2] == "set";
                let deletes = pair[0] == "delete" && pair[1] == "from" && pair[2] == table;
                assert!(!updates && !deletes, "{file}: rows of {table} are changed or removed");
            }
        }
    }
}

#[test]
fn items_are_read_through_the_view_that_hides_quarantine() {
    let files = tracked();
    for file in with_extension(&files, &["rs"]) {
        if !file.starts_with("crates/desk/src/") || is_test(file) {
            continue;
        }
        let text = read(file);
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let words: Vec<&str> = product.split_whitespace().collect();
        let reads = |pair: &&[&str]| {
            let table = pair[1].trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
            matches!(pair[0].trim_matches('"'), "FROM" | "JOIN") && table == "items"
        };
        let times = words.windows(2).filter(reads).count();
        let allowed = ITEMS_READERS.iter().find(|(name, ..)| name == file).map_or(0, |(_, times, _)| *times);
        assert!(
            times <= allowed,
            "{file} reads `items`, not `visible_items`, {times} times; {allowed} have a reason"
        );
    }
}

#[test]
fn tracked_files_speak_of_the_project_alone() {
    // Put together here, so that this file does not name them.
    let join = |parts: &[&str]| parts.concat();
    let forbidden = [
        join(&["/wo", "rk/"]),
        join(&["/ro", "ot/"]),
        join(&["issues", " show"]),
        join(&["spi", "kes/"]),
        join(&["crates", ".io-"]),
    ];
    for file in tracked() {
        if matches!(file.as_str(), "Cargo.lock") {
            continue;
        }
        let text = read(&file);
        for word in &forbidden {
            assert!(!text.contains(word.as_str()), "{file} contains {word:?}");
        }
    }
}

#[test]
fn locked_packages_come_from_the_public_registries() {
    for line in read("Cargo.lock").lines().filter(|l| l.starts_with("source = ")) {
        let index = ["registry+https://github.com/rust-lang/", "crates", ".io-index"].concat();
        assert_eq!(
            line,
            format!("source = \"{index}\""),
            "a package from elsewhere cannot be got by everybody"
        );
    }
    for line in read("ui/package-lock.json").lines().filter(|l| l.trim_start().starts_with("\"resolved\"")) {
        let host = ["https://registry.", "npmjs.org/"].concat();
        assert!(line.contains(&host), "a package from elsewhere cannot be got by everybody: {line}");
    }
}

#[test]
fn every_exception_to_a_lint_says_why() {
    let files = tracked();
    for file in with_extension(&files, &["rs"]) {
        let text = read(file);
        for attribute in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in text.match_indices(attribute) {
                // The attribute may span lines; its end is the first `)]` after it.
                let end = text[at..].find(")]").map_or(text.len(), |n| at + n);
                let inside = &text[at..end];
                let quoted = text[..at].rsplit('\n').next().is_some_and(|line| line.contains('"'));
                assert!(quoted || inside.contains("reason"), "{file}: {inside}");
            }
        }
    }
}

#[test]
fn the_readme_shows_the_scores_that_were_measured() {
    let table = |file: &str, name: &str| -> Vec<String> {
        let (text, begin) = (read(file), format!("<!-- {name}: "));
        let inside = text.lines().skip_while(|l| !l.starts_with(&begin)).skip(1);
        inside.take_while(|l| l.starts_with('|')).map(str::to_owned).collect()
    };
    let scores: Value = serde_json::from_str(&read("demo/scores.json")).expect("the scores are JSON");
    let guards = [
        ("scores", &scores, ["prompt", "response"].as_slice()),
        ("picture scores", &scores["picture_guard"], &["picture", "prompt", "response"]),
    ];
    for (name, scores, tasks) in guards {
        let measured = table("demo/README.md", name);
        assert!(measured.len() > 8, "{name}: a row for each language");
        assert_eq!(table("README.md", name), measured, "`setup/readme_scores.sh` copies them");
        for task in tasks {
            let auprc = scores["tasks"][task]["all"]["guard"]["auprc"].as_f64().expect("a number");
            assert!(
                measured.last().is_some_and(|row| row.contains(&format!("{auprc:.3}"))),
                "{name}, {task}: {auprc}"
            );
        }
    }
}
