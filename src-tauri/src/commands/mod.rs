//! What the page may ask, one file a screen. Each command unpacks, calls the desk and converts; nothing else.

pub(crate) mod alike;
pub(crate) mod assist;
pub(crate) mod export;
pub(crate) mod filters;
pub(crate) mod guards;
pub(crate) mod import;
pub(crate) mod insight;
pub(crate) mod policies;
pub(crate) mod queues;
pub(crate) mod review;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod start;
pub(crate) mod team;
