//! One child process that runs `saring engine`.
//!
//! Three threads serve it: one writes requests, so that a large batch never blocks the caller; one reads replies; one
//! drains the error stream. The caller waits on a channel, wakes often enough to see a [`Cancel`], and turns whatever
//! ends the process into [`EngineError::Died`] with its exit status and last words. After an error of that kind or a
//! reply that makes no sense the process is killed and every further call fails in the same words.

use std::{
    io::{self, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    thread,
    time::{Duration, Instant},
};

use saring_verdict::{
    BenchReport, BenchRequest, Cancel, DeviceChoice, DeviceInfo, Engine, EngineError, GenerateRequest,
    Generated, GuardCard, GuardSettings, GuardSource, JudgeError, LoadRequest, Loaded, Outcome, Progress,
    Rendered, Subject,
    wire::{self, Body, Call, Hello, PROTOCOL, Reply, Request},
};

use super::{EngineProgram, stderr::ErrorTail};

/// Replies that may wait unread; progress is frequent, and a slow caller must slow the engine, not fill memory.
const REPLIES_WAITING_MAX: usize = 64;
/// How often a waiting caller looks at its [`Cancel`].
const CANCEL_POLL: Duration = Duration::from_millis(20);
/// How long a process may take to be gone after it has closed its output.
const EXIT_GRACE: Duration = Duration::from_secs(2);

/// Time limits of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessOptions {
    /// How long the first line may take. A CUDA build asks its driver first.
    pub handshake: Duration,
    /// How long a judging may go on after it was asked to stop, before the process is killed.
    pub cancel: Duration,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(30), cancel: Duration::from_secs(60) }
    }
}

enum Incoming {
    Hello(Hello),
    Reply(Reply),
    Garbage(String),
    Closed,
}

/// An [`Engine`] in a child process. The child is killed when this is dropped.
pub struct EngineProcess {
    child: Child,
    requests: Sender<Request>,
    replies: Receiver<Incoming>,
    errors: ErrorTail,
    hello: Hello,
    fallback: Option<String>,
    broken: Option<EngineError>,
    next_id: u64,
    options: ProcessOptions,
}

