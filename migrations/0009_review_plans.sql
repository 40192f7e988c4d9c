-- Why: a lead decides how a queue is reviewed: what share a second reviewer decides too without seeing the first, how often gold
-- items are mixed in, which items stay blind while suggestions are in view. Which items those are follows from their ids and a
-- seed, so that it is the same on every laptop.

-- Append-only: the newest row of a queue is in force; a queue without one has a single review. Shares are in millionths.
CREATE TABLE review_plans (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT, -- order of choice; a clock that is set back does not change it
    id               TEXT NOT NULL UNIQUE,
    queue_id         TEXT NOT NULL REFERENCES queues (id),
    seed             INTEGER NOT NULL,
    second_share     INTEGER NOT NULL,              -- of the items: decided by two reviewers
    gold_share       INTEGER NOT NULL,              -- of what is brought up: gold items
    feedback         TEXT NOT NULL,                 -- immediate, never: whether the gold label is shown after the decision
    blind_share      INTEGER NOT NULL,              -- of the items: verdict hidden though the queue shows suggestions
    blind_draw_id    TEXT REFERENCES draws (id),    -- those items
    own_adjudication INTEGER NOT NULL,              -- whether reviewers may adjudicate between decisions of their own
    created_at       TEXT NOT NULL
) STRICT;

CREATE INDEX review_plans_by_queue ON review_plans (queue_id, seq);

-- What a pending task that was decided already waits for: second, adjudication. Derived, like its state.
ALTER TABLE tasks ADD COLUMN awaiting TEXT;

CREATE INDEX tasks_awaiting ON tasks (awaiting, item_id) WHERE awaiting IS NOT NULL;
CREATE INDEX tasks_gold ON tasks (item_id) WHERE gold_label IS NOT NULL;
