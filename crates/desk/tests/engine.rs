//! The guard's process, against a fake engine that dies, hangs and talks nonsense on request.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use saring_desk::engine::{
    EngineFactory, EngineHandle, EngineNotice, EngineProcess, EngineProgram, EnginePrograms, ProcessOptions,
    RestartPolicy, Supervised,
};
use saring_verdict::{
    Cancel, DeviceChoice, Engine, EngineError, GuardSource, JudgeError, LoadRequest, Outcome, Subject,
    wire::PROTOCOL,
};

/// Examples are built with the tests and lie in `examples` beside the folder of the test program.
fn fake(behaviour: &str) -> EngineProgram {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("fake_engine{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: `cargo build -p saring-desk --example fake_engine`",
        path.display()
    );
    EngineProgram { path, arguments: vec![behaviour.into()] }
}

const OPTIONS: ProcessOptions =
    ProcessOptions { handshake: Duration::from_secs(60), cancel: Duration::from_secs(60) };

fn start(behaviour: &str) -> Result<EngineProcess, EngineError> {
    EngineProcess::start(&fake(behaviour), OPTIONS)
}

fn request() -> LoadRequest {
    LoadRequest {
        source: GuardSource { path: "/a/guard".into(), family: None },
        device: DeviceChoice::Auto,
        precision: Default::default(),
        settings: Default::default(),
        features_dir: None,
    }
}

fn subjects(texts: &[&str]) -> Vec<Subject> {
    texts.iter().map(|text| Subject::prompt(*text)).collect()
}

/// The lengths of the judged texts, which the fake engine gives back as label mass.
fn lengths(outcomes: &[Outcome]) -> Vec<Option<usize>> {
    outcomes.iter().map(|o| o.as_ref().ok().map(|v| v.label_mass as usize)).collect()
}

type Notices = Arc<Mutex<Vec<EngineNotice>>>;

fn supervised(behaviour: &str) -> (Supervised, Notices) {
    let factory = EnginePrograms { programs: vec![fake(behaviour)], options: OPTIONS };
    let policy =
        RestartPolicy { deaths_in_a_row_max: 6, backoff: Duration::ZERO, backoff_max: Duration::ZERO };
    let notices = Notices::default();
    let heard = notices.clone();
    (Supervised::new(Arc::new(factory), policy, move |n| heard.lock().unwrap().push(n)), notices)
}

fn deaths(notices: &Notices) -> usize {
    notices.lock().unwrap().iter().filter(|n| matches!(n, EngineNotice::Died { .. })).count()
}

#[test]
fn a_process_greets_loads_with_progress_and_judges() {
    let mut engine = start("well").unwrap();
    assert_eq!(engine.hello().program, "fake 1");
    let mut steps = Vec::new();
    engine.load(&request(), &mut |p| steps.push(p.done)).unwrap();
    assert_eq!(steps, [1, 2, 3], "every step of loading is heard, in order");
    let outcomes = engine.judge(&subjects(&["a", "bb", "ccc"]), &Cancel::new()).unwrap();
    assert_eq!(lengths(&outcomes), [Some(1), Some(2), Some(3)], "outcomes are in the order of the subjects");
    assert_eq!(engine.devices().unwrap()[0].name, "fake");
    engine.unload().unwrap();
}

#[test]
fn an_error_of_the_engine_is_no_death() {
    let mut engine = start("well").unwrap();
    let source = request().source;
    assert_eq!(engine.render(&source, Default::default(), &[]), Err(EngineError::NotLoaded));
    assert!(engine.devices().is_ok(), "the process goes on after an answer that is an error");
}

#[test]
fn a_batch_larger_than_any_pipe_passes_both_ways() {
    let mut engine = start("well").unwrap();
    let text = "x".repeat(1 << 20);
    let outcomes = engine.judge(&subjects(&[&text, &text, &text]), &Cancel::new()).unwrap();
    assert_eq!(lengths(&outcomes), [Some(1 << 20); 3]);
}

