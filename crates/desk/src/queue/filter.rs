//! What of a queue is wanted, and in which order.
//!
//! All conditions of a [`Filter`] hold at once, for one task of an item: an item whose prompt was decided unsafe and whose response
//! waits is not found by "decided safe, pending". What a condition says about guards is about the newest verdict of any.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use saring_verdict::{Severity, Task};
use serde::{Deserialize, Serialize};

use super::{ItemState, UnknownWord, search::MatchQuery, state::words};
use crate::{Error, Result, review::check_reviewer};

/// What is wanted: everything that is said must hold. Empty: every item of the queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Where the item stands or, with `task`, where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ItemState>,
    /// Items that have this task; the other conditions are about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// BCP 47, as it was imported, detected or corrected; "und" where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the guard says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<GuardLabel>,
    /// What the decision in force says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_label: Option<Severity>,
    /// A category of the decision in force, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A category that the guard names, in its own words, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard_category: Option<String>,
    /// Who says something else than whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<DisagreementOf>,
    /// `p_unsafe` under the workspace's reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreRange>,
    /// Pseudonym of whoever made the decision in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// Decided on this day or later, or at this time or later: 2026-11-20, 2026-11-20T08:00:00Z.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Decided until the end of this day, or before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Flagged, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flagged: Option<bool>,
    /// With an image, or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_image: Option<bool>,
    /// Every word of it is in the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a guard says: its likeliest label, as it names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardLabel {
    /// Safe.
    Safe,
    /// Of guards that know it.
    Controversial,
    /// Unsafe.
    Unsafe,
    /// Of guards that know it; what it counts as is the reading's to say.
    Sensitive,
}

words!(GuardLabel, "safe, controversial, unsafe, sensitive",
    Safe => "safe", Controversial => "controversial", Unsafe => "unsafe", Sensitive => "sensitive");

/// Who says something else than whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisagreementOf {
    /// Two guards.
    Guards,
    /// The decision in force and the newest verdict.
    Decision,
}

words!(DisagreementOf, "guards, decision", Guards => "guards", Decision => "decision");

/// `p_unsafe` from here to there, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRange {
    /// 0 to 1.
    pub from: f64,
    /// 0 to 1.
    pub to: f64,
}

impl FromStr for ScoreRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::invalid("score", format!("{text:?} is no range; write one like 0.4..0.6"));
        let (from, to) = text.split_once("..").ok_or_else(bad)?;
        let end = |text: &str, open: f64| match text.trim() {
            "" => Ok(open),
            number => number.parse().map_err(|_| bad()),
        };
        let range = Self { from: end(from, 0.0)?, to: end(to, 1.0)? };
        range.check()?;
        Ok(range)
    }
}

impl fmt::Display for ScoreRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl ScoreRange {
    fn check(self) -> Result<()> {
        let Self { from, to } = self;
        if !(0.0..=1.0).contains(&from) || !(0.0..=1.0).contains(&to) {
            return Err(Error::invalid("score", "a probability lies between 0 and 1"));
        }
        if from > to {
            let reason = format!("{from}..{to} is empty: it begins behind its end; write {to}..{from}");
            return Err(Error::invalid("score", reason));
        }
        Ok(())
    }
}

/// In which order a filtered list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// As they were imported.
    #[default]
    Imported,
    /// Largest `p_unsafe` first.
    Unsafe,
    /// Smallest `p_unsafe` first.
    Safe,
    /// `p_unsafe` nearest to one half first.
    Uncertain,
    /// Decided last first.
    Decided,
    /// By language, and as imported in each.
    Language,
}

words!(Sort, "imported, unsafe, safe, uncertain, decided, language",
    Imported => "imported", Unsafe => "unsafe", Safe => "safe", Uncertain => "uncertain", Decided => "decided",
    Language => "language");

impl Sort {
    /// Whether the order says what a guard said.
    pub const fn tells_verdicts(self) -> bool {
        matches!(self, Self::Unsafe | Self::Safe | Self::Uncertain)
    }

    /// The place in the facets behind which the next item comes, for the item with this number.
    pub(crate) const fn behind(self, seq: i64) -> i64 {
        match self {
            Self::Safe => 2 * seq,
            _ => 2 * seq + 1,
        }
    }
}

impl Filter {
    /// Whether it says what a guard said about the items that it finds.
    pub const fn tells_verdicts(&self) -> bool {
        self.label.is_some()
            || self.guard_category.is_some()
            || self.disagreement.is_some()
            || self.score.is_some()
    }

    /// Whether it says what was decided about the items that it finds, or by whom.
    pub const fn tells_decisions(&self) -> bool {
        self.decided_label.is_some()
            || self.category.is_some()
            || matches!(self.disagreement, Some(DisagreementOf::Decision))
            || self.reviewer.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }

