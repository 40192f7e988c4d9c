//! Policies as files, in a workspace, and where reviewers meet them.

use std::path::Path;

use saring_verdict::{Cancel, Family, Severity, Task};

use super::*;
use crate::{
    Code, Workspace,
    audit::Problem,
    fixture::{Fixture, QUEUE},
    review::{DecisionKind, Gesture, NewDecision},
};

/// A team's policy: two labels, a note with unsafe, reasons by code alone to skip, and one that must be explained to escalate.
const TEAM: &str = r#"{
  "format": "saring-policy-1", "name": "forum", "version": 1,
  "labels": [{"label": "safe"}, {"label": "unsafe", "rationale": true}],
  "categories": [{"name": "Fights", "tasks": ["prompt", "response"]}, {"name": "Doxxing", "tasks": ["prompt"]}],
  "reasons": {
    "skip": {"codes": [{"code": "language", "text": "I do not read this"}], "free_text": false, "required": true},
    "escalate": {"codes": [{"code": "danger", "text": "Somebody may be in danger"}], "rationale": true}
  },
  "guards": [{"family": "qwen3guard-gen", "labels": {"Safe": "safe", "Unsafe": "unsafe"}, "categories": {"Violent": "Fights", "PII": "Doxxing"}}]
}"#;

fn team() -> Policy {
    Policy::from_file(TEAM).expect("a policy")
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn said<'a>(label: &'a str, categories: &'a [String], note: Option<&'a str>) -> Said<'a> {
    Said { label, categories, refusal: None, note }
}

fn ready_made(name: &str) -> Policy {
    ready_made::all().expect("they can be read").into_iter().find(|p| p.name == name).expect(name)
}

#[test]
fn a_policy_comes_back_from_its_file_with_the_same_digest() {
    let mut policies = ready_made::all().expect("they can be read");
    policies.push(team());
    // One of every odd thing that a text may hold.
    let mut odd = team();
    odd.about = "\"quoted\" \\ \u{1f600} ภาษาไทย \u{2028} <b>\n\ttwo lines".to_owned();
    odd.labels[0].examples = words(&["one", "မြန်မာ"]);
    odd.refusal = Some(RefusalQuestion::default());
    policies.push(odd);
    for policy in policies {
        let again = Policy::from_file(&policy.to_file()).expect("what was written can be read");
        assert_eq!(again, policy);
        assert_eq!(again.to_file(), policy.to_file());
        assert_eq!(
            again.into_version().id,
            policy.into_version().id,
            "the digest is over what it says alone"
        );
    }
}

