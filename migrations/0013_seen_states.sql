-- Why: where reviewers decide without knowing of each other, an item that somebody decided must stand as undecided for the others,
-- in lists, filters and counts too. Those go by states over a million items, so that where an item stands for whom is kept beside
-- them: only where it is not where it stands in `items`.

-- Derived from decisions, like states. Reviewer '' is everybody who has no row of their own. States are those of `items`.
CREATE TABLE seen_states (
    queue_id       TEXT NOT NULL REFERENCES queues (id),
    reviewer       TEXT NOT NULL,                   -- a pseudonym
    seq            INTEGER NOT NULL,                -- the item's number
    state          TEXT NOT NULL,                   -- where it stands for this reviewer
    prompt_state   TEXT NOT NULL,                   -- and each of its tasks
    response_state TEXT NOT NULL,
    common_state   TEXT NOT NULL,                   -- where it stands for those who have no such row: counts are moved from there
    awaits         INTEGER NOT NULL,                -- it is open for everybody else: somebody's decision is wanted
    PRIMARY KEY (queue_id, reviewer, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_states_by_state ON seen_states (queue_id, reviewer, state, seq);
CREATE INDEX seen_states_of_item ON seen_states (seq);
-- What is left for a reviewer who is done with nearly all: what others have begun.
CREATE INDEX seen_states_awaiting ON seen_states (queue_id, reviewer, seq) WHERE awaits = 1;

-- How many rows of whom say what: asked for after each decision, so kept and not counted.
CREATE TABLE seen_counts (
    queue_id     TEXT NOT NULL REFERENCES queues (id),
    reviewer     TEXT NOT NULL,
    common_state TEXT NOT NULL,
    state        TEXT NOT NULL,
    n            INTEGER NOT NULL,
    PRIMARY KEY (queue_id, reviewer, common_state, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER seen_states_count_insert AFTER INSERT ON seen_states BEGIN
    INSERT INTO seen_counts (queue_id, reviewer, common_state, state, n)
        VALUES (NEW.queue_id, NEW.reviewer, NEW.common_state, NEW.state, 1)
        ON CONFLICT (queue_id, reviewer, common_state, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER seen_states_count_delete AFTER DELETE ON seen_states BEGIN
    UPDATE seen_counts SET n = n - 1 WHERE queue_id = OLD.queue_id AND reviewer = OLD.reviewer
        AND common_state = OLD.common_state AND state = OLD.state;
END;

-- Queues of which it is derived again where their items stand, because their plan has changed, and up to which item that is done.
-- What is interrupted goes on when the workspace is opened again.
CREATE TABLE derivations (
    queue_id  TEXT PRIMARY KEY REFERENCES queues (id),
    after_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO derivations (queue_id, after_seq)
    SELECT queue_id, 0 FROM review_plans WHERE second_share > 0 OR gold_share > 0
    UNION SELECT i.queue_id, 0 FROM tasks AS t CROSS JOIN items AS i ON i.id = t.item_id WHERE t.awaiting IS NOT NULL;

-- As before, and in `marks` one bit more, the highest: whether the item stands otherwise for anybody. Few do, so that lists look up
-- the others nowhere.
DROP VIEW derived_facets;

CREATE VIEW derived_facets AS
SELECT seq, place, queue,
    item_state | (task_state << 2) | (flagged << 4) | (has_image << 5) | (is_gold << 6) | (is_response << 7) | (said << 8)
        | (decided << 11) | (guards_differ << 13)
        | ((said > 0 AND decided > 0 AND said <> decided AND NOT (said = 4 AND decided > 1)) << 14)
        | (is_apart << 15) AS marks,
    language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer, categories, guard_categories
FROM (
    SELECT i.seq, 2 * i.seq + (t.task = 'response') AS place, n.number AS queue,
        CASE i.state WHEN 'pending' THEN 0 WHEN 'decided' THEN 1 WHEN 'skipped' THEN 2 ELSE 3 END AS item_state,
        CASE t.state WHEN 'pending' THEN 0 WHEN 'decided' THEN 1 WHEN 'skipped' THEN 2 ELSE 3 END AS task_state,
        i.flagged,
        EXISTS (SELECT 1 FROM item_media AS m WHERE m.item_id = i.id) AS has_image,
        t.gold_label IS NOT NULL AS is_gold,
        t.task = 'response' AS is_response,
        coalesce((SELECT CASE lower(j.key) WHEN 'safe' THEN 1 WHEN 'controversial' THEN 2 WHEN 'unsafe' THEN 3
            WHEN 'sensitive' THEN 4 ELSE 0 END FROM json_each(v.probabilities) AS j ORDER BY j.value DESC, j.id LIMIT 1), 0) AS said,
        CASE d.label WHEN 'safe' THEN 1 WHEN 'controversial' THEN 2 WHEN 'unsafe' THEN 3 ELSE 0 END AS decided,
        (SELECT count(DISTINCT (SELECT lower(j.key) FROM json_each(o.probabilities) AS j ORDER BY j.value DESC, j.id LIMIT 1)) > 1
            FROM verdicts AS o WHERE o.item_id = t.item_id AND o.task = t.task AND o.supersedes IS NULL) AS guards_differ,
        EXISTS (SELECT 1 FROM seen_states AS a WHERE a.seq = i.seq) AS is_apart,
        coalesce(i.language, 'und') AS language,
        t.p_unsafe,
        -- Items without a figure come last, largest first.
        coalesce(i.risk, -1.0) AS risk,
        coalesce(i.uncertainty, -1.0) AS uncertainty,
        unixepoch(d.decided_at) AS decided_at,
        coalesce((SELECT max(unixepoch(e.decided_at)) FROM tasks AS u CROSS JOIN decisions AS e ON e.id = u.decision_id
            WHERE u.item_id = i.id AND u.state = 'decided'), 0) AS settled_at,
        d.reviewer,
        nullif(lower(d.categories), '[]') AS categories,
        nullif(lower(v.categories), '[]') AS guard_categories
    FROM visible_items AS i
    CROSS JOIN tasks AS t ON t.item_id = i.id
    CROSS JOIN queue_numbers AS n ON n.queue_id = i.queue_id
    LEFT JOIN decisions AS d ON d.id = t.decision_id AND t.state = 'decided'
    LEFT JOIN verdicts AS v ON v.id = t.verdict_id
);

-- And what nobody has begun: pending, and standing so for everybody.
CREATE INDEX facets_open ON facets (queue, place) WHERE marks & 32771 = 0;

CREATE TRIGGER seen_states_facets_insert AFTER INSERT ON seen_states BEGIN
    UPDATE facets SET marks = marks | 32768 WHERE place BETWEEN 2 * NEW.seq AND 2 * NEW.seq + 1;
END;

CREATE TRIGGER seen_states_facets_delete AFTER DELETE ON seen_states BEGIN
    UPDATE facets SET marks = marks & ~32768 WHERE place BETWEEN 2 * OLD.seq AND 2 * OLD.seq + 1
        AND NOT EXISTS (SELECT 1 FROM seen_states AS a WHERE a.seq = OLD.seq);
END;
