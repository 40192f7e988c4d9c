//! The whole command line. Each command's own arguments are declared beside what it does.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};
use saring_verdict::{DeviceChoice, PrecisionChoice};

use crate::{
    alike, assist, audit, bench, bundle, compare, decide, demo, disagreements, export, filters, gesture,
    history, import, label, language, models, next, plan, policies, release, score, search, stats, undo,
};

/// Pre-label a moderation queue with a guard on this machine, review it, and hand the corrected data out.
#[derive(Debug, Parser)]
#[command(name = "saring", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit code: 0 done, 1 failed, 2 wrong usage. Nothing leaves this machine.")]
pub struct Arguments {
    /// Folder of the workspace. If not given: the current folder if it is one, else the one that the window uses.
    #[arg(long, global = true, value_name = "DIR", env = "SARING_WORKSPACE", value_hint = ValueHint::DirPath)]
    pub workspace: Option<PathBuf>,

    /// Results as JSON on standard output, errors as JSON on standard error.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add, list, check and remove guards.
    #[command(subcommand)]
    Models(models::Command),
    /// What reviewers may say: list, show, import and export policies, and let queues go over to them.
    #[command(subcommand)]
    Policies(policies::Command),
    /// Read JSONL or CSV files into a queue.
    Import(import::Wanted),
    /// Let a guard judge what it has not judged yet in a queue.
    Label(label::Wanted),
    /// Let a guard judge a JSONL file, without a queue.
    Score(score::Wanted),
    /// Show the next item to review.
    Next(next::Wanted),
    /// Decide a task of an item.
    Decide(decide::Wanted),
    /// Settle what reviewers decided differently.
    Adjudicate(decide::Wanted),
    /// What reviewers decided differently, side by side.
    Disagreements(disagreements::Wanted),
    /// How a queue is reviewed: second reviews, gold, what stays blind.
    Plan(plan::Wanted),
    /// Leave what is undecided of an item, with a reason.
    Skip(gesture::Wanted),
    /// Hand what is undecided of an item to somebody else.
    Escalate(gesture::Wanted),
    /// Put a flag on an item, or take it off.
    Flag(gesture::Wanted),
    /// Take an item out of every list, search and export at once.
    Quarantine(gesture::Wanted),
    /// What is in quarantine in a queue, without its text.
    Quarantined(release::Listed),
    /// Bring an item back from quarantine.
    Release(release::Released),
    /// Items that are nearly the same as one.
    Alike(alike::Wanted),
    /// Take back a reviewer's last decision; again, the one before it.
    Undo(undo::Wanted),
    /// Say which language an item is in, where that is not known or wrong.
    Language(language::Wanted),
    /// Find items by words or parts of words, in every script, and by what was said and decided about them.
    Search(search::Wanted),
    /// Filters that are kept under a name, and gone through like a queue.
    #[command(subcommand)]
    Filters(filters::Command),
    /// Counts of a queue, and how well its guards do.
    Stats(stats::Wanted),
    /// Two guards on one queue: how often they say the same, and where they do not.
    Compare(compare::Wanted),
    /// Everything that happened to an item.
    History(history::Wanted),
    /// Let the assistant translate or explain an item. What it writes is no verdict and is not kept.
    Assist(assist::Wanted),
    /// Split a queue among laptops without a network, and put their work together.
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// Write training files or decisions.
    Export(export::Wanted),
    /// Check that the history was not changed.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Check this machine and the workspace.
    Doctor,
    /// Go through the whole loop with the toy guard and its queue.
    Demo(demo::Wanted),
    /// Measure how fast a guard runs here.
    Bench(bench::Wanted),
    /// Be the guard's process: speaks a protocol on standard input and output. Started by the window.
    #[command(hide = true)]
    Engine,
}

/// Where and how a guard runs.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Running {
    /// auto (the fastest there is), cpu, cuda or metal.
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,

    /// auto (the checkpoint's own), f32, bf16, int8 or int4.
    #[arg(long, default_value = "auto")]
    pub precision: PrecisionChoice,
}
