//! What users run, driven as they run it: programs as processes, and the database looked into afterwards.

mod bad_input;
mod cli;
mod database;
mod durability;
mod export_roundtrip;
mod house;
mod no_network;
mod program;
mod quarantine;
mod score;