impl EngineProcess {
    /// Starts `program` and waits for its handshake.
    ///
    /// # Errors
    /// [`EngineError::Died`] if it cannot be started, ends, or says nothing in time; [`EngineError::Protocol`] if its
    /// first line is none of this version's.
    pub fn start(program: &EngineProgram, options: ProcessOptions) -> Result<Self, EngineError> {
        let mut child = command(program).spawn().map_err(|e| EngineError::Died {
            reason: format!("{} cannot be started: {e}", program.path.display()),
        })?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            end(&mut child);
            return Err(EngineError::Died { reason: "its standard streams could not be opened".into() });
        };
        let errors = ErrorTail::drain(stderr);
        let (requests, to_write) = channel();
        let (incoming, replies) = sync_channel(REPLIES_WAITING_MAX);
        let threads = spawn("engine stdin", move || write_all(stdin, &to_write))
            .and_then(|()| spawn("engine stdout", move || read_all(BufReader::new(stdout), &incoming)));
        let hello = Hello { protocol: 0, program: String::new(), devices: Vec::new() };
        let mut process = Self {
            child,
            requests,
            replies,
            errors,
            hello,
            fallback: None,
            broken: None,
            next_id: 0,
            options,
        };
        if let Err(error) = threads {
            return Err(
                process.die(EngineError::Died { reason: format!("no thread can be started: {error}") })
            );
        }
        process.hello = process.shake_hands()?;
        Ok(process)
    }

    /// What the engine said of itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Process id of the child, for diagnosis.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Why a better program could not be used; said by [`Engine::load`] when a faster device was wished for.
    pub fn set_fallback(&mut self, reason: String) {
        self.fallback = Some(reason);
    }

    fn shake_hands(&mut self) -> Result<Hello, EngineError> {
        let protocol = |reason: String| EngineError::Protocol { reason };
        match self.replies.recv_timeout(self.options.handshake) {
            Ok(Incoming::Hello(hello)) if hello.protocol == PROTOCOL => Ok(hello),
            Ok(Incoming::Hello(hello)) => Err(self.die(protocol(format!(
                "{} speaks protocol {}, this program {PROTOCOL}; install both from the same release",
                hello.program, hello.protocol
            )))),
            Ok(Incoming::Garbage(reason)) => {
                Err(self.die(protocol(format!("its first line is no greeting: {reason}"))))
            }
            Ok(Incoming::Reply(_)) => Err(self.die(protocol("it answered before it greeted".into()))),
            Ok(Incoming::Closed) | Err(RecvTimeoutError::Disconnected) => Err(self.die_of_exit()),
            Err(RecvTimeoutError::Timeout) => {
                let reason =
                    format!("it did not answer within {} s of its start", self.options.handshake.as_secs());
                Err(self.die(EngineError::Died { reason }))
            }
        }
    }

    /// Sends a call and waits for its final reply.
    fn call(
        &mut self,
        call: Call,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Body, EngineError> {
        self.call_and_hear(call, cancel, &mut |body| {
            if let Body::Progress(step) = body {
                progress(step);
            }
        })
    }

    /// Like [`Self::call`]; `hear` gets everything that comes before the final reply.
    fn call_and_hear(
        &mut self,
        call: Call,
        cancel: &Cancel,
        hear: &mut dyn FnMut(Body),
    ) -> Result<Body, EngineError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.next_id += 1;
        let id = self.next_id;
        let stoppable = matches!(call, Call::Judge { .. } | Call::Generate { .. });
        if self.requests.send(Request { id, call }).is_err() {
            return Err(self.die_of_exit());
        }
        let mut asked_to_stop: Option<Instant> = None;
        loop {
            match self.replies.recv_timeout(CANCEL_POLL) {
                Ok(Incoming::Reply(reply)) if reply.id != id => {
                    let reason = format!("a reply to request {} came while {id} was in work", reply.id);
                    return Err(self.die(EngineError::Protocol { reason }));
                }
                Ok(Incoming::Reply(Reply { body: body @ (Body::Progress(_) | Body::Text(_)), .. })) => {
                    hear(body)
                }
                Ok(Incoming::Reply(Reply { body: Body::Failed(error), .. })) => return Err(error),
                Ok(Incoming::Reply(reply)) => return Ok(reply.body),
                Ok(Incoming::Hello(_)) => {
                    return Err(self.die(EngineError::Protocol { reason: "it greeted twice".into() }));
                }
                Ok(Incoming::Garbage(reason)) => return Err(self.die(EngineError::Protocol { reason })),
                Ok(Incoming::Closed) | Err(RecvTimeoutError::Disconnected) => return Err(self.die_of_exit()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            match asked_to_stop {
                None if stoppable && cancel.is_cancelled() => {
                    // A failed send shows as a closed stream on the next turn.
                    let _ = self.requests.send(Request { id, call: Call::Cancel });
                    asked_to_stop = Some(Instant::now());
                }
                Some(since) if since.elapsed() > self.options.cancel => {
                    let seconds = self.options.cancel.as_secs();
                    let reason = format!("it did not stop within {seconds} s of being asked to");
                    return Err(self.die(EngineError::Died { reason }));
                }
                _ => {}
            }
        }
    }

    /// Ends the process and remembers why; every later call fails with the same error.
    fn die(&mut self, error: EngineError) -> EngineError {
        end(&mut self.child);
        self.broken = Some(error.clone());
        error
    }

    /// The error for a process that ended by itself, or is about to.
    fn die_of_exit(&mut self) -> EngineError {
        let deadline = Instant::now() + EXIT_GRACE;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => break None,
            }
        };
        let how = status.map_or_else(|| "it closed its output".to_owned(), told);
        let last_words = self.errors.last_words(EXIT_GRACE);
        let reason = if last_words.is_empty() { how } else { format!("{how}; it last said:\n{last_words}") };
        self.die(EngineError::Died { reason })
    }

    fn unexpected(&mut self, to: &str) -> EngineError {
        self.die(EngineError::Protocol { reason: format!("the reply to `{to}` is one to another request") })
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Engine for EngineProcess {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        match self.call(Call::Devices, &Cancel::new(), &mut |_| ())? {
            Body::Devices(devices) => Ok(devices),
            _ => Err(self.unexpected("devices")),
        }
    }

    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        match self.call(Call::Describe { source: source.clone() }, &Cancel::new(), progress)? {
            Body::Described(card) => Ok(*card),
            _ => Err(self.unexpected("describe")),
        }
    }

    fn load(
        &mut self,
        request: &LoadRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError> {
        let mut loaded = match self.call(Call::Load { request: request.clone() }, &Cancel::new(), progress)? {
            Body::Loaded(loaded) => *loaded,
            _ => return Err(self.unexpected("load")),
        };
        if request.device != DeviceChoice::Cpu {
            loaded.device_fallback = match (self.fallback.clone(), loaded.device_fallback.take()) {
                (Some(program), Some(device)) => Some(format!("{program}; {device}")),
                (program, device) => program.or(device),
            };
        }
        Ok(loaded)
    }

    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        if cancel.is_cancelled() {
            return Ok(subjects.iter().map(|_| Err(JudgeError::Cancelled)).collect());
        }
        match self.call(Call::Judge { subjects: subjects.to_vec() }, cancel, &mut |_| ())? {
            Body::Judged(outcomes) if outcomes.len() == subjects.len() => Ok(outcomes),
            Body::Judged(outcomes) => {
                let reason = format!("{} outcomes for {} subjects", outcomes.len(), subjects.len());
                Err(self.die(EngineError::Protocol { reason }))
            }
            _ => Err(self.unexpected("judge")),
        }
    }

    fn render(
        &mut self,
        source: &GuardSource,
        settings: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        let call = Call::Render { source: source.clone(), settings, subjects: subjects.to_vec() };
        match self.call(call, &Cancel::new(), &mut |_| ())? {
            Body::Rendered(rendered) if rendered.len() == subjects.len() => Ok(rendered),
            Body::Rendered(rendered) => {
                let reason = format!("{} renderings for {} subjects", rendered.len(), subjects.len());
                Err(self.die(EngineError::Protocol { reason }))
            }
            _ => Err(self.unexpected("render")),
        }
    }

    fn generate(
        &mut self,
        request: &GenerateRequest,
        on_text: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> Result<Generated, EngineError> {
        let hear = &mut |body| {
            if let Body::Text(text) = body {
                on_text(&text);
            }
        };
        match self.call_and_hear(Call::Generate { request: request.clone() }, cancel, hear)? {
            Body::Generated(generated) => Ok(generated),
            _ => Err(self.unexpected("generate")),
        }
    }

    fn bench(&mut self, request: BenchRequest) -> Result<BenchReport, EngineError> {
        match self.call(Call::Bench { request }, &Cancel::new(), &mut |_| ())? {
            Body::Benched(report) => Ok(report),
            _ => Err(self.unexpected("bench")),
        }
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        match self.call(Call::Unload, &Cancel::new(), &mut |_| ())? {
            Body::Unloaded => Ok(()),
            _ => Err(self.unexpected("unload")),
        }
    }
}

