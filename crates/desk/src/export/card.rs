//! The dataset card: what is in an export, how it came about, and what is not in it.

use std::{collections::HashMap, fmt::Write as _};

use saring_verdict::{Family, Mode, PromptWording, Provenance, Reading, SensitiveAs};

use super::{
    ControversialAs, ExportFormat, ExportOrder, ExportedFile, Part, data_set::DataSet,
    llama_factory::training_settings, tally::Tally,
};
use crate::{
    guards::{Guard, demo},
    policy::PolicyVersion,
    queue::{Draw, DrawFrom, Queue},
    store::ChainHead,
};

/// Everything that a card says besides what was counted.
#[derive(Debug)]
pub(super) struct Card {
    order: ExportOrder,
    queue: String,
    policy: PolicyVersion,
    /// Under which decisions may have been made, by their ids.
    policies: HashMap<String, PolicyVersion>,
    guard: Option<Guard>,
    reading: Reading,
    /// Guard, toy, provenance as JSON, verdicts.
    provenances: Vec<(String, bool, String, i64)>,
    draws: Vec<Draw>,
    head: ChainHead,
    date: String,
}

#[allow(
    clippy::too_many_arguments,
    reason = "each is read by its own statement and said in its own paragraph"
)]
pub(super) fn card(
    order: ExportOrder,
    queue: &Queue,
    policies: HashMap<String, PolicyVersion>,
    guard: Option<Guard>,
    reading: Reading,
    provenances: Vec<(String, bool, String, i64)>,
    draws: Vec<Draw>,
    head: ChainHead,
    date: String,
) -> Card {
    let (queue, policy) = (queue.name.clone(), queue.policy.clone());
    Card { order, queue, policy, policies, guard, reading, provenances, draws, head, date }
}

impl Card {
    /// The card in Markdown. `files` are those written before it.
    pub(super) fn text(&self, tally: &Tally, files: &[ExportedFile]) -> String {
        let mut text = format!("# {}\n\n", one_line(&self.queue));
        let _ = self.write(&mut text, tally, files);
        text
    }

    fn write(&self, out: &mut String, tally: &Tally, files: &[ExportedFile]) -> std::fmt::Result {
        let what = match self.order.format {
            ExportFormat::LlamaFactory => "Training files for LLaMA-Factory",
            ExportFormat::Decisions => "Decisions",
        };
        writeln!(out, "{what}, written by Saring {}.\n", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "- Date: {}", self.date)?;
        writeln!(
            out,
            "- Chain of events before this export: {} events, head `{}`",
            self.head.length, self.head.hash
        )?;
        if self.order.include_synthetic && tally.synthetic > 0 {
            writeln!(out, "- **{} of the rows were decided by a script, not by people.**", tally.synthetic)?;
        }
        if tally.unrendered > 0 {
            writeln!(
                out,
                "- Preview: {} rows were counted without being rendered; some of them may be held back.",
                tally.unrendered
            )?;
        }
        self.counts(out, tally)?;
        self.left_out(out, tally)?;
        self.people(out, tally)?;
        self.guards(out)?;
        self.settings(out)?;
        self.how_to_use(out, tally)?;
        if !files.is_empty() {
            writeln!(out, "\n## Files\n\n| file | bytes | SHA-256 |\n| --- | ---: | --- |")?;
            for file in files {
                writeln!(out, "| {} | {} | `{}` |", file.name, file.bytes, file.sha256)?;
            }
        }
        Ok(())
    }

    fn counts(&self, out: &mut String, tally: &Tally) -> std::fmt::Result {
        writeln!(out, "\n## Rows\n\n{} rows about {} items.\n", tally.total(), tally.items.len())?;
        let mut table = |title: &str, counts: std::collections::BTreeMap<String, u64>| -> std::fmt::Result {
            writeln!(out, "| {title} | rows |\n| --- | ---: |")?;
            for (name, n) in counts {
                writeln!(out, "| {} | {n} |", one_line(&name))?;
            }
            writeln!(out)
        };
        if self.order.format == ExportFormat::LlamaFactory {
            table("split", tally.by(|k| k.part.as_str().to_owned()))?;
        }
        table("task", tally.by(|k| k.task.clone()))?;
        table("decision", tally.by(|k| format!("{}, {}", k.task, k.label)))?;
        table("language", tally.by(|k| k.language.clone()))
    }

    fn left_out(&self, out: &mut String, tally: &Tally) -> std::fmt::Result {
        writeln!(out, "## Left out\n")?;
        writeln!(out, "Items in quarantine are in no export and are not counted here.")?;
        writeln!(out, "No field was filled from a guard's verdict.\n")?;
        if tally.left_out.is_empty() {
            return writeln!(out, "Nothing else was left out.\n");
        }
        writeln!(out, "| why | (item, task) pairs |\n| --- | ---: |")?;
        for (reason, n) in &tally.left_out {
            writeln!(out, "| {} | {n} |", one_line(&reason.to_string()))?;
        }
        if !tally.held_back.is_empty() {
            writeln!(out, "\nThe items whose content is the reason are listed in `held_back.csv`.")?;
        }
        writeln!(out)
    }

