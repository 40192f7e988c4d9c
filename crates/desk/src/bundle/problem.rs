//! Why a bundle, or what a laptop gave back, is refused whole.

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleProblem {
    /// It cannot be opened as what bundles are kept in.
    #[error("it is no bundle, or it is damaged or cut off ({reason})")]
    Unreadable {
        /// The reader's words.
        reason: String,
    },
    /// Its first part cannot be understood.
    #[error("its manifest cannot be understood ({reason})")]
    Manifest {
        /// The reader's words.
        reason: String,
    },
    /// It is the other kind of file.
    #[error("it is a {found}, and a {wanted} is wanted here")]
    WrongKind {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// It was written by a newer version.
    #[error("it has the format {found}; this version reads up to {known}")]
    NewerFormat {
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// What the manifest names is not there, or there is something that it does not name.
    #[error("its parts are not those that it names ({name})")]
    Parts {
        /// A part that is missing or too much.
        name: String,
    },
    /// A part has other bytes than it had.
    #[error("its part {name} was changed or damaged")]
    PartChanged {
        /// Which.
        name: String,
    },
    /// It was not signed with the key of its bundle.
    #[error("its signature does not fit: it was changed, or somebody else made it")]
    Forged,
    /// It belongs to a bundle that was not made here.
    #[error("it belongs to the bundle {bundle_id}, which this workspace did not make")]
    Foreign {
        /// Which bundle.
        bundle_id: String,
    },
    /// A bundle is opened where it was made.
    #[error("it was made by this workspace; open it on the reviewer's laptop")]
    OwnBundle,
    /// A line cannot be understood.
    #[error("line {line} of its part {part} cannot be understood")]
    Line {
        /// Which part.
        part: &'static str,
        /// From 1.
        line: u64,
    },
    /// The history does not hold together.
    #[error("the history in it was edited: event {seq} does not follow from those before it")]
    HistoryEdited {
        /// Which event.
        seq: i64,
    },
    /// The history ends elsewhere than it says.
    #[error("the history in it was cut off: it has {found} events and says {expected}")]
    HistoryCut {
        /// As it says.
        expected: i64,
        /// As there are.
        found: i64,
    },
    /// The history is another one than was merged before.
    #[error(
        "the history in it is another one than was merged before from the same laptop: it was put back to an older state and worked on from there"
    )]
    HistoryForked,
    /// A decision that the history does not vouch for as it stands.
    #[error("the decision {decision_id} is not the one that the history vouches for")]
    DecisionEdited {
        /// Which.
        decision_id: String,
    },
    /// Decisions that the history speaks of are missing.
    #[error("decisions are missing that the history speaks of: {found} are there, {expected} should be")]
    DecisionsMissing {
        /// As the file says.
        expected: u64,
        /// As there are.
        found: u64,
    },
    /// A decision about an item of another queue.
    #[error("the decision {decision_id} is about an item that is not in the queue of the bundle")]
    ForeignItem {
        /// Which.
        decision_id: String,
    },
    /// A decision in the name of somebody else than the bundle's reviewer.
    #[error("the decision {decision_id} is in the name of somebody else than the reviewer of the bundle")]
    ForeignReviewer {
        /// Which.
        decision_id: String,
    },
    /// An item whose content is not the one that its hash says.
    #[error("the item {item_id} is not the one that its hash says")]
    ItemChanged {
        /// Which.
        item_id: String,
    },
}
