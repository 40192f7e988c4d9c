//! What an audit can find.

/// Something that cannot be if nobody has changed the database behind the program's back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An event's hash is not that of its fields.
    #[error("event {seq} was edited")]
    EventEdited {
        /// Which event.
        seq: i64,
    },
    /// An event does not point at its predecessor.
    #[error("event {seq} does not follow from the event before it: one was edited, removed or moved")]
    EventUnlinked {
        /// Which event.
        seq: i64,
    },
    /// Numbers are missing.
    #[error("events {first} to {last} are missing")]
    EventsMissing {
        /// The first of them.
        first: i64,
        /// The last of them.
        last: i64,
    },
    /// A row is not as the event says.
    #[error("the row of event {seq} ({kind} {row_id}) was edited")]
    RowEdited {
        /// Which event.
        seq: i64,
        /// What it is about.
        kind: String,
        /// Which row.
        row_id: String,
    },
    /// The row of an event is gone.
    #[error("the row of event {seq} ({kind} {row_id}) was deleted")]
    RowDeleted {
        /// Which event.
        seq: i64,
        /// What it was about.
        kind: String,
        /// Which row.
        row_id: String,
    },
    /// A batch of imported items is not as its event says.
    #[error("items {first} to {last} of import {import_id} were edited, deleted or added to (event {seq})")]
    ItemsEdited {
        /// Which event.
        seq: i64,
        /// Which import.
        import_id: String,
        /// Number of the batch's first item.
        first: i64,
        /// Number of its last.
        last: i64,
    },
    /// A row that no event speaks of.
    #[error("{kind} {row_id} was put in without an event")]
    RowWithoutEvent {
        /// What it is.
        kind: String,
        /// Which row.
        row_id: String,
    },
    /// A description of where verdicts come from is not what its id says.
    #[error("the provenance {id} was edited")]
    ProvenanceEdited {
        /// Its id: the hash that it should have.
        id: String,
    },
    /// The state of an item does not follow from what was done with it.
    #[error("the state of item {item_id} does not follow from its decisions")]
    StateEdited {
        /// Which item.
        item_id: String,
    },
    /// The language of an item is not what the last correction of it says.
    #[error("the language of item {item_id} does not follow from its corrections")]
    LanguageEdited {
        /// Which item.
        item_id: String,
    },
    /// What lists are filtered and sorted by is not what the item says.
    #[error("what lists say of item number {seq} does not follow from the item")]
    ListedOtherwise {
        /// Its order of import.
        seq: i64,
    },
    /// The chain does not end where the database says.
    #[error(
        "the chain has {found} events where the database says {expected}, or ends in another one: its end was cut off or edited"
    )]
    EndDiffers {
        /// As the database says.
        expected: i64,
        /// As there are.
        found: i64,
    },
    /// `saring.head` is gone.
    #[error(
        "the file saring.head, which says where the chain ended last, is missing or cannot be understood"
    )]
    HeadFileMissing,
    /// `saring.head` says something that is not on the chain.
    #[error(
        "the file saring.head says that event {length} had another hash, or was there: the chain was cut off or edited"
    )]
    HeadFileDiffers {
        /// How long the chain was.
        length: i64,
    },
    /// Something about the chain of a laptop, or about what came from it.
    #[error("from the laptop {workspace_id}: {problem}")]
    OfLaptop {
        /// The laptop's workspace.
        workspace_id: String,
        /// What it is.
        problem: Box<Problem>,
    },
    /// A decision of a laptop is not as its chain says.
    #[error("the decision {row_id} was edited or deleted after it was merged")]
    MergedRowEdited {
        /// Which decision.
        row_id: String,
    },
    /// The decisions of a laptop that are here are not those that were merged.
    #[error("decisions were deleted, or added, after they were merged")]
    MergedRowsDiffer,
    /// A head that somebody wrote down is not on the chain.
    #[error(
        "the head {head} is not on this chain: it was cut off or edited after that head was written down, or belongs to another workspace"
    )]
    HeadUnknown {
        /// What was given.
        head: String,
    },
}
