//! The demo queue: held-out items in eight languages with gold labels, imported like any other file.

use saring_verdict::Cancel;

use crate::{
    Error, Result, Workspace,
    import::{ColumnMapping, ImportRequest},
    media::Keeping,
    queue::LabelScheme,
};

/// What the demo queue is called in a workspace.
pub const QUEUE_NAME: &str = "demo";

/// Its items, as JSONL.
pub const ITEMS: &str = include_str!("../../../../demo/queue.jsonl");
const FILE_NAME: &str = "demo-queue.jsonl";

impl Workspace {
    /// Imports the demo queue, unless it is there, and gives its id. What was imported of it before is not added twice.
    ///
    /// # Errors
    /// What the disk or the database refuses.
    pub async fn import_demo_queue(&self) -> Result<String> {
        // An import reads a file; this one is gone again when it returns.
        let folder = self.dir().join(format!("demo-import-{}", std::process::id()));
        tokio::fs::create_dir_all(&folder).await.map_err(Error::io(&folder))?;
        let path = folder.join(FILE_NAME);
        tokio::fs::write(&path, ITEMS).await.map_err(Error::io(&path))?;
        let request = ImportRequest {
            queue: QUEUE_NAME.to_owned(),
            scheme: LabelScheme::qwen3guard(),
            paths: vec![path],
            mapping: ColumnMapping::new(),
            keeping: Keeping::Copy,
        };
        let imported = self.import(&request, &mut |_| (), &Cancel::new()).await;
        tokio::fs::remove_dir_all(&folder).await.map_err(Error::io(&folder))?;
        Ok(imported?.queue_id)
    }
}
