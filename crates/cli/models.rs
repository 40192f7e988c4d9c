//! `saring models`: the guards of the workspace.

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};
use saring_desk::guards::{Guard, NewGuard};
use saring_verdict::{Family, GuardCard, GuardSettings, MemoryNeed, PromptWording};
use serde_json::{Value, json};

use crate::{
    against::{self, Against},
    arguments::Running,
    failure::Advised,
    guarding,
    output::{self, Output},
    place::Place,
    progress,
};

/// What can be done with guards.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a checkpoint: its folder, as the model hub ships it, or a GGUF file. The files stay where they are.
    Add {
        /// The folder that holds config.json, or the GGUF file.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// What to call it; the folder's name if not given.
        #[arg(long)]
        name: Option<String>,
        /// How it is asked, if the checkpoint's own word is not to be taken: qwen3guard-gen, qwen3guard-stream, sea-guard or assistant.
        #[arg(long)]
        family: Option<Family>,
        /// SEA-Guard's wording of the prompt task: card, or authors-code (one space less).
        #[arg(long, value_parser = wording, default_value = "card")]
        wording: PromptWording,
    },
    /// The guards in use.
    List,
    /// Read a guard's files again, compare them with what was added, load it and try it.
    Check {
        /// Its name.
        name: String,
        #[command(flatten)]
        running: Running,
        #[command(flatten)]
        against: Against,
    },
    /// Take a guard out of use. Its files and its verdicts stay.
    Remove {
        /// Its name.
        name: String,
    },
    /// Make a guard the one that `label` uses where none is named.
    Default {
        /// Its name.
        name: String,
    },
}

fn wording(word: &str) -> Result<PromptWording, String> {
    match word {
        "card" => Ok(PromptWording::Card),
        "authors-code" => Ok(PromptWording::AuthorsCode),
        _ => Err("the choices are card and authors-code".into()),
    }
}

/// Does it.
pub async fn run(command: Command, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open().await?;
    match command {
        Command::Add { path, name, family, wording } => {
            let settings = GuardSettings { prompt_wording: wording, ..GuardSettings::default() };
            let bar = progress::reading("reading the checkpoint", 0);
            let new = NewGuard { path, name, family, settings };
            let added = workspace.add_guard(&guarding::engine()?, new, progress::drawn(&bar)).await;
            bar.finish_and_clear();
            let guard = added?;
            output.show(&view(&guard, false), |_| format!("added {}\n{}", guard.name, facts(&guard)))?;
        }
        Command::List => {
            // The demo guards are part of the program: they are in the list before they are first used.
            workspace.add_demo_guards(&guarding::engine()?).await?;
            let default = workspace.default_in_force().await?;
            let is_default = |g: &Guard| default.as_ref().is_some_and(|d| d.id == g.id);
            let guards = workspace.guards().await?;
            let views: Vec<Value> = guards.iter().map(|g| view(g, is_default(g))).collect();
            output.show(&views, |_| {
                let rows: Vec<Vec<String>> = guards.iter().map(|g| row(g, is_default(g))).collect();
                output::table(&["", "name", "family", "precision", "size", "path"], &rows)
            })?;
        }
        Command::Check { name, running, against } => {
            if let Some(demo) = saring_desk::guards::demo::named(&name) {
                workspace.add_demo_guard(&guarding::engine()?, demo).await?;
            }
            match against.order(&name, running) {
                Some(order) => against::run(&workspace, &order, output).await?,
                None => check(&workspace, &name, running, output).await?,
            }
        }
        Command::Remove { name } => {
            let guard = workspace.remove_guard(&name).await?;
            output.show(&view(&guard, false), |_| {
                format!("{} is out of use; its files and its verdicts stay", guard.name)
            })?;
        }
        Command::Default { name } => {
            let guard = workspace.set_default_guard(&name).await?;
            output.show(&view(&guard, true), |_| format!("{} is now the default guard", guard.name))?;
        }
    }
    workspace.close().await;
    Ok(())
}

