//! The window's program: reads its arguments and hands over.

// Without this a console opens beside the window on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

/// Review a queue with a safety guard on this machine.
#[derive(Parser)]
#[command(name = "saring-desktop", version)]
struct Arguments {
    /// Folder with the database and the images; the same as of `saring`.
    #[arg(long, env = "SARING_WORKSPACE", value_name = "DIR")]
    workspace: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let workspace = arguments
        .workspace
        .or_else(saring_desk::default_folder)
        .context("there is no folder for your data; name one with --workspace DIR")?;
    saring_desktop::run(workspace)
}