    /// Refuses what can find nothing, or makes no sense.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code), with the condition and what could be said instead.
    pub fn check(&self) -> Result<()> {
        if let Some(range) = self.score {
            range.check()?;
        }
        if let (Some(since), Some(until)) = (self.since_seconds()?, self.until_seconds()?)
            && since >= until
        {
            return Err(Error::invalid("until", "it is not after since, so that nothing lies between them"));
        }
        if let Some(reviewer) = &self.reviewer {
            check_reviewer(reviewer)?;
        }
        if let Some(text) = &self.text
            && MatchQuery::parse(text) == MatchQuery::default()
        {
            return Err(Error::invalid("text", "it has no word to look for; leave it out"));
        }
        for (field, words) in [
            ("language", &self.language),
            ("category", &self.category),
            ("guard_category", &self.guard_category),
        ] {
            if words.as_ref().is_some_and(|words| words.trim().is_empty()) {
                return Err(Error::invalid(field, "it is empty; leave it out"));
            }
        }
        let undecided = self.state.is_some_and(|state| state != ItemState::Decided);
        if undecided && self.task.is_some() && self.tells_decisions() {
            let reason = "only what is decided has a decision; ask for the state decided, or for none";
            return Err(Error::invalid("state", reason));
        }
        Ok(())
    }

    pub(crate) fn since_seconds(&self) -> Result<Option<i64>> {
        self.since.as_deref().map(|text| seconds("since", text, 0)).transpose()
    }

    pub(crate) fn until_seconds(&self) -> Result<Option<i64>> {
        self.until.as_deref().map(|text| seconds("until", text, 1)).transpose()
    }
}

/// Seconds since 1970 of a time, or of the beginning of a day in UTC, `days` later.
fn seconds(field: &'static str, text: &str, days: i64) -> Result<i64> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_second());
    }
    let bad =
        || Error::invalid(field, format!("{text:?} is no time; write 2026-11-20 or 2026-11-20T08:00:00Z"));
    let day: Date = text.parse().map_err(|_| bad())?;
    let begins = day.to_zoned(TimeZone::UTC).map_err(|_| bad())?;
    Ok(begins.timestamp().as_second() + days * 24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(filter: Filter) -> String {
        filter.check().expect_err("it makes no sense").to_string()
    }

    #[test]
    fn a_range_is_read_with_open_ends_and_refused_when_it_is_empty() {
        let range = |text: &str| text.parse::<ScoreRange>();
        assert_eq!(range("0.4..0.6").unwrap(), ScoreRange { from: 0.4, to: 0.6 });
        assert_eq!(range("0.9..").unwrap(), ScoreRange { from: 0.9, to: 1.0 });
        assert_eq!(range("..0.1").unwrap(), ScoreRange { from: 0.0, to: 0.1 });
        assert_eq!(
            range("0.6..0.4").unwrap_err().to_string(),
            "score: 0.6..0.4 is empty: it begins behind its end; write 0.4..0.6"
        );
        for wrong in ["", "0.5", "a..b", "0.5..2", "-1..0.5", "NaN..1"] {
            assert!(range(wrong).is_err(), "{wrong:?} is no range of probabilities");
        }
    }

    #[test]
    fn what_can_find_nothing_is_refused_with_the_condition() {
        let time = |since: &str, until: &str| Filter {
            since: Some(since.into()),
            until: Some(until.into()),
            ..Filter::default()
        };
        time("2026-11-20", "2026-11-20").check().expect("a day is not empty");
        assert!(refused(time("2026-11-21", "2026-11-20")).starts_with("until: "));
        assert!(refused(time("yesterday", "2026-11-20")).starts_with("since: \"yesterday\""));
        assert!(refused(Filter { text: Some(" ".into()), ..Filter::default() }).starts_with("text: "));
        assert!(
            refused(Filter { language: Some(String::new()), ..Filter::default() }).starts_with("language: ")
        );
    }

    #[test]
    fn a_day_reaches_from_its_beginning_to_its_end() {
        assert_eq!(seconds("since", "1970-01-02", 0).unwrap(), 86_400);
        assert_eq!(seconds("until", "1970-01-02", 1).unwrap(), 2 * 86_400);
        assert_eq!(
            seconds("until", "1970-01-02T07:00:00+07:00", 1).unwrap(),
            86_400,
            "a time is taken as it is"
        );
    }

    #[test]
    fn a_filter_is_written_and_read_without_what_it_does_not_say() {
        let filter = Filter {
            state: Some(ItemState::Pending),
            score: Some(ScoreRange { from: 0.25, to: 0.5 }),
            ..Filter::default()
        };
        let json = serde_json::to_string(&filter).unwrap();
        assert_eq!(json, r#"{"state":"pending","score":{"from":0.25,"to":0.5}}"#);
        assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), filter);
        assert!(serde_json::from_str::<Filter>(r#"{"colour":"red"}"#).is_err(), "nothing is passed over");
    }
}
