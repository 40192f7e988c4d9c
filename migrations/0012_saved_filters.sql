-- Why: what a lead filters for once, reviewers go through for days: a filter is kept under a name and opened like a queue. It is a
-- view of its queue: it holds no items, and what it finds is what it finds then.

CREATE TABLE saved_filters (
    id         TEXT PRIMARY KEY,
    queue_id   TEXT NOT NULL REFERENCES queues (id),
    name       TEXT NOT NULL,
    terms      TEXT NOT NULL,                       -- JSON: version, filter, sort
    created_at TEXT NOT NULL,
    UNIQUE (queue_id, name)
) STRICT;
