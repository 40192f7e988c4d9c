//! What a run tells while it goes on.

use std::{fmt, str::FromStr};

use saring_verdict::{DeviceInfo, Task};

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The guard is being loaded. In the database this is `running`.
    Loading,
    /// It judges.
    Running,
    /// It waits for [`LabelRun::resume`](super::LabelRun::resume).
    Paused,
    /// Everything that could be judged was.
    Done,
    /// Stopped on request; run again to go on.
    Cancelled,
    /// It could not go on; the note says why. Run again to go on.
    Failed,
}

impl RunState {
    /// The name used in databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loading | Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more happens.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no state.
#[derive(Debug, thiserror::Error)]
#[error("there is no run state {0:?}")]
pub struct UnknownRunState(String);

impl FromStr for RunState {
    type Err = UnknownRunState;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Running, Self::Paused, Self::Done, Self::Cancelled, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == name)
            .ok_or_else(|| UnknownRunState(name.to_owned()))
    }
}

/// A verdict that was just given, for a list that passes by.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentVerdict {
    /// Which item.
    pub item_id: String,
    /// Which task.
    pub task: Task,
    /// The item's language.
    pub language: Option<String>,
    /// The beginning of the judged text. For the window only, never for a log.
    pub excerpt: String,
    /// Native label.
    pub label: String,
    /// Under the workspace's reading.
    pub p_unsafe: f64,
}

/// How far a run has come. Counts are of (item, task) pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunProgress {
    /// The run.
    pub run_id: String,
    /// Its queue.
    pub queue_id: String,
    /// Its guard.
    pub guard_id: String,
    /// Where it is.
    pub state: RunState,
    /// Pairs without a verdict when it began, less those that were withdrawn.
    pub total: u64,
    /// Verdicts written.
    pub judged: u64,
    /// Of those, the ones that repeat the answer to an equal question: nothing was computed for them.
    pub repeated: u64,
    /// Pairs that got an error.
    pub failed: u64,
    /// Pairs that went into quarantine, or that somebody else judged, after the run began.
    pub withdrawn: u64,
    /// Items with images that are left out, because the guard reads text only. Not in `total`.
    pub left_out: u64,
    /// Pairs a second over the last batches, where there were any.
    pub items_per_second: Option<f64>,
    /// Tokens read a second over the last batches.
    pub tokens_per_second: Option<f64>,
    /// Share of all tokens of the run, 0 to 1, that were not computed because items begin alike.
    pub cached_share: Option<f64>,
    /// Seconds left at that rate.
    pub eta_seconds: Option<f64>,
    /// Bytes read of those to be loaded, while it loads.
    pub loading: Option<saring_verdict::Progress>,
    /// Where the guard runs, once loaded.
    pub device: Option<DeviceInfo>,
    /// In which precision, once loaded.
    pub precision: Option<String>,
    /// Why it does not run on a faster device; to be said loudly.
    pub device_fallback: Option<String>,
    /// What happened on the way, oldest first.
    pub notes: Vec<String>,
    /// The newest verdicts, newest first. What goes into quarantine later stays here: see
    /// [`Workspace::recent_verdicts`](crate::Workspace::recent_verdicts).
    pub recent: Vec<RecentVerdict>,
}

impl RunProgress {
    pub(super) const NOTES_MAX: usize = 20;
    pub(super) const RECENT_MAX: usize = 8;

    pub(super) fn new(run_id: String, queue_id: String, guard_id: String, total: u64) -> Self {
        Self {
            run_id,
            queue_id,
            guard_id,
            state: RunState::Loading,
            total,
            judged: 0,
            repeated: 0,
            failed: 0,
            withdrawn: 0,
            left_out: 0,
            items_per_second: None,
            tokens_per_second: None,
            cached_share: None,
            eta_seconds: None,
            loading: None,
            device: None,
            precision: None,
            device_fallback: None,
            notes: Vec::new(),
            recent: Vec::new(),
        }
    }

    /// Pairs with a verdict or an error.
    pub fn done(&self) -> u64 {
        self.judged + self.failed
    }

    /// Says that items with images are left out.
    pub(super) fn leave_out(&mut self, items: u64) {
        self.left_out = items;
        match items {
            0 => {}
            1 => self.note("1 item with images was left out: this guard reads text only".to_owned()),
            n => self.note(format!("{n} items with images were left out: this guard reads text only")),
        }
    }

    /// Adds a note; of many, the first and the newest are kept.
    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() == Self::NOTES_MAX {
            self.notes.remove(1);
        }
        self.notes.push(note);
    }

    pub(super) fn note_text(&self) -> Option<String> {
        (!self.notes.is_empty()).then(|| self.notes.join("\n"))
    }
}
