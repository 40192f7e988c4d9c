//! The demo queue: held-out items in eight languages with gold labels, some with pictures, imported like any other file.

use std::{fs, path::Path};

use include_dir::{Dir, include_dir};
use saring_verdict::Cancel;

use crate::{
    Error, Result, Workspace,
    import::{ColumnMapping, ImportRequest},
    media::Keeping,
    policy,
};

/// What the demo queue is called in a workspace.
pub const QUEUE_NAME: &str = "demo";

/// Its items, as JSONL.
pub const ITEMS: &str = include_str!("../../../../demo/queue.jsonl");
/// The pictures that its items name, in a folder of this name.
static PICTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../demo/pictures");
const PICTURES_FOLDER: &str = "pictures";
const FILE_NAME: &str = "demo-queue.jsonl";

impl Workspace {
    /// Imports the demo queue, unless it is there, and gives its id. What was imported of it before is not added twice.
    ///
    /// # Errors
    /// What the disk or the database refuses.
    pub async fn import_demo_queue(&self) -> Result<String> {
        // An import reads files; these are gone again when it returns.
        let folder = self.dir().join(format!("demo-import-{}", std::process::id()));
        let written = folder.clone();
        let unpacked = tokio::task::spawn_blocking(move || unpack(&written)).await;
        unpacked.map_err(|_| Error::Cancelled)??;
        let request = ImportRequest {
            queue: QUEUE_NAME.to_owned(),
            policy: policy::DEFAULT.to_owned(),
            paths: vec![folder.join(FILE_NAME)],
            mapping: ColumnMapping::new(),
            keeping: Keeping::Copy,
        };
        let imported = self.import(&request, &mut |_| (), &Cancel::new()).await;
        tokio::fs::remove_dir_all(&folder).await.map_err(Error::io(&folder))?;
        Ok(imported?.queue_id)
    }
}

fn unpack(folder: &Path) -> Result<()> {
    let pictures = folder.join(PICTURES_FOLDER);
    fs::create_dir_all(&pictures).map_err(Error::io(&pictures))?;
    PICTURES.extract(&pictures).map_err(Error::io(&pictures))?;
    let items = folder.join(FILE_NAME);
    fs::write(&items, ITEMS).map_err(Error::io(&items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_gold_labels_and_the_pictures_that_it_names_are_there() {
        let rows: Vec<_> = ITEMS.lines().map(|line| crate::import::ItemRow::parse(line).unwrap()).collect();
        assert!(rows.len() >= 500, "{} rows", rows.len());
        assert!(rows.iter().all(|row| row.labels.is_some()), "all of them have gold labels");
        let named: Vec<&String> = rows.iter().flat_map(|row| &row.images).collect();
        assert!(named.len() > 90, "{} pictures", named.len());
        for name in named {
            let file = name.strip_prefix("pictures/").unwrap();
            assert!(PICTURES.get_file(file).is_some(), "{name}");
        }
    }
}
