-- Why: how fast a guard was on a machine is remembered, so that a run can say before it starts how long it will take; and what was
-- answered once is not asked again.

-- Measured by `saring bench` or by a run. The newest one of a guard, device, precision, program and machine counts.
CREATE TABLE paces (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    weights_sha256    TEXT NOT NULL,                -- which guard, wherever it lies and whatever it is called
    device            TEXT NOT NULL,                -- cpu, cuda, metal
    device_name       TEXT NOT NULL,
    precision         TEXT NOT NULL,                -- as it ran
    program           TEXT NOT NULL,                -- name and version
    machine           TEXT NOT NULL,                -- its name, and how many threads a guard gets there
    source            TEXT NOT NULL,                -- bench, run
    items             INTEGER NOT NULL,             -- (item, task) pairs that the guard was asked about
    items_per_second  REAL NOT NULL,
    tokens_per_second REAL NOT NULL,
    measured_at       TEXT NOT NULL
) STRICT;

CREATE INDEX paces_by_guard ON paces (weights_sha256, precision, device, seq);

-- SHA-256 of the question that the guard was asked for this verdict: task, turns and images. Null for a verdict that repeats the
-- answer to an equal question, and for those from before. It follows from the item, so that no row's hash covers it.
ALTER TABLE verdicts ADD COLUMN subject_sha256 BLOB;

CREATE INDEX verdicts_by_subject ON verdicts (subject_sha256) WHERE subject_sha256 IS NOT NULL;

-- Of the verdicts that a run has written, how many repeat the answer to an equal question.
ALTER TABLE runs ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
