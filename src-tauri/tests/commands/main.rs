//! Every command once, through the real invoke handler on tauri's mock runtime, over a real workspace and a guard that
//! answers by rule.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a panic is how a test reports")]

mod exchange;
mod filtering;
mod guarding;
mod insight;
mod reviewing;
mod rule_guard;
mod team;
mod window;
