//! The main job on the command line, and the database looked into afterwards.

use std::fs;

use serde_json::{Value, json};

use crate::{
    database::{self, number},
    program::{Desk, demo_queue, files_below, read_lines},
};

fn small_queue() -> Desk {
    let desk = Desk::new();
    let report = desk.import(
        "q",
        &[
            json!({"id": "a", "prompt": "how do I cook rice?", "language": "en", "source": {"board": 3}}),
            json!({"id": "b", "prompt": "ช่วยสอนวิธีทำข้าวผัดหน่อย", "language": "th"}),
            json!({"id": "c", "prompt": "မင်္ဂလာပါ ဆရာ", "response": "နေကောင်းလား", "language": "my"}),
            json!({"id": "d", "messages": [
                {"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"},
                {"role": "user", "content": "tell me more"}]}),
        ],
    );
    assert_eq!((report["added"].as_u64(), report["failed"].as_u64()), (Some(4), Some(0)), "{report}");
    desk
}

/// The item's id in the workspace.
fn id_of(desk: &Desk, external: &str) -> String {
    database::texts(&desk.workspace(), &format!("SELECT id FROM items WHERE external_id = '{external}'"))
        .remove(0)
}

#[test]
fn import_label_review_and_undo_leave_the_rows_that_they_say() {
    let desk = small_queue();
    let run = desk.json(&["label", "--queue", "q"]);
    assert_eq!(
        (run["judged"].as_u64(), run["state"].as_str()),
        (Some(5), Some("done")),
        "one for each task: {run}"
    );
    let again = desk.json(&["label", "--queue", "q"]);
    assert_eq!(again["judged"], 0, "run again, it judges only what has no verdict of that guard");
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM verdicts"), 5);

    let next = desk.json(&["next", "--queue", "q"]);
    assert_eq!(next["external_id"], "a", "as imported");
    assert_eq!(next["tasks"][0]["verdict"]["kind"], "hidden", "blind is the default");
    let first = next["id"].as_str().unwrap();
    let saved = desk.json(&[
        "decide",
        first,
        "--label",
        "UNSAFE",
        "--category",
        "pii",
        "--note",
        "why not",
        "--reviewer",
        "ana",
    ]);
    let row = format!("WHERE id = '{}'", saved["decision_id"].as_str().unwrap());
    let column = |name: &str| {
        database::texts(&desk.workspace(), &format!("SELECT CAST({name} AS TEXT) FROM decisions {row}"))
            .remove(0)
    };
    assert_eq!(
        (column("label"), column("categories")),
        ("unsafe".into(), "[\"PII\"]".into()),
        "in the scheme's spelling"
    );
    assert_eq!((column("note"), column("reviewer")), ("why not".into(), "ana".into()));
    assert_eq!(column("verdict_visible"), "0", "it was blind");
    assert_ne!(column("verdict_id"), "", "and yet which verdict there was is known");

    assert_eq!(desk.json(&["next", "--queue", "q"])["external_id"], "b", "the next one");
    let undone = desk.json(&["undo", "--reviewer", "ana"]);
    assert_eq!(undone["item_id"], first);
    assert_eq!(desk.json(&["next", "--queue", "q"])["id"], first, "it is pending again");
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM decisions"), 2, "an undo is a row of its own");
    desk.refused(1, &["undo", "--reviewer", "ana"]);

    let history = desk.json(&["history", first]);
    let what: Vec<&str> = history.as_array().unwrap().iter().map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["label", "undo"], "the verdict stays hidden: {history}");
    let report = desk.json(&["audit", "verify"]);
    assert_eq!(report["holds"], true, "{report}");
}

