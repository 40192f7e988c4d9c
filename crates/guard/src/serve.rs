//! An engine behind the wire protocol: one JSON object a line over two pipes.
//!
//! A thread reads requests, so that a cancellation, or the end of the input, is seen while a batch is computed.

use std::{
    io::{self, BufRead, Write},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use saring_verdict::{
    Cancel, Engine, EngineError, GenerateRequest, Progress,
    wire::{self, Body, Call, Hello, PROTOCOL, Reply, Request},
};

use crate::engine::PROGRAM;

/// What the reading thread hands on.
enum Incoming {
    Request(Request, Cancel),
    End(io::Result<()>),
}

/// Serves `engine` until `input` ends. What is computed then is cancelled.
///
/// # Errors
/// Those of `output`, and `InvalidData` for a line that is no request.
pub fn serve(
    engine: &mut dyn Engine,
    input: impl BufRead + Send + 'static,
    output: impl Write,
) -> io::Result<()> {
    serve_until(engine, input, output, || {})
}

/// Like [`serve`]; `on_input_end` is called on the reading thread at the end of the input, even while something is
/// computed: a process that serves one window ends itself there.
///
/// # Errors
/// See [`serve`].
pub fn serve_until(
    engine: &mut dyn Engine,
    input: impl BufRead + Send + 'static,
    mut output: impl Write,
    on_input_end: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let devices = engine.devices().map_err(io::Error::other)?;
    wire::write(&mut output, &Hello { protocol: PROTOCOL, program: PROGRAM.into(), devices })?;
    let incoming = read_in_background(input, on_input_end)?;
    for message in incoming {
        match message {
            Incoming::Request(request, cancel) => answer(engine, request, &cancel, &mut output)?,
            Incoming::End(result) => return result,
        }
    }
    Ok(())
}

fn read_in_background(
    mut input: impl BufRead + Send + 'static,
    on_input_end: impl FnOnce() + Send + 'static,
) -> io::Result<Receiver<Incoming>> {
    // At most one request is in work and the protocol allows no second one, so this queue stays short.
    let (sender, receiver) = channel();
    thread::Builder::new().name("engine-input".into()).spawn(move || {
        let running = Arc::new(Mutex::new(Cancel::new()));
        let cancel = || running.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        let result = read_all(&mut input, &running, &sender, &cancel);
        cancel();
        // The other end may be gone already.
        let _ = sender.send(Incoming::End(result));
        on_input_end();
    })?;
    Ok(receiver)
}

fn read_all(
    input: &mut impl BufRead,
    running: &Mutex<Cancel>,
    sender: &Sender<Incoming>,
    cancel: &dyn Fn(),
) -> io::Result<()> {
    while let Some(request) = wire::read::<Request>(input)? {
        if request.call == Call::Cancel {
            cancel();
            continue;
        }
        let fresh = Cancel::new();
        *running.lock().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        if sender.send(Incoming::Request(request, fresh)).is_err() {
            break;
        }
    }
    Ok(())
}

fn answer(
    engine: &mut dyn Engine,
    request: Request,
    cancel: &Cancel,
    output: &mut impl Write,
) -> io::Result<()> {
    let id = request.id;
    let body = match request.call {
        Call::Devices => engine.devices().map(Body::Devices),
        Call::Describe { source } => with_progress(id, output, |progress| {
            engine.describe(&source, progress).map(|card| Body::Described(Box::new(card)))
        })?,
        Call::Load { request } => with_progress(id, output, |progress| {
            engine.load(&request, progress).map(|loaded| Body::Loaded(Box::new(loaded)))
        })?,
        Call::Judge { subjects } => engine.judge(&subjects, cancel).map(Body::Judged),
        Call::Render { source, settings, subjects } => {
            engine.render(&source, settings, &subjects).map(Body::Rendered)
        }
        Call::Generate { request } => generate(engine, id, &request, cancel, output)?,
        Call::Bench { request } => engine.bench(request).map(Body::Benched),
        Call::Unload => engine.unload().map(|()| Body::Unloaded),
        // Handled where it is read.
        Call::Cancel => return Ok(()),
    };
    wire::write(output, &Reply { id, body: body.unwrap_or_else(Body::Failed) })
}

/// Lets the assistant write, sending the text as it comes.
fn generate(
    engine: &mut dyn Engine,
    id: u64,
    request: &GenerateRequest,
    cancel: &Cancel,
    output: &mut impl Write,
) -> io::Result<Result<Body, EngineError>> {
    let mut written = Ok(());
    let on_text = &mut |text: &str| {
        if written.is_ok() {
            written = wire::write(output, &Reply { id, body: Body::Text(text.to_owned()) });
        }
    };
    let generated = engine.generate(request, on_text, cancel).map(Body::Generated);
    written.map(|()| generated)
}

/// Runs a long step, sending what it reports; at most one report for each hundredth.
fn with_progress<T>(
    id: u64,
    output: &mut impl Write,
    step: impl FnOnce(&mut dyn FnMut(Progress)) -> Result<T, EngineError>,
) -> io::Result<Result<T, EngineError>> {
    let (mut last, mut written) = (None, Ok(()));
    let result = step(&mut |progress: Progress| {
        let hundredth = (progress.done * 100).checked_div(progress.total);
        if hundredth != last && written.is_ok() {
            last = hundredth;
            written = wire::write(output, &Reply { id, body: Body::Progress(progress) });
        }
    });
    written.map(|()| result)
}