async fn check(
    workspace: &saring_desk::Workspace,
    name: &str,
    running: Running,
    output: Output,
) -> anyhow::Result<()> {
    let engine = guarding::engine()?;
    let test = workspace.check_guard(&engine, name, running.device, running.precision, |_| ()).await?;
    let rows: Vec<Value> = test
        .rows
        .iter()
        .map(|r| {
            json!({ "name": r.name, "label": r.label, "p_unsafe": r.p_unsafe, "label_mass": r.label_mass,
                    "categories": r.categories })
        })
        .collect();
    let report = json!({
        "guard": view(&test.guard, false),
        "passed": test.problems.is_empty(),
        "problems": test.problems,
        "device": test.loaded.device,
        "device_fallback": test.loaded.device_fallback,
        "precision": test.loaded.provenance.precision,
        "load_ms": test.loaded.load_ms,
        "judge_ms": test.judge_ms,
        "rows": rows,
    });
    output.show(&report, |_| {
        let rows: Vec<Vec<String>> = test
            .rows
            .iter()
            .map(|r| {
                vec![
                    r.name.into(),
                    r.label.clone(),
                    format!("{:.2}", r.p_unsafe),
                    format!("{:.2}", r.label_mass),
                ]
            })
            .collect();
        let verdict = if test.problems.is_empty() { "passed".to_owned() } else { test.problems.join("\n") };
        format!(
            "{}on {}, loaded in {} ms\n\n{}\n{verdict}",
            facts(&test.guard),
            guarding::place(&test.loaded),
            test.loaded.load_ms,
            output::table(&["subject", "label", "p unsafe", "label mass"], &rows)
        )
    })?;
    if test.problems.is_empty() {
        return Ok(());
    }
    Err(Advised {
        what: format!("the guard {:?} did not pass its self-test", test.guard.name),
        next: "compare its files with where they came from; verdicts made before are not touched".into(),
    }
    .into())
}

fn view(guard: &Guard, is_default: bool) -> Value {
    json!({
        "id": guard.id,
        "name": guard.name,
        "path": guard.source.path,
        "is_toy": guard.is_toy,
        "is_default": is_default,
        "settings": guard.settings,
        "card": guard.card,
        "added_at": guard.added_at,
        "removed_at": guard.removed_at,
    })
}

fn row(guard: &Guard, is_default: bool) -> Vec<String> {
    let name = if guard.is_toy { format!("{} (toy)", guard.name) } else { guard.name.clone() };
    vec![
        if is_default { "*" } else { " " }.into(),
        name,
        guard.card.family.to_string(),
        guard.card.precision.clone(),
        output::bytes(guard.card.weights_bytes),
        guard.source.path.display().to_string(),
    ]
}

fn memory(card: &GuardCard) -> String {
    let need = |need: &MemoryNeed| format!("{} in {}", output::bytes(need.bytes), need.precision);
    card.memory.iter().map(need).collect::<Vec<_>>().join(", ")
}

fn facts(guard: &Guard) -> String {
    let card = &guard.card;
    let mut text = output::facts([
        ("folder", guard.source.path.display().to_string()),
        ("architecture", card.architecture.clone()),
        ("family", format!("{}: {}", card.family, card.family_reason)),
        ("labels", card.taxonomy.labels.join(", ")),
        ("weights", format!("{}, {}", output::bytes(card.weights_bytes), card.precision)),
        ("SHA-256", card.weights_sha256.clone()),
        ("memory needed", memory(card)),
        ("reads", if card.images { "text and images" } else { "text" }.into()),
        ("licence", card.license.clone().unwrap_or_else(|| "not stated".into())),
    ]);
    if guard.is_toy {
        text.push_str("This is a toy that must not moderate anything.\n");
    }
    for warning in &card.warnings {
        text.push_str(&format!("{warning}\n"));
    }
    text
}