#[test]
fn both_tasks_of_an_item_are_decided_one_after_the_other() {
    let desk = small_queue();
    let item = id_of(&desk, "c");
    let first = desk.json(&["decide", &item, "--label", "safe", "--reviewer", "ana"]);
    assert_eq!((first["task"].as_str(), first["state"].as_str()), (Some("prompt"), Some("pending")));
    let second = desk.json(&["decide", &item, "--label", "safe", "--refusal", "no", "--reviewer", "ana"]);
    assert_eq!((second["task"].as_str(), second["state"].as_str()), (Some("response"), Some("decided")));
    let said = desk.refused(2, &["decide", &item, "--label", "unsafe", "--reviewer", "ana"]);
    assert!(said.err.contains("--task"), "{}", said.err);
    desk.done(&[
        "decide",
        &item,
        "--task",
        "prompt",
        "--label",
        "unsafe",
        "--category",
        "Violent",
        "--reviewer",
        "ana",
    ]);
    let superseding =
        number(&desk.workspace(), "SELECT count(*) FROM decisions WHERE supersedes IS NOT NULL");
    assert_eq!(superseding, 1, "a correction is a new row that points at the old one");
}

#[test]
fn what_the_scheme_does_not_have_is_refused_and_nothing_is_saved() {
    let desk = small_queue();
    let item = id_of(&desk, "a");
    for wrong in [
        &["--label", "terrible"][..],
        &["--label", "unsafe", "--category", "Nonsense"],
        &["--label", "safe", "--category", "PII"],
        &["--label", "safe", "--refusal", "yes"],
        &["--label", "safe", "--task", "response"],
    ] {
        desk.refused(1, &[&["decide", &item, "--reviewer", "ana"], wrong].concat());
    }
    desk.refused(1, &["decide", &item, "--label", "safe", "--reviewer", "  "]);
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM decisions"), 0);
}

#[test]
fn skip_escalate_and_flag_change_the_state_and_undo_gives_it_back() {
    let desk = small_queue();
    let states = || {
        let counts = desk.json(&["stats", "--queue", "q"])["items"].clone();
        ["pending", "decided", "skipped", "escalated", "flagged"].map(|state| counts[state].as_u64().unwrap())
    };
    desk.done(&["skip", &id_of(&desk, "a"), "--reason", "no idea", "--reviewer", "ana"]);
    desk.done(&["escalate", &id_of(&desk, "b"), "--reviewer", "ana"]);
    desk.done(&["flag", &id_of(&desk, "b"), "--reviewer", "ana"]);
    assert_eq!(states(), [2, 0, 1, 1, 1]);
    desk.done(&["flag", &id_of(&desk, "b"), "--reviewer", "ana"]);
    assert_eq!(states(), [2, 0, 1, 1, 0], "flag again takes the flag off");
    for _ in 0..4 {
        desk.done(&["undo", "--reviewer", "ana"]);
    }
    assert_eq!(states(), [4, 0, 0, 0, 0], "undo to any depth");
}

