//! What users run, driven as they run it: programs as processes, and the database looked into afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

mod alike;
mod bad_input;
mod bench;
mod blindness;
mod cli;
mod database;
mod durability;
mod export_roundtrip;
mod filters;
mod guards;
mod house;
mod no_network;
mod policies;
mod program;
mod quarantine;
mod score;
mod team;
mod window;
