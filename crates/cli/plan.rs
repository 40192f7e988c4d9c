//! `saring plan`: how a queue is reviewed. Without options it shows the plan.

use std::time::{SystemTime, UNIX_EPOCH};

use saring_desk::{
    queue::Mode,
    review::{Feedback, PlanChange, ReviewPlan, Share},
};
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
};

/// Of which queue, and what is to change.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    queue: String,

    /// triage (suggestions in view) or annotation (verdicts hidden until the decision).
    #[arg(long, value_parser = mode)]
    mode: Option<Mode>,

    /// Items that a second reviewer decides too, without seeing the first decision: a percentage, all or none.
    #[arg(long, value_name = "SHARE")]
    double: Option<Share>,

    /// How many of the items that come up are gold: a percentage or none. Gold then comes up in no other way.
    #[arg(long, value_name = "SHARE")]
    gold: Option<Share>,

    /// Whether the gold label is shown after a decision: immediate or never.
    #[arg(long)]
    feedback: Option<Feedback>,

    /// Items that stay blind beside suggestions, drawn uniformly and for good: a percentage or none.
    #[arg(long, value_name = "SHARE")]
    blind_share: Option<Share>,

    /// Whether reviewers may adjudicate between decisions of which one is their own: allow or refuse.
    #[arg(long, value_parser = allow_or_refuse)]
    own_adjudication: Option<bool>,

    /// What the shares are drawn with, for the first plan of a queue; later ones keep it.
    #[arg(long)]
    seed: Option<i64>,
}

fn mode(word: &str) -> Result<Mode, String> {
    match word {
        "triage" => Ok(Mode::Suggestion),
        "annotation" => Ok(Mode::Blind),
        _ => Err("the choices are triage and annotation".into()),
    }
}

fn allow_or_refuse(word: &str) -> Result<bool, String> {
    match word {
        "allow" => Ok(true),
        "refuse" => Ok(false),
        _ => Err("the choices are allow and refuse".into()),
    }
}

/// Changes the plan, or shows it.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let change = PlanChange {
        mode: wanted.mode,
        second_share: wanted.double,
        gold_share: wanted.gold,
        feedback: wanted.feedback,
        blind_share: wanted.blind_share,
        own_adjudication: wanted.own_adjudication,
    };
    let plan = if change == PlanChange::default() {
        workspace.plan(&wanted.queue).await?
    } else {
        let seed = wanted.seed.unwrap_or_else(seed_of_this_moment);
        Some(workspace.set_plan(&wanted.queue, &change, seed).await?)
    };
    let queue = workspace.queue(&wanted.queue).await?;
    let (second, adjudication) = workspace.awaiting(&wanted.queue).await?;
    workspace.close().await;
    let report = json!({
        "queue": queue.name,
        "mode": if queue.mode == Mode::Suggestion { "triage" } else { "annotation" },
        "plan": plan.as_ref().map(view),
        "awaiting_second_review": second,
        "awaiting_adjudication": adjudication,
    });
    output.show(&report, |report| text(report, plan.as_ref()))
}

/// A seed for whoever names none.
pub fn seed_of_this_moment() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn view(plan: &ReviewPlan) -> Value {
    json!({
        "id": plan.id,
        "seed": plan.seed,
        "double": plan.second_share.to_string(),
        "gold": plan.gold_share.to_string(),
        "feedback": plan.feedback.as_str(),
        "blind_share": plan.blind_share.to_string(),
        "blind_draw_id": plan.blind_draw_id,
        "own_adjudication": plan.own_adjudication,
        "created_at": plan.created_at,
    })
}

fn text(report: &Value, plan: Option<&ReviewPlan>) -> String {
    let word = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
    let mut facts = vec![("queue", word("queue")), ("mode", word("mode"))];
    match plan {
        None => facts.push(("review", "single; no plan was made".to_owned())),
        Some(plan) => facts.extend([
            ("second review", format!("{} of the items", plan.second_share)),
            ("gold", format!("{} of what comes up, feedback {}", plan.gold_share, plan.feedback)),
            ("blind sample", format!("{} of the items", plan.blind_share)),
            ("own adjudication", if plan.own_adjudication { "allowed" } else { "refused" }.to_owned()),
            ("seed", plan.seed.to_string()),
        ]),
    }
    facts.push(("awaiting second review", report["awaiting_second_review"].to_string()));
    facts.push(("awaiting adjudication", report["awaiting_adjudication"].to_string()));
    output::facts(facts)
}
