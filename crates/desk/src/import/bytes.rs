//! The bytes of a file as UTF-8: byte order marks are taken away, UTF-16 is decoded, what has been read is counted.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

const BUFFER_BYTES: usize = 256 * 1024;

/// How many bytes of a file have been read; shared with whoever shows progress.
#[derive(Clone, Debug, Default)]
pub(super) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted {
    file: File,
    read: BytesRead,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Opens a file for reading as UTF-8. Bytes that are not UTF-8 are passed on: whoever reads rows reports them by row.
pub(super) fn open(path: &Path, read: &BytesRead) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file =
        BufReader::with_capacity(BUFFER_BYTES, Counted { file: File::open(path)?, read: read.clone() });
    let head = file.fill_buf()?;
    let (encoding, mark_bytes) = encoding_of(head);
    file.consume(mark_bytes);
    Ok(match encoding {
        None => Box::new(file),
        Some(encoding) => Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            Decoding { file, decoder: encoding.new_decoder_without_bom_handling(), ended: false },
        )),
    })
}

/// Which encoding besides UTF-8 a file begins in, and how long its byte order mark is.
fn encoding_of(head: &[u8]) -> (Option<&'static Encoding>, usize) {
    match head {
        [0xef, 0xbb, 0xbf, ..] => (None, 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        // Without a mark: JSON and headers of tables begin with an ASCII character.
        [first, 0, ..] if *first != 0 => (Some(UTF_16LE), 0),
        [0, second, ..] if *second != 0 => (Some(UTF_16BE), 0),
        _ => (None, 0),
    }
}

struct Decoding<R> {
    file: R,
    decoder: Decoder,
    ended: bool,
}

impl<R: BufRead> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let input = self.file.fill_buf()?;
            let last = input.is_empty();
            let (result, consumed, written, _) = self.decoder.decode_to_utf8(input, buffer, last);
            self.file.consume(consumed);
            self.ended = last && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
