//! `saring`: everything the window does, without a window; and `saring engine`, the guard's process.
//!
//! This file is wiring: arguments in, exit code out. Each command is a file of its own, named like it. What they share:
//! [`arguments`] is the whole command line, [`place`] finds the workspace, [`guarding`] chooses the engine, [`output`] writes
//! results for people or for scripts, [`progress`] draws bars, [`failure`] turns errors into words and exit codes.
//!
//! Results go to standard output, everything else to standard error. Exit code 0 done, 1 failed, 2 wrong usage.

mod adjudicate;
mod against;
mod alike;
mod arguments;
mod assist;
mod audit;
mod bench;
mod bundle;
mod compare;
mod conditions;
mod decide;
mod demo;
mod disagreements;
mod doctor;
mod engine;
mod export;
mod failure;
mod filters;
mod gesture;
mod guarding;
mod history;
mod import;
mod label;
mod language;
mod models;
mod next;
mod output;
mod place;
mod plan;
mod policies;
mod progress;
mod release;
mod score;
mod search;
mod stats;
mod undo;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use output::Output;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return failure::refused(&refusal),
    };
    start_log();
    let output = Output::new(arguments.json);
    match run(arguments, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error, output),
    }
}

/// What the libraries have to say goes to the error stream; `SARING_LOG=debug` shows more of it.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SARING_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn run(arguments: Arguments, output: Output) -> anyhow::Result<()> {
    // The guard's process has no workspace and wants no other threads.
    if let Command::Engine = arguments.command {
        return engine::run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let place = place::Place::new(arguments.workspace);
    runtime.block_on(async {
        match arguments.command {
            Command::Models(command) => models::run(command, &place, output).await,
            Command::Policies(command) => policies::run(command, &place, output).await,
            Command::Import(wanted) => import::run(wanted, &place, output).await,
            Command::Label(wanted) => label::run(wanted, &place, output).await,
            Command::Score(wanted) => score::run(wanted, &place, output).await,
            Command::Next(wanted) => next::run(wanted, &place, output).await,
            Command::Decide(wanted) => decide::run(wanted, &place, output).await,
            Command::Adjudicate(wanted) => adjudicate::run(wanted, &place, output).await,
            Command::Disagreements(wanted) => disagreements::run(wanted, &place, output).await,
            Command::Plan(wanted) => plan::run(wanted, &place, output).await,
            Command::Skip(wanted) => gesture::run(gesture::Kind::Skip, wanted, &place, output).await,
            Command::Escalate(wanted) => gesture::run(gesture::Kind::Escalate, wanted, &place, output).await,
            Command::Flag(wanted) => gesture::run(gesture::Kind::Flag, wanted, &place, output).await,
            Command::Quarantine(wanted) => {
                gesture::run(gesture::Kind::Quarantine, wanted, &place, output).await
            }
            Command::Quarantined(wanted) => release::list(wanted, &place, output).await,
            Command::Release(wanted) => release::release(wanted, &place, output).await,
            Command::Alike(wanted) => alike::run(wanted, &place, output).await,
            Command::Undo(wanted) => undo::run(wanted, &place, output).await,
            Command::Language(wanted) => language::run(wanted, &place, output).await,
            Command::Search(wanted) => search::run(wanted, &place, output).await,
            Command::Filters(command) => filters::run(command, &place, output).await,
            Command::Stats(wanted) => stats::run(wanted, &place, output).await,
            Command::Compare(wanted) => compare::run(wanted, &place, output).await,
            Command::History(wanted) => history::run(wanted, &place, output).await,
            Command::Export(wanted) => export::run(wanted, &place, output).await,
            Command::Audit(command) => audit::run(command, &place, output).await,
            Command::Doctor => doctor::run(&place, output).await,
            Command::Demo(wanted) => demo::run(wanted, &place, output).await,
            Command::Assist(wanted) => assist::run(wanted, &place, output).await,
            Command::Bundle(command) => bundle::run(command, &place, output).await,
            Command::Bench(wanted) => bench::run(wanted, &place, output).await,
            Command::Engine => Ok(()),
        }
    })
}
