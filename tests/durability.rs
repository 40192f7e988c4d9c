//! kill -9 at a random moment, again and again: nothing acknowledged is lost, nothing is doubled, the history holds. And
//! whoever changes the history behind the program's back is found out.
//!
//! `make durability` does 200 rounds on 20,000 items; `make test` a few on few. `SARING_DURABILITY_SEED` repeats a run.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    database,
    program::{Desk, demo_queue},
};

const DEMO_GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/guard");
/// Longest time until a kill: long enough to be in the middle of anything, short enough to be there often.
const KILL_AFTER_MAX: Duration = Duration::from_millis(1500);

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Good enough to choose moments.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        KILL_AFTER_MAX.mul_f64((self.0 % 10_000) as f64 / 10_000.0)
    }
}

/// The items of the demo queue over and over, each a little different.
fn items(n: u64) -> Vec<Value> {
    let queue = demo_queue();
    let item = |i: u64| {
        let from = &queue[(i as usize) % queue.len()];
        json!({ "id": format!("item-{i}"), "prompt": format!("{} ({i})", from["prompt"].as_str().unwrap()) })
    };
    (0..n).map(item).collect()
}

/// A stream of decisions, each by a process of its own, whose acknowledgements are written down outside of the database.
struct Deciding<'a> {
    desk: &'a Desk,
    items: std::vec::IntoIter<String>,
    acknowledged: Vec<String>,
    log: File,
    started: u64,
}

