-- Why: a workspace starts empty and must hold everything that the loop needs: import, pre-label, review, audit, export.
-- Ids are UUIDv7 text, unique across workspaces, so that merging never renumbers. Times are RFC 3339 in UTC with milliseconds.
-- verdicts, failures, decisions and events are append-only: nothing in the program updates or deletes their rows.

-- Settings of the workspace: `workspace_id`, `created_at`, `reading` (JSON), `default_guard`, `window` (JSON, the window's own).
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE queues (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    scheme     TEXT NOT NULL,                       -- JSON: labels, categories by task, refusal
    ordering   TEXT NOT NULL DEFAULT 'imported',    -- imported, uncertain, unsafe, newest, draw
    draw_id    TEXT REFERENCES draws (id),          -- the draw in force when ordering is 'draw'
    mode       TEXT NOT NULL DEFAULT 'blind',       -- blind, suggestion
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE imports (
    id          TEXT PRIMARY KEY,
    queue_id    TEXT NOT NULL REFERENCES queues (id),
    file_name   TEXT NOT NULL,
    mapping     TEXT NOT NULL,                      -- JSON: field -> column
    started_at  TEXT NOT NULL,
    ended_at    TEXT,
    rows_read   INTEGER NOT NULL DEFAULT 0,
    rows_added  INTEGER NOT NULL DEFAULT 0,
    rows_known  INTEGER NOT NULL DEFAULT 0,         -- same id and content already in the queue: not added again
    rows_duplicate INTEGER NOT NULL DEFAULT 0,      -- of those added: same content as an earlier item of the queue
    rows_failed INTEGER NOT NULL DEFAULT 0,
    warnings    TEXT NOT NULL DEFAULT '[]'          -- JSON: sentences, e.g. about keys that are not known
) STRICT;

-- Rows that could not be imported, kept so that the window can list and export them after a restart.
CREATE TABLE import_errors (
    import_id TEXT NOT NULL REFERENCES imports (id),
    line      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- order of import; the rowid of the search tables
    id           TEXT NOT NULL UNIQUE,
    queue_id     TEXT NOT NULL REFERENCES queues (id),
    import_id    TEXT NOT NULL REFERENCES imports (id),
    line         INTEGER NOT NULL,                  -- line of the imported file
    external_id  TEXT,                              -- the id that came with the row
    prompt       TEXT,
    response     TEXT,
    messages     TEXT,                              -- JSON, where the row came as a conversation
    language     TEXT,                              -- BCP 47
    group_key    TEXT,                              -- never separated by a split
    source       TEXT,                              -- verbatim JSON
    labels       TEXT,                              -- verbatim JSON of the labels that came with the row
    labels_role  TEXT,                              -- gold, prior
    content_hash TEXT NOT NULL,                     -- SHA-256 of turns and images
    duplicate_of TEXT REFERENCES items (id),        -- an earlier item of the queue with the same content
    created_at   TEXT NOT NULL,
    -- Derived from decisions and verdicts, kept here because lists of a million items are sorted and filtered by them.
    state        TEXT NOT NULL DEFAULT 'pending',   -- pending, decided, skipped, escalated
    flagged      INTEGER NOT NULL DEFAULT 0,
    quarantined  INTEGER NOT NULL DEFAULT 0,
    risk         REAL,                              -- largest p_unsafe over its tasks, under the workspace's reading
    uncertainty  REAL                               -- largest 1 - |2 p_unsafe - 1| over its tasks
) STRICT;

-- Import asks for each row whether it is there already (same id, or without one the same line), and whether its content is.
CREATE INDEX items_by_content ON items (queue_id, content_hash, external_id, line);
CREATE UNIQUE INDEX items_originals ON items (queue_id, content_hash) WHERE duplicate_of IS NULL;
CREATE INDEX items_copies ON items (duplicate_of) WHERE duplicate_of IS NOT NULL;
-- One index for each ordering of the review queue: state first, because reviewers look at one state at a time.
CREATE INDEX items_as_imported    ON items (queue_id, state, seq)                   WHERE quarantined = 0;
CREATE INDEX items_most_uncertain ON items (queue_id, state, uncertainty DESC, seq) WHERE quarantined = 0;
CREATE INDEX items_most_unsafe    ON items (queue_id, state, risk DESC, seq)        WHERE quarantined = 0;
CREATE INDEX items_flagged        ON items (queue_id, flagged, seq)                 WHERE quarantined = 0 AND flagged = 1;
CREATE INDEX items_by_queue       ON items (queue_id, seq)                          WHERE quarantined = 0;
CREATE INDEX items_in_quarantine  ON items (queue_id, seq)                          WHERE quarantined = 1;
-- Import asks for each row whether its content is in quarantine, in whatever queue.
CREATE INDEX items_kept_out       ON items (content_hash)                           WHERE quarantined = 1;

-- The one way in which items are read. A quarantined item is in no list, search, export or neighbourhood because
-- everything reads this view; only the quarantine list itself, import (to know duplicates) and audit read `items`.
CREATE VIEW visible_items AS SELECT * FROM items WHERE quarantined = 0;

CREATE TABLE media (
    sha256     TEXT PRIMARY KEY,
    file_name  TEXT NOT NULL,                       -- as it was called when it was imported
    bytes      INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE item_media (
    item_id  TEXT NOT NULL REFERENCES items (id),
    position INTEGER NOT NULL,
    sha256   TEXT NOT NULL REFERENCES media (sha256),
    PRIMARY KEY (item_id, position)
) STRICT, WITHOUT ROWID;

-- What of an item is judged: one row for each (item, task). Everything but the gold is derived from append-only rows.
CREATE TABLE tasks (
    item_id         TEXT NOT NULL REFERENCES items (id),
    task            TEXT NOT NULL,                  -- prompt, response
    state           TEXT NOT NULL DEFAULT 'pending',
    decision_id     TEXT REFERENCES decisions (id), -- the one in force
    verdict_id      TEXT REFERENCES verdicts (id),  -- the newest of any guard
    p_unsafe        REAL,                           -- of that verdict, under the workspace's reading
    gold_label      TEXT,                           -- safe, controversial, unsafe; came with the row
    gold_categories TEXT,                           -- JSON
    gold_refusal    INTEGER,
    PRIMARY KEY (item_id, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE guards (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    path       TEXT NOT NULL,
    family     TEXT,                                -- override of what the checkpoint says
    settings   TEXT NOT NULL,                       -- JSON
    card       TEXT NOT NULL,                       -- JSON: what it is, read when it was added
    is_toy     INTEGER NOT NULL DEFAULT 0,          -- the demo guard: said wherever its verdicts are shown
    added_at   TEXT NOT NULL,
    removed_at TEXT                                 -- a removed guard stays: its verdicts refer to it
) STRICT;

CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    queue_id   TEXT NOT NULL REFERENCES queues (id),
    guard_id   TEXT NOT NULL REFERENCES guards (id),
    device     TEXT NOT NULL,                       -- as asked for
    precision  TEXT NOT NULL,                       -- as asked for
    state      TEXT NOT NULL,                       -- running, paused, done, cancelled, failed
    total      INTEGER NOT NULL,                    -- (item, task) pairs without a verdict when it began
    judged     INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    note       TEXT,                                -- why it failed, or that its engine died and was started again
    started_at TEXT NOT NULL,
    ended_at   TEXT
) STRICT;

CREATE INDEX runs_by_queue ON runs (queue_id, started_at);

-- Where verdicts come from; one row for each distinct combination, not one for each verdict.
CREATE TABLE provenances (
    id   TEXT PRIMARY KEY,                          -- SHA-256 of body
    body TEXT NOT NULL                              -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE verdicts (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival; a clock that is set back does not change it
    id              TEXT NOT NULL UNIQUE,
    item_id         TEXT NOT NULL REFERENCES items (id),
    task            TEXT NOT NULL,
    guard_id        TEXT NOT NULL REFERENCES guards (id),
    run_id          TEXT NOT NULL REFERENCES runs (id),
    provenance_id   TEXT NOT NULL REFERENCES provenances (id),
    probabilities   TEXT NOT NULL,                  -- JSON: native label -> p, in the guard's order
    label_mass      REAL NOT NULL,
    categories      TEXT NOT NULL,                  -- JSON, native names
    refusal         INTEGER,
    tokens_prompt   INTEGER NOT NULL,
    tokens_cached   INTEGER NOT NULL,
    tokens_computed INTEGER NOT NULL,
    truncated       INTEGER NOT NULL,
    supersedes      TEXT REFERENCES verdicts (id),
    created_at      TEXT NOT NULL
) STRICT;

-- A verdict of one guard about one (item, task) exists once, whatever was killed and started again in between.
CREATE UNIQUE INDEX verdicts_once ON verdicts (item_id, task, guard_id) WHERE supersedes IS NULL;
CREATE INDEX verdicts_by_item ON verdicts (item_id, task);

CREATE TABLE failures (
    id         TEXT PRIMARY KEY,
    item_id    TEXT NOT NULL REFERENCES items (id),
    task       TEXT NOT NULL,
    guard_id   TEXT NOT NULL REFERENCES guards (id),
    run_id     TEXT NOT NULL REFERENCES runs (id),
    code       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX failures_once ON failures (run_id, item_id, task);
CREATE INDEX failures_by_item ON failures (item_id, task);

-- A recorded uniform draw: model quality is estimated only from decisions on items of one from the whole queue.
CREATE TABLE draws (
    id         TEXT PRIMARY KEY,
    queue_id   TEXT NOT NULL REFERENCES queues (id),
    seed       INTEGER NOT NULL,
    population INTEGER NOT NULL,                    -- items it was drawn from
    drawn_from TEXT NOT NULL,                       -- all visible items of the queue, or those pending then
    size       INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE draw_items (
    draw_id TEXT NOT NULL REFERENCES draws (id),
    rank    INTEGER NOT NULL,
    item_id TEXT NOT NULL REFERENCES items (id),
    PRIMARY KEY (draw_id, rank)
) STRICT, WITHOUT ROWID;

CREATE INDEX draw_items_by_item ON draw_items (item_id);

CREATE TABLE decisions (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival; a clock that is set back does not change it
    id              TEXT NOT NULL UNIQUE,
    item_id         TEXT NOT NULL REFERENCES items (id),
    task            TEXT,                           -- null for what concerns the whole item: flag, quarantine
    kind            TEXT NOT NULL,                  -- label, skip, escalate, flag, unflag, quarantine, release, undo
    label           TEXT,                           -- safe, controversial, unsafe
    categories      TEXT,                           -- JSON
    refusal         INTEGER,
    note            TEXT,
    reason          TEXT,
    reviewer        TEXT NOT NULL,                  -- a pseudonym
    decided_at      TEXT NOT NULL,
    duration_ms     INTEGER,
    draw_id         TEXT REFERENCES draws (id),     -- which draw brought the item up
    verdict_visible INTEGER NOT NULL,               -- 1: anchored, made with a verdict in view
    verdict_id      TEXT REFERENCES verdicts (id),  -- the verdict that existed then, seen or not
    supersedes      TEXT REFERENCES decisions (id), -- the decision in force before; of a copy, the quarantine it went with
    undoes          TEXT REFERENCES decisions (id), -- for kind 'undo'
    synthetic       INTEGER NOT NULL DEFAULT 0      -- made by a script; kept out of every export but the demo's
) STRICT;

CREATE INDEX decisions_by_item ON decisions (item_id, task);
CREATE INDEX decisions_by_reviewer ON decisions (reviewer, seq);
-- A decision is undone once.
CREATE UNIQUE INDEX decisions_undone ON decisions (undoes) WHERE undoes IS NOT NULL;

-- The chain: every event hashes the row that it speaks of and its predecessor.
CREATE TABLE events (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    kind      TEXT NOT NULL,
    row_id    TEXT NOT NULL,
    row_hash  TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_row ON events (row_id);

-- Where the chain ends, written in the same transaction: a cut-off tail does not fit it.
CREATE TABLE chain (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    length INTEGER NOT NULL,
    head   TEXT NOT NULL
) STRICT;

-- Search. The default tokenizer shreds Thai, Burmese and Tamil; trigrams work in every script but find nothing under
-- three characters, so one- and two-character queries go to a table of single characters and pairs, which are written
-- by us as ASCII tokens. Both are contentless: the text stays in `items`.
CREATE VIRTUAL TABLE search_trigrams USING fts5 (text, content = '', tokenize = 'trigram');
CREATE VIRTUAL TABLE search_grams USING fts5 (grams, content = '', detail = none, columnsize = 0, tokenize = 'ascii');

-- Counts are kept, not counted: a million items must not be scanned to draw a card.
CREATE TABLE queue_counts (
    queue_id TEXT NOT NULL REFERENCES queues (id),
    state    TEXT NOT NULL,                         -- a state of items, or 'flagged', 'quarantined'
    n        INTEGER NOT NULL,
    PRIMARY KEY (queue_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_languages (
    queue_id TEXT NOT NULL REFERENCES queues (id),
    language TEXT NOT NULL,                         -- 'und' where it is not known
    n        INTEGER NOT NULL,
    PRIMARY KEY (queue_id, language)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER items_count_insert AFTER INSERT ON items BEGIN
    INSERT INTO queue_counts (queue_id, state, n) VALUES (NEW.queue_id, NEW.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO queue_languages (queue_id, language, n) VALUES (NEW.queue_id, coalesce(NEW.language, 'und'), 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER items_count_state AFTER UPDATE OF state ON items
WHEN OLD.state <> NEW.state AND OLD.quarantined = 0 AND NEW.quarantined = 0 BEGIN
    UPDATE queue_counts SET n = n - 1 WHERE queue_id = OLD.queue_id AND state = OLD.state;
    INSERT INTO queue_counts (queue_id, state, n) VALUES (NEW.queue_id, NEW.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER items_count_flag AFTER UPDATE OF flagged ON items
WHEN OLD.flagged <> NEW.flagged AND OLD.quarantined = 0 AND NEW.quarantined = 0 BEGIN
    INSERT INTO queue_counts (queue_id, state, n) VALUES (NEW.queue_id, 'flagged', NEW.flagged)
        ON CONFLICT DO UPDATE SET n = n + NEW.flagged - OLD.flagged;
END;

-- Quarantine moves an item out of every count but its own. An update changes quarantine alone, never state with it.
CREATE TRIGGER items_count_quarantine AFTER UPDATE OF quarantined ON items
WHEN OLD.quarantined <> NEW.quarantined BEGIN
    UPDATE queue_counts SET n = n + OLD.quarantined - NEW.quarantined
        WHERE queue_id = NEW.queue_id AND state = NEW.state;
    UPDATE queue_counts SET n = n + (OLD.quarantined - NEW.quarantined) * NEW.flagged
        WHERE queue_id = NEW.queue_id AND state = 'flagged';
    UPDATE queue_languages SET n = n + OLD.quarantined - NEW.quarantined
        WHERE queue_id = NEW.queue_id AND language = coalesce(NEW.language, 'und');
    INSERT INTO queue_counts (queue_id, state, n) VALUES (NEW.queue_id, 'quarantined', NEW.quarantined)
        ON CONFLICT DO UPDATE SET n = n + NEW.quarantined - OLD.quarantined;
END;
