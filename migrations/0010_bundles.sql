-- Why: reviewers work on laptops without a network: what each takes along and gives back is kept, with the history of each laptop
-- beside this workspace's own, so that an audit covers both.

-- Made here for a reviewer, or opened here. The key signs the bundle and what is given back for it; it is on no other machine.
CREATE TABLE bundles (
    id         TEXT PRIMARY KEY,
    queue_id   TEXT NOT NULL REFERENCES queues (id),
    reviewer   TEXT NOT NULL,                       -- a pseudonym
    role       TEXT NOT NULL,                       -- made, opened
    lead       TEXT NOT NULL,                       -- the workspace that made it
    key        TEXT NOT NULL,                       -- hexadecimal
    items      INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX bundles_by_queue ON bundles (queue_id, role);

-- Which items are in it. Of a bundle that was made here: what is with whom, and is not handed out again.
CREATE TABLE bundle_items (
    item_id   TEXT NOT NULL REFERENCES items (id),
    bundle_id TEXT NOT NULL REFERENCES bundles (id),
    PRIMARY KEY (item_id, bundle_id)
) STRICT, WITHOUT ROWID;

-- Workspaces whose decisions were merged into this one, and where their chains of events end.
CREATE TABLE laptops (
    workspace_id TEXT PRIMARY KEY,
    length       INTEGER NOT NULL,
    head         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Their chains, as they are there. Append-only.
CREATE TABLE laptop_events (
    workspace_id TEXT NOT NULL REFERENCES laptops (workspace_id),
    seq          INTEGER NOT NULL,
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    row_id       TEXT NOT NULL,
    row_hash     TEXT NOT NULL,
    prev_hash    TEXT NOT NULL,
    hash         TEXT NOT NULL,
    PRIMARY KEY (workspace_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX laptop_events_by_row ON laptop_events (row_id);

-- Decisions that came from a laptop. Append-only; the event of each merge vouches for all of a laptop's.
CREATE TABLE merged_decisions (
    decision_id  TEXT PRIMARY KEY REFERENCES decisions (id),
    workspace_id TEXT NOT NULL REFERENCES laptops (workspace_id)
) STRICT, WITHOUT ROWID;

-- What such a decision points at and need not be here: a draw or a verdict of the laptop's own, and always what it supersedes, which
-- may come with another file, before or after it. The column in `decisions` is null then, and the hash of the row is that of the
-- row with this value in it. Append-only.
CREATE TABLE merged_references (
    decision_id TEXT NOT NULL REFERENCES decisions (id),
    name        TEXT NOT NULL,                      -- the column
    value       TEXT NOT NULL,
    PRIMARY KEY (decision_id, name)
) STRICT, WITHOUT ROWID;

-- A merge asks for the quarantines that it made because of one.
CREATE INDEX decisions_superseding ON decisions (supersedes) WHERE supersedes IS NOT NULL;
