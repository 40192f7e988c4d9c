//! Label runs: a queue is given to a guard, batch by batch.
//!
//! [`Workspace::start_label_run`](crate::Workspace::start_label_run) starts one and gives a [`LabelRun`] to watch, pause and stop
//! it by. A run judges the (item, task) pairs of visible items that have no verdict of its guard. While one batch is judged,
//! the next is fetched and the one before is written, each batch in one transaction: verdicts, failures, their events, and
//! the caches that lists are sorted by. Reviewing goes on meanwhile: nothing is locked while the guard thinks.
//!
//! Equal questions are asked once: an item with the same turns and images as one that the guard has answered with the very same
//! provenance gets that answer, in a row of its own that says that nothing was computed for it.
//!
//! A run needs no memory of its own to be continued: started again, it judges what is left. The database's unique index
//! keeps a pair from being judged twice by one guard, whatever was killed in between. A failed pair is not tried again
//! within a run, but is in the next one.
//!
//! **Who still lives.** A run holds an advisory lock on `runs/QUEUE.GUARD.lock` in the workspace's folder. The system lets go of
//! it when the process ends, however it ends; a run that the database calls unended and whose lock can be taken is dead,
//! and is marked as failed by [`Workspace::settle_dead_runs`](crate::Workspace::settle_dead_runs). The same lock keeps two
//! processes from labelling one queue with one guard at once.

mod batch;
mod failures;
mod forecast;
mod lock;
mod pace;
mod pass;
mod pixels;
mod precision;
mod progress;
mod repeats;
mod run;
mod runner;
mod settle;
mod subject;
#[cfg(test)]
mod tests;
mod unlabelled;
mod write;

pub use failures::RunFailure;
pub use forecast::{Forecast, MeasuredPace};
pub use pixels::{PIXELS_MIN, check_pixels};
pub use precision::{PrecisionCheck, PrecisionOrder, PrecisionRow};
pub use progress::{RecentVerdict, RunProgress, RunState};
pub use run::{LabelOrder, LabelRun};

pub(crate) use subject::subject;
