-- Why: one decision applied to many items is one act: it is vouched for as one, and one undo takes all of it back.

-- The act; its event covers the list of its decisions.
CREATE TABLE bulks (
    id         TEXT PRIMARY KEY,
    reviewer   TEXT NOT NULL,                       -- a pseudonym
    decided_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The decisions of an act: rows like any others, one for each item.
CREATE TABLE bulk_decisions (
    decision_id TEXT PRIMARY KEY REFERENCES decisions (id),
    bulk_id     TEXT NOT NULL REFERENCES bulks (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bulk_decisions_by_bulk ON bulk_decisions (bulk_id);
