-- Why: what reviewers may say, and what their words mean, is a policy: it is written down, changes over time, and a decision that
-- does not say under which version of it it was made cannot be understood later.

-- Versions of policies. Append-only: a change is a new version.
CREATE TABLE policies (
    id         TEXT PRIMARY KEY,                    -- SHA-256 of body, so that a version is the same in every workspace
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    body       TEXT NOT NULL,                       -- JSON: labels, categories, guidance, reasons, mappings
    kept_by    TEXT,                                -- a pseudonym; null for what the program brought along
    kept_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX policies_by_name ON policies (name, version);

-- Which version a queue had, and since when. Append-only: the newest row of a queue is in force. A queue's `scheme` holds the id of
-- the first one, or, if it was made before there were policies, the labels and categories that its policy was made from.
CREATE TABLE queue_policies (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,   -- order of choice; a clock that is set back does not change it
    id         TEXT NOT NULL UNIQUE,
    queue_id   TEXT NOT NULL REFERENCES queues (id),
    policy_id  TEXT NOT NULL REFERENCES policies (id),
    chosen_by  TEXT,                                -- a pseudonym; null where nobody was asked
    chosen_at  TEXT NOT NULL
) STRICT;

CREATE INDEX queue_policies_by_queue ON queue_policies (queue_id, seq);

-- Under which version somebody did this; null for what was done before there were policies. What has it has an event of a kind of
-- its own, whose hash covers this column too, so that the hashes of older decisions stay what they are.
ALTER TABLE decisions ADD COLUMN policy_id TEXT REFERENCES policies (id);
