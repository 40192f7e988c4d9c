//! Imports into a workspace, good files and bad ones.

use std::path::Path;

use saring_verdict::{Cancel, Role, Task};

use super::*;
use crate::{
    Code, Workspace,
    fixture::{Fixture, QUEUE},
    media::picture,
    queue::Mode,
};

fn reasons(report: &ImportReport) -> Vec<(u64, &str)> {
    report.errors.iter().map(|e| (e.line, e.reason.as_str())).collect()
}

#[tokio::test]
async fn bad_rows_are_reported_with_line_and_reason_and_the_rest_goes_on() {
    let fixture = Fixture::new().await;
    let rows = [
        r#"{"id": "good 1", "prompt": "x"}"#,
        r#"{"id": "2", "prompt": "secret"#,
        r#"{"id": "3", "prompt": "secret" oops}"#,
        r#"["secret"]"#,
        "",
        r#"{"id": "6", "response": "secret"}"#,
        r#"{"id": "7", "prompt": null}"#,
        r#"{"id": "8", "prompt": "  \n"}"#,
        r#"{"id": "9", "prompt": ["secret"]}"#,
        r#"{"id": "10", "messages": [{"role": "narrator", "content": "secret"}]}"#,
        r#"{"id": "11", "messages": [{"role": "system", "content": "secret"}]}"#,
        r#"{"id": "12", "messages": []}"#,
        r#"{"id": "13", "prompt": "x", "messages": [{"role": "user", "content": "secret"}]}"#,
        r#"{"id": "14", "prompt": "x", "labels": {"prompt": {"label": "secret"}}}"#,
        r#"{"id": "15", "prompt": "x", "labels": {"prompt": {"label": "safe"}}, "labels_role": "truth"}"#,
        r#"{"id": {"secret": 1}, "prompt": "x"}"#,
        r#"{"id": "17", "prompt": "\ud800"}"#,
        r#"{"id": "good 2", "prompt": "", "response": "x"}"#,
    ];
    let mut bytes = rows.join("\n").into_bytes();
    bytes.extend_from_slice(b"\n{\"prompt\": \"\xff\"}\n");
    let report = fixture.import("bad.jsonl", &bytes).await;
    assert_eq!((report.rows_read, report.added, report.failed), (18, 2, 16));
    let lines: Vec<u64> = report.errors.iter().map(|e| e.line).collect();
    assert_eq!(
        lines,
        [2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19],
        "physical lines, counted from 1"
    );
    assert!(report.errors.iter().all(|e| !e.reason.contains("secret")), "no item text: {:?}", report.errors);
    assert!(report.errors[3].reason.contains("no prompt"), "{}", report.errors[3].reason);
    assert!(report.errors[15].reason.contains("byte 13"), "{}", report.errors[15].reason);
    let kept = fixture.workspace.import_errors(&report.import_ids[0], 0, 100).await.expect("kept errors");
    assert_eq!(kept.len(), 16, "every error is kept with its import");
    assert!(fixture.workspace.verify(None).await.expect("an audit").holds());
}

#[tokio::test]
async fn encodings_marks_and_line_ends_do_not_matter() {
    let text = "{\"id\": \"1\", \"prompt\": \"ไทย မြန်မာ\"}\r\n{\"id\": \"2\", \"prompt\": \"தமிழ்\"}\r\n";
    let utf16 = |big: bool, mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for (name, bytes) in [
        ("plain", text.as_bytes().to_vec()),
        ("mark", with_mark),
        ("utf16le", utf16(false, true)),
        ("utf16be", utf16(true, true)),
        ("utf16le without a mark", utf16(false, false)),
        ("utf16be without a mark", utf16(true, false)),
        ("no line end", text.trim_end().as_bytes().to_vec()),
    ] {
        let fixture = Fixture::new().await;
        let report = fixture.import("rows.jsonl", &bytes).await;
        assert_eq!((report.added, report.failed), (2, 0), "{name}: {:?}", report.errors);
        let item = fixture.workspace.item(&fixture.ids().await[0]).await.expect("the item");
        assert_eq!(item.turns[0].content, "ไทย မြန်မာ", "{name}");
    }
}

