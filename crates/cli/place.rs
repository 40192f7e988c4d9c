//! Where the workspace is: what `--workspace` or `SARING_WORKSPACE` says, else the current folder if it is a workspace, else the
//! one that the window uses.

use std::path::{Path, PathBuf};

use anyhow::Context;
use saring_desk::{Workspace, default_folder};

use crate::failure::NoWorkspace;

/// The workspace that a command works on.
#[derive(Debug)]
pub struct Place {
    named: Option<PathBuf>,
}

impl Place {
    /// `named` is what the command line or the environment says. An empty name is none.
    pub fn new(named: Option<PathBuf>) -> Self {
        Self { named: named.filter(|dir| !dir.as_os_str().is_empty()) }
    }

    /// What the command line or the environment says.
    pub fn named(&self) -> Option<&Path> {
        self.named.as_deref()
    }

    /// The folder.
    ///
    /// # Errors
    /// If nothing is named and the system has no folder for a program's data.
    pub fn dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(named) = &self.named {
            return Ok(named.clone());
        }
        if is_workspace(Path::new(".")) {
            return std::env::current_dir().context("the current folder cannot be found out");
        }
        default_folder().context(
            "this system has no folder for a program's data; say where the workspace is with --workspace DIR",
        )
    }

    /// The workspace, opened. For commands that look at or change what is there: on a wrong folder they must not make an
    /// empty workspace and find everything in order.
    ///
    /// # Errors
    /// If there is none; what the disk or the database refuses.
    pub async fn open_existing(&self) -> anyhow::Result<Workspace> {
        let dir = self.dir()?;
        if !is_workspace(&dir) {
            return Err(NoWorkspace(dir).into());
        }
        self.open().await
    }

    /// The workspace, opened; made where there is none.
    ///
    /// # Errors
    /// What the disk or the database refuses.
    pub async fn open(&self) -> anyhow::Result<Workspace> {
        let dir = self.dir()?;
        Workspace::open(&dir)
            .await
            .with_context(|| format!("the workspace {} cannot be opened", dir.display()))
    }
}

/// Whether `dir` holds a workspace's database.
pub fn is_workspace(dir: &Path) -> bool {
    dir.join("saring.db").is_file()
}
