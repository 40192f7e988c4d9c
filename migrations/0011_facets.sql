-- Why: a list of a million items that is filtered by a dozen things and sorted by any of them reads gigabytes of text when it asks
-- `items`, `tasks`, `decisions` and `verdicts` themselves. What lists are filtered and sorted by is kept beside them, in one narrow
-- row for each (item, task), derived from them by the view `derived_facets` and by nothing else.

-- Ids of queues are long, and would be most of every row.
CREATE TABLE queue_numbers (
    number   INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE REFERENCES queues (id)
) STRICT;

INSERT INTO queue_numbers (queue_id) SELECT id FROM queues ORDER BY created_at, id;

CREATE TRIGGER queues_number AFTER INSERT ON queues BEGIN
    INSERT INTO queue_numbers (queue_id) VALUES (NEW.id);
END;

-- What the facets of every visible (item, task) are. What is in quarantine has none, and is in no list that is made from them.
-- `marks` holds, from the lowest bit: state of the item (2: pending, decided, skipped, escalated) and of the task (2), flagged,
-- has an image, has a gold label, is the response, the label of the newest verdict (3: none, safe, controversial, unsafe,
-- sensitive), the label of the decision in force (2: none, safe, controversial, unsafe), guards differ, the decision differs from
-- the newest verdict.
CREATE VIEW derived_facets AS
SELECT seq, place, queue,
    item_state | (task_state << 2) | (flagged << 4) | (has_image << 5) | (is_gold << 6) | (is_response << 7) | (said << 8)
        | (decided << 11) | (guards_differ << 13)
        | ((said > 0 AND decided > 0 AND said <> decided AND NOT (said = 4 AND decided > 1)) << 14) AS marks,
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

CREATE TABLE facets (
    place            INTEGER PRIMARY KEY,           -- 2 seq of the item, and 1 more for its response
    queue            INTEGER NOT NULL,              -- its number
    marks            INTEGER NOT NULL,              -- see the view
    language         TEXT NOT NULL,                 -- 'und' where it is not known
    p_unsafe         REAL,                          -- of the newest verdict about the task
    risk             REAL NOT NULL,                 -- of the item; -1 without a verdict
    uncertainty      REAL NOT NULL,                 -- of the item; -1 without a verdict
    decided_at       INTEGER,                       -- seconds since 1970 of the task's decision in force
    settled_at       INTEGER NOT NULL,              -- of the item's last one; 0 without one
    reviewer         TEXT,                          -- whose decision that is
    categories       TEXT,                          -- of that decision, JSON in lower case; null for none
    guard_categories TEXT                           -- of the newest verdict
) STRICT;

INSERT INTO facets SELECT place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer, categories,
    guard_categories FROM derived_facets ORDER BY place;

-- Each holds the whole row: whatever the filter is, going through one of them in order is all that a list has to do.
CREATE INDEX facets_by_risk ON facets (queue, risk DESC, place, marks, language, p_unsafe, decided_at, reviewer, categories,
    guard_categories);
CREATE INDEX facets_by_uncertainty ON facets (queue, uncertainty DESC, place, marks, language, p_unsafe, decided_at, reviewer,
    categories, guard_categories);
CREATE INDEX facets_by_decision ON facets (queue, settled_at DESC, place, marks, language, p_unsafe, decided_at, reviewer,
    categories, guard_categories);
CREATE INDEX facets_by_language ON facets (queue, language, place, marks, p_unsafe, decided_at, reviewer, categories,
    guard_categories);

-- New items get theirs from the import, all of a batch at once. Whatever changes later changes one of these columns.
CREATE TRIGGER items_facets AFTER UPDATE OF state, flagged, quarantined, language, risk, uncertainty ON items BEGIN
    DELETE FROM facets WHERE place BETWEEN 2 * NEW.seq AND 2 * NEW.seq + 1;
    INSERT INTO facets SELECT place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer,
        categories, guard_categories FROM derived_facets WHERE seq = NEW.seq;
END;

CREATE TRIGGER tasks_facets AFTER UPDATE OF state, decision_id, verdict_id, p_unsafe, gold_label ON tasks BEGIN
    DELETE FROM facets WHERE place BETWEEN 2 * (SELECT seq FROM items WHERE id = NEW.item_id)
        AND 2 * (SELECT seq FROM items WHERE id = NEW.item_id) + 1;
    INSERT INTO facets SELECT place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer,
        categories, guard_categories FROM derived_facets WHERE seq = (SELECT seq FROM items WHERE id = NEW.item_id);
END;