#[test]
fn judging_is_cancelled_in_the_middle_of_a_batch() {
    let mut engine = start("well").unwrap();
    let cancel = Cancel::new();
    let other = cancel.clone();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        other.cancel();
    });
    let outcomes = engine.judge(&subjects(&["a", "slow", "b"]), &cancel).unwrap();
    stopper.join().unwrap();
    assert_eq!(lengths(&outcomes)[0], Some(1), "what was judged before the stop is kept");
    assert_eq!(outcomes[2], Err(JudgeError::Cancelled));
    let outcomes = engine.judge(&subjects(&["after"]), &Cancel::new()).unwrap();
    assert_eq!(lengths(&outcomes), [Some(5)], "the engine is of use after a cancel");
}

#[test]
fn a_process_that_does_not_stop_when_asked_is_killed() {
    let options = ProcessOptions { cancel: Duration::ZERO, ..OPTIONS };
    let mut engine = EngineProcess::start(&fake("well"), options).unwrap();
    let cancel = Cancel::new();
    let other = cancel.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        other.cancel();
    });
    // The limit of zero has passed before the answer can come, or the answer comes first; neither hangs.
    match engine.judge(&subjects(&["slow"]), &cancel) {
        Ok(outcomes) => assert_eq!(outcomes, [Err(JudgeError::Cancelled)]),
        Err(error) => assert!(matches!(error, EngineError::Died { .. }), "{error}"),
    }
}

#[test]
fn a_death_says_how_it_ended_and_its_last_words() {
    let mut engine = start("well").unwrap();
    let error = engine.judge(&subjects(&["a", "die"]), &Cancel::new()).unwrap_err();
    let EngineError::Died { reason } = &error else { panic!("{error}") };
    assert!(reason.contains("exit code 3"), "{reason}");
    assert!(reason.contains("the decoder fell over"), "what it said last is told: {reason}");
    assert_eq!(engine.devices().unwrap_err(), error, "a dead process stays dead and says the same");
}

#[cfg(unix)]
#[test]
fn a_killed_process_is_told_from_one_that_failed() {
    let mut engine = start("well").unwrap();
    std::process::Command::new("kill").args(["-9", &engine.id().to_string()]).status().unwrap();
    let error = engine.judge(&subjects(&["a"]), &Cancel::new()).unwrap_err();
    assert!(error.to_string().contains("signal 9"), "{error}");
}

#[test]
fn another_protocol_version_is_refused_with_both_numbers() {
    let error = start("old").err().unwrap();
    assert!(matches!(error, EngineError::Protocol { .. }), "{error}");
    let numbers = format!("protocol {}, this program {PROTOCOL}", PROTOCOL + 1);
    assert!(error.to_string().contains(&numbers), "{error}");
}

#[test]
fn a_program_that_is_no_engine_is_refused() {
    let error = start("noise").err().unwrap();
    assert!(matches!(error, EngineError::Protocol { .. }), "{error}");
}

#[test]
fn a_program_that_never_greets_is_given_up() {
    let options = ProcessOptions { handshake: Duration::from_millis(200), ..OPTIONS };
    let error = EngineProcess::start(&fake("mute"), options).err().unwrap();
    assert!(error.to_string().contains("did not answer"), "{error}");
}