fn command(program: &EngineProgram) -> Command {
    let mut command = Command::new(&program.path);
    command.args(&program.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        /// Without it a console window opens beside ours.
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    command
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

/// Ends when the caller is gone, which closes the engine's input, or when the engine no longer reads.
fn write_all(mut stdin: impl io::Write, requests: &Receiver<Request>) {
    while let Ok(request) = requests.recv() {
        if wire::write(&mut stdin, &request).is_err() {
            return;
        }
    }
}

fn read_all(mut stdout: impl io::BufRead, incoming: &SyncSender<Incoming>) {
    let first = match wire::read::<Hello>(&mut stdout) {
        Ok(Some(hello)) => Incoming::Hello(hello),
        Ok(None) => Incoming::Closed,
        Err(error) => unreadable(&error),
    };
    // After anything but a greeting nothing can be trusted.
    let mut go_on = matches!(first, Incoming::Hello(_)) & incoming.send(first).is_ok();
    while go_on {
        let next = match wire::read::<Reply>(&mut stdout) {
            Ok(Some(reply)) => Incoming::Reply(reply),
            Ok(None) => Incoming::Closed,
            Err(error) => unreadable(&error),
        };
        go_on = matches!(next, Incoming::Reply(_)) & incoming.send(next).is_ok();
    }
}

/// The decoder's own words quote what it read, which may be item text: only kind and place are told.
fn unreadable(error: &io::Error) -> Incoming {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<serde_json::Error>()) {
        // Killed while it wrote: how the process ended says more than half a line.
        Some(json) if json.is_eof() => Incoming::Closed,
        Some(json) => Incoming::Garbage(format!(
            "a line of its output is no message ({:?}, column {})",
            json.classify(),
            json.column()
        )),
        None => Incoming::Garbage(format!("its output cannot be read ({})", error.kind())),
    }
}

fn end(child: &mut Child) {
    // Both fail only for a process that is gone already.
    let _ = child.kill();
    let _ = child.wait();
}

fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        match status.signal() {
            Some(9) => return "it was killed (signal 9), perhaps because memory ran out".into(),
            Some(signal) => return format!("it was ended by signal {signal}"),
            None => {}
        }
    }
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it ended".into(),
    }
}
