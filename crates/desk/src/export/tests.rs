//! Exports of a real database, with a scripted engine to render.

mod images;

use std::{collections::BTreeMap, fs, path::Path};

use saring_verdict::{DeviceChoice, Family, PrecisionChoice, Task};

use super::*;
use crate::{
    engine::{EngineHandle, scripted},
    fixture::{Fixture, QUEUE},
    label::LabelOrder,
    queue::DrawFrom,
    review::{Gesture, NewDecision},
};

async fn decide(
    fixture: &Fixture,
    item_id: &str,
    task: Task,
    label: &str,
    change: impl Fn(&mut NewDecision),
) {
    let mut decision = fixture.decision(item_id, label);
    decision.task = task;
    change(&mut decision);
    fixture.workspace.decide(&decision).await.unwrap();
}

fn unchanged(_: &mut NewDecision) {}

async fn export(fixture: &Fixture, engine: &EngineHandle, order: &ExportOrder, name: &str) -> ExportReport {
    fixture.workspace.export(engine, order, &fixture.dir.path().join(name)).await.unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Every text of an export's files, in one.
fn everything(folder: &Path) -> String {
    files(folder).into_values().collect()
}

/// n decided prompts, every other one unsafe.
async fn decided(n: usize) -> Fixture {
    let fixture = Fixture::with_prompts(n).await;
    for (index, id) in fixture.ids().await.iter().enumerate() {
        let unsafe_one = |d: &mut NewDecision| d.categories = vec!["PII".into()];
        match index % 2 {
            0 => decide(&fixture, id, Task::Prompt, "safe", unchanged).await,
            _ => decide(&fixture, id, Task::Prompt, "unsafe", unsafe_one).await,
        }
    }
    fixture
}

#[tokio::test]
async fn training_files_hold_the_guards_wording_and_the_peoples_answer() {
    let fixture = decided(4).await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let order = ExportOrder { validation: 0.0, ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) };
    let report = export(&fixture, &engine, &order, "out").await;
    assert_eq!((report.rows, report.train, report.validation), (4, 4, 0));
    assert_eq!(report.template, Some(TrainerTemplate::Qwen3));
    let files = files(&report.folder);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["README.md", "dataset_info.json", "train.jsonl"]);
    let lines: Vec<&str> = files["train.jsonl"].lines().collect();
    assert_eq!(
        lines[1],
        r#"{"messages":[{"role":"user","content":"Judge the prompt: prompt 2"},{"role":"assistant","content":"Safety: Unsafe\nCategories: PII"}]}"#
    );
    let info: serde_json::Value = serde_json::from_str(&files["dataset_info.json"]).unwrap();
    assert_eq!(info["queue_train"]["file_name"], "train.jsonl");
    assert_eq!(
        info["queue_train"]["columns"],
        serde_json::json!({"messages": "messages"}),
        "all columns, no others"
    );
    let card = &files["README.md"];
    for said in ["enable_thinking: false", "4 rows about 4 items", "Reviewers: 1", "No uniform draw"] {
        assert!(card.contains(said), "the card says {said:?}:\n{card}");
    }
    for file in &report.files {
        assert!(
            file.name == "README.md" || card.contains(&file.sha256),
            "the card names the hash of {}",
            file.name
        );
    }
}

#[tokio::test]
async fn an_export_is_the_same_to_the_byte_when_it_is_made_again() {
    let fixture = decided(40).await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    for format in ExportFormat::ALL {
        let order = ExportOrder { validation: 0.3, ..ExportOrder::new(QUEUE, format) };
        let first = files(&export(&fixture, &engine, &order, &format!("{format}-1")).await.folder);
        let second = files(&export(&fixture, &engine, &order, &format!("{format}-2")).await.folder);
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
        for (name, text) in &first {
            let differing: Vec<&str> =
                text.lines().zip(second[name].lines()).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
            let allowed = |line: &&str| line.starts_with("- Date:") || line.starts_with("- Chain of events");
            assert!(differing.iter().all(allowed), "{format}, {name}: {differing:?}");
            assert!(name == "README.md" || differing.is_empty(), "data files never differ");
        }
    }
    let report = fixture.workspace.verify(None).await.unwrap();
    assert_eq!(report.problems_found, 0, "an export is an event of the chain: {:?}", report.problems);
}

#[tokio::test]
async fn what_is_in_quarantine_is_in_no_export() {
    let rows = [
        r#"{"id":"keep","prompt":"keep me"}"#,
        r#"{"id":"hide","prompt":"hide me","source":{"url":"hidden-source"}}"#,
    ];
    let fixture = Fixture::with_rows(&rows).await;
    let ids = fixture.ids().await;
    for id in &ids {
        decide(&fixture, id, Task::Prompt, "safe", unchanged).await;
    }
    fixture.workspace.quarantine(&Gesture::new(&ids[1], "ana")).await.unwrap();
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    for format in ExportFormat::ALL {
        let order = ExportOrder { validation: 0.0, ..ExportOrder::new(QUEUE, format) };
        let report = export(&fixture, &engine, &order, format.as_str()).await;
        let text = everything(&report.folder);
        assert_eq!(report.rows, 1);
        for trace in ["hide me", "hidden-source", ids[1].as_str()] {
            assert!(!text.contains(trace), "{format} contains {trace}");
        }
        let preview = fixture.workspace.preview_export(&engine, &order).await.unwrap();
        assert!(!format!("{preview:?}").contains("hide me"));
    }
}

