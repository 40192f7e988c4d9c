//! The window's program.
fn main() { saring_desktop::run() }
