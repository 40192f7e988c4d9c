//! Import, export, numbers, settings, audit.

use std::fs;

use serde_json::json;

use crate::window::Window;

#[test]
fn a_file_is_shown_before_it_is_imported_and_its_bad_rows_are_kept() {
    let window = Window::open();
    let path = window.file("rows.csv", "uid,comment\n1,hello\n2,\n3,bye\n");
    let preview = window.call("preview_import", json!({ "path": path, "mapping": null }));
    assert_eq!((&preview["format"], &preview["columns"]), (&json!("CSV"), &json!(["uid", "comment"])));
    assert_eq!(preview["rows"][0]["prompt"], "hello", "the column is guessed and shown");
    assert!(!preview["rows"][1]["error"].is_null(), "an empty prompt alone is nothing to judge");
    let order = json!({
        "paths": [path], "queue": "queue", "policy": "sea-guard", "mapping": preview["mapping"], "link_images": false,
    });
    let report = window.call("import_files", json!({ "order": order, "onProgress": crate::window::CHANNEL }));
    assert_eq!((&report["added"], &report["failed"]), (&json!(2), &json!(1)));
    assert_eq!(report["errors"][0]["line"], 3);

    let saved = window.path("errors.csv");
    window.call("save_import_errors", json!({ "queueId": report["queue_id"], "path": saved }));
    let table = fs::read_to_string(saved).unwrap();
    assert!(table.starts_with("file,line,reason\n\"rows.csv\",3,"), "{table}");
    window.call("cancel_import", json!({}));

    let folder = window.path("");
    let failure = window.ask("preview_import", json!({ "path": folder, "mapping": null })).unwrap_err();
    assert_eq!(failure["code"], "invalid", "a folder is no file");
}

#[test]
fn decided_items_are_exported_and_counted() {
    let (window, queue) = Window::with_queue(&["one is unsafe", "two", "three"]);
    window.label(&queue);
    for label in ["unsafe", "safe"] {
        let item = window.next(&queue);
        window.decide(&item, label);
    }
    let order = json!({
        "queue_id": queue, "format": "decisions", "guard_id": null, "controversial_as": "exclude",
        "validation": 0.0, "seed": 1,
    });
    let preview = window.call("preview_export", json!({ "order": order }));
    assert_eq!(preview["rows"], 2);
    let folder = window.path("out");
    let report = window.call("export", json!({ "order": order, "folder": folder }));
    assert_eq!(report["rows"], 2);
    for file in report["files"].as_array().unwrap() {
        assert!(folder.join(file.as_str().unwrap()).is_file(), "{file} was named, so it is there");
    }
    let audit = window.call("verify_audit", json!({}));
    assert_eq!((&audit["problems"], &audit["head"]), (&json!([]), &report["chain_head"]));
}

#[test]
fn how_verdicts_are_read_is_a_setting() {
    let window = Window::open();
    let settings = window.call("settings", json!({}));
    assert_eq!(
        settings,
        json!({ "mode": "strict", "sensitive_prompt": "unsafe", "sensitive_response": "safe" })
    );
    let loose = json!({ "mode": "loose", "sensitive_prompt": "safe", "sensitive_response": "safe" });
    assert_eq!(window.call("save_settings", json!({ "settings": loose })), loose);
    assert_eq!(window.call("settings", json!({})), loose, "it stays");
    let odd = json!({ "mode": "odd", "sensitive_prompt": "safe", "sensitive_response": "safe" });
    assert_eq!(window.ask("save_settings", json!({ "settings": odd })).unwrap_err()["code"], "invalid");
}