#[tokio::test]
async fn decisions_of_scripts_are_exported_only_when_asked_for() {
    let fixture = Fixture::with_prompts(2).await;
    let ids = fixture.ids().await;
    decide(&fixture, &ids[0], Task::Prompt, "safe", |d| d.synthetic = true).await;
    decide(&fixture, &ids[1], Task::Prompt, "safe", unchanged).await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    for format in ExportFormat::ALL {
        let order = ExportOrder { validation: 0.0, ..ExportOrder::new(QUEUE, format) };
        let report = export(&fixture, &engine, &order, format.as_str()).await;
        assert_eq!((report.rows, report.left_out), (1, vec![(LeftOut::Synthetic, 1)]));
        let order = ExportOrder { include_synthetic: true, ..order };
        let report = export(&fixture, &engine, &order, &format!("{format}-all")).await;
        assert_eq!(report.rows, 2);
        let card = fs::read_to_string(report.folder.join("README.md")).unwrap();
        assert!(card.contains("1 of the rows were decided by a script"), "{card}");
    }
}

#[tokio::test]
async fn incomplete_decisions_are_left_out_and_counted_by_reason() {
    let rows: Vec<String> = ["a", "b", "c", "d markup", "e refuse", "f"]
        .iter()
        .map(|text| format!("{{\"id\":\"{text}\",\"prompt\":\"{text}\",\"response\":\"{text} answer\"}}"))
        .collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ids = fixture.ids().await;
    decide(&fixture, &ids[0], Task::Prompt, "unsafe", unchanged).await;
    decide(&fixture, &ids[0], Task::Response, "safe", unchanged).await;
    decide(&fixture, &ids[1], Task::Response, "safe", |d| d.refusal = Some(true)).await;
    fixture.workspace.skip(&Gesture::new(&ids[2], "ana")).await.unwrap();
    for id in &ids[3..5] {
        decide(&fixture, id, Task::Prompt, "safe", unchanged).await;
    }
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let order = ExportOrder { validation: 0.0, ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) };
    let report = export(&fixture, &engine, &order, "out").await;
    let left_out: BTreeMap<LeftOut, u64> = report.left_out.iter().cloned().collect();
    assert_eq!(report.rows, 1, "{left_out:?}");
    assert_eq!(left_out[&LeftOut::CategoriesMissing], 1);
    assert_eq!(left_out[&LeftOut::RefusalMissing], 1);
    assert_eq!(left_out[&LeftOut::Skipped], 2, "both tasks were skipped");
    assert_eq!(left_out[&LeftOut::Undecided], 5);
    assert_eq!(left_out[&LeftOut::Markup], 1);
    let held_back = fs::read_to_string(report.folder.join("held_back.csv")).unwrap();
    assert_eq!(
        held_back.lines().count(),
        3,
        "markup and refusal by the template, under a header:\n{held_back}"
    );
    assert!(held_back.contains(&ids[3]) && held_back.contains(&ids[4]));
    let train = fs::read_to_string(report.folder.join("train.jsonl")).unwrap();
    assert!(train.contains("Safety: Safe\\nCategories: None\\nRefusal: Yes"), "{train}");
}

#[tokio::test]
async fn a_verdict_never_fills_a_field() {
    let fixture = Fixture::with_prompts(1).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let run = LabelOrder {
        queue: QUEUE.into(),
        guard: None,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Auto,
        pixels_max: None,
    };
    fixture.workspace.start_label_run(&engine, run).await.unwrap().finish().await.unwrap();
    let order = ExportOrder { validation: 0.0, ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) };
    let report = export(&fixture, &engine, &order, "out").await;
    assert_eq!((report.rows, report.left_out), (0, vec![(LeftOut::Undecided, 1)]));
    assert!(!report.folder.join("train.jsonl").exists(), "trainers stumble over empty files");
    let card = fs::read_to_string(report.folder.join("README.md")).unwrap();
    assert!(card.contains("saring-demo (a toy that must not moderate anything): 1 verdicts"), "{card}");
}

#[tokio::test]
async fn a_split_keeps_groups_together() {
    let rows: Vec<String> = (0..60)
        .map(|n| format!("{{\"id\":\"{n}\",\"prompt\":\"text {n}\",\"group\":\"g{}\"}}", n % 12))
        .collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for id in fixture.ids().await {
        decide(&fixture, &id, Task::Prompt, "safe", unchanged).await;
    }
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let order = ExportOrder { validation: 0.4, ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) };
    let report = export(&fixture, &engine, &order, "out").await;
    assert_eq!(report.train + report.validation, 60);
    assert!(report.train > 0 && report.validation > 0, "{} + {}", report.train, report.validation);
    let validation = fs::read_to_string(report.folder.join("validation.jsonl")).unwrap();
    let in_validation = |n: usize| validation.contains(&format!("text {n}\""));
    for n in 0..60 {
        assert_eq!(in_validation(n), in_validation(n % 12), "item {n} is where its group is");
    }
}