#[test]
fn search_finds_words_and_parts_of_words_in_every_script() {
    let desk = small_queue();
    let found = |text: &str| -> Vec<String> {
        let page = desk.json(&["search", "--queue", "q", text]);
        let ids = page["items"].as_array().unwrap().iter();
        ids.map(|item| item["external_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("cook rice"), ["a"]);
    assert_eq!(found("ข้าวผัด"), ["b"], "Thai writes no spaces");
    assert_eq!(found("ข้"), ["b"], "and two characters are enough");
    assert_eq!(found("မင်္ဂ"), ["c"]);
    assert_eq!(found("နေ"), ["c"], "a response is searched too");
    assert_eq!(found("tell me"), ["d"], "a conversation too");
    assert!(found("nothing of the kind").is_empty());
}

#[test]
fn importing_the_same_file_again_adds_nothing() {
    let desk = small_queue();
    let file = desk.path("q.jsonl");
    let report = desk.json(&["import", file.to_str().unwrap(), "--queue", "q"]);
    assert_eq!((report["added"].as_u64(), report["known"].as_u64()), (Some(0), Some(4)), "{report}");
    let source = database::texts(&desk.workspace(), "SELECT source FROM items WHERE external_id = 'a'");
    assert_eq!(source, ["{\"board\":3}"], "the source is kept as it was");
}

#[test]
fn a_guard_is_added_checked_and_removed() {
    let desk = Desk::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/guard");
    let added = desk.json(&["models", "add", folder, "--name", "mine"]);
    assert_eq!(added["card"]["family"], "qwen3guard-gen", "told from its template: {added}");
    desk.refused(1, &["models", "add", folder, "--name", "mine"]);
    let names = |desk: &Desk| -> Vec<String> {
        let list = desk.json(&["models", "list"]);
        list.as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&desk), ["mine", "saring-demo", "saring-demo-pictures"], "beside the toys");
    let test = desk.json(&["models", "check", "mine"]);
    assert_eq!(
        (test["passed"].as_bool(), test["problems"].as_array().map(Vec::len)),
        (Some(true), Some(0)),
        "{test}"
    );
    desk.done(&["models", "default", "mine"]);
    desk.import("q", &[json!({"prompt": "hello"})]);
    assert_eq!(desk.json(&["label", "--queue", "q"])["guard"], "mine", "the default guard labels");
    desk.done(&["models", "remove", "mine"]);
    assert!(!names(&desk).contains(&"mine".to_owned()));
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM verdicts"), 1, "its verdicts stay");
}

#[test]
fn a_verdict_records_where_it_came_from() {
    let desk = small_queue();
    desk.done(&["label", "--queue", "q", "--device", "cpu", "--precision", "f32"]);
    let bodies = database::texts(&desk.workspace(), "SELECT body FROM provenances");
    assert_eq!(bodies.len(), 1, "one combination, one row");
    let provenance: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!((provenance["device"].as_str(), provenance["precision"].as_str()), (Some("cpu"), Some("f32")));
    for field in ["weights_sha256", "template_sha256"] {
        assert_eq!(provenance[field].as_str().map(str::len), Some(64), "{field}: {provenance}");
    }
    assert!(provenance["program"].as_str().unwrap().starts_with("saring "));
}

/// Items of the demo queue that have pictures.
const PICTURE_ITEMS: i64 = 96;

#[test]
fn the_demo_goes_through_the_whole_loop_and_can_be_run_again() {
    let desk = Desk::new();
    let folder = desk.path("empty");
    fs::create_dir(&folder).unwrap();
    let in_folder = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        let output = command.current_dir(&folder).env_remove("SARING_WORKSPACE").output().unwrap();
        let said = crate::program::Said::of(output);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said
    };
    in_folder(&["demo"]);
    let stats: Value = serde_json::from_str(
        &in_folder(&["stats", "--queue", "demo", "--guard", "saring-demo", "--json"]).out,
    )
    .unwrap();
    for task in ["prompt", "response"] {
        let all = stats["agreement"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["task"] == task && row["language"] == "all" && row["against"] == "gold");
        let auprc = all.unwrap()["auprc"].as_f64().unwrap();
        assert!(auprc > 0.9, "the demo guard on the {task} task: AUPRC {auprc}");
        let rows = stats["insight"]["quality"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["task"] == task && row["against"] == "gold" && row["group"].is_null())
            .unwrap();
        let figure = |end: &str| row["auprc"][end].as_f64().unwrap();
        assert_eq!(figure("value"), auprc, "one number, wherever it is shown");
        assert!(figure("low") <= auprc && auprc <= figure("high"), "{row}");
    }
    let said = in_folder(&["stats", "--queue", "demo", "--guard", "saring-demo", "--calibrate"]);
    assert!(said.out.contains("with 95 % intervals"), "{}", said.out);
    let temperatures = number(&folder, "SELECT count(*) FROM calibrations WHERE temperature > 0");
    assert!(temperatures > 0, "fitted on the gold labels: {} {}", said.out, said.err);
    assert!(said.out.contains("temperature for the prompt"), "{}", said.out);
    let seen = "SELECT count(*) FROM verdicts v JOIN guards g ON g.id = v.guard_id \
                JOIN item_media m ON m.item_id = v.item_id WHERE g.name = 'saring-demo-pictures'";
    assert!(number(&folder, seen) >= PICTURE_ITEMS, "the other guard judges the items with pictures");
    let synthetic = "SELECT count(*) FROM decisions WHERE reviewer = 'demo' AND synthetic = 1";
    let decisions = number(&folder, "SELECT count(*) FROM decisions");
    assert!(decisions > 0, "somebody decided");
    assert_eq!(number(&folder, synthetic), decisions, "and all of it is marked as a script's");

    let jsonl = |files: &[std::path::PathBuf]| -> Vec<std::path::PathBuf> {
        files.iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")).cloned().collect()
    };
    let files = files_below(&folder);
    let mut named = Vec::new();
    for info in files.iter().filter(|f| f.ends_with("dataset_info.json")) {
        let info_json: Value = serde_json::from_str(&fs::read_to_string(info).unwrap()).unwrap();
        for dataset in info_json.as_object().unwrap().values() {
            named.push(info.with_file_name(dataset["file_name"].as_str().unwrap()));
        }
    }
    named.extend(files.iter().filter(|f| f.ends_with("decisions.jsonl")).cloned());
    named.sort();
    assert_eq!(jsonl(&files), named, "the demo leaves its exports and no other .jsonl");
    let rows: usize = named.iter().map(|file| read_lines(file).len()).sum();
    assert!(rows > 0, "there is something in them");

    let bytes = |files: &[std::path::PathBuf]| files.iter().map(|f| fs::read(f).unwrap()).collect::<Vec<_>>();
    let exported = bytes(&named);
    in_folder(&["demo"]);
    assert!(
        bytes(&named) == exported,
        "nothing was decided in between, so the exports are the same byte for byte"
    );
    assert_eq!(
        number(&folder, "SELECT count(*) FROM items"),
        demo_queue().len() as i64 + PICTURE_ITEMS,
        "run again, nothing is doubled"
    );
    assert_eq!(number(&folder, "SELECT count(*) FROM decisions"), decisions);
    assert_eq!(jsonl(&files_below(&folder)), named);

    // Kept out of any other export.
    let out = desk.path("other");
    in_folder(&["export", "--queue", "demo", "--format", "llama-factory", "--out", out.to_str().unwrap()]);
    let others: usize = jsonl(&files_below(&out)).iter().map(|file| read_lines(file).len()).sum();
    assert_eq!(others, 0, "decisions of a script are in no other export");
    in_folder(&["audit", "verify"]);
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_healthy_workspace() {
    let desk = small_queue();
    let report = desk.json(&["doctor"]);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(
        (
            report["workspace"]["database"]["synchronous"].as_i64(),
            report["workspace"]["queues"][0]["items"].as_u64()
        ),
        (Some(2), Some(4))
    );
    assert!(
        report["engines"][0]["devices"].as_array().is_some_and(|d| !d.is_empty()),
        "the guard's process answers"
    );
    database::tamper(&desk.workspace(), "DELETE FROM events WHERE seq = 1");
    let said = desk.refused(1, &["doctor"]);
    assert!(said.out.contains("PROBLEM"), "{}", said.out);
}

#[test]
fn what_looks_at_a_workspace_makes_none_where_there_is_none() {
    let desk = Desk::new();
    let out = desk.path("out");
    let commands: [&[&str]; 12] = [
        &["audit", "verify"],
        &["stats", "--queue", "q"],
        &["history", "item"],
        &["export", "--queue", "q", "--format", "decisions", "--out", out.to_str().unwrap()],
        &["undo", "--reviewer", "r"],
        &["next", "--queue", "q"],
        &["search", "--queue", "q", "word"],
        &["decide", "item", "--label", "safe", "--reviewer", "r"],
        &["skip", "item", "--reviewer", "r"],
        &["escalate", "item", "--reviewer", "r"],
        &["flag", "item", "--reviewer", "r"],
        &["quarantine", "item", "--reviewer", "r"],
    ];
    for command in commands {
        let said = desk.refused(1, command);
        assert!(
            said.err.contains("there is no workspace in"),
            "{command:?} says what is wrong: {}",
            said.err
        );
        assert!(said.err.contains("--workspace"), "{command:?} says what to do: {}", said.err);
        assert!(!desk.workspace().exists(), "{command:?} must not make a workspace");
        assert!(!out.exists(), "{command:?} must not make a folder");
    }
}

#[test]
fn the_guards_process_answers_and_ends_with_its_input() {
    let desk = Desk::new();
    let said = desk.run(&["engine"]);
    assert_eq!(said.code, Some(0), "its input is empty: {}", said.err);
    let hello: Value = serde_json::from_str(said.out.lines().next().unwrap()).unwrap();
    assert!(hello["protocol"].is_u64() && !hello["devices"].as_array().unwrap().is_empty(), "{hello}");
}

#[test]
fn no_item_text_is_in_what_the_program_says_on_the_side() {
    let desk = Desk::new();
    let secret = "a very private sentence";
    let file =
        desk.file("in.jsonl", format!("{{\"prompt\": \"{secret}\"}}\n{{\"prompt\": \"{secret}\", broken\n"));
    let mut import = desk.command(&["import", file.to_str().unwrap(), "--queue", "q"]);
    let said = crate::program::Said::of(import.env("SARING_LOG", "trace").output().unwrap());
    assert!(!said.err.contains(secret) && !said.out.contains(secret), "{}", said.err);
    let mut label = desk.command(&["label", "--queue", "q"]);
    let said = crate::program::Said::of(label.env("SARING_LOG", "trace").output().unwrap());
    assert!(!said.err.contains(secret) && !said.out.contains(secret), "{}", said.err);
}

#[test]
fn every_command_of_the_contract_takes_the_flags_that_are_written_down() {
    let desk = Desk::new();
    let contract: [(&[&str], &[&str]); 23] = [
        (&["models", "add"], &["--name", "--family"]),
        (&["models", "list"], &[]),
        (&["models", "check"], &[]),
        (&["models", "remove"], &[]),
        (&["import"], &["--queue", "--map"]),
        (&["label"], &["--queue", "--guard", "--device", "--precision"]),
        (&["score"], &["--guard", "--input", "--output", "--device", "--precision", "--task"]),
        (&["next"], &["--queue"]),
        (&["decide"], &["--task", "--label", "--category", "--refusal", "--note", "--reviewer"]),
        (&["skip"], &["--reason", "--reviewer"]),
        (&["escalate"], &["--reason", "--reviewer"]),
        (&["flag"], &["--reason", "--reviewer"]),
        (&["quarantine"], &["--reason", "--reviewer"]),
        (&["undo"], &["--reviewer"]),
        (
            &["search"],
            &[
                "--queue",
                "--state",
                "--language",
                "--label",
                "--decided-label",
                "--category",
                "--disagreement",
                "--score",
                "--reviewer",
                "--since",
                "--until",
                "--flagged",
                "--has-image",
                "--sort",
                "--limit",
            ],
        ),
        (&["stats"], &["--queue"]),
        (&["history"], &[]),
        (&["export"], &["--queue", "--format", "--out"]),
        (&["audit", "verify"], &[]),
        (&["doctor"], &[]),
        (&["demo"], &[]),
        (
            &["bench"],
            &["--guard", "--device", "--precision", "--workload-items", "--export-workload", "--items"],
        ),
        (&["engine"], &[]),
    ];
    for (command, flags) in contract {
        let help = desk.done(&[command, &["--help"]].concat()).out;
        for flag in flags.iter().chain(&["--workspace", "--json"]) {
            assert!(
                [" ", "\n", "[="].iter().any(|end| help.contains(&format!("{flag}{end}"))),
                "{command:?} {flag}: {help}"
            );
        }
    }
}
