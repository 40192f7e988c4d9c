//! A bar with rate and time left on a terminal; silence elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use saring_verdict::Progress;

use crate::output;

/// A bar that counts `unit`, e.g. "items". Draws nothing if nobody watches.
pub fn counting(what: &str, total: u64, unit: &str) -> ProgressBar {
    bar(
        what,
        total,
        &format!("{{msg}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  {{eta}} left"),
    )
}

/// A bar that counts bytes.
pub fn reading(what: &str, total: u64) -> ProgressBar {
    bar(what, total, "{msg} {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")
}

/// Draws what is told of a long step.
pub fn drawn(bar: &ProgressBar) -> impl FnMut(Progress) + Send + use<> {
    let bar = bar.clone();
    move |step| {
        bar.set_length(step.total);
        bar.set_position(step.done);
    }
}

fn bar(what: &str, total: u64, template: &str) -> ProgressBar {
    if !output::watched() {
        return ProgressBar::hidden();
    }
    // Templates are ours; one that indicatif does not understand falls back to its own.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
