//! Bad input, answered well: what happened, where, what to do next; and nothing half done.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    database,
    program::{Desk, SARING, Said, lines, skipped, skipped_without_namespaces},
};

const DEMO_GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/guard");

/// A copy of the demo guard that `spoil` changes.
fn checkpoint(desk: &Desk, name: &str, spoil: impl FnOnce(&Path)) -> PathBuf {
    let folder = desk.path(name);
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(DEMO_GUARD).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    spoil(&folder);
    folder
}

fn config(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

/// Asserts that scoring with a spoilt checkpoint fails, says `words`, and says what to do.
fn refused_checkpoint(spoil: impl FnOnce(&Path), words: &[&str]) {
    let desk = Desk::new();
    let folder = checkpoint(&desk, "spoilt", spoil);
    let input = desk.file("in.jsonl", lines(&[json!({"prompt": "hello"})]));
    let output = desk.path("out.jsonl");
    let arguments = [
        "score",
        "--guard",
        folder.to_str().unwrap(),
        "--input",
        input.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ];
    let said = desk.refused(1, &arguments);
    for word in words {
        assert!(said.err.contains(word), "{word:?} should be said: {}", said.err);
    }
    assert!(!said.err.contains("panicked"), "an error is said, not thrown: {}", said.err);
    assert!(!output.exists(), "nothing was scored, so nothing is written");
}

#[test]
fn a_missing_shard_is_named() {
    refused_checkpoint(
        |folder| {
            fs::remove_file(folder.join("model.safetensors")).unwrap();
            let index = json!({"metadata": {}, "weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}});
            fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
        },
        &["model-00001-of-00002.safetensors"],
    );
}

#[test]
fn a_truncated_weight_file_is_said_to_be_damaged() {
    refused_checkpoint(
        |folder| {
            let path = folder.join("model.safetensors");
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        },
        &["model.safetensors", "damaged", "What to do"],
    );
}

#[test]
fn a_corrupt_weight_file_is_said_to_be_damaged() {
    refused_checkpoint(
        |folder| fs::write(folder.join("model.safetensors"), [0xff; 4096]).unwrap(),
        &["model.safetensors", "damaged"],
    );
}

#[test]
fn an_unknown_architecture_is_named_with_those_that_are_known() {
    refused_checkpoint(
        |folder| config(folder, |c| c["architectures"] = json!(["MambaForCausalLM"])),
        &["MambaForCausalLM", "Qwen3ForCausalLM"],
    );
}

#[test]
fn a_checkpoint_without_a_chat_template_is_refused() {
    refused_checkpoint(
        |folder| {
            fs::remove_file(folder.join("chat_template.jinja")).unwrap();
            let path = folder.join("tokenizer_config.json");
            if let Ok(bytes) = fs::read(&path) {
                let mut tokenizer: Value = serde_json::from_slice(&bytes).unwrap();
                tokenizer.as_object_mut().unwrap().remove("chat_template");
                fs::write(path, tokenizer.to_string()).unwrap();
            }
        },
        &["no chat template"],
    );
}

#[test]
fn a_template_that_loops_for_ever_is_stopped() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
    refused_checkpoint(
        |folder| fs::write(folder.join("chat_template.jinja"), endless).unwrap(),
        &["template"],
    );
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    refused_checkpoint(
        |folder| {
            // Ids beyond the embedding.
            config(folder, |c| c["vocab_size"] = json!(16));
        },
        &["tokenizer"],
    );
}

#[test]
fn a_folder_that_is_no_checkpoint_is_said_to_be_none() {
    refused_checkpoint(|folder| fs::remove_file(folder.join("config.json")).unwrap(), &["config.json"]);
}

#[test]
fn an_import_reports_each_bad_row_with_its_line_and_goes_on() {
    let desk = Desk::new();
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    for row in [
        &b"{\"id\": \"good\", \"prompt\": \"hello\"}\r\n"[..],
        b"{not json}\r\n",
        b"{\"id\": \"empty\", \"prompt\": \"   \"}\n",
        b"{\"id\": \"latin\", \"prompt\": \"caf\xe9\"}\n",
        b"{\"id\": \"number\", \"prompt\": 7}\n",
    ] {
        bytes.extend_from_slice(row);
    }
    bytes.extend_from_slice(format!("{{\"prompt\": \"{}\"}}\n", "y".repeat(20_000_000)).as_bytes());
    bytes.extend_from_slice(b"{\"id\": \"last\", \"prompt\": \"good bye\"}");
    let file = desk.file("in.jsonl", bytes);
    let report = desk.json(&["import", file.to_str().unwrap(), "--queue", "q"]);
    assert_eq!((report["added"].as_u64(), report["failed"].as_u64()), (Some(2), Some(5)), "{report}");
    let at: Vec<u64> =
        report["errors"].as_array().unwrap().iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!(at, [2, 3, 4, 5, 6], "each error has its line");
    assert_eq!(database::number(&desk.workspace(), "SELECT count(*) FROM import_errors"), 5, "and is kept");
}

#[test]
fn a_folder_an_empty_file_and_a_missing_file_are_refused_by_name() {
    let desk = Desk::new();
    let empty = desk.file("empty.jsonl", "");
    fs::create_dir(desk.path("folder")).unwrap();
    for (path, word) in
        [(desk.path("folder"), "folder"), (empty, "empty"), (desk.path("missing.jsonl"), "no such")]
    {
        let said = desk.refused(1, &["import", path.to_str().unwrap(), "--queue", "q"]);
        assert!(said.err.contains(word), "{word:?} should be said: {}", said.err);
    }
}

#[test]
fn columns_that_nothing_reads_are_named_and_a_mapping_reads_them() {
    let desk = Desk::new();
    let file = desk.file("in.csv", "key,comment,extra\n1,hello,x\n2,good bye,y\n");
    let path = file.to_str().unwrap();
    let said = desk.refused(1, &["import", path, "--queue", "q"]);
    assert!(said.err.contains("--map"), "the way out is said: {}", said.err);
    let report = desk.json(&["import", path, "--queue", "q", "--map", "prompt=comment", "--map", "id=key"]);
    assert_eq!(report["added"], 2);
    assert!(report["warnings"].to_string().contains("extra"), "what is not used is named: {report}");
}

#[test]
fn wrong_usage_exits_with_2_and_a_failure_with_1() {
    let desk = Desk::new();
    let file = desk.file("in.jsonl", lines(&[json!({"prompt": "hello"})]));
    let path = file.to_str().unwrap();
    for arguments in [
        &["no-such-command"][..],
        &["import", path],
        &["import", path, "--queue", "q", "--map", "nonsense"],
        &["import", path, "--queue", "q", "--map", "nofield=column"],
        &["score", "--input", path, "--output", "x"],
        &["score", "--guard", DEMO_GUARD, "--input", path, "--output", "x", "--task", "both"],
        &["label", "--queue", "q", "--device", "abacus"],
        &["label", "--queue", "q", "--precision", "f64"],
        &["decide", "ITEM", "--label", "safe"],
    ] {
        desk.refused(2, arguments);
    }
    for arguments in [&["label", "--queue", "none"][..], &["next", "--queue", "none"], &["history", "none"]] {
        let said = desk.refused(1, arguments);
        assert!(said.err.contains("What to do"), "a failure says what to do next: {}", said.err);
    }
    assert_eq!(desk.run(&["--help"]).code, Some(0), "asking for help is no mistake");
    assert_eq!(desk.run(&["--version"]).code, Some(0));
}

#[test]
fn an_error_is_json_for_those_who_asked_for_json() {
    let desk = Desk::new();
    let not_found = |what: &str| {
        let said = desk.refused(1, &["--json", "next", "--queue", "none"]);
        let error: Value = serde_json::from_str(said.err.trim()).unwrap();
        assert_eq!(error["code"], "not_found", "{what}: {error}");
        assert!(error["error"].as_str().unwrap().contains(what) && error["next"].is_string(), "{error}");
    };
    not_found("workspace");
    desk.import("q", &[json!({"prompt": "hello"})]);
    not_found("none");
}

#[test]
fn a_workspace_of_a_newer_version_is_left_alone() {
    let desk = Desk::new();
    desk.import("q", &[json!({"prompt": "hello"})]);
    database::tamper(
        &desk.workspace(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    );
    let said = desk.refused(1, &["stats", "--queue", "q"]);
    assert!(said.err.contains("newer") && said.err.contains("update"), "{}", said.err);
    assert_eq!(
        database::number(&desk.workspace(), "SELECT count(*) FROM items"),
        1,
        "and nothing was changed"
    );
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let desk = Desk::new();
    fs::create_dir_all(desk.workspace()).unwrap();
    fs::write(desk.workspace().join("saring.db"), "this is no database, whatever its name says".repeat(100))
        .unwrap();
    let said = desk.refused(1, &["--json", "stats", "--queue", "q"]);
    assert!(said.err.contains("\"damaged\""), "{}", said.err);
}

#[test]
fn several_processes_write_to_one_workspace_at_once() {
    let desk = Desk::new();
    desk.import("q", &[json!({"prompt": "first"})]);
    let rows = |n: usize| (0..400).map(|i| json!({"prompt": format!("item {i} of {n}")})).collect::<Vec<_>>();
    let children: Vec<_> = (0..4)
        .map(|n| {
            let file = desk.file(&format!("{n}.jsonl"), lines(&rows(n)));
            let arguments = ["import".into(), file.into_os_string(), "--queue".into(), "q".into()];
            desk.command(&arguments).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let said = Said::of(child.wait_with_output().unwrap());
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    assert_eq!(database::number(&desk.workspace(), "SELECT count(*) FROM items"), 1601);
    desk.done(&["audit", "verify"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_and_what_was_imported_stays() {
    let desk = Desk::new();
    let rows: Vec<Value> =
        (0..40_000).map(|i| json!({"id": i, "prompt": format!("a line of text, number {i}")})).collect();
    let file = desk.file("in.jsonl", lines(&rows));
    let small = desk.path("small");
    fs::create_dir(&small).unwrap();
    // A disk of 6 MB that only this process and its children see.
    let script = "mount -t tmpfs -o size=6m none \"$1\" || exit 99
        \"$2\" --json --workspace \"$1\" import \"$3\" --queue q; code=$?
        \"$2\" --json --workspace \"$1\" search --queue q number 1>&2; exit $code";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(&small)
        .arg(SARING)
        .arg(&file)
        .output();
    let said = match output {
        Ok(output) => Said::of(output),
        Err(error) => return skipped("a full disk", &format!("there is no `unshare`: {error}")),
    };
    if said.code == Some(99) || said.err.contains("unshare") {
        let why = format!("no small disk can be made here: {}", said.err.trim());
        return skipped_without_namespaces("a full disk", &why);
    }
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("disk_full"), "the reason is said: {}", said.err);
    assert!(!said.err.contains("panicked"), "{}", said.err);
}