#[tokio::test]
async fn a_line_of_twenty_megabytes_is_reported_and_the_next_ones_go_on() {
    let fixture = Fixture::new().await;
    let long = "x".repeat(20 * 1024 * 1024);
    let jsonl = format!("{{\"prompt\": \"{long}\"}}\n{{\"prompt\": \"after\"}}\n");
    let report = fixture.import("long.jsonl", jsonl.as_bytes()).await;
    assert_eq!((report.added, report.failed), (1, 1));
    assert_eq!(reasons(&report), [(1, "is longer than 16777216 bytes")]);
    let csv = format!("prompt\nbefore\n\"{long}\"\nbehind\n");
    let report = fixture.import("long.csv", csv.as_bytes()).await;
    assert_eq!((report.added, report.failed), (2, 1), "{:?}", report.errors);
    assert_eq!(reasons(&report), [(3, "is longer than 16777216 bytes")]);
    let csv = format!("prompt\nfirst\n\"{long}\nnever closed\n");
    let report = fixture.import("open.csv", csv.as_bytes()).await;
    assert_eq!(reasons(&report), [(3, "has a quotation mark that is never closed")]);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_reported_and_takes_no_rows_along_silently() {
    let fixture = Fixture::new().await;
    let open = [
        ("a.csv", "id,prompt\n1,\"hello\n2,world\n3,foo\n", 2),
        ("b.csv", "id,prompt\n1,hello\n2,\"never \"\"closed", 3),
        ("c.tsv", "id\tprompt\n1\thello\n2\t\"", 3),
        ("header.csv", "id,\"prompt\n1,hello\n", 1),
    ];
    for (name, text, line) in open {
        let report = fixture.import(name, text.as_bytes()).await;
        assert_eq!(reasons(&report), [(line, "has a quotation mark that is never closed")], "{name}");
    }
    let closed = [
        ("d.csv", "id,prompt\nd1,\"hello\"", 1),
        ("e.csv", "id,prompt\ne1,a 5\" pipe", 1),
        ("f.csv", "id,prompt\nf1,\"a \"\"5\"\" pipe\nand more\"\r\n\r\n", 1),
    ];
    for (name, text, added) in closed {
        let report = fixture.import(name, text.as_bytes()).await;
        assert_eq!((report.added, report.failed), (added, 0), "{name}: {:?}", report.errors);
    }
}

#[tokio::test]
async fn folders_empty_and_missing_files_are_refused_by_name() {
    let fixture = Fixture::new().await;
    let folder = fixture.dir.path().to_owned();
    let empty = fixture.write("empty.jsonl", b"");
    let missing = folder.join("missing.jsonl");
    for (path, code) in [(&folder, Code::Invalid), (&empty, Code::Invalid), (&missing, Code::NotFound)] {
        let request = fixture.request(vec![path.clone()], &[]);
        let error =
            fixture.workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect_err("unusable");
        assert_eq!(error.code(), code, "{error}");
    }
    let good = fixture.write("good.jsonl", br#"{"prompt": "x"}"#);
    let request = fixture.request(vec![folder, good], &[]);
    let report =
        fixture.workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("the other goes on");
    assert_eq!((report.added, report.failed, report.errors[0].line), (1, 1, 0));
}

#[tokio::test]
async fn a_json_array_is_called_one_instead_of_failing_by_line() {
    let fixture = Fixture::new().await;
    let report = fixture.import("array.json", b"[\n{\"prompt\": \"a\"},\n{\"prompt\": \"b\"}\n]").await;
    assert_eq!(report.failed, 1);
    assert!(report.errors[0].reason.contains("one object a line"), "{:?}", report.errors);
}

#[tokio::test]
async fn importing_again_adds_nothing_and_goes_on_after_a_stop() {
    let fixture = Fixture::new().await;
    let rows: Vec<String> = (0..2500).map(|i| format!(r#"{{"id": "{i}", "prompt": "p{i}"}}"#)).collect();
    let path = fixture.write("rows.jsonl", rows.join("\n").as_bytes());
    let request = fixture.request(vec![path], &[]);
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let first =
        fixture.workspace.import(&request, &mut |_| stop.cancel(), &cancel).await.expect("a stopped import");
    assert!(first.cancelled && first.added >= 1000, "what was written stays: {first:?}");
    let second = fixture.workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("the rest");
    assert_eq!((second.known, second.added), (first.added, 2500 - first.added));
    let third = fixture.workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("nothing");
    assert_eq!((third.known, third.added, third.duplicates), (2500, 0, 0));
    assert!(fixture.workspace.verify(None).await.expect("an audit").holds());
}

#[tokio::test]
async fn the_same_content_under_another_id_is_added_and_marked() {
    let fixture = Fixture::new().await;
    let rows = br#"{"id": "a", "prompt": "same"}
{"id": "b", "prompt": "same"}
{"id": "a", "prompt": "same"}
{"id": "a", "prompt": "other"}
{"prompt": "same"}
{"prompt": "same"}
"#;
    let report = fixture.import("rows.jsonl", rows).await;
    assert_eq!((report.added, report.known, report.duplicates), (5, 1, 3), "{report:?}");
    let item = fixture.workspace.item(&fixture.ids().await[0]).await.expect("the first");
    assert_eq!(item.duplicates, 3);
    let again = fixture.import("rows.jsonl", rows).await;
    assert_eq!((again.added, again.known), (0, 6), "rows without an id are known by their line");
}

#[tokio::test]
async fn a_csv_with_quotes_line_breaks_and_unknown_columns_is_read_whole() {
    let fixture = Fixture::new().await;
    let csv = "\u{feff}uid,text,response,lang,topic,prompt_label,response_label\r\n\
               7,\"He said \"\"hi\"\",\r\nand left\",,th,scam,safe,\r\n\
               \r\n\
               8,question,answer,en,,Harmful,Sensitive\r\n\
               9,too,few\r\n";
    let report = fixture.import_mapped("rows.csv", csv.as_bytes(), &["id=uid", "language=lang"]).await;
    assert_eq!((report.added, report.failed), (2, 1), "{:?}", report.errors);
    assert_eq!(
        reasons(&report),
        [(6, "has 3 cells where the header has 7")],
        "the line where the record begins"
    );
    assert_eq!(report.warnings, ["no field takes topic; kept in the items' source"]);
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("the mode");
    let ids = fixture.ids().await;
    let first = fixture.workspace.item(&ids[0]).await.expect("the first");
    assert_eq!(first.turns.len(), 1, "an empty cell is no answer");
    assert_eq!(first.turns[0].content, "He said \"hi\",\r\nand left");
    assert_eq!((first.external_id.as_deref(), first.language.as_deref()), (Some("7"), Some("th")));
    assert_eq!(first.source.as_deref(), Some(r#"{"topic":"scam"}"#));
    let gold = "SELECT gold_label FROM tasks WHERE gold_label IS NOT NULL ORDER BY item_id, task";
    let gold = fixture.workspace.store().texts(gold).await;
    assert_eq!(gold, ["safe", "unsafe", "unsafe"], "sensitive counts as harmful in answers");
}

#[tokio::test]
async fn semicolons_and_tabulators_separate_cells_too() {
    for (name, text) in [
        ("a.csv", "id;prompt\n1;a, b\n"),
        ("a.tsv", "id\tprompt\n1\ta, b\n"),
        ("a.data", "id,prompt\n1,\"a, b\"\n"),
    ] {
        let fixture = Fixture::new().await;
        let report = fixture.import(name, text.as_bytes()).await;
        assert_eq!((report.added, report.failed), (1, 0), "{name} {:?}", report.errors);
        let item = fixture.workspace.item(&fixture.ids().await[0]).await.expect("the item");
        assert_eq!(item.turns[0].content, "a, b", "{name}");
    }
}

#[tokio::test]
async fn source_is_kept_verbatim_and_unknown_keys_are_named_once() {
    let fixture = Fixture::new().await;
    let rows = r#"{"prompt": "a", "source": {"b":  1.0, "a": [1,2 ]}, "topic": "x"}
{"prompt": "b", "topic": "y", "extra": {"k": null}}
{"prompt": "c", "topic": "z"}"#;
    let report = fixture.import("rows.jsonl", rows.as_bytes()).await;
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("extra, topic; kept"), "{:?}", report.warnings);
    assert!(report.warnings[1].contains("topic; not kept"), "{:?}", report.warnings);
    let ids = fixture.ids().await;
    let sources = [&ids[0], &ids[1]];
    let first = fixture.workspace.item(sources[0]).await.expect("the first").source;
    assert_eq!(first.as_deref(), Some(r#"{"b":  1.0, "a": [1,2 ]}"#), "byte for byte");
    let second = fixture.workspace.item(sources[1]).await.expect("the second").source;
    assert_eq!(second.as_deref(), Some(r#"{"extra":{"k": null},"topic":"y"}"#));
}

#[tokio::test]
async fn nul_characters_are_text_and_stay() {
    let fixture = Fixture::with_rows(&[r#"{"prompt": "a\u0000b needle"}"#]).await;
    let id = fixture.ids().await.remove(0);
    let item = fixture.workspace.item(&id).await.expect("the item");
    assert_eq!(item.turns[0].content, "a\0b needle");
    assert_eq!(fixture.workspace.search(QUEUE, "needle", 5).await.expect("a search").rows.len(), 1);
}

#[tokio::test]
async fn nested_keys_are_reached_by_dotted_paths() {
    let fixture = Fixture::new().await;
    let row = br#"{"data": {"body": {"text": "deep"}, "id": 12}, "a.b": "x"}"#;
    let report =
        fixture.import_mapped("r.jsonl", row, &["prompt=data.body.text", "id=data.id", "group=a.b"]).await;
    assert_eq!((report.added, report.failed), (1, 0), "{:?}", report.errors);
    let item = fixture.workspace.item(&fixture.ids().await[0]).await.expect("the item");
    assert_eq!((item.turns[0].content.as_str(), item.external_id.as_deref()), ("deep", Some("12")));
}

#[tokio::test]
async fn all_turns_of_a_conversation_are_kept_and_the_last_decides_the_task() {
    let fixture = Fixture::with_rows(&[
        r#"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}"#,
        r#"{"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "again"}]}"#,
    ])
    .await;
    let ids = fixture.ids().await;
    let first = fixture.workspace.item(&ids[0]).await.expect("the first");
    assert_eq!(
        first.turns.iter().map(|t| t.role).collect::<Vec<_>>(),
        [Role::System, Role::User, Role::Assistant]
    );
    assert_eq!(first.tasks.iter().map(|t| t.task).collect::<Vec<_>>(), [Task::Response]);
    let second = fixture.workspace.item(&ids[1]).await.expect("the second");
    assert_eq!(second.tasks.iter().map(|t| t.task).collect::<Vec<_>>(), [Task::Prompt]);
}

#[tokio::test]
async fn prior_labels_are_kept_and_are_no_gold() {
    let fixture = Fixture::with_rows(&[
        r#"{"prompt": "x", "labels": {"prompt": {"label": "Unsafe", "categories": ["PII"]}}, "labels_role": "prior"}"#,
        r#"{"prompt": "y", "labels": {"prompt": {"label": "sensitive", "categories": ["None"]}}}"#,
    ])
    .await;
    let gold =
        "SELECT json_array(item_id, gold_label, gold_categories) FROM tasks WHERE gold_label IS NOT NULL";
    let gold = fixture.workspace.store().texts(gold).await;
    let wanted = serde_json::json!([fixture.ids().await[1], "safe", "[]"]).to_string();
    assert_eq!(gold, [wanted], "no prior label; sensitive counts as safe in prompts");
}

#[tokio::test]
async fn images_are_copied_by_content_and_only_from_beside_the_file() {
    let fixture = Fixture::new().await;
    let png = picture::tests::png(3, 2);
    fixture.write("in/img/cat.png", &png);
    fixture.write("in/img/same.png", &png);
    fixture.write("in/text.png", b"no image");
    fixture.write("in/bomb.png", &picture::tests::png_that_states(20_000, 10));
    fixture.write("in/cut.png", &png[..20]);
    let outside = fixture.write("outside.png", &png);
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, fixture.dir.path().join("in/link.png")).expect("a link");
    let absolute = serde_json::json!({"prompt": "x", "images": [outside]}).to_string();
    let rows = [
        r#"{"prompt": null, "images": ["img/cat.png", "./img/same.png"]}"#,
        r#"{"prompt": "x", "images": ["img/missing.png"]}"#,
        r#"{"prompt": "x", "images": ["../outside.png"]}"#,
        r#"{"prompt": "x", "images": ["img/../../outside.png"]}"#,
        r#"{"prompt": "x", "images": ["https://example.org/cat.png"]}"#,
        r#"{"prompt": "x", "images": ["link.png"]}"#,
        r#"{"prompt": "x", "images": ["img"]}"#,
        r#"{"prompt": "x", "images": ["text.png"]}"#,
        absolute.as_str(),
        r#"{"prompt": "x", "images": ["Data:image/png;base64,iVBORw0KGgo="]}"#,
        r#"{"prompt": "x", "images": ["file:///etc/hostname"]}"#,
        r#"{"prompt": "x", "images": ["bomb.png"]}"#,
        r#"{"prompt": "x", "images": ["cut.png"]}"#,
        r#"{"prompt": "", "images": "img/cat.png"}"#,
    ];
    let report = fixture.import("in/rows.jsonl", rows.join("\n").as_bytes()).await;
    let found = reasons(&report);
    assert_eq!(report.added, 2, "{found:?}");
    let words = [
        "missing",
        "must be named by a relative path",
        "must be named by a relative path",
        "address",
        "must be named by a relative path",
        "not a file",
        "not a PNG",
        "must be named by a relative path",
        "address",
        "address",
        "20000 x 10",
        "damaged",
    ];
    for ((line, reason), word) in found.iter().zip(words) {
        assert!(reason.contains(word) && reason.starts_with("image 1"), "line {line}: {reason}");
    }
    let item = fixture.workspace.item(&fixture.ids().await[0]).await.expect("the item");
    assert_eq!(item.images.len(), 2);
    assert_eq!(item.images[0], item.images[1], "the same bytes are kept once");
    let path = crate::media::path_of(fixture.workspace.media_dir(), &item.images[0].sha256);
    assert_eq!(std::fs::read(path).expect("the copy"), png);
}

#[tokio::test]
async fn two_workspaces_may_import_into_one_folder_at_once() {
    let fixture = Fixture::new().await;
    let other = Workspace::open(fixture.workspace.dir()).await.expect("a second one");
    let rows = |from: usize| {
        let rows: Vec<String> =
            (from..from + 3000).map(|i| format!(r#"{{"id": "{i}", "prompt": "p{i}"}}"#)).collect();
        rows.join("\n")
    };
    let one = fixture.request(vec![fixture.write("one.jsonl", rows(0).as_bytes())], &[]);
    let two = fixture.request(vec![fixture.write("two.jsonl", rows(3000).as_bytes())], &[]);
    fixture.workspace.create_queue(QUEUE, "qwen3guard").await.expect("a queue");
    let (cancel_one, cancel_two) = (Cancel::new(), Cancel::new());
    let (mut show_one, mut show_two) = (|_| {}, |_| {});
    let (a, b) = tokio::join!(
        fixture.workspace.import(&one, &mut show_one, &cancel_one),
        other.import(&two, &mut show_two, &cancel_two)
    );
    assert_eq!((a.expect("one").added, b.expect("two").added), (3000, 3000));
    assert_eq!(other.queue_overview(QUEUE).await.expect("the queue").counts.pending, 6000);
    assert!(other.verify(None).await.expect("an audit").holds(), "one chain, written by two");
}

#[tokio::test]
async fn progress_reaches_the_end_of_the_files() {
    let fixture = Fixture::new().await;
    let path = fixture.write("rows.jsonl", b"{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n");
    let mut last = ImportProgress::default();
    let request = fixture.request(vec![path], &[]);
    fixture.workspace.import(&request, &mut |p| last = p, &Cancel::new()).await.expect("an import");
    assert_eq!((last.bytes_read, last.bytes_total, last.rows_read), (32, 32, 2));
}

#[test]
fn a_preview_guesses_columns_and_shows_rows_and_their_errors() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let csv = write("a.csv", "uuid,comment,lang\n1,hello,en\n2,,th\n");
    let shown = preview(&csv, &ColumnMapping::new()).expect("a preview");
    assert_eq!((shown.format, shown.columns.len()), (Format::Csv, 3));
    assert_eq!(shown.mapping.get(Field::Prompt), Some("comment"));
    assert!(shown.rows[0].item.is_ok());
    assert_eq!((shown.rows[1].line, &shown.rows[1].item), (3, &Err(RowError::NothingToJudge)));

    let jsonl =
        write("a.jsonl", "{\"meta\": {\"lang\": \"th\"}, \"body\": \"x\"}\n{\"odd\": 1, \"body\": \"y\"}\n");
    let shown =
        preview(&jsonl, &ColumnMapping::parse(&["language=meta.lang"]).expect("rules")).expect("a preview");
    assert_eq!(shown.columns, ["meta.lang", "body", "odd"]);
    assert_eq!(shown.rows.len(), 2);
    assert_eq!(shown.rows[0].item.as_ref().expect("an item").language.as_deref(), Some("th"));
    assert_eq!(shown.unused, ["odd"]);
    assert_eq!(preview(dir.path(), &ColumnMapping::new()).expect_err("a folder").code(), Code::Invalid);
    assert_eq!(
        preview(Path::new("/nowhere"), &ColumnMapping::new()).expect_err("nothing").code(),
        Code::NotFound
    );
}

#[test]
fn score_and_import_ask_the_same_about_a_row() {
    let row = ItemRow::parse(r#"{"prompt": "p", "response": "r"}"#).expect("an item");
    let tasks = |selection| row.subjects(selection, &[]).iter().map(|s| s.task).collect::<Vec<_>>();
    assert_eq!(tasks(TaskSelection::Last), [Task::Response]);
    assert_eq!(tasks(TaskSelection::Only(Task::Prompt)), [Task::Prompt]);
    assert_eq!(tasks(TaskSelection::All), [Task::Prompt, Task::Response]);
    assert_eq!(row.subject(Task::Response, &[]).messages.len(), 2);
    assert_eq!(row.subject(Task::Prompt, &[]).messages.len(), 1, "the prompt is judged without its answer");
    let alone = ItemRow::parse(r#"{"text": "p", "response": ""}"#).expect("an item");
    assert_eq!(alone.tasks(), [Task::Prompt], "an empty answer is none");
    assert!(alone.subjects(TaskSelection::Only(Task::Response), &[]).is_empty());
}