#[test]
fn garbage_in_the_output_is_an_error_that_does_not_quote_it() {
    let mut engine = start("well").unwrap();
    let error = engine.judge(&subjects(&["garbage"]), &Cancel::new()).unwrap_err();
    assert!(matches!(error, EngineError::Protocol { .. } | EngineError::Died { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "what it wrote may be item text: {error}");
}

#[test]
fn a_program_that_cannot_start_falls_back_to_the_next_one_and_says_so() {
    let programs = EnginePrograms { programs: vec![fake("broken"), fake("well")], options: OPTIONS };
    let mut engine = programs.start().unwrap();
    let loaded = engine.load(&request(), &mut |_| ()).unwrap();
    let reason = loaded.device_fallback.unwrap();
    assert!(reason.contains("libcuda.so.1"), "why the better program was not used: {reason}");
    let on_cpu = LoadRequest { device: DeviceChoice::Cpu, ..request() };
    let loaded = engine.load(&on_cpu, &mut |_| ()).unwrap();
    assert_eq!(loaded.device_fallback, None, "who asks for the processor has lost nothing");
}

#[test]
fn where_no_program_starts_every_reason_is_told() {
    let programs = EnginePrograms { programs: vec![fake("broken"), fake("old")], options: OPTIONS };
    let error = programs.start().err().unwrap().to_string();
    assert!(error.contains("exit code 127") && error.contains(&format!("program {PROTOCOL}")), "{error}");
}

#[test]
fn an_item_that_kills_the_engine_twice_gets_an_error_and_the_others_get_verdicts() {
    let (mut engine, notices) = supervised("well");
    engine.load(&request(), &mut |_| ()).unwrap();
    let outcomes = engine.judge(&subjects(&["a", "bb", "die", "dddd"]), &Cancel::new()).unwrap();
    assert_eq!(lengths(&outcomes), [Some(1), Some(2), None, Some(4)], "only the item that kills is lost");
    assert!(matches!(outcomes[2], Err(JudgeError::EngineDied { .. })), "{:?}", outcomes[2]);
    assert_eq!(deaths(&notices), 3, "once with the batch, twice alone");
    let restarted = |n: &EngineNotice| matches!(n, EngineNotice::Restarted { loaded: Some(_) });
    assert!(notices.lock().unwrap().iter().any(restarted), "the guard is loaded again");
}

#[test]
fn an_item_that_is_alone_in_its_batch_is_judged_twice_and_no_more() {
    let (mut engine, notices) = supervised("well");
    engine.load(&request(), &mut |_| ()).unwrap();
    let outcomes = engine.judge(&subjects(&["die"]), &Cancel::new()).unwrap();
    assert!(matches!(outcomes[0], Err(JudgeError::EngineDied { .. })));
    assert_eq!(deaths(&notices), 2, "the batch of one was its first time alone");
}

#[test]
fn restarts_are_bounded() {
    let (mut engine, notices) = supervised("well");
    engine.load(&request(), &mut |_| ()).unwrap();
    let error = engine.judge(&subjects(&["die"; 20]), &Cancel::new()).unwrap_err();
    assert!(matches!(error, EngineError::Died { .. }), "{error}");
    assert!(matches!(notices.lock().unwrap().last(), Some(EngineNotice::GivenUp { .. })), "it is said");
    let outcomes = engine.judge(&subjects(&["a"]), &Cancel::new()).unwrap();
    assert_eq!(lengths(&outcomes), [Some(1)], "the next call may try again");
}

#[test]
fn a_guard_that_kills_the_engine_on_loading_is_tried_twice() {
    let (mut engine, notices) = supervised("heavy");
    let error = engine.load(&request(), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("out of memory"), "{error}");
    assert_eq!(deaths(&notices), 2);
    assert_eq!(engine.judge(&subjects(&["a"]), &Cancel::new()), Err(EngineError::NotLoaded));
}

#[tokio::test]
async fn a_handle_reaches_the_engine_from_asynchronous_code() {
    let (engine, _) = supervised("well");
    let handle = EngineHandle::new(engine).unwrap();
    let judged = handle.judge(request(), subjects(&["abc"]), Cancel::new()).await.unwrap();
    assert_eq!(lengths(&judged.outcomes), [Some(3)], "the guard is loaded when it is needed");
    let panicked = handle.call(|_| -> Result<(), EngineError> { panic!("on purpose") }).await;
    assert!(matches!(panicked, Err(EngineError::Died { .. })));
    assert_eq!(handle.devices().await.unwrap().len(), 1, "a panic takes the call, not the thread");
}
