//! Adding, finding and removing guards.

use std::path::Path;

use saring_verdict::{GuardCard, GuardSource, Progress};

use super::{Guard, NewGuard, demo};
use crate::{
    Error, Result, Thing, Workspace,
    engine::EngineHandle,
    store::{
        events::{self, EventKind},
        guards::{self, GuardRow},
        settings,
    },
};

impl Workspace {
    /// Adds a checkpoint: reads every byte of it once, for its hash. `progress` counts bytes.
    ///
    /// Adding a removed guard of the same name and content again brings it back.
    ///
    /// # Errors
    /// What is wrong with the checkpoint; [`Error::Exists`] if the name is taken by another one.
    pub async fn add_guard(
        &self,
        engine: &EngineHandle,
        new: NewGuard,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Guard> {
        let path = tokio::fs::canonicalize(&new.path).await.map_err(Error::io(&new.path))?;
        let name = match &new.name {
            Some(name) => name.trim().to_owned(),
            None => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        check_name(&name)?;
        let source = GuardSource { path, family: new.family };
        let card = engine.describe(source.clone(), progress).await?;
        // By its weights: a copy of a toy under another name is a toy.
        let is_toy = demo::ALL.iter().any(|demo| demo.weights_sha256() == card.weights_sha256);
        self.register_guard(&name, &source, new.settings, &card, is_toy).await
    }

    pub(super) async fn register_guard(
        &self,
        name: &str,
        source: &GuardSource,
        guard_settings: saring_verdict::GuardSettings,
        card: &GuardCard,
        is_toy: bool,
    ) -> Result<Guard> {
        let path = path_text(&source.path)?;
        let card_json = json(card);
        let mut tx = self.store().write().await?;
        let known = guards::by_name(&mut tx, name).await?.map(Guard::from_row).transpose()?;
        if let Some(known) = known {
            let same = known.source == *source
                && known.settings == guard_settings
                && known.differences(card).is_empty();
            if !same || known.removed_at.is_none() {
                return Err(Error::Exists { thing: Thing::Guard, name: name.to_owned() });
            }
            guards::set_removed(&mut tx, &known.id, None).await?;
            events::record(&mut tx, EventKind::GuardAdded, &known.id).await?;
            tx.commit().await?;
            return Ok(Guard { removed_at: None, ..known });
        }
        let row = GuardRow {
            id: self.clock().new_id(),
            name: name.to_owned(),
            path,
            family: source.family.map(|f| f.as_str().to_owned()),
            settings: json(&guard_settings),
            card: card_json,
            is_toy,
            added_at: self.clock().now_text(),
            removed_at: None,
        };
        guards::insert(&mut tx, &row).await?;
        events::record(&mut tx, EventKind::GuardAdded, &row.id).await?;
        tx.commit().await?;
        Guard::from_row(row)
    }

    /// The guards in use, oldest first.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn guards(&self) -> Result<Vec<Guard>> {
        let rows = guards::list(&mut *self.store().read().await?).await?;
        rows.into_iter().map(Guard::from_row).collect()
    }

    /// The guard of that id or name, in use or removed.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn guard(&self, id_or_name: &str) -> Result<Guard> {
        let mut tx = self.store().read().await?;
        let row = match guards::get(&mut tx, id_or_name).await? {
            Some(row) => Some(row),
            None => guards::by_name(&mut tx, id_or_name).await?,
        };
        row.map(Guard::from_row).transpose()?.ok_or_else(|| Error::not_found(Thing::Guard, id_or_name))
    }

    /// As [`guard`](Self::guard), but only one that is in use.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for a removed one.
    pub async fn guard_in_use(&self, id_or_name: &str) -> Result<Guard> {
        let guard = self.guard(id_or_name).await?;
        match guard.removed_at {
            None => Ok(guard),
            Some(_) => Err(Error::Conflict { thing: Thing::Guard, id: guard.name, reason: "was removed" }),
        }
    }

    /// Takes a guard out of use. It stays known, since its verdicts refer to it; its files are not touched.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] if it was removed before.
    pub async fn remove_guard(&self, id_or_name: &str) -> Result<Guard> {
        let guard = self.guard_in_use(id_or_name).await?;
        let at = self.clock().now_text();
        let mut tx = self.store().write().await?;
        guards::set_removed(&mut tx, &guard.id, Some(&at)).await?;
        events::append(&mut tx, EventKind::GuardRemoved, &guard.id, &removal_hash(&guard.id, &at)).await?;
        if settings::get(&mut tx, settings::DEFAULT_GUARD).await?.as_deref() == Some(guard.id.as_str()) {
            // Empty: as in a new workspace.
            settings::set(&mut tx, settings::DEFAULT_GUARD, "").await?;
        }
        tx.commit().await?;
        Ok(Guard { removed_at: Some(at), ..guard })
    }
}

/// What the event of a removal vouches for: which guard, and when.
pub(crate) fn removal_hash(id: &str, at: &str) -> String {
    let mut hasher = crate::audit::chain::RowHasher::new();
    hasher.text(id);
    hasher.text(at);
    hasher.finish()
}

fn check_name(name: &str) -> Result<()> {
    let reason = if name.is_empty() {
        "a guard needs a name"
    } else if name.len() > 200 || name.chars().any(char::is_control) {
        "a name has at most 200 bytes and no control characters"
    } else if name.starts_with(demo::NAME) {
        "this name is kept for the demo guard"
    } else {
        return Ok(());
    };
    Err(Error::invalid("name", reason))
}

fn path_text(path: &Path) -> Result<String> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("path", "it is not valid Unicode; rename the folder"))
}

#[allow(
    clippy::expect_used,
    reason = "these types have no maps with keys that are no strings, which is all that can fail"
)]
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain structs serialize")
}
