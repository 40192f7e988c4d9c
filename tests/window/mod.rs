//! The real window, driven through WebKitWebDriver as a reviewer would: keys and clicks go in, the database is looked into
//! afterwards.
//!
//! Needs a display and WebKitWebDriver, and `saring-desktop` beside `saring`. Where one is missing the tests say so and pass,
//! unless `CI` is set. `SARING_SHOTS=DIR` keeps a screenshot of every screen, light and dark.

mod accessibility;
mod day;
mod driver;
mod endurance;
mod engine_deaths;
mod filters;
mod images;
mod insight;
mod keyboard;
mod main_job;
mod page;
mod policies;
mod responsiveness;
mod scale;
mod team;
