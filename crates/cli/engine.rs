//! `saring engine`: the guard's process. Serves the protocol of [`saring_verdict::wire`] on standard input and output.
//!
//! It runs at a lower priority than the window, and ends when its input ends: at once, in mid-batch too, so that it never
//! outlives a window that was killed.

use std::io::{self, BufReader};

use anyhow::Context;
use saring_guard::LocalEngine;

/// Serves until the input ends.
pub fn run() -> anyhow::Result<()> {
    lower_priority();
    let mut engine = LocalEngine::new();
    let input = BufReader::new(io::stdin());
    saring_guard::serve_until(&mut engine, input, io::stdout(), end)
        .context("the guard's process cannot go on")
}

#[allow(clippy::exit, reason = "a forward pass cannot be left in the middle; nobody waits for it any more")]
fn end() {
    std::process::exit(0);
}

/// Computing takes all cores; the window and whatever else people work with must stay ahead of it, so it stands last of all.
fn lower_priority() {
    #[cfg(unix)]
    {
        const NICENESS: i32 = 19;
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!("the guard's process keeps its priority: {error}");
        }
    }
}
