//! An engine behind the wire protocol.

use std::{
    io::{BufReader, Write as _, pipe},
    sync::mpsc,
    thread,
};

use saring_guard::{LocalEngine, serve, serve_until};
use saring_verdict::{
    BenchReport, BenchRequest, Cancel, DeviceInfo, Engine, EngineError, GuardCard, GuardSettings,
    GuardSource, JudgeError, LoadRequest, Loaded, Outcome, PrecisionChoice, Progress, Rendered, Subject,
    wire::{self, Body, Call, Hello, PROTOCOL, Reply, Request},
};

use crate::checkpoint::{GUARDS, golden, request, source};

/// Serves requests that are all known beforehand and returns the replies.
fn converse(engine: &mut dyn Engine, requests: &[Request]) -> (Hello, Vec<Reply>) {
    let mut input = Vec::new();
    for request in requests {
        wire::write(&mut input, request).unwrap();
    }
    let mut output = Vec::new();
    serve(engine, std::io::Cursor::new(input), &mut output).unwrap();
    let mut output = output.as_slice();
    let hello = wire::read(&mut output).unwrap().expect("the engine speaks first");
    let replies = std::iter::from_fn(|| wire::read(&mut output).unwrap()).collect();
    (hello, replies)
}

#[test]
fn describe_load_and_render_answer_in_order_with_progress_before() {
    let source = source(&golden(GUARDS[0]));
    let load = request(source.clone(), PrecisionChoice::F32);
    let settings = GuardSettings::default();
    let calls = [
        Call::Devices,
        Call::Describe { source: source.clone() },
        Call::Load { request: load },
        Call::Render { source, settings, subjects: vec![Subject::prompt("hi")] },
        Call::Unload,
    ];
    let requests: Vec<Request> =
        calls.into_iter().enumerate().map(|(i, call)| Request { id: i as u64 + 10, call }).collect();
    let (hello, replies) = converse(&mut LocalEngine::new(), &requests);
    assert_eq!(hello.protocol, PROTOCOL);
    assert!(!hello.devices.is_empty());
    let finals: Vec<&Reply> = replies.iter().filter(|r| !matches!(r.body, Body::Progress(_))).collect();
    assert_eq!(finals.iter().map(|r| r.id).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    assert!(matches!(finals[1].body, Body::Described(_)), "{:?}", finals[1]);
    assert!(matches!(finals[2].body, Body::Loaded(_)), "{:?}", finals[2]);
    assert!(matches!(&finals[3].body, Body::Rendered(r) if r[0].is_ok()), "{:?}", finals[3]);
    assert_eq!(finals[4].body, Body::Unloaded);
    assert!(replies.iter().any(|r| r.id == 12 && matches!(r.body, Body::Progress(_))), "loading reports");
}

#[test]
fn an_error_of_the_engine_is_a_reply_and_not_the_end() {
    let judge = |id| Request { id, call: Call::Judge { subjects: vec![Subject::prompt("a")] } };
    let mut engine = Patient { refuse: true, started: None };
    let (_, replies) = converse(&mut engine, &[judge(1), judge(2)]);
    assert_eq!(replies.len(), 2);
    assert!(replies.iter().all(|r| r.body == Body::Failed(EngineError::NotLoaded)), "{replies:?}");
}

#[test]
fn a_line_that_is_no_request_ends_the_engine_with_an_error() {
    let input = std::io::Cursor::new(b"nonsense\n".to_vec());
    let error = serve(&mut Patient::default(), input, Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn a_cancellation_reaches_the_judging_that_is_in_work() {
    let (reader, mut writer) = pipe().unwrap();
    let (out_reader, out_writer) = pipe().unwrap();
    let (started, has_started) = mpsc::channel();
    let server = thread::spawn(move || {
        let mut engine = Patient { started: Some(started), refuse: false };
        serve(&mut engine, BufReader::new(reader), out_writer)
    });
    let mut replies = BufReader::new(out_reader);
    let _: Hello = wire::read(&mut replies).unwrap().unwrap();
    let call = Call::Judge { subjects: vec![Subject::prompt("a"), Subject::prompt("b")] };
    wire::write(&mut writer, &Request { id: 5, call: call.clone() }).unwrap();
    has_started.recv().unwrap();
    wire::write(&mut writer, &Request { id: 6, call: Call::Cancel }).unwrap();
    let reply: Reply = wire::read(&mut replies).unwrap().unwrap();
    assert_eq!(reply.id, 5, "a cancellation has no reply of its own");
    assert_eq!(reply.body, Body::Judged(vec![Err(JudgeError::Cancelled), Err(JudgeError::Cancelled)]));
    // The next one is not cancelled by the last one's cancellation: it starts, and waits.
    wire::write(&mut writer, &Request { id: 7, call }).unwrap();
    has_started.recv().unwrap();
    drop(writer);
    let reply: Reply = wire::read(&mut replies).unwrap().unwrap();
    assert_eq!(reply.id, 7);
    server.join().unwrap().unwrap();
}

#[test]
fn the_end_of_the_input_is_seen_in_mid_batch() {
    let (reader, mut writer) = pipe().unwrap();
    let (started, has_started) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    let server = thread::spawn(move || {
        let mut engine = Patient { started: Some(started), refuse: false };
        serve_until(&mut engine, BufReader::new(reader), Vec::new(), move || ended.send(()).unwrap())
    });
    let call = Call::Judge { subjects: vec![Subject::prompt("a")] };
    wire::write(&mut writer, &Request { id: 1, call }).unwrap();
    writer.flush().unwrap();
    has_started.recv().unwrap();
    drop(writer);
    has_ended.recv().expect("the callback runs although a batch is in work");
    server.join().unwrap().unwrap();
}

/// Judges until it is told to stop.
#[derive(Default)]
struct Patient {
    started: Option<mpsc::Sender<()>>,
    refuse: bool,
}

impl Engine for Patient {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        Ok(Vec::new())
    }

    fn describe(&mut self, _: &GuardSource, _: &mut dyn FnMut(Progress)) -> Result<GuardCard, EngineError> {
        Err(EngineError::NotLoaded)
    }

    fn load(&mut self, _: &LoadRequest, _: &mut dyn FnMut(Progress)) -> Result<Loaded, EngineError> {
        Err(EngineError::NotLoaded)
    }

    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        if self.refuse {
            return Err(EngineError::NotLoaded);
        }
        if let Some(started) = &self.started {
            started.send(()).unwrap();
        }
        while !cancel.is_cancelled() {
            thread::yield_now();
        }
        Ok(vec![Err(JudgeError::Cancelled); subjects.len()])
    }

    fn render(
        &mut self,
        _: &GuardSource,
        _: GuardSettings,
        _: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        Err(EngineError::NotLoaded)
    }

    fn bench(&mut self, _: BenchRequest) -> Result<BenchReport, EngineError> {
        Err(EngineError::NotLoaded)
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        Ok(())
    }
}
