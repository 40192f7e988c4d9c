//! Results on standard output: a text for people, or JSON for scripts.

use std::{
    fmt::Display,
    io::{self, ErrorKind, IsTerminal, Write},
};

use serde::Serialize;

/// Which of the two is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON, or text.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub const fn json(self) -> bool {
        self.json
    }

    /// Writes a result: `value` as one line of JSON, or what `text` makes of it.
    ///
    /// # Errors
    /// Those of standard output; a reader that has gone away is none.
    pub fn show<T: Serialize, D: Display>(self, value: &T, text: impl FnOnce(&T) -> D) -> anyhow::Result<()> {
        let mut shown = if self.json { serde_json::to_string(value)? } else { text(value).to_string() };
        if !shown.is_empty() && !shown.ends_with('\n') {
            shown.push('\n');
        }
        let mut out = io::stdout().lock();
        match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
            // `saring search ... | head` is no failure.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    /// Says something beside the result, on standard error.
    pub fn say(self, words: impl Display) {
        // There is nowhere to say that saying failed.
        let _ = writeln!(io::stderr().lock(), "{words}");
    }
}

/// Whether somebody watches the error stream.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// Lines of `name  value` with the values under each other.
pub fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let rows: Vec<(&str, String)> = rows.into_iter().collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// A table with its columns under each other; numbers to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = line(head.iter().copied(), &widths);
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str), &widths));
    }
    text
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.zip(widths) {
        let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
        let number = cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        text.push_str(&if number { format!("{gap}{cell}  ") } else { format!("{cell}{gap}  ") });
    }
    format!("{}\n", text.trim_end())
}

/// Bytes for people: `7.4 MB`.
pub fn bytes(n: u64) -> String {
    indicatif::DecimalBytes(n).to_string()
}

/// The beginning of a text on one line, at most `chars` characters. Control characters would move a terminal's cursor.
pub fn one_line(text: &str, chars: usize) -> String {
    let calm = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().take(chars).map(calm).collect();
    if text.chars().nth(chars).is_some() { format!("{line}…") } else { line }
}

/// A text as it may be shown on a terminal: its line breaks stay, other control characters do not.
pub fn on_terminal(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_puts_numbers_to_the_right_and_words_to_the_left() {
        let text =
            table(&["task", "n"], &[vec!["prompt".into(), "7".into()], vec!["all".into(), "120".into()]]);
        assert_eq!(text, "task    n\nprompt    7\nall     120\n");
    }

    #[test]
    fn item_text_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\u{1b}[2Jb\nc", 10), "a [2Jb c");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(on_terminal("a\u{1b}[2J\nb"), "a\u{fffd}[2J\nb", "line breaks stay");
    }
}
