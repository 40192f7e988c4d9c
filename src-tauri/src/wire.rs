//! What crosses between the program and its page: each type is declared here once, its TypeScript is generated.
//!
//! These are views for the window, converted from the desk's types at this edge and never stored. Times are RFC 3339 in
//! UTC. Item text and verdicts travel only to the window; a verdict that must stay hidden is not sent at all.

#![allow(missing_docs, reason = "the fields say it; what a name cannot say is written beside it")]

mod insight;

pub use insight::*;
use serde::{Deserialize, Serialize};
use specta::Type;
// A float is null in JSON when it is not finite; none of ours may be, so that the page sees plain numbers.
use specta_typescript::Number;

mod team;
pub use team::*;

/// An error as the window shows it: one sentence of what happened, one of what to do, details folded away.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Failure {
    /// The only part that the window branches on.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub advice: String,
    /// For a report to the people who run it.
    pub details: String,
}

/// Kinds of failure that the window treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Code {
    NotFound,
    Invalid,
    Conflict,
    NewerVersion,
    DiskFull,
    Busy,
    Damaged,
    Io,
    Engine,
    Cancelled,
}

/// What is known when the window opens.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Start {
    pub version: String,
    pub workspace: String,
    /// Nothing has been imported and no guard was added: show the first steps.
    pub first_start: bool,
    /// Pseudonym of the reviewer, once given.
    pub reviewer: Option<String>,
    /// The window's own preferences as it saved them; empty at first.
    pub preferences: String,
    pub demo: DemoInfo,
}

