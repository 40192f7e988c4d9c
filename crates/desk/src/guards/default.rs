//! The guard that is used where none is named, and the demo guards, which are there without being added.

use saring_verdict::GuardSource;

use super::{
    Guard,
    demo::{self, DemoGuard},
};
use crate::{
    Error, Result, Thing, Workspace,
    engine::EngineHandle,
    store::{guards, settings},
};

impl Workspace {
    /// The guard that is used where none is named, as [`default_in_force`](Self::default_in_force), after the demo guards were
    /// added.
    ///
    /// # Errors
    /// As [`add_demo_guards`](Self::add_demo_guards); [`Error::Invalid`] if no guard is in use.
    pub async fn default_guard(&self, engine: &EngineHandle) -> Result<Guard> {
        self.add_demo_guards(engine).await?;
        let none = || Error::invalid("guard", "none is in use; add one");
        self.default_in_force().await?.ok_or_else(none)
    }

    /// The guard that is used where none is named: the one that was set, else the demo guard for text, else the newest guard in
    /// use.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn default_in_force(&self) -> Result<Option<Guard>> {
        if let Some(id) = self.default_guard_id().await? {
            return self.guard_in_use(&id).await.map(Some);
        }
        let mut guards = self.guards().await?;
        guards.retain(|guard| guard.card.family.is_guard());
        let demo = guards.iter().rposition(|guard| guard.is_toy && demo::TEXT.is_called(&guard.name));
        Ok(demo.map(|at| guards.swap_remove(at)).or_else(|| guards.pop()))
    }

    /// Id of the guard that was set as the default.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn default_guard_id(&self) -> Result<Option<String>> {
        let value = settings::get(&mut *self.store().read().await?, settings::DEFAULT_GUARD).await?;
        Ok(value.filter(|id| !id.is_empty()))
    }

    /// Sets the guard that is used where none is named.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for a removed one and for an assistant.
    pub async fn set_default_guard(&self, id_or_name: &str) -> Result<Guard> {
        let guard = self.guard_in_use(id_or_name).await?;
        guard.check_judges()?;
        let mut tx = self.store().write().await?;
        settings::set(&mut tx, settings::DEFAULT_GUARD, &guard.id).await?;
        tx.commit().await?;
        Ok(guard)
    }

    /// Unpacks and adds the demo guards that are not there yet, but none that somebody has removed.
    ///
    /// # Errors
    /// What the disk or the engine refuses.
    pub async fn add_demo_guards(&self, engine: &EngineHandle) -> Result<()> {
        for demo in demo::ALL {
            let removed = guards::removed_names(&mut *self.store().read().await?).await?;
            let in_use = self.guards().await?.iter().any(|g| g.is_toy && demo.is_called(&g.name));
            if in_use || !removed.iter().any(|name| demo.is_called(name)) {
                self.add_demo_guard(engine, demo).await?;
            }
        }
        Ok(())
    }

    /// A demo guard, unpacked and added on first use, brought back if it was removed. A newer program brings its own: then the
    /// older one stays known under its name, and the new one has a part of its hash in its name.
    ///
    /// # Errors
    /// What the disk or the engine refuses.
    pub async fn add_demo_guard(&self, engine: &EngineHandle, demo: &'static DemoGuard) -> Result<Guard> {
        let dir = self.dir().to_owned();
        let unpacked = tokio::task::spawn_blocking(move || demo.unpack(&dir)).await;
        let path = unpacked.map_err(|_| Error::Cancelled)??;
        let path = tokio::fs::canonicalize(&path).await.map_err(Error::io(&path))?;
        let versioned = format!("{}-{}", demo.name, demo.version());
        let all = self.guards().await?;
        if let Some(known) = all.into_iter().find(|g| g.is_toy && g.source.path == path) {
            return Ok(known);
        }
        let source = GuardSource { path, family: None };
        let card = engine.describe(source.clone(), |_| ()).await?;
        let mut added = Err(Error::not_found(Thing::Guard, demo.name));
        for name in [demo.name, &versioned] {
            added = self.register_guard(name, &source, Default::default(), &card, true).await;
            if !matches!(added, Err(Error::Exists { .. })) {
                break;
            }
        }
        match added {
            // Another process was quicker.
            Err(Error::Exists { .. }) => {
                let all = self.guards().await?;
                let known = all.into_iter().find(|g| g.is_toy && g.source.path == source.path);
                known.ok_or(Error::Exists { thing: Thing::Guard, name: versioned })
            }
            added => added,
        }
    }
}