#[test]
fn the_ready_made_ones_have_what_the_guards_answer_and_a_clause_for_each() {
    let (qwen, sea) = (ready_made("qwen3guard"), ready_made("sea-guard"));
    assert_eq!(qwen.label_words(), "safe, controversial, unsafe");
    assert_eq!(qwen.categories_of(Task::Prompt).count(), 9);
    assert_eq!(qwen.categories_of(Task::Response).count(), 8, "jailbreak is for prompts only");
    assert!(qwen.asks_refusal(Task::Response) && !qwen.asks_refusal(Task::Prompt));
    assert_eq!((sea.label_words().as_str(), sea.categories.len()), ("safe, unsafe", 0));
    for policy in [&qwen, &sea] {
        assert!(policy.about.contains("Saring's own wording"), "whose words they are is said");
        assert!(policy.labels.iter().all(|l| !l.guidance.is_empty() && !l.examples.is_empty()));
        assert!(policy.categories.iter().all(|c| !c.guidance.is_empty() && !c.examples.is_empty()));
        assert!(!policy.reasons.escalate.codes.is_empty());
        assert!(policy.reasons.skip.codes.is_empty(), "one key skips, until a team has reasons of its own");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place_and_what_to_do() {
    for (from, to, expected) in [
        ("\"unsafe\", \"rationale\"", "\"terrible\", \"rationale\"", "labels[1].label: unknown variant"),
        ("\"version\": 1", "\"version\": \"one\"", "version: invalid type"),
        ("\"name\": \"forum\"", "\"nmae\": \"forum\"", "unknown field `nmae`"),
        ("saring-policy-1", "saring-policy-9", "format: unknown variant `saring-policy-9`"),
        ("\"label\": \"safe\"", "\"label\": \"unsafe\"", "labels[1].label: \"unsafe\" stands there twice"),
        (
            "\"Doxxing\", \"tasks\"",
            "\"fights\", \"tasks\"",
            "categories[1].name: \"fights\" stands there twice",
        ),
        ("[\"prompt\"]", "[]", "categories[1].tasks: it can be said of nothing"),
        (
            "\"code\": \"language\"",
            "\"code\": \"No Thai\"",
            "reasons.skip.codes[0].code: a code has lower-case",
        ),
        ("\"forum\"", "\"forum@2\"", "name: a name has no @"),
        ("\"version\": 1", "\"version\": 0", "version: versions begin at 1"),
        (
            "\"PII\": \"Doxxing\"",
            "\"PII\": \"Privacy\"",
            "guards[0].categories.PII: the policy has no \"Privacy\"",
        ),
        ("\"qwen3guard-gen\"", "\"assistant\"", "guards[0].family: an assistant gives no verdicts"),
    ] {
        let text = TEAM.replacen(from, to, 1);
        assert_ne!(text, TEAM, "{from} stands in it");
        let error = Policy::from_file(&text).expect_err(to).to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let cut = Policy::from_file(&TEAM[..200]).expect_err("it is cut off").to_string();
    assert!(cut.contains("line 4, column"), "{cut}");
    let tail = Policy::from_file(&format!("{TEAM} {{}}")).expect_err("two of them").to_string();
    assert!(tail.contains("trailing characters"), "{tail}");
}

#[test]
fn case_does_not_matter_and_the_spelling_and_order_are_the_policys() {
    let policy = ready_made("qwen3guard");
    let checked = policy
        .check(Task::Prompt, said(" UNSAFE", &words(&["pii", "VIOLENT", "pii"]), None))
        .expect("all of it exists");
    assert_eq!(checked.label, Severity::Unsafe);
    assert_eq!(checked.categories, ["Violent", "PII"], "each once, in the policy's order");
}

#[test]
fn what_a_policy_does_not_have_is_refused_with_what_it_has() {
    let policy = ready_made("qwen3guard");
    let refused = |policy: &Policy, task, label, categories: &[&str]| {
        policy.check(task, said(label, &words(categories), None)).expect_err("it is not there").to_string()
    };
    let text = refused(&policy, Task::Response, "unsafe", &["Jailbreak"]);
    assert!(text.contains("Copyright Violation") && text.contains("qwen3guard@1"), "{text}");
    assert!(refused(&ready_made("sea-guard"), Task::Prompt, "unsafe", &["PII"]).contains("it has none"));
    assert!(refused(&ready_made("sea-guard"), Task::Prompt, "controversial", &[]).ends_with("safe, unsafe"));
    assert_eq!(refused(&policy, Task::Prompt, "safe", &["PII"]), "what is safe has no categories");
    let refusal = Said { refusal: Some(true), ..said("safe", &[], None) };
    assert!(policy.check(Task::Prompt, refusal).is_err(), "a request is no refusal");
    assert!(policy.check(Task::Response, refusal).is_ok());
}

#[test]
fn a_note_is_wanted_where_the_policy_says_so() {
    let mut policy = team();
    let missing =
        policy.check(Task::Prompt, said("unsafe", &[], Some("  "))).expect_err("blanks are no note");
    assert!(
        missing.to_string().contains("forum@1 wants a note that says why, with the label unsafe"),
        "{missing}"
    );
    let with = policy.check(Task::Prompt, said("unsafe", &[], Some(" because "))).expect("there is one");
    assert_eq!(with.note.as_deref(), Some("because"));
    policy.labels[1].rationale = false;
    policy.categories[1].rationale = true;
    let categories = words(&["Doxxing"]);
    let missing =
        policy.check(Task::Prompt, said("unsafe", &categories, None)).expect_err("the category wants it");
    assert!(missing.to_string().contains("with the category Doxxing"), "{missing}");
    assert!(policy.check(Task::Prompt, said("unsafe", &[], None)).is_ok());
}

#[test]
fn reasons_are_codes_or_own_words_as_the_policy_says() {
    let policy = team();
    let check = |kind, reason, note| policy.check_reason(kind, reason, note);
    let skipped = check(DecisionKind::Skip, Some("LANGUAGE"), None).expect("a code");
    assert_eq!(skipped.reason.as_deref(), Some("language"));
    let none = check(DecisionKind::Skip, None, None).expect_err("one is required").to_string();
    assert!(none.contains("wants a reason to skip; the reasons are language"), "{none}");
    let own = check(DecisionKind::Skip, Some("no time"), None).expect_err("codes only").to_string();
    assert!(own.contains("has no reason \"no time\" to skip") && !own.contains("own words"), "{own}");
    let bare =
        check(DecisionKind::Escalate, Some("danger"), None).expect_err("a code explains nothing").to_string();
    assert!(bare.contains("wants a note that says why, with every escalate"), "{bare}");
    assert!(check(DecisionKind::Escalate, Some("danger"), Some("he names a street")).is_ok());
    assert!(check(DecisionKind::Escalate, Some("he names a street"), None).is_ok(), "own words explain");
    assert_eq!(check(DecisionKind::Flag, None, None), Ok(CheckedReason::default()));
    assert!(check(DecisionKind::Quarantine, None, None).is_ok(), "nothing is asked of it");
}

#[test]
fn a_guards_words_become_the_policys_and_back() {
    let policy = team();
    let gen_family = Some(Family::Qwen3guardGen);
    assert_eq!(policy.label_of(gen_family, "unsafe"), Some(Severity::Unsafe), "case does not matter");
    assert_eq!(policy.label_of(gen_family, "Controversial"), None, "it has no counterpart");
    assert_eq!(
        policy.label_of(Some(Family::SeaGuard), "safe"),
        Some(Severity::Safe),
        "no mapping: by its name"
    );
    assert_eq!(policy.label_of(Some(Family::SeaGuard), "sensitive"), None);
    let native = words(&["PII", "Violent", "Jailbreak"]);
    assert_eq!(policy.categories_from(gen_family, Task::Prompt, &native), ["Fights", "Doxxing"]);
    assert_eq!(policy.categories_from(gen_family, Task::Response, &native), ["Fights"], "of that task only");
    assert_eq!(policy.native_category(Family::Qwen3guardGen, "Fights"), Some("Violent"));
    assert_eq!(policy.native_category(Family::Qwen3guardGen, "Rude"), None);
    let mut two = team();
    two.guards[0].categories.insert("Unethical Acts".to_owned(), "Fights".to_owned());
    assert_eq!(two.native_category(Family::Qwen3guardGen, "Fights"), None, "which of two is not said");
}

#[tokio::test]
async fn a_change_is_a_new_version_and_the_old_one_stays() {
    let fixture = Fixture::new().await;
    let workspace = &fixture.workspace;
    let names = |listings: Vec<PolicyListing>| -> Vec<String> {
        listings.iter().map(|l| l.version.terms.reference()).collect()
    };
    assert_eq!(names(workspace.policies().await.expect("a list")), ["qwen3guard@1", "sea-guard@1"]);
    let first = workspace.import_policy(TEAM, Some("lead")).await.expect("it is taken");
    assert!(first.added && first.version.terms == team());
    let again = workspace.import_policy(TEAM, Some("lead")).await.expect("it is there");
    assert!(!again.added && again.version == first.version);

    let same = workspace.save_policy(team(), Some("lead")).await.expect("nothing new");
    assert_eq!(same, first.version, "what says the same is no new version");
    let mut edited = team();
    edited.about = "for the forum".to_owned();
    let second = workspace.save_policy(edited.clone(), Some("lead")).await.expect("a new version");
    assert_eq!(second.terms.version, 2);
    assert_eq!(workspace.policy("forum").await.expect("the newest"), second);
    assert_eq!(workspace.policy("forum@1").await.expect("the first"), first.version);
    assert_eq!(workspace.policy(&first.version.id[..12]).await.expect("by its id"), first.version);
    assert_eq!(workspace.policy("forum@3").await.expect_err("not yet").code(), Code::NotFound);

    edited.about = "something else".to_owned();
    let taken = workspace.import_policy(&Policy { version: 2, ..edited }.to_file(), None).await;
    let taken = taken.expect_err("version 2 says something else");
    assert_eq!(taken.code(), Code::Conflict);
    assert!(taken.to_string().contains("give yours the version 3"), "{taken}");
    let listed = names(workspace.policies().await.expect("a list"));
    assert_eq!(listed, ["forum@2", "forum@1", "qwen3guard@1", "sea-guard@1"]);
    assert_eq!(workspace.verify(None).await.expect("an audit").problems, []);
}

async fn team_queue() -> (Fixture, Vec<String>) {
    let fixture = Fixture::new().await;
    fixture.workspace.import_policy(TEAM, None).await.expect("it is taken");
    fixture.workspace.create_queue(QUEUE, "forum").await.expect("a queue");
    fixture
        .import("rows.jsonl", b"{\"id\": \"1\", \"prompt\": \"one\"}\n{\"id\": \"2\", \"prompt\": \"two\"}")
        .await;
    let ids = fixture.ids().await;
    (fixture, ids)
}

#[tokio::test]
async fn a_decision_records_its_version_and_leaves_nothing_without_the_note_that_is_wanted() {
    let (fixture, ids) = team_queue().await;
    let workspace = &fixture.workspace;
    let bare = fixture.decision(&ids[0], "unsafe");
    let refused = workspace.decide(&bare).await.expect_err("a note is wanted");
    assert_eq!(refused.code(), Code::Invalid);
    assert!(workspace.history(&ids[0]).await.expect("a history").is_empty());
    workspace.decide(&NewDecision { note: Some("a fist".to_owned()), ..bare }).await.expect("saved");
    let skip = Gesture { reason: Some("Language".to_owned()), ..Gesture::new(&ids[1], "ana") };
    workspace.skip(&skip).await.expect("skipped");
    workspace.undo("ana").await.expect("an undo");
    for id in &ids {
        for entry in workspace.history(id).await.expect("a history") {
            let policy = entry.policy.expect("each row has one, the undo too");
            assert_eq!(policy.terms.reference(), "forum@1");
        }
    }
    assert_eq!(workspace.verify(None).await.expect("an audit").problems, []);
}

#[tokio::test]
async fn a_queue_goes_over_to_another_version_only_after_a_look_at_what_it_means() {
    let (fixture, ids) = team_queue().await;
    let workspace = &fixture.workspace;
    let decision = NewDecision {
        categories: words(&["doxxing"]),
        note: Some("an address".to_owned()),
        ..fixture.decision(&ids[0], "unsafe")
    };
    workspace.decide(&decision).await.expect("saved");
    workspace.decide(&fixture.decision(&ids[1], "safe")).await.expect("saved");
    let mut edited = team();
    edited.categories.remove(1);
    edited.guards.clear();
    workspace.save_policy(edited, Some("lead")).await.expect("a new version");
    assert_eq!(
        workspace.queue(QUEUE).await.expect("a queue").policy.terms.version,
        1,
        "saving changes no queue"
    );

    let change = workspace.policy_change(QUEUE, "forum").await.expect("a look");
    assert_eq!((change.decisions, change.unsayable_decisions()), (2, 1));
    assert!(change.unsayable[0].reason.contains("\"Doxxing\""), "{:?}", change.unsayable);
    let refused =
        workspace.use_policy(QUEUE, "forum", Some("lead"), false).await.expect_err("it was not said");
    assert!(
        refused.to_string().contains("1 decisions in force") && refused.code() == Code::Conflict,
        "{refused}"
    );
    workspace.use_policy(QUEUE, "forum", Some("lead"), true).await.expect("it was said");
    assert_eq!(workspace.queue(QUEUE).await.expect("a queue").policy.terms.version, 2);
    let history = workspace.history(&ids[0]).await.expect("a history");
    assert_eq!(
        history[0].policy.as_ref().map(|p| p.terms.version),
        Some(1),
        "what was decided stays as it was"
    );
    workspace.use_policy(QUEUE, "forum@1", None, false).await.expect("and back");
    assert_eq!(
        workspace.queue(QUEUE).await.expect("a queue").policy.terms.version,
        1,
        "the last choice counts"
    );
    assert_eq!(workspace.verify(None).await.expect("an audit").problems, []);
}

#[tokio::test]
async fn an_edited_version_of_a_decision_is_found() {
    let (fixture, ids) = team_queue().await;
    fixture.workspace.decide(&fixture.decision(&ids[0], "safe")).await.expect("saved");
    fixture.tamper("UPDATE policies SET body = replace(body, 'Fights', 'Chess') WHERE name = 'forum'").await;
    let found = fixture.workspace.verify(None).await.expect("an audit").problems;
    assert!(matches!(found.as_slice(), [Problem::RowEdited { kind, .. }] if kind == "policy"), "{found:?}");
}

/// A workspace of the version before policies: two queues, verdicts, nine decisions.
async fn older_workspace(dir: &Path) -> Workspace {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/fixtures");
    std::fs::copy(folder.join("before_policies.db"), dir.join("saring.db")).expect("a copy");
    std::fs::copy(folder.join("before_policies.head"), dir.join("saring.head")).expect("a copy");
    Workspace::open(dir).await.expect("an older workspace opens")
}

#[tokio::test]
async fn an_older_workspace_opens_with_the_policies_that_say_what_its_queues_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = older_workspace(dir.path()).await;
    let head = "657cee85ec91f6b88d81c8a763f6d449d66846570b6fcc7708c9d70c914e662d";
    let report = workspace.verify(Some(head)).await.expect("an audit");
    assert_eq!(report.problems, [], "the older rows keep their hashes, and the old head lies on the chain");
    for (queue, policy) in [("forum", "qwen3guard@1"), ("binary", "sea-guard@1")] {
        let queue = workspace.queue(queue).await.expect("it is there");
        assert_eq!(queue.policy.terms.reference(), policy);
    }
    let change = workspace.policy_change("forum", "sea-guard").await.expect("a look");
    assert!(change.unsayable_decisions() > 0, "older decisions are looked at too");
    let item = workspace.next("forum", None).await.expect("a look").expect("one is pending");
    let old = workspace.history(&item.id).await.expect("a history");
    assert!(!old.is_empty() && old.iter().all(|e| e.policy.is_none()), "there was none then: {old:?}");
    let decision = NewDecision {
        item_id: item.id.clone(),
        task: Task::Prompt,
        label: "safe".to_owned(),
        categories: Vec::new(),
        refusal: None,
        note: None,
        reviewer: "ana".to_owned(),
        duration_ms: None,
        verdict_visible: false,
        draw_id: None,
        synthetic: false,
    };
    workspace.decide(&decision).await.expect("work goes on");
    workspace.undo("ana").await.expect("and back");
    workspace.undo("ana").await.expect("and further, to what was done before");
    let events = workspace.verify(None).await.expect("an audit");
    assert_eq!(events.problems, []);
    workspace.close().await;
    let again = Workspace::open(dir.path()).await.expect("it opens again");
    assert_eq!(again.verify(None).await.expect("an audit").events, events.events, "it is done once");
}

#[tokio::test]
async fn an_older_decision_that_is_given_a_policy_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = older_workspace(dir.path()).await;
    let sql = "UPDATE decisions SET policy_id = (SELECT id FROM policies LIMIT 1) WHERE seq = 1";
    assert_eq!(workspace.store().execute_behind_our_back(sql).await, 1);
    let found = workspace.verify(None).await.expect("an audit").problems;
    assert!(matches!(found.as_slice(), [Problem::RowEdited { kind, .. }] if kind == "decision"), "{found:?}");
}

#[tokio::test]
async fn an_older_queue_with_labels_of_its_own_gets_a_policy_made_from_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = older_workspace(dir.path()).await;
    let scheme = r#"{"name": "mine@home", "labels": ["safe", "unsafe"], "prompt": {"categories": ["Fights"], "refusal": false}, "response": {"categories": ["Fights", "Rude"], "refusal": true}}"#;
    workspace.store().insert_test_queue_before_policies("odd", scheme).await;
    workspace.close().await;
    let workspace = Workspace::open(dir.path()).await.expect("it opens");
    let policy = workspace.queue("odd").await.expect("it is there").policy.terms;
    assert_eq!(policy.name, "mine home (before policies)");
    let names = |task| policy.categories_of(task).map(|c| c.name.as_str()).collect::<Vec<_>>();
    assert_eq!((names(Task::Prompt), names(Task::Response)), (vec!["Fights"], vec!["Fights", "Rude"]));
    assert!(policy.asks_refusal(Task::Response));
    assert_eq!(workspace.verify(None).await.expect("an audit").problems, []);
    let request = crate::import::ImportRequest { queue: "odd".to_owned(), ..request_of(dir.path()) };
    let report = workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("an import");
    assert_eq!(report.added, 1, "and work goes on in it");
}

