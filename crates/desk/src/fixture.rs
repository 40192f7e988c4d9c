//! A workspace for tests: real files, a real database, a clock that stands where it is put.

use std::path::PathBuf;

use saring_verdict::{Cancel, Task};

use crate::{
    Workspace,
    import::{ColumnMapping, ImportReport, ImportRequest},
    media::Keeping,
    policy,
    queue::{ListQuery, Tab},
    review::NewDecision,
    store::events::{self, EventKind},
};

/// A workspace in a folder that goes away with it.
pub(crate) struct Fixture {
    pub dir: tempfile::TempDir,
    pub workspace: Workspace,
}

/// The queue that every fixture imports into.
pub(crate) const QUEUE: &str = "queue";

impl Fixture {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(dir.path().join("workspace")).await.expect("a workspace");
        Self { dir, workspace }
    }

    /// With these rows imported from `rows.jsonl`.
    pub async fn with_rows(rows: &[&str]) -> Self {
        let fixture = Self::new().await;
        let report = fixture.import("rows.jsonl", rows.join("\n").as_bytes()).await;
        assert_eq!(report.failed, 0, "{:?}", report.errors);
        fixture
    }

    /// With `n` prompts, `prompt 1` to `prompt n`, under the ids 1 to n.
    pub async fn with_prompts(n: usize) -> Self {
        let rows: Vec<String> =
            (1..=n).map(|i| format!(r#"{{"id": "{i}", "prompt": "prompt {i}"}}"#)).collect();
        Self::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    pub async fn import(&self, name: &str, bytes: &[u8]) -> ImportReport {
        self.import_mapped(name, bytes, &[]).await
    }

    pub async fn import_mapped(&self, name: &str, bytes: &[u8], rules: &[&str]) -> ImportReport {
        let request = self.request(vec![self.write(name, bytes)], rules);
        self.workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("an import")
    }

    pub fn request(&self, paths: Vec<PathBuf>, rules: &[&str]) -> ImportRequest {
        ImportRequest {
            queue: QUEUE.to_owned(),
            policy: policy::DEFAULT.to_owned(),
            paths,
            mapping: ColumnMapping::parse(rules).expect("a mapping"),
            keeping: Keeping::Copy,
        }
    }

    /// Ids of all visible items, as imported.
    pub async fn ids(&self) -> Vec<String> {
        self.tab(Tab::All).await
    }

    pub async fn tab(&self, tab: Tab) -> Vec<String> {
        let query = ListQuery { queue: QUEUE.to_owned(), tab, viewer: None, after: None, limit: 500 };
        let page = self.workspace.list(&query).await.expect("a list");
        page.rows.into_iter().map(|row| row.id).collect()
    }

    /// A guard's verdict about a task, without a guard: (unsafe, safe) with these probabilities.
    pub async fn judge(&self, item_id: &str, task: Task, p_unsafe: f64) -> String {
        let store = self.workspace.store();
        store.insert_test_guard().await;
        let mut tx = store.write().await.expect("a writer");
        let id = tx.clock().new_id();
        store.insert_test_verdict(&mut tx, &id, item_id, task, p_unsafe).await;
        crate::store::tasks::set_verdict(&mut tx, item_id, task, &id, p_unsafe).await.expect("task");
        crate::store::items::refresh_risk(&mut tx, item_id).await.expect("item");
        events::record(&mut tx, EventKind::Verdict, &id).await.expect("event");
        tx.commit().await.expect("commit");
        id
    }

    /// Ana's decision about a prompt.
    pub fn decision(&self, item_id: &str, label: &str) -> NewDecision {
        says(item_id, "ana", label)
    }

    /// Changes the database behind the program's back.
    pub async fn tamper(&self, sql: &'static str) {
        let changed = self.workspace.store().execute_behind_our_back(sql).await;
        assert!(changed > 0, "nothing was changed by {sql}");
    }
}

/// A reviewer's decision about a prompt, made without a verdict in view.
pub(crate) fn says(item_id: &str, reviewer: &str, label: &str) -> NewDecision {
    NewDecision {
        item_id: item_id.to_owned(),
        task: Task::Prompt,
        label: label.to_owned(),
        categories: Vec::new(),
        refusal: None,
        note: None,
        reviewer: reviewer.to_owned(),
        duration_ms: Some(1200),
        verdict_visible: false,
        draw_id: None,
        synthetic: false,
    }
}

/// Steele, Lea, Flood (2014), as for draws; here to act as reviewers do, the same in every run.
pub(crate) struct Dice(pub u64);

impl Dice {
    /// A number below `n`, each about as likely.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).expect("below n")
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}
