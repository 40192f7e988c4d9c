-- Why: a guard's probabilities may promise more or less than they keep. The temperature that mends this is fitted on judgements of
-- this workspace and stored beside the verdicts; what the guard said stays what it said.

-- The newest one of a queue, guard and task counts. Older ones stay, so that a number that was read once can be explained.
CREATE TABLE calibrations (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    queue_id          TEXT NOT NULL REFERENCES queues (id),
    guard_id          TEXT NOT NULL REFERENCES guards (id),
    task              TEXT NOT NULL,                -- prompt, response
    against           TEXT NOT NULL,                -- gold, estimate: what it was fitted on
    reading           TEXT NOT NULL,                -- JSON: how labels were read as safe and unsafe then
    n                 INTEGER NOT NULL,             -- judgements that it was fitted on
    temperature       REAL NOT NULL,                -- logits are divided by it
    likelihood_before REAL NOT NULL,                -- mean negative log likelihood in nats
    likelihood_after  REAL NOT NULL,
    error_before      REAL NOT NULL,                -- expected calibration error
    error_after       REAL,                         -- each half scaled by the other half's temperature; null where a half has none
    fitted_at         TEXT NOT NULL
) STRICT;

CREATE INDEX calibrations_by_guard ON calibrations (queue_id, guard_id, task, seq);
