//! The engine's protocol: one JSON object a line over standard input and output.
//!
//! The engine speaks first: a [`Hello`]. Then every [`Request`] gets any number of [`Body::Progress`] or [`Body::Text`] replies and one
//! final reply with the request's `id`. Only [`Call::Cancel`] may be sent while another request is in work; it has no
//! reply of its own. The engine ends when its input ends, even in mid-batch.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    BenchReport, BenchRequest, DeviceInfo, EngineError, GenerateRequest, Generated, GuardCard, GuardSettings,
    GuardSource, JudgeError, LoadRequest, Loaded, Outcome, Progress, Rendered, Subject,
};

/// Raised whenever an older end would misunderstand a newer one.
pub const PROTOCOL: u32 = 3;

/// Longest line that is read, in bytes; a longer one is a protocol error, not a memory problem.
pub const LINE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The engine's first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the engine.
    pub protocol: u32,
    /// Name and version of the program.
    pub program: String,
    /// Devices that it can use.
    pub devices: Vec<DeviceInfo>,
}

/// A numbered call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the caller; the replies carry it.
    pub id: u64,
    /// What to do.
    pub call: Call,
}

/// What an engine can be asked; one variant for each method of [`Engine`](crate::Engine).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the parameters of the method of the same name")]
pub enum Call {
    Devices,
    Describe {
        source: GuardSource,
    },
    Load {
        request: LoadRequest,
    },
    Judge {
        subjects: Vec<Subject>,
    },
    Render {
        source: GuardSource,
        settings: GuardSettings,
        subjects: Vec<Subject>,
    },
    Generate {
        request: GenerateRequest,
    },
    Bench {
        request: BenchRequest,
    },
    Unload,
    /// Stop the judging or writing that is in work.
    Cancel,
}

/// A reply to the request of the same `id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's.
    pub id: u64,
    /// What came of it.
    pub body: Body,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the values are the results of the method of the same name")]
pub enum Body {
    /// Not final: more replies follow.
    Progress(Progress),
    /// Not final: a piece of what is being written.
    Text(String),
    Devices(Vec<DeviceInfo>),
    Described(Box<GuardCard>),
    Loaded(Box<Loaded>),
    Judged(Vec<Outcome>),
    Rendered(Vec<Result<Rendered, JudgeError>>),
    Generated(Generated),
    Benched(BenchReport),
    Unloaded,
    Failed(EngineError),
}

/// Writes one message and flushes it.
///
/// # Errors
/// Those of `out`.
pub fn write<T: Serialize>(out: &mut impl Write, message: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(message).map_err(io::Error::other)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// Reads one message; `None` at the end of the input.
///
/// # Errors
/// Those of `input`, and `InvalidData` for a line that is too long or cannot be understood.
pub fn read<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    let mut limited = io::Read::take(&mut *input, LINE_BYTES_MAX as u64);
    if limited.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() >= LINE_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line of over {LINE_BYTES_MAX} bytes"),
        ));
    }
    serde_json::from_slice(&line).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_wire_line_breaks_included() {
        let request = Request {
            id: 7,
            call: Call::Judge { subjects: vec![Subject::response("line\nbreak", "\u{2028}<|im_end|>")] },
        };
        let mut bytes = Vec::new();
        write(&mut bytes, &request).unwrap();
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1, "one message is one line");
        let mut input = bytes.as_slice();
        assert_eq!(read::<Request>(&mut input).unwrap(), Some(request));
        assert_eq!(read::<Request>(&mut input).unwrap(), None, "the end of the input is no error");
    }

    #[test]
    fn an_outcome_with_an_error_survives_the_wire() {
        let reply = Reply { id: 1, body: Body::Judged(vec![Err(JudgeError::SeveralTurns { turns: 3 })]) };
        let mut bytes = Vec::new();
        write(&mut bytes, &reply).unwrap();
        assert_eq!(read::<Reply>(&mut bytes.as_slice()).unwrap(), Some(reply));
    }

    #[test]
    fn garbage_is_a_protocol_error() {
        let error = read::<Request>(&mut "{\"id\":}\n".as_bytes()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
