//! The error stream of the guard's process: drained always, because a full pipe would stop the process, and its last
//! lines kept for the sentence that says how it ended.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

const LINES_KEPT: usize = 20;
const LINE_BYTES_MAX: usize = 2000;

/// The last lines that a process said on its error stream.
#[derive(Clone, Default)]
pub(super) struct ErrorTail(Arc<Tail>);

#[derive(Default)]
struct Tail {
    said: Mutex<Said>,
    has_ended: Condvar,
}

#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    is_all: bool,
}

impl ErrorTail {
    /// Reads `stream` to its end on a thread of its own.
    pub(super) fn drain(stream: impl Read + Send + 'static) -> Self {
        let tail = Self::default();
        let kept = tail.clone();
        // If no thread can be had, the stream is dropped: the process then sees a closed pipe, not a full one.
        let spawned = thread::Builder::new().name("engine stderr".into()).spawn(move || {
            let mut reader = BufReader::new(stream);
            while let Some(line) = read_line(&mut reader) {
                tracing::info!(target: "saring::engine", "{line}");
                kept.push(line);
            }
            kept.end();
        });
        if let Err(error) = spawned {
            tracing::warn!("the guard's error stream cannot be read: {error}");
            tail.end();
        }
        tail
    }

    fn push(&self, line: String) {
        let lines = &mut self.0.said.lock().unwrap_or_else(PoisonError::into_inner).lines;
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn end(&self) {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner).is_all = true;
        self.0.has_ended.notify_all();
    }

    /// The lines kept, oldest first, in one string; empty if there are none. A process that has ended may have said more than was
    /// read yet: that is waited for, but no longer than `patience`, since a child of its own may hold the stream.
    pub(super) fn last_words(&self, patience: Duration) -> String {
        let said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.has_ended.wait_timeout_while(said, patience, |said| !said.is_all);
        let (said, _) = waited.unwrap_or_else(PoisonError::into_inner);
        said.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// One line without its end, cut to a bound; `None` at the end of the stream or when it cannot be read.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    loop {
        let buffer = reader.fill_buf().ok()?;
        if buffer.is_empty() {
            return (!line.is_empty()).then(|| lossy(&line));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(&piece[..piece.len().min(room)]);
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Some(lossy(&line));
        }
    }
}

fn lossy(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_cut_and_the_stream_is_read_on() {
        let mut stream = vec![b'x'; 5 * LINE_BYTES_MAX];
        stream.extend_from_slice(b"\nlast");
        let mut reader = BufReader::new(stream.as_slice());
        assert_eq!(read_line(&mut reader).map(|l| l.len()), Some(LINE_BYTES_MAX), "memory stays bounded");
        assert_eq!(read_line(&mut reader).as_deref(), Some("last"), "the rest of the long line was skipped");
        assert_eq!(read_line(&mut reader), None);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let tail = ErrorTail::default();
        for n in 0..50 {
            tail.push(n.to_string());
        }
        let text = tail.last_words(Duration::ZERO);
        assert!(
            text.starts_with("30\n") && text.ends_with("\n49"),
            "the newest lines say why it ended: {text}"
        );
    }
}
