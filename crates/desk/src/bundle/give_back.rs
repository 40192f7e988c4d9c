//! What a reviewer gives back: their decisions, and the whole chain of events of the laptop that vouches for them. No item text
//! but what reviewers wrote themselves in notes and reasons.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    container::{self, Source, blocking},
    manifest::{DECISIONS, EVENTS, FORMAT, RETURN, ReturnManifest},
};
use crate::{
    Error, Result, Thing, Workspace,
    queue::find_queue,
    store::{self, Conn},
};

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The file.
    pub path: PathBuf,
    /// The bundle that it belongs to.
    pub bundle_id: String,
    /// Decisions in it.
    pub decisions: u64,
    /// Of the items of the bundle, those that are done.
    pub done: u64,
    /// Items of the bundle.
    pub items: u64,
}

/// Rows that are read together.
const PAGE: u32 = 1000;

impl Workspace {
    /// Writes what a reviewer did with a queue that was opened from a bundle. It can be done as often as one likes: each file holds
    /// everything up to then.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue, or if no bundle of it for this reviewer was opened here;
    /// [`Code::Invalid`](crate::Code) for a file that exists.
    pub async fn give_back(&self, queue: &str, reviewer: &str, out: &Path) -> Result<Returned> {
        if out.exists() {
            return Err(Error::invalid("out", format!("{} is there already", out.display())));
        }
        let spool = self.dir().join(format!(".return-{}", self.clock().new_id()));
        tokio::fs::create_dir(&spool).await.map_err(Error::io(&spool))?;
        let given = self.give_back_from(queue, reviewer.trim(), out, &spool).await;
        let _gone = tokio::fs::remove_dir_all(&spool).await;
        given
    }

    async fn give_back_from(
        &self,
        queue: &str,
        reviewer: &str,
        out: &Path,
        spool: &Path,
    ) -> Result<Returned> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let bundles = store::bundles::of_queue(&mut read, &queue.id, "opened").await?;
        let bundle = bundles.into_iter().rfind(|bundle| bundle.reviewer == reviewer);
        let bundle = bundle.ok_or_else(|| Error::not_found(Thing::Bundle, reviewer))?;
        let head = store::chain::get(&mut read).await?;
        let events = spool.join(EVENTS);
        write_events(&mut read, &events).await?;
        let decisions = spool.join(DECISIONS);
        let written = write_decisions(&mut read, &queue.id, reviewer, &decisions).await?;
        let done = store::bundles::decided_by(&mut read, &queue.id).await?;
        let done = done.into_iter().find(|(name, _)| name == reviewer).map_or(0, |(_, n)| n);
        drop(read);
        let mut manifest = ReturnManifest {
            kind: RETURN.to_owned(),
            format: FORMAT,
            bundle_id: bundle.id.clone(),
            reviewer: reviewer.to_owned(),
            workspace_id: self.store().workspace_id().to_owned(),
            length: head.length,
            head: head.hash,
            decisions: written,
            parts: Vec::new(),
        };
        let (file, key) = (out.to_owned(), bundle.key);
        let write = move || {
            let sources = vec![Source::of(EVENTS, events)?, Source::of(DECISIONS, decisions)?];
            manifest.parts = sources.iter().map(|source| source.part.clone()).collect();
            container::write(&file, &manifest, key.as_bytes(), &sources)
        };
        blocking(out, write).await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(Returned {
            path: out.to_owned(),
            bundle_id: bundle.id,
            decisions: written,
            done: count(done),
            items: count(bundle.items),
        })
    }
}

async fn write_events(conn: &mut Conn, path: &Path) -> Result<()> {
    let mut lines = Lines::create(path)?;
    let mut after = 0;
    loop {
        let page = store::audit::events(conn, after, PAGE).await?;
        let Some(last) = page.last() else { return lines.finish() };
        after = last.seq;
        for event in &page {
            lines.write(event)?;
        }
    }
}

async fn write_decisions(conn: &mut Conn, queue_id: &str, reviewer: &str, path: &Path) -> Result<u64> {
    let mut lines = Lines::create(path)?;
    let (mut after, mut written) = (0, 0);
    loop {
        let page = store::merged::of_reviewer(conn, queue_id, reviewer, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (_, row) in &page {
            lines.write(row)?;
            written += 1;
        }
    }
    lines.finish()?;
    Ok(written)
}

/// A file of one JSON object a line.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path).map_err(Error::io(path))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.file, line)
            .map_err(|error| Error::Io { path: self.path.clone(), source: error.into() })?;
        self.file.write_all(b"\n").map_err(Error::io(&self.path))
    }

    fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path))
    }
}
