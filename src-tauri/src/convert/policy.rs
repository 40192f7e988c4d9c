//! Policies, to the page and back.

use saring_desk::policy::{
    Category, GestureRule, Gestures, GuardMapping, Label, Policy, PolicyChange, PolicyFormat, PolicyListing,
    PolicyVersion, Reason, RefusalQuestion,
};

use super::count;
use crate::{
    failure::{Answer, sentence},
    wire::{
        Failure, PolicyCategory, PolicyChangeView, PolicyLabel, PolicyMapping, PolicyReason, PolicyReasons,
        PolicyRow, PolicyRule, PolicyTerms, PolicyView, UnsayableView, WordPair,
    },
};

pub(crate) fn view(version: &PolicyVersion) -> PolicyView {
    PolicyView { id: version.id.clone(), terms: terms(&version.terms) }
}

pub(crate) fn row(listing: PolicyListing) -> PolicyRow {
    PolicyRow {
        id: listing.version.id,
        name: listing.version.terms.name,
        version: listing.version.terms.version,
        ready_made: listing.ready_made,
        queues: listing.queues,
        kept_by: listing.kept_by,
        kept_at: listing.kept_at,
    }
}

pub(crate) fn change(change: PolicyChange) -> PolicyChangeView {
    PolicyChangeView {
        from: change.queue.policy.terms.reference(),
        to: change.to.terms.reference(),
        same: change.queue.policy.id == change.to.id,
        decisions: count(change.decisions),
        unsayable: change
            .unsayable
            .into_iter()
            .map(|u| UnsayableView { reason: sentence(&u.reason), decisions: count(u.decisions) })
            .collect(),
    }
}

fn terms(policy: &Policy) -> PolicyTerms {
    let rule = |rule: &GestureRule| PolicyRule {
        codes: rule
            .codes
            .iter()
            .map(|r| PolicyReason { code: r.code.clone(), text: r.text.clone() })
            .collect(),
        free_text: rule.free_text,
        required: rule.required,
        rationale: rule.rationale,
    };
    PolicyTerms {
        name: policy.name.clone(),
        version: policy.version,
        about: policy.about.clone(),
        labels: policy
            .labels
            .iter()
            .map(|l| PolicyLabel {
                label: l.label.as_str().to_owned(),
                guidance: l.guidance.clone(),
                examples: l.examples.clone(),
                rationale: l.rationale,
            })
            .collect(),
        categories: policy
            .categories
            .iter()
            .map(|c| PolicyCategory {
                name: c.name.clone(),
                tasks: c.tasks.iter().map(|t| t.as_str().to_owned()).collect(),
                guidance: c.guidance.clone(),
                examples: c.examples.clone(),
                rationale: c.rationale,
            })
            .collect(),
        refusal: policy.refusal.as_ref().map(|r| r.guidance.clone()),
        reasons: PolicyReasons {
            skip: rule(&policy.reasons.skip),
            escalate: rule(&policy.reasons.escalate),
            flag: rule(&policy.reasons.flag),
        },
        guards: policy.guards.iter().map(mapping).collect(),
    }
}

fn mapping(mapping: &GuardMapping) -> PolicyMapping {
    let pair = |native: &String, target: &str| WordPair { native: native.clone(), target: target.to_owned() };
    PolicyMapping {
        family: mapping.family.as_str().to_owned(),
        labels: mapping.labels.iter().map(|(native, label)| pair(native, label.as_str())).collect(),
        categories: mapping.categories.iter().map(|(native, category)| pair(native, category)).collect(),
    }
}

/// What the page says, as a policy; whether it makes sense is the desk's to say.
pub(crate) fn policy(terms: PolicyTerms) -> Answer<Policy> {
    let rule = |rule: PolicyRule| GestureRule {
        codes: rule.codes.into_iter().map(|r| Reason { code: r.code, text: r.text }).collect(),
        free_text: rule.free_text,
        required: rule.required,
        rationale: rule.rationale,
    };
    let label = |l: PolicyLabel| -> Answer<Label> {
        Ok(Label {
            label: l.label.parse().map_err(|e| Failure::unknown_word(&e))?,
            guidance: l.guidance,
            examples: l.examples,
            rationale: l.rationale,
        })
    };
    Ok(Policy {
        format: PolicyFormat::V1,
        name: terms.name,
        version: terms.version,
        about: terms.about,
        labels: terms.labels.into_iter().map(label).collect::<Answer<_>>()?,
        categories: terms.categories.into_iter().map(category).collect::<Answer<_>>()?,
        refusal: terms.refusal.map(|guidance| RefusalQuestion { guidance }),
        reasons: Gestures {
            skip: rule(terms.reasons.skip),
            escalate: rule(terms.reasons.escalate),
            flag: rule(terms.reasons.flag),
        },
        guards: terms.guards.into_iter().map(guard_mapping).collect::<Answer<_>>()?,
    })
}

fn category(c: PolicyCategory) -> Answer<Category> {
    let tasks = c.tasks.iter().map(|t| t.parse().map_err(|e| Failure::unknown_word(&e)));
    Ok(Category {
        tasks: tasks.collect::<Answer<_>>()?,
        name: c.name,
        guidance: c.guidance,
        examples: c.examples,
        rationale: c.rationale,
    })
}

fn guard_mapping(m: PolicyMapping) -> Answer<GuardMapping> {
    let label =
        |pair: WordPair| Ok((pair.native, pair.target.parse().map_err(|e| Failure::unknown_word(&e))?));
    Ok(GuardMapping {
        family: m.family.parse().map_err(|e| Failure::unknown_word(&e))?,
        labels: m.labels.into_iter().map(label).collect::<Answer<_>>()?,
        categories: m.categories.into_iter().map(|pair| (pair.native, pair.target)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_policy_comes_back_from_the_page_as_it_went() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = saring_desk::Workspace::open(dir.path()).await.unwrap();
        for name in ["qwen3guard", "sea-guard"] {
            let version = workspace.policy(name).await.unwrap();
            assert_eq!(policy(terms(&version.terms)).unwrap(), version.terms, "nothing of {name} is lost");
        }
    }
}