impl Deciding<'_> {
    fn start(&mut self) -> Option<Child> {
        let item = self.items.next()?;
        self.started += 1;
        let arguments = ["--json", "decide", &item, "--label", "safe", "--reviewer", "stream"];
        let mut command = self.desk.command(&arguments);
        Some(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Decides until there are more verdicts than `before`, for a minute at most.
    fn until_written(&mut self, workspace: &Path, before: i64) {
        let end = Instant::now() + Duration::from_secs(60);
        while database::number(workspace, "SELECT count(*) FROM verdicts") <= before && Instant::now() < end {
            self.until(Instant::now() + Duration::from_millis(500));
        }
    }

    /// Decides until `end`, then kills the decision in work.
    fn until(&mut self, end: Instant) {
        while Instant::now() < end {
            let Some(mut child) = self.start() else { return thread::sleep(end - Instant::now()) };
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_millis(1));
            }
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            // Acknowledged is what was printed whole, whether or not the process lived on.
            if let Ok(said) = serde_json::from_slice::<Value>(&output.stdout) {
                let id = said["decision_id"].as_str().unwrap().to_owned();
                writeln!(self.log, "{id}").unwrap();
                self.log.sync_data().unwrap();
                self.acknowledged.push(id);
            }
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    let rounds = from_environment("SARING_DURABILITY_ROUNDS", 5);
    let n = from_environment("SARING_DURABILITY_ITEMS", 800);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = from_environment("SARING_DURABILITY_SEED", now | 1);
    println!("{rounds} rounds on {n} items, seed {seed}");

    let desk = Desk::new();
    desk.import("q", &items(n));
    let workspace = desk.workspace();
    let ids = database::texts(&workspace, "SELECT id FROM items ORDER BY seq");
    let log = OpenOptions::new().create(true).append(true).open(desk.path("acknowledged.log")).unwrap();
    let mut deciding =
        Deciding { desk: &desk, items: ids.into_iter(), acknowledged: Vec::new(), log, started: 0 };
    let mut moments = Moments(seed);
    let mut guard = Guard::add(&desk, 0);
    let (mut verdicts_before, mut in_mid_run) = (0, 0);

    for round in 0..rounds {
        let mut labelling = guard.label(&desk);
        // Every other kill waits until the run has written something; the others may hit its beginning.
        if round % 2 == 1 {
            deciding.until_written(&workspace, verdicts_before);
        }
        deciding.until(Instant::now() + moments.next());
        match labelling.try_wait().unwrap() {
            None => in_mid_run += 1,
            Some(status) => {
                let said = fs::read_to_string(desk.path("label.log")).unwrap();
                assert!(status.success(), "round {round}: a run failed by itself: {said}");
            }
        }
        // Gone already if it has come to its end.
        let _ = labelling.kill();
        labelling.wait().unwrap();

        let verdicts = database::number(&workspace, "SELECT count(*) FROM verdicts");
        assert!(verdicts >= verdicts_before, "round {round}: verdicts were there and are gone");
        verdicts_before = verdicts;
        nothing_lost_or_doubled(&workspace, &deciding, round);
        // All of the history is read each time; on a large one every tenth time is enough.
        if n <= 5000 || round % 10 == 0 {
            desk.done(&["audit", "verify"]);
        }
        if guard.judged(&workspace) == n as i64 {
            guard = Guard::add(&desk, guard.number + 1);
        }
    }
    assert!(in_mid_run * 2 >= rounds, "only {in_mid_run} of {rounds} kills hit a run that was going on");

    assert!(verdicts_before > 0, "no run wrote a verdict before it was killed: nothing was tested");

    // Continued, it comes to its end, and every item has one verdict or one error of the last guard.
    assert!(guard.label(&desk).wait().unwrap().success(), "a killed run goes on");
    assert_eq!(guard.judged(&workspace), n as i64, "each item was judged once");
    nothing_lost_or_doubled(&workspace, &deciding, rounds);
    desk.done(&["audit", "verify"]);
    println!(
        "{} decisions acknowledged, {verdicts_before} verdicts, {in_mid_run} runs killed",
        deciding.acknowledged.len()
    );
    assert!(!deciding.acknowledged.is_empty(), "no decision came through: nothing was tested");
}

/// One guard after the other: when all is judged by one, the next begins anew.
struct Guard {
    name: String,
    number: u32,
}

impl Guard {
    fn add(desk: &Desk, number: u32) -> Self {
        let name = format!("guard-{number}");
        desk.done(&["models", "add", DEMO_GUARD, "--name", &name]);
        Self { name, number }
    }

    fn label(&self, desk: &Desk) -> Child {
        let mut command = desk.command(&["label", "--queue", "q", "--guard", &self.name]);
        let log = File::create(desk.path("label.log")).unwrap();
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn judged(&self, workspace: &Path) -> i64 {
        let guard = format!("(SELECT id FROM guards WHERE name = '{}')", self.name);
        database::number(
            workspace,
            &format!("SELECT count(DISTINCT item_id) FROM verdicts WHERE guard_id = {guard}"),
        )
    }
}

fn nothing_lost_or_doubled(workspace: &Path, deciding: &Deciding<'_>, round: u64) {
    let kept = database::texts(workspace, "SELECT id FROM decisions");
    for id in &deciding.acknowledged {
        assert!(kept.contains(id), "round {round}: the decision {id} was acknowledged and is gone");
    }
    assert!(kept.len() as u64 <= deciding.started, "round {round}: more decisions than were made");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM decisions GROUP BY item_id HAVING count(*) > 1)";
    assert_eq!(database::number(workspace, twice), 0, "round {round}: a decision is there twice");
    let twice =
        "SELECT count(*) FROM (SELECT 1 FROM verdicts GROUP BY item_id, task, guard_id HAVING count(*) > 1)";
    assert_eq!(database::number(workspace, twice), 0, "round {round}: a verdict is there twice");
    let bare = "SELECT count(*) FROM decisions WHERE id NOT IN (SELECT row_id FROM events)";
    assert_eq!(database::number(workspace, bare), 0, "round {round}: a decision without its event");
}

/// A workspace with some history, copied for each way of tampering with it.
fn copy_of(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn every_way_of_changing_the_history_is_found() {
    let desk = Desk::new();
    desk.import("q", &items(12));
    desk.done(&["label", "--queue", "q"]);
    let ids = database::texts(&desk.workspace(), "SELECT id FROM items ORDER BY seq");
    for id in &ids[..6] {
        desk.done(&["decide", id, "--label", "safe", "--reviewer", "r"]);
    }
    desk.done(&["undo", "--reviewer", "r"]);
    let head = desk.json(&["audit", "verify"])["head"].as_str().unwrap().to_owned();

    let cut_tail = "DELETE FROM events WHERE seq > (SELECT max(seq) - 2 FROM events);";
    let cut_tail_and_say_so = format!(
        "{cut_tail} UPDATE chain SET length = (SELECT max(seq) FROM events),
         head = (SELECT hash FROM events ORDER BY seq DESC LIMIT 1)"
    );
    let swapped = "CREATE TEMP TABLE two AS SELECT * FROM events WHERE seq IN (3, 4);
        UPDATE events SET (at, kind, row_id, row_hash, prev_hash, hash) =
            (SELECT at, kind, row_id, row_hash, prev_hash, hash FROM two WHERE two.seq = 7 - events.seq)
        WHERE seq IN (3, 4)";
    let ways = [
        ("an edited decision", "UPDATE decisions SET label = 'unsafe' WHERE rowid = 2"),
        ("an edited reviewer", "UPDATE decisions SET reviewer = 'somebody else' WHERE rowid = 1"),
        ("a deleted decision", "DELETE FROM decisions WHERE rowid = 3"),
        ("an edited verdict", "UPDATE verdicts SET label_mass = 0.123 WHERE rowid = 5"),
        ("a deleted verdict", "DELETE FROM verdicts WHERE rowid = 4"),
        ("an edited item", "UPDATE items SET prompt = 'something else' WHERE seq = 7"),
        ("a deleted event", "DELETE FROM events WHERE seq = 4"),
        ("an edited event", "UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 3"),
        ("two events in each other's place", swapped),
        ("a cut-off end", cut_tail),
        ("a cut-off end that the database denies", &cut_tail_and_say_so),
        ("an added decision", "INSERT INTO decisions (id, item_id, task, kind, label, reviewer, decided_at, verdict_visible)
            SELECT 'forged', id, 'prompt', 'label', 'safe', 'r', '2026-01-01T00:00:00.000Z', 0 FROM items WHERE seq = 9"),
    ];
    for (index, (what, sql)) in ways.iter().enumerate() {
        let copy = desk.path(&format!("copy-{index}"));
        copy_of(&desk.workspace(), &copy);
        let before = desk.json(&["--workspace", copy.to_str().unwrap(), "audit", "verify"]);
        assert_eq!(before["head"], head.as_str(), "a copy has the same history");
        database::tamper(&copy, sql);
        let output = Command::new(crate::program::SARING)
            .args(["--json", "--workspace", copy.to_str().unwrap(), "audit", "verify"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{what} must be found");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!report["problems"].as_array().unwrap().is_empty(), "{what} must be named: {report}");
    }
}

#[test]
fn a_history_that_was_put_back_is_found_by_a_head_that_was_written_down() {
    let desk = Desk::new();
    desk.import("q", &items(4));
    let old = desk.path("old");
    copy_of(&desk.workspace(), &old);
    let item = &database::texts(&desk.workspace(), "SELECT id FROM items")[0];
    desk.done(&["decide", item, "--label", "safe", "--reviewer", "r"]);
    let head = desk.json(&["audit", "verify"])["head"].as_str().unwrap().to_owned();
    let old = old.to_str().unwrap();
    desk.done(&["--workspace", old, "audit", "verify"]);
    desk.refused(1, &["--workspace", old, "audit", "verify", "--head", &head]);
    desk.done(&["audit", "verify", "--head", &head]);
}