    fn people(&self, out: &mut String, tally: &Tally) -> std::fmt::Result {
        writeln!(out, "## Decisions\n")?;
        writeln!(out, "- Reviewers: {}", tally.reviewers.len())?;
        writeln!(
            out,
            "- Anchored (made with a guard's verdict in view): {} of {} rows{}",
            tally.anchored,
            tally.total(),
            percent(tally.anchored, tally.total())
        )?;
        writeln!(
            out,
            "- The decision in force is exported: of several about one task, the last that was not undone."
        )?;
        for (id, rows) in &tally.policies {
            let policy = self.policies.get(id);
            let words = policy
                .map_or_else(|| "no policy: they are from before there were any".to_owned(), policy_words);
            writeln!(out, "- Decided under {words}: {rows} rows")?;
        }
        for Draw { id, seed, from, population, size, created_at, .. } in &self.draws {
            let rows = tally.draws.get(id).copied().unwrap_or(0);
            let population = match from {
                DrawFrom::All => format!("all {population} items"),
                DrawFrom::Pending => format!("the {population} items that were pending then"),
            };
            writeln!(
                out,
                "- Uniform draw of {created_at}: {size} of {population}, seed {seed}; {rows} of these rows"
            )?;
        }
        if self.draws.is_empty() {
            writeln!(
                out,
                "- No uniform draw was recorded: reviewers or a guard's scores chose which items were decided."
            )?;
        }
        writeln!(out)
    }

    fn guards(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## Guards that pre-labelled this queue\n")?;
        if self.provenances.is_empty() {
            return writeln!(out, "None.\n");
        }
        for (guard, is_toy, body, verdicts) in &self.provenances {
            let toy = if *is_toy { " (a toy that must not moderate anything)" } else { "" };
            write!(out, "- {}{toy}: {verdicts} verdicts", one_line(guard))?;
            if let Ok(p) = serde_json::from_str::<Provenance>(body) {
                write!(
                    out,
                    "; weights `{}`, template `{}`, {}, {} on {}, {}",
                    p.weights_sha256,
                    p.template_sha256,
                    p.family,
                    p.precision,
                    one_line(&p.device_name),
                    p.program
                )?;
            }
            writeln!(out)?;
        }
        writeln!(out)
    }

    fn settings(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## Settings\n")?;
        writeln!(out, "- Policy of the queue: {}", policy_words(&self.policy))?;
        let mode = match self.reading.mode {
            Mode::Strict => "strict (controversial counts as unsafe)",
            Mode::Loose => "loose (controversial counts as safe)",
        };
        let sensitive = |s| if s == SensitiveAs::Unsafe { "unsafe" } else { "safe" };
        writeln!(
            out,
            "- Reading of verdicts: {mode}; sensitive counts as {} on prompts and as {} on responses",
            sensitive(self.reading.sensitive_prompt),
            sensitive(self.reading.sensitive_response)
        )?;
        let Some(guard) = &self.guard else { return writeln!(out) };
        let card = &guard.card;
        writeln!(
            out,
            "- Wording and answers of: {} ({}, weights `{}`, chat template `{}`)",
            one_line(&guard.name),
            card.family,
            card.weights_sha256,
            card.template_sha256
        )?;
        if guard.is_toy {
            writeln!(out, "- {}", demo::WARNING)?;
        }
        if card.family == Family::SeaGuard {
            let wording = match guard.settings.prompt_wording {
                PromptWording::Card => "the model card's (a space after `Human user:`)",
                PromptWording::AuthorsCode => "the authors' code's (no space after `Human user:`)",
            };
            writeln!(out, "- Wording of the prompt task: {wording}")?;
        }
        let has_controversial = card.taxonomy.labels.iter().any(|l| l.eq_ignore_ascii_case("controversial"));
        if !has_controversial {
            let choice = match self.order.controversial_as {
                ControversialAs::Exclude => "left out",
                ControversialAs::Safe => "written as safe",
                ControversialAs::Unsafe => "written as unsafe",
            };
            writeln!(out, "- The guard has no label for controversial decisions: they were {choice}.")?;
        }
        writeln!(
            out,
            "- Split: {} of the groups for validation, seed {}; items with the same content, the same group, the same \
             request or an image in common are never separated.",
            self.order.validation, self.order.seed
        )
    }

    fn how_to_use(&self, out: &mut String, tally: &Tally) -> std::fmt::Result {
        if self.order.format == ExportFormat::Decisions {
            return writeln!(
                out,
                "\n## Use\n\nBoth files hold the same rows. `id` is the id that came with the item. Values are verbatim: import the \
                 CSV file into a spreadsheet as text, since a cell that begins with `=` would be taken for a formula."
            );
        }
        let sets = DataSet::all(tally);
        writeln!(out, "\n## Use\n\nIn LLaMA-Factory's configuration:\n\n```yaml")?;
        writeln!(out, "{}", training_settings(&self.queue, &sets, tally.template))?;
        writeln!(out, "```\n")?;
        writeln!(
            out,
            "For every row it was checked that this template around its turns gives exactly the text that the guard is fed when \
             it judges. Do not use a trainer that applies the guard's own chat template to these rows: it would moderate the answer."
        )?;
        if sets.iter().any(|set| set.images) {
            writeln!(
                out,
                "\nImages stand where the trainer finds `<image>`; paths are from this folder. The trainer makes images smaller than its \
                 own `image_max_pixels` (589824 unless set): set it to the limit in the guard's `preprocessor_config.json`, or it \
                 learns from coarser images than it judges."
            )?;
        }
        if sets.iter().all(|set| set.part != Part::Validation) {
            let missing = DataSet { part: Part::Validation, images: false }.name(&self.queue);
            writeln!(out, "\nThere is no `{missing}`: the split left no rows for it.")?;
        }
        Ok(())
    }
}

fn policy_words(policy: &PolicyVersion) -> String {
    let PolicyVersion { id, terms } = policy;
    format!("{}, version {} (SHA-256 `{id}`)", one_line(&terms.name), terms.version)
}

/// Names come from people and files: they must not become a line or a cell of the card.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().replace('|', "\\|")
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { String::new() } else { format!(" ({:.1} %)", 100.0 * part as f64 / whole as f64) }
}
