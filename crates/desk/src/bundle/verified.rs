//! A file that was given back, read and verified: its signature, its parts and the chain in it hold.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    container::{Container, blocking},
    manifest::{DECISIONS, DecisionLine, EVENTS, FORMAT, RETURN, ReturnManifest},
    problem::BundleProblem,
};
use crate::{
    Error, Result, Workspace,
    audit::chain,
    store::{self, ChainHead, audit::EventRow, bundles::BundleRow, events::EventKind, row_hash},
};

pub(super) struct Verified {
    pub(super) path: PathBuf,
    pub(super) manifest: ReturnManifest,
    pub(super) bundle: BundleRow,
    pub(super) lines: Vec<DecisionLine>,
    chain: Chain,
}

/// What is kept of the chain of a laptop.
struct Chain {
    /// The event up to which it was merged when this was read.
    known: ChainHead,
    /// Those after it.
    fresh: Vec<EventRow>,
    /// Decision of this file -> the kind of its event and the hash of its row.
    vouched: HashMap<String, (EventKind, String)>,
}

impl Verified {
    /// This file is refused whole.
    pub(super) fn refuse(&self, problem: BundleProblem) -> Error {
        Error::Bundle { path: self.path.clone(), problem }
    }

    /// What the chain says of a decision.
    pub(super) fn vouched(&self, decision_id: &str) -> Option<&(EventKind, String)> {
        self.chain.vouched.get(decision_id)
    }

    /// The events after the one that the chain of this laptop ends with here; `None` if they do not follow from it.
    pub(super) fn after(&self, merged: &ChainHead) -> Option<&[EventRow]> {
        let Chain { known, fresh, .. } = &self.chain;
        let skipped = usize::try_from(merged.length - known.length).ok()?;
        let hash = match skipped.checked_sub(1) {
            Some(last) => &fresh.get(last)?.hash,
            None => &known.hash,
        };
        (merged.length == 0 || *hash == merged.hash).then(|| fresh.get(skipped..)).flatten()
    }
}

impl Workspace {
    /// Everything about a file that can be known without writing: whose it is, and that it holds together.
    pub(super) async fn verify_return(&self, path: &Path) -> Result<Verified> {
        let file = path.to_owned();
        let opened = blocking(path, move || {
            let container = Container::open(&file)?;
            let manifest: ReturnManifest = container.manifest(RETURN, FORMAT)?;
            Ok((container, manifest))
        });
        let (container, manifest) = opened.await?;
        let mut read = self.store().read().await?;
        let bundle = store::bundles::get(&mut read, &manifest.bundle_id).await?;
        let bundle = bundle.filter(|bundle| bundle.role == "made").ok_or_else(|| {
            container.refuse(BundleProblem::Foreign { bundle_id: manifest.bundle_id.clone() })
        })?;
        let known = store::laptops::head(&mut read, &manifest.workspace_id).await?;
        drop(read);
        let known = known.map_or(0, |head| head.length);
        blocking(path, move || verify(container, manifest, bundle, known)).await
    }
}

fn verify(
    mut container: Container,
    manifest: ReturnManifest,
    bundle: BundleRow,
    known: i64,
) -> Result<Verified> {
    container.verify(bundle.key.as_bytes(), &manifest.parts)?;
    let mut lines: Vec<DecisionLine> = Vec::new();
    container.lines(DECISIONS, |line| {
        lines.push(line);
        Ok(())
    })?;
    if lines.len() as u64 != manifest.decisions {
        let (expected, found) = (manifest.decisions, lines.len() as u64);
        return Err(container.refuse(BundleProblem::DecisionsMissing { expected, found }));
    }
    let ids = lines.iter().filter_map(|line| line.get("id").and_then(Value::as_str)).collect();
    let chain = verify_chain(&mut container, &manifest, &ids, known)?;
    Ok(Verified { path: container.path().to_owned(), manifest, bundle, chain, lines })
}

/// Goes through the chain of a laptop from its beginning.
fn verify_chain(
    container: &mut Container,
    manifest: &ReturnManifest,
    decision_ids: &HashSet<&str>,
    known: i64,
) -> Result<Chain> {
    let path = container.path().to_owned();
    let refuse = |problem| Error::Bundle { path: path.clone(), problem };
    let mut head = ChainHead::genesis(&manifest.workspace_id);
    let mut chain = Chain { known: head.clone(), fresh: Vec::new(), vouched: HashMap::new() };
    container.lines(EVENTS, |event: EventRow| {
        let EventRow { seq, at, kind, row_id, row_hash, prev_hash, hash } = &event;
        let follows = *seq == head.length + 1 && *prev_hash == head.hash;
        if !follows || chain::link(prev_hash, *seq, at, kind, row_id, row_hash) != *hash {
            return Err(refuse(BundleProblem::HistoryEdited { seq: *seq }));
        }
        head = ChainHead { length: *seq, hash: hash.clone() };
        if decision_ids.contains(row_id.as_str())
            && let Ok(kind) = kind.parse::<EventKind>()
            && row_hash::is_about_a_decision(kind)
        {
            chain.vouched.insert(row_id.clone(), (kind, row_hash.clone()));
        }
        if *seq <= known {
            chain.known = head.clone();
        } else {
            chain.fresh.push(event);
        }
        Ok(())
    })?;
    if (head.length, &head.hash) != (manifest.length, &manifest.head) {
        let (expected, found) = (manifest.length, head.length);
        return Err(refuse(BundleProblem::HistoryCut { expected, found }));
    }
    Ok(chain)
}
