//! What users run, driven as they run it: programs as processes, and the database looked into afterwards.

mod house;