#[tokio::test]
async fn decisions_come_back_with_their_ids_and_sources() {
    let rows = [r#"{"id":"post-7","prompt":"p","response":"r","source":{"thread": 12,"n":1.50}}"#];
    let fixture = Fixture::with_rows(&rows).await;
    let ids = fixture.ids().await;
    let labelled = |d: &mut NewDecision| {
        d.categories = vec!["PII".into(), "Violent".into()];
        d.note = Some("=SUM(A1)".into());
        d.refusal = Some(false);
        d.verdict_visible = false;
    };
    decide(&fixture, &ids[0], Task::Response, "unsafe", labelled).await;
    fixture.workspace.escalate(&Gesture::new(&ids[0], "ana")).await.unwrap();
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let order = ExportOrder::new(QUEUE, ExportFormat::Decisions);
    let report = export(&fixture, &engine, &order, "out").await;
    assert_eq!(report.rows, 2, "the escalated prompt is a row too");
    let files = files(&report.folder);
    let lines: Vec<serde_json::Value> =
        files["decisions.jsonl"].lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((lines[0]["task"].as_str(), lines[0]["kind"].as_str()), (Some("prompt"), Some("escalate")));
    assert_eq!(lines[1]["id"], "post-7");
    assert_eq!(lines[1]["note"], "=SUM(A1)");
    assert!(files["decisions.jsonl"].contains(r#""source":{"thread": 12,"n":1.50}"#), "verbatim");
    let mut reader = csv::Reader::from_reader(files["decisions.csv"].as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next(), Some("id"));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    assert!(records[1].iter().any(|cell| cell == "Violent; PII"), "in the scheme's order: {:?}", records[1]);
}

#[tokio::test]
async fn a_folder_with_something_in_it_is_not_touched() {
    let fixture = decided(2).await;
    let out = fixture.write("out/mine.txt", b"mine");
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let order = ExportOrder::new(QUEUE, ExportFormat::Decisions);
    let refused = fixture.workspace.export(&engine, &order, out.parent().unwrap()).await;
    assert!(refused.is_err());
    assert_eq!(files(out.parent().unwrap()).len(), 1);
    let wrong = ExportOrder { validation: 0.9, ..order };
    assert!(
        fixture.workspace.preview_export(&engine, &wrong).await.is_err(),
        "a share above a half is a mistake"
    );
}

#[tokio::test]
async fn a_preview_shows_three_rows_and_writes_nothing() {
    let fixture = decided(10).await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let order = ExportOrder::new(QUEUE, ExportFormat::LlamaFactory);
    let preview = fixture.workspace.preview_export(&engine, &order).await.unwrap();
    assert_eq!((preview.sample.len(), preview.rows), (3, 10));
    assert_eq!(preview.train + preview.validation, 10);
    let report = export(&fixture, &engine, &order, "out").await;
    assert_eq!(
        (report.train, report.validation),
        (preview.train, preview.validation),
        "it is what is written"
    );
}

#[tokio::test]
async fn a_guard_that_changed_on_disk_words_no_training_file() {
    let fixture = decided(2).await;
    let weights = fixture.write("mine/weights", b"one");
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let new = crate::guards::NewGuard { path: weights.parent().unwrap().to_owned(), ..Default::default() };
    fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    let order =
        ExportOrder { guard: Some("mine".into()), ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) };
    export(&fixture, &engine, &order, "before").await;
    fs::write(weights, "two").unwrap();
    let refused = fixture.workspace.export(&engine, &order, &fixture.dir.path().join("after")).await;
    let error = refused.expect_err("the card would name another guard's hashes");
    assert!(error.to_string().contains("changed on disk"), "{error}");
    let preview = fixture.workspace.preview_export(&engine, &order).await;
    assert_eq!(preview.expect_err("the same").code(), error.code());
    let order = ExportOrder { format: ExportFormat::Decisions, ..order };
    assert_eq!(export(&fixture, &engine, &order, "decisions").await.rows, 2, "these need no guard");
}

#[tokio::test]
async fn a_card_says_what_draws_were_taken_from() {
    let fixture = decided(4).await;
    fixture.import("more.jsonl", br#"{"id": "more", "prompt": "more"}"#).await;
    for from in [DrawFrom::All, DrawFrom::Pending] {
        fixture.workspace.draw(QUEUE, from, 1, 9).await.unwrap();
    }
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let order = ExportOrder::new(QUEUE, ExportFormat::Decisions);
    let card = fixture.workspace.preview_export(&engine, &order).await.unwrap().card;
    for said in ["1 of all 5 items, seed 9", "1 of the 1 items that were pending then, seed 9"] {
        assert!(card.contains(said), "the card says {said:?}:\n{card}");
    }
}
