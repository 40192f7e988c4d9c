//! A window on the mock runtime: what the page would call, called.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
    thread,
    time::Duration,
};

use saring_desktop::App;
use saring_verdict::{Engine, EngineError};
use serde_json::{Value, json};
use tauri::{
    WebviewWindow, WebviewWindowBuilder,
    ipc::{CallbackFn, InvokeBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets},
    webview::InvokeRequest,
};
use tempfile::TempDir;

use crate::rule_guard::RuleGuard;

/// How a channel travels to a command.
pub const CHANNEL: &str = "__CHANNEL__:7";

pub struct Window {
    folder: TempDir,
    /// How many engines have an assistant loaded.
    pub assistants: Arc<AtomicUsize>,
    window: WebviewWindow<MockRuntime>,
    _app: tauri::App<MockRuntime>,
}

impl Window {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let assistants = Arc::<AtomicUsize>::default();
        let counted = assistants.clone();
        let engines = move || -> Result<Box<dyn Engine>, EngineError> {
            Ok(Box::new(RuleGuard::counted(counted.clone())))
        };
        let app = App::with_engines(folder.path().join("workspace"), Arc::new(engines))
            .install(mock_builder())
            .build(mock_context(noop_assets()))
            .unwrap();
        let window = WebviewWindowBuilder::new(&app, "main", Default::default()).build().unwrap();
        Self { folder, assistants, window, _app: app }
    }

    /// A file beside the workspace.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a command answers; `Err` holds its failure.
    pub fn ask(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_string(),
        };
        get_ipc_response(&self.window, request).map(|body| body.deserialize().unwrap())
    }

    /// What a command answers that must succeed.
    pub fn call(&self, command: &str, arguments: Value) -> Value {
        self.ask(command, arguments).unwrap_or_else(|failure| panic!("{command} failed: {failure}"))
    }

    /// A queue of these prompts, named `queue`, and a reviewer.
    pub fn with_queue(prompts: &[&str]) -> (Self, String) {
        let window = Self::open();
        let rows: String = prompts
            .iter()
            .enumerate()
            .map(|(n, prompt)| {
                json!({ "id": format!("i{n}"), "prompt": prompt, "language": "en" }).to_string() + "\n"
            })
            .collect();
        let report = window.import(&rows);
        window.call("set_reviewer", json!({ "name": "ana" }));
        let queue_id = report["queue_id"].as_str().unwrap().to_owned();
        (window, queue_id)
    }

    /// Imports rows into the queue `queue`.
    pub fn import(&self, rows: &str) -> Value {
        let path = self.file("rows.jsonl", rows);
        let order = json!({
            "paths": [path], "queue": "queue", "policy": "qwen3guard", "mapping": [], "link_images": false,
        });
        self.call("import_files", json!({ "order": order, "onProgress": CHANNEL }))
    }

    /// Labels a queue with the default guard and waits for its end.
    pub fn label(&self, queue_id: &str) -> Value {
        let order = json!({ "queue_id": queue_id, "guard_id": null, "device": "auto", "precision": "auto" });
        let run = self.call("start_run", json!({ "order": order }));
        // A guard that answers by rule needs no time; the bound is for a machine that is busy with something else.
        for _ in 0..1000 {
            let runs = self.call("runs", json!({}));
            let found = runs.as_array().unwrap().iter().find(|r| r["id"] == run["id"]).cloned().unwrap();
            if ["done", "failed", "cancelled"].contains(&found["state"].as_str().unwrap()) {
                return found;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the run did not end");
    }

    pub fn next(&self, queue_id: &str) -> Value {
        self.call("next_item", json!({ "queueId": queue_id, "after": null }))
    }

    /// Says `label` about the prompt of an item.
    pub fn decide(&self, item: &Value, label: &str) -> Value {
        let decision = json!({
            "item_id": item["id"], "task": "prompt", "label": label, "categories": [], "refusal": null, "note": null,
            "duration_ms": 900, "verdict_visible": false, "draw_id": null,
        });
        self.call("decide", json!({ "decision": decision }))
    }

    pub fn gesture(&self, item: &Value, kind: &str) -> Value {
        let gesture =
            json!({ "item_id": item["id"], "kind": kind, "reason": null, "duration_ms": 5, "draw_id": null });
        self.call("gesture", json!({ "gesture": gesture }))
    }
}