fn request_of(dir: &Path) -> crate::import::ImportRequest {
    let path = dir.join("rows.jsonl");
    std::fs::write(&path, b"{\"prompt\": \"one\"}").expect("a file");
    crate::import::ImportRequest {
        queue: QUEUE.to_owned(),
        policy: DEFAULT.to_owned(),
        paths: vec![path],
        mapping: crate::import::ColumnMapping::new(),
        keeping: crate::media::Keeping::Copy,
    }
}

/// Numbers that look drawn and are the same in every run (xorshift64).
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("it is below a usize")
    }

    fn text(&mut self) -> String {
        const SIGNS: [&str; 12] =
            ["a", " ", "\"", "\\", "\n", "\t", "ก", "မြ", "\u{1f600}", "\u{2028}", "\u{0}", "{"];
        (0..self.below(12)).map(|_| SIGNS[self.below(SIGNS.len())]).collect()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn policy(&mut self) -> Policy {
        let mut policy = team();
        policy.name = format!("p{}", self.below(1000));
        policy.version = u32::try_from(1 + self.below(9)).expect("it is small");
        policy.about = self.text();
        for label in &mut policy.labels {
            (label.guidance, label.rationale) = (self.text(), self.yes());
            label.examples = (0..self.below(4)).map(|n| format!("{n}{}", self.text())).collect();
        }
        for category in &mut policy.categories {
            (category.guidance, category.rationale) = (self.text(), self.yes());
        }
        policy.refusal = self.yes().then(|| RefusalQuestion { guidance: self.text() });
        for rule in [&mut policy.reasons.skip, &mut policy.reasons.flag] {
            let reason = |n| Reason { code: format!("code-{n}"), text: format!("{n}{}", self.text()) };
            rule.codes = (0..3).map(reason).collect();
            (rule.free_text, rule.required, rule.rationale) = (self.yes(), self.yes(), self.yes());
        }
        policy
    }
}

#[test]
fn whatever_a_policy_says_it_comes_back_from_its_file_with_the_same_digest() {
    let mut drawn = Drawn(20_261_121);
    for _ in 0..300 {
        let policy = drawn.policy();
        let again = Policy::from_file(&policy.to_file()).expect("what was written can be read");
        assert_eq!((again.body(), again.to_file()), (policy.body(), policy.to_file()));
        assert_eq!(again.into_version(), policy.into_version());
    }
}