/// The toy guard that comes with the program.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DemoInfo {
    pub guard_name: String,
    /// "A toy that must not moderate anything", in a sentence.
    pub warning: String,
    /// Measured on the held-out demo queue; a row per language and one for all ("all").
    pub scores: Vec<DemoScore>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DemoScore {
    pub task: String,
    pub language: String,
    #[specta(type = Number)]
    pub auprc: f64,
    #[specta(type = Number)]
    pub baseline_auprc: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct StateCounts {
    pub total: u32,
    pub pending: u32,
    pub decided: u32,
    pub skipped: u32,
    pub escalated: u32,
    pub flagged: u32,
    pub quarantined: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct LanguageCount {
    /// BCP 47, or "und".
    pub language: String,
    pub items: u32,
}

/// A version of a policy.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyView {
    /// SHA-256 of what it says.
    pub id: String,
    pub terms: PolicyTerms,
}

/// What reviewers may say, what it means, and where they must say why.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyTerms {
    pub name: String,
    pub version: u32,
    /// Where it comes from, and whose words it has.
    pub about: String,
    pub labels: Vec<PolicyLabel>,
    pub categories: Vec<PolicyCategory>,
    /// What counts as one; null: it is not asked.
    pub refusal: Option<String>,
    pub reasons: PolicyReasons,
    pub guards: Vec<PolicyMapping>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyLabel {
    /// "safe", "controversial", "unsafe".
    pub label: String,
    pub guidance: String,
    pub examples: Vec<String>,
    /// A note must say why.
    pub rationale: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyCategory {
    pub name: String,
    /// "prompt", "response".
    pub tasks: Vec<String>,
    pub guidance: String,
    pub examples: Vec<String>,
    /// A note must say why.
    pub rationale: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyReasons {
    pub skip: PolicyRule,
    pub escalate: PolicyRule,
    pub flag: PolicyRule,
}

/// Why something is skipped, escalated or flagged.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyRule {
    /// In the order of their keys.
    pub codes: Vec<PolicyReason>,
    /// A reason in the reviewer's own words will do.
    pub free_text: bool,
    /// There must be a reason.
    pub required: bool,
    /// A note must say more than a code does.
    pub rationale: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyReason {
    pub code: String,
    /// What reviewers read.
    pub text: String,
}

/// What a family of guards says, in the words of the policy.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyMapping {
    pub family: String,
    pub labels: Vec<WordPair>,
    pub categories: Vec<WordPair>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct WordPair {
    pub native: String,
    pub target: String,
}

/// A version in the list of policies.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyRow {
    pub id: String,
    pub name: String,
    pub version: u32,
    /// It came with the program.
    pub ready_made: bool,
    /// Names of the queues that have it now.
    pub queues: Vec<String>,
    pub kept_by: Option<String>,
    /// Null for one that came with the program and was not used yet.
    pub kept_at: Option<String>,
}

/// What it means for a queue to go over to another version.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PolicyChangeView {
    /// NAME@VERSION.
    pub from: String,
    pub to: String,
    /// It has that version already.
    pub same: bool,
    /// Decisions in force.
    pub decisions: u32,
    /// Those of them that could not be made any more.
    pub unsayable: Vec<UnsayableView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct UnsayableView {
    pub reason: String,
    pub decisions: u32,
}

/// What reviewers may say in a queue: the part of its policy that a decision is made of.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Scheme {
    pub name: String,
    /// "safe", "controversial", "unsafe": in the order of their keys.
    pub labels: Vec<String>,
    pub prompt: TaskScheme,
    pub response: TaskScheme,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct TaskScheme {
    pub categories: Vec<String>,
    /// Whether it is asked if the response refuses.
    pub refusal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum QueueOrder {
    Imported,
    Uncertain,
    Unsafe,
    Newest,
    Draw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ReviewMode {
    /// The verdict is hidden until a decision is saved.
    Blind,
    /// The verdict is in view.
    Suggestion,
}

/// A card of the queues screen.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct QueueCard {
    pub id: String,
    pub name: String,
    pub scheme: Scheme,
    pub policy: PolicyView,
    pub order: QueueOrder,
    pub mode: ReviewMode,
    pub counts: StateCounts,
    pub languages: Vec<LanguageCount>,
    /// Items that the default guard has judged completely, and those it has not.
    pub labelled: u32,
    pub unlabelled: u32,
    /// Size of the recorded uniform draw in force, if any, and how many of its items are still pending.
    pub draw: Option<DrawInfo>,
    /// How it is reviewed; that of a single review where nothing was planned.
    pub plan: PlanView,
    pub created_at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DrawInfo {
    pub id: String,
    pub size: u32,
    pub pending: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct QueueChange {
    pub order: Option<QueueOrder>,
    pub mode: Option<ReviewMode>,
}

/// One field of an item and the column it is read from.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FieldMapping {
    /// id, prompt, response, messages, images, language, group, source, labels
    pub field: String,
    pub column: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ImportPreview {
    pub path: String,
    pub file_name: String,
    /// "JSONL", "CSV" or "TSV".
    pub format: String,
    pub columns: Vec<String>,
    pub mapping: Vec<FieldMapping>,
    /// The first rows, at most ten.
    pub rows: Vec<PreviewRow>,
    /// Sentences about what will not be used.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PreviewRow {
    pub line: u32,
    pub id: Option<String>,
    pub prompt: Option<String>,
    pub response: Option<String>,
    pub language: Option<String>,
    /// Why the row cannot be imported, if it cannot.
    pub error: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ImportOrder {
    pub paths: Vec<String>,
    /// Created if there is none of that name.
    pub queue: String,
    /// For a new queue: the name of a policy, whose newest version it gets, or NAME@VERSION.
    pub policy: String,
    pub mapping: Vec<FieldMapping>,
    /// Images stay where they are; only their paths and hashes are kept.
    pub link_images: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ImportProgress {
    pub rows_read: u32,
    pub rows_failed: u32,
    /// 0 to 1, of the files' bytes.
    #[specta(type = Number)]
    pub fraction: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ImportReport {
    pub queue_id: String,
    pub rows_read: u32,
    pub added: u32,
    /// Already in the queue: same id, same content.
    pub known: u32,
    /// Added, but the same content as an earlier item.
    pub duplicates: u32,
    /// Added, but the same or nearly the same as an earlier item.
    pub alike: u32,
    /// Added, and the language was detected.
    pub detected: u32,
    /// Added, and Burmese in the Zawgyi encoding.
    pub zawgyi: u32,
    pub failed: u32,
    /// The first of the rows that failed, at most 200.
    pub errors: Vec<RowError>,
    pub warnings: Vec<String>,
    pub cancelled: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RowError {
    pub file: String,
    pub line: u32,
    pub reason: String,
}

/// Which items of a queue a list shows.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ListQuery {
    pub queue_id: String,
    /// "pending", "decided", "skipped", "escalated", "flagged" or "all".
    pub tab: String,
    /// Where the last page ended.
    pub cursor: Option<String>,
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ItemPage {
    pub rows: Vec<ItemRow>,
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SearchPage {
    pub rows: Vec<ItemRow>,
    /// There are more than are shown.
    pub capped: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ItemRow {
    pub id: String,
    pub seq: u32,
    pub language: Option<String>,
    pub excerpt: String,
    pub state: String,
    pub has_response: bool,
    pub has_image: bool,
    pub flagged: bool,
    pub labelled: bool,
}

/// An item as the review screen shows it.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ItemView {
    pub id: String,
    pub queue_id: String,
    pub seq: u32,
    pub external_id: Option<String>,
    pub language: Option<String>,
    /// "file", "detected" or "corrected"; null without a language.
    pub language_from: Option<String>,
    /// The texts of the turns in Unicode, for an item in Zawgyi: what guards read, and where risk along the response lies.
    pub in_unicode: Option<Vec<String>>,
    /// All turns in order; the last user turn is the prompt, a last assistant turn the response.
    pub turns: Vec<Turn>,
    pub images: Vec<ImageView>,
    /// Verbatim JSON that came with the row.
    pub source: Option<String>,
    pub tasks: Vec<TaskView>,
    pub flagged: bool,
    pub duplicates: u32,
    /// Which recorded draw brought it up, if one did.
    pub draw_id: Option<String>,
}

/// The near-duplicates of an item.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Alike {
    /// The nearest first, at most 200.
    pub items: Vec<AlikeItem>,
    /// There may be more that were not looked at.
    pub more: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AlikeItem {
    pub item_id: String,
    pub seq: u32,
    pub language: Option<String>,
    pub excerpt: String,
    /// Which share of the texts differs, 0 to 1.
    #[specta(type = Number)]
    pub text_distance: f64,
    /// In how many of 256 bits the pictures differ; null where there are none to compare.
    pub picture_distance: Option<u32>,
    pub tasks: Vec<AlikeTask>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AlikeTask {
    /// "prompt" or "response".
    pub task: String,
    pub state: String,
    /// The label in force.
    pub label: Option<String>,
}

/// An image of an item: `media://localhost/ITEM/SHA256` is the picture itself, with `?thumb=1` a small copy of it.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ImageView {
    pub sha256: String,
    /// What it was called when it was imported.
    pub file_name: String,
    /// In pixels as it is shown, after its orientation; 0 if that cannot be read.
    pub width: u32,
    pub height: u32,
    #[specta(type = Number)]
    pub bytes: f64,
    /// It was linked and not copied.
    pub linked: bool,
    /// Why it cannot be shown, in a sentence, e.g. that a linked file is gone.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Turn {
    /// "system", "user" or "assistant".
    pub role: String,
    pub content: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct TaskView {
    /// "prompt" or "response".
    pub task: String,
    /// "pending", "decided", "skipped" or "escalated".
    pub state: String,
    pub verdict: VerdictSlot,
    pub decision: Option<DecisionView>,
    /// The label that came with the item, after the decision and where the plan says so.
    pub gold: Option<GoldView>,
}

/// What is shown in the place of the verdict, which is kept in every case.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VerdictSlot {
    /// No guard has judged it yet.
    Absent,
    /// There may be one; it is shown after a decision.
    Hidden,
    /// The guard could not judge it.
    Failed { reason: String },
    /// Here it is.
    Shown { verdict: Box<VerdictView> },
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct VerdictView {
    pub id: String,
    pub guard: String,
    pub is_toy: bool,
    /// Native label.
    pub label: String,
    /// What that label is in the queue's policy, if it is one there: what "accept" would save.
    pub suggestion: Option<String>,
    /// What its categories are there.
    pub suggested_categories: Vec<String>,
    #[specta(type = Number)]
    pub p_unsafe: f64,
    pub probabilities: Vec<LabelShare>,
    #[specta(type = Number)]
    pub label_mass: f64,
    pub off_format: bool,
    pub categories: Vec<String>,
    /// Whether the guard has categories at all.
    pub has_categories: bool,
    pub refusal: Option<bool>,
    pub truncated: bool,
    /// Sentences about the question that it answers, e.g. that an image came without a text.
    pub notes: Vec<String>,
    /// Made with a lowered pixel budget: most pixels of an image that were looked at.
    #[specta(type = Option<Number>)]
    pub pixels_max: Option<f64>,
    /// Risk along the response, from a guard that answers at every token.
    pub risk: Option<RiskView>,
    pub made_at: String,
    /// How it was made: (name, value) in the order of display.
    pub provenance: Vec<Fact>,
}

/// Risk along the response, under the workspace's mode. Places are UTF-16 units of its text, as in JavaScript strings.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RiskView {
    /// Where the first flagged token begins; none if nothing is flagged.
    pub flagged_from: Option<u32>,
    /// One after the other from the beginning of the text; what lies behind the last one was not read.
    pub spans: Vec<RiskSpan>,
}

/// What the guard said at one token.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RiskSpan {
    pub end: u32,
    #[specta(type = Number)]
    pub p_unsafe: f64,
    /// This token and the one before it are both likeliest unsafe.
    pub flagged: bool,
    /// Where its likeliest label is unsafe.
    pub category: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct LabelShare {
    pub label: String,
    #[specta(type = Number)]
    pub p: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DecisionView {
    pub id: String,
    pub label: String,
    pub categories: Vec<String>,
    pub refusal: Option<bool>,
    pub note: Option<String>,
    pub reviewer: String,
    pub decided_at: String,
    /// Made with a verdict in view.
    pub anchored: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct NewDecision {
    pub item_id: String,
    pub task: String,
    pub label: String,
    pub categories: Vec<String>,
    pub refusal: Option<bool>,
    pub note: Option<String>,
    pub duration_ms: u32,
    /// Whether the window showed a verdict for this task before the decision.
    pub verdict_visible: bool,
    pub draw_id: Option<String>,
}

/// What a reviewer does with an item besides deciding it.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Gesture {
    pub item_id: String,
    pub kind: GestureKind,
    /// A code of the policy, or the reviewer's own words.
    pub reason: Option<String>,
    /// More about it.
    pub note: Option<String>,
    pub duration_ms: u32,
    pub draw_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GestureKind {
    /// All undecided tasks of the item.
    Skip,
    /// All undecided tasks of the item.
    Escalate,
    /// Sets the flag, or takes it off.
    Flag,
    /// Out of every list, search and export at once.
    Quarantine,
}

/// Acknowledgement: it is on disk.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Saved {
    pub decision_id: String,
    pub saved_at: String,
    /// The item as it is now; none after a quarantine.
    pub item: Option<ItemView>,
    pub counts: StateCounts,
    /// Of a decision for many: how many were left as they are.
    pub left_out: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Undone {
    /// What was taken back, e.g. "label unsafe".
    pub what: String,
    /// For how many other items it was taken back too.
    pub others: u32,
    pub saved_at: String,
    /// The item it belonged to, as it is now.
    pub item: ItemView,
    pub counts: StateCounts,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct HistoryEntry {
    pub at: String,
    /// A reviewer's pseudonym or a guard's name.
    pub by: String,
    pub task: Option<String>,
    /// e.g. "label unsafe", "verdict Unsafe 0.93", "undo", "skip".
    pub what: String,
    /// Why something was skipped, escalated or flagged, in the words of the policy or the reviewer's own.
    pub reason: Option<String>,
    pub note: Option<String>,
    /// NAME@VERSION of the policy under which it was done.
    pub policy: Option<String>,
    pub anchored: bool,
    pub undone: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RunOrder {
    pub queue_id: String,
    /// The default guard if none.
    pub guard_id: Option<String>,
    /// "auto", "cpu", "cuda" or "metal".
    pub device: String,
    /// "auto", "f32", "bf16", "int8" or "int4".
    pub precision: String,
    /// Most pixels of an image that are looked at, below the guard's own limit; at least 4096.
    pub pixels_max: Option<u32>,
}

/// What can be said of a run before it starts.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ForecastView {
    /// Verdicts that it will give.
    pub tasks: u32,
    /// None while this guard was not measured on this machine in that precision.
    #[specta(type = Option<Number>)]
    pub seconds: Option<f64>,
    /// RFC 3339.
    pub measured_at: Option<String>,
    /// "bench" or "run".
    pub measured_by: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RunView {
    pub id: String,
    pub queue_id: String,
    pub queue: String,
    pub guard: String,
    pub is_toy: bool,
    /// "loading", "running", "paused", "done", "cancelled" or "failed".
    pub state: String,
    pub total: u32,
    pub done: u32,
    /// Of `done`, the ones that repeat the answer to an equal question: nothing was computed for them.
    pub repeated: u32,
    pub failed: u32,
    /// Items with images that are not in `total`, because the guard reads text only; a note says it in words.
    pub left_out: u32,
    /// How far loading the guard has come, in bytes, while the state is "loading".
    pub loading: Option<StepProgress>,
    #[specta(type = Option<Number>)]
    pub items_per_second: Option<f64>,
    #[specta(type = Option<Number>)]
    pub tokens_per_second: Option<f64>,
    /// Share of all tokens of the run, 0 to 1, that were not computed because items begin alike.
    #[specta(type = Option<Number>)]
    pub cached_share: Option<f64>,
    #[specta(type = Option<Number>)]
    pub eta_seconds: Option<f64>,
    /// e.g. "CPU · AMD EPYC · bf16".
    pub device: Option<String>,
    /// Why it does not run on a faster device; said loudly.
    pub device_fallback: Option<String>,
    /// What happened on the way, e.g. that the guard's process died and was started again.
    pub notes: Vec<String>,
    /// The newest verdicts.
    pub recent: Vec<RecentVerdict>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RecentVerdict {
    pub item_id: String,
    pub task: String,
    pub language: Option<String>,
    pub excerpt: String,
    /// Empty while the queue is reviewed blind.
    pub label: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct GuardView {
    pub id: String,
    pub name: String,
    pub path: String,
    pub is_toy: bool,
    pub is_default: bool,
    pub family: String,
    pub family_reason: String,
    /// False for an assistant, which judges nothing and cannot be the default.
    pub is_guard: bool,
    pub images: bool,
    /// Languages that it was made for, BCP 47; empty where that is not known.
    pub languages: Vec<String>,
    pub architecture: String,
    pub labels: Vec<String>,
    pub categories: Vec<String>,
    pub weights_sha256: String,
    pub template_sha256: String,
    #[specta(type = Number)]
    pub weights_bytes: f64,
    #[specta(type = Number)]
    pub parameters: f64,
    pub precision: String,
    pub context_tokens: u32,
    #[specta(type = Number)]
    pub memory_needed_bytes: f64,
    /// In each precision that it can be run in, its own first.
    pub memory: Vec<MemoryView>,
    pub license: Option<String>,
    pub warnings: Vec<String>,
    pub added_at: String,
}

/// Memory that a guard takes in one precision.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct MemoryView {
    pub precision: String,
    #[specta(type = Number)]
    pub bytes: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DeviceView {
    pub kind: String,
    pub name: String,
    #[specta(type = Option<Number>)]
    pub memory_bytes: Option<f64>,
    #[specta(type = Option<Number>)]
    pub memory_free_bytes: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct StepProgress {
    #[specta(type = Number)]
    pub done: f64,
    #[specta(type = Number)]
    pub total: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SelfTest {
    pub passed: bool,
    /// e.g. "CPU · AMD EPYC · bf16".
    pub device: String,
    pub load_ms: u32,
    pub rows: Vec<SelfTestRow>,
    /// Sentences: what did not hold.
    pub problems: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SelfTestRow {
    pub name: String,
    pub label: String,
    #[specta(type = Number)]
    pub p_unsafe: f64,
    #[specta(type = Number)]
    pub label_mass: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ExportOrder {
    pub queue_id: String,
    /// "llama-factory" or "decisions".
    pub format: String,
    /// Whose wording, for training formats; the default guard if none.
    pub guard_id: Option<String>,
    /// "exclude", "safe" or "unsafe": what Controversial becomes for a guard that has no such label.
    pub controversial_as: String,
    /// Share of the validation part, 0 to 0.5.
    #[specta(type = Number)]
    pub validation: f64,
    pub seed: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ExportPreview {
    /// Rows that would be written.
    pub rows: u32,
    pub train: u32,
    pub validation: u32,
    /// The first three, as they would be written.
    pub sample: Vec<String>,
    pub left_out: Vec<LeftOut>,
    /// The dataset card, Markdown.
    pub card: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct LeftOut {
    pub reason: String,
    pub n: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ExportReport {
    pub folder: String,
    pub files: Vec<String>,
    pub rows: u32,
    pub left_out: Vec<LeftOut>,
    pub chain_head: String,
}

/// A number about a part of a queue; where it cannot be given, it is null and `note` says why.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct StatRow {
    pub task: String,
    /// "all" or a language.
    pub language: String,
    pub n: u32,
    #[specta(type = Option<Number>)]
    pub auprc: Option<f64>,
    pub note: Option<Missing>,
}

/// Two guards on the pairs (item, task) of a queue that both have judged and whose verdicts may be shown.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ComparisonView {
    pub items: u32,
    /// Of them, with the same label.
    pub agree: u32,
    /// Cohen's kappa; none without items, and if both gave one and the same label to all.
    #[specta(type = Option<Number>)]
    pub kappa: Option<f64>,
    /// Further pairs that stay out: the queue is blind, and nobody has decided them yet.
    pub hidden: u32,
    /// Those that differ, the largest difference first, at most 500.
    pub flips: Vec<FlipView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FlipView {
    pub item_id: String,
    pub seq: u32,
    /// "prompt" or "response".
    pub task: String,
    pub language: Option<String>,
    /// As in the list of the queue.
    pub excerpt: String,
    pub label_a: String,
    pub label_b: String,
    /// Under the workspace's mode.
    #[specta(type = Number)]
    pub p_a: f64,
    #[specta(type = Number)]
    pub p_b: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AuditView {
    pub events: u32,
    pub head: String,
    pub problems: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SettingsView {
    /// "strict" or "loose".
    pub mode: String,
    /// "safe" or "unsafe".
    pub sensitive_prompt: String,
    pub sensitive_response: String,
}

/// The chat model that helps a reviewer to understand an item.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AssistantView {
    pub guard_id: String,
    pub name: String,
    /// Languages that it was made for, BCP 47.
    pub languages: Vec<String>,
    #[specta(type = Number)]
    pub memory_needed_bytes: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AssistOrder {
    pub item_id: String,
    /// "translate", "explain" or "policy".
    pub task: String,
    /// The reviewer's own words; for "policy" the clause, which must be given.
    pub question: Option<String>,
    /// The reviewer's language, BCP 47: the answer is to be in it.
    pub language: String,
}

/// What the assistant wrote. Kept nowhere.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AssistView {
    pub text: String,
    /// Name of the assistant.
    pub guard: String,
    /// Always true: it must be marked as generated.
    pub generated: bool,
    /// "finished", "length" or "cancelled".
    pub ended: String,
    /// What the reviewer must know, e.g. that it was not trained for the item's language.
    pub warning: Option<String>,
}

/// Something the window is told without asking.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A run has come further.
    Run { run: Box<RunView> },
    /// Counts of a queue have changed.
    Queue { queue_id: String, counts: StateCounts },
    /// The engine died, was started again, or fell back to a slower device.
    Engine { message: String },
}
