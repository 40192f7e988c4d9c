//! Time and ids. Both are passed in, so that tests and the demo are reproducible.
//!
//! [`Clock`] gives the present time and, from it, ids: UUIDv7, unique across workspaces and rising within a process.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use uuid::{ContextV7, Uuid};

/// Where the present time comes from.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ids: Arc<Mutex<ContextV7>>,
}

impl Clock {
    /// The clock of the operating system.
    pub fn system() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// A clock that starts at `start` and moves on by `step` each time that it is looked at.
    pub fn stepping(start: Timestamp, step: SignedDuration) -> Self {
        let next = Mutex::new(start);
        Self::from_fn(move || {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = *next;
            *next = now.saturating_add(step).unwrap_or(now);
            now
        })
    }

    fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), ids: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// The present time as the database writes it: RFC 3339, UTC, milliseconds.
    pub fn now_text(&self) -> String {
        timestamp_text(self.now())
    }

    /// A new id: UUIDv7 of the present time, above every id that this clock has given before.
    pub fn new_id(&self) -> String {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        let context = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, nanoseconds)).to_string()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A time as the database writes it: RFC 3339, UTC, milliseconds, e.g. `2026-11-20T08:15:30.125Z`.
pub fn timestamp_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_three_digits_of_a_second() {
        let at: Timestamp = "2026-11-20T08:15:30.1259+07:00".parse().expect("a valid time");
        assert_eq!(timestamp_text(at), "2026-11-20T01:15:30.125Z", "UTC, cut to milliseconds");
    }

    #[test]
    fn ids_rise_even_while_the_clock_stands_still() {
        let start: Timestamp = "2026-11-20T08:15:30Z".parse().expect("a valid time");
        let clock = Clock::stepping(start, SignedDuration::ZERO);
        let ids: Vec<String> = (0..2000).map(|_| clock.new_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "each id is above the one before");
    }
}
