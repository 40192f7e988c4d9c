#!/usr/bin/env python3
"""Writes made-up verdicts and decisions about every item of a workspace, straight into its database. For measurements only: no event
vouches for them, and an audit says so.

    python tests/scale/fill.py WORKSPACE      # of which a guard is known

A guard would judge some hundred items a second; what lists, filters and counts cost depends on what stands in the database, not on who
wrote it. Two guards judge everything and differ about one item in fifty; three reviewers have decided one in ten; some items are
skipped, escalated and flagged.
"""

import argparse
import sqlite3
from pathlib import Path

# Evenly spread and the same each time: a multiplicative hash of the item's number.
HASH = "((i.seq * 2654435761 + {salt}) % 1000003) / 1000003.0"
STATEMENTS = [
    # What a guard is, from one that is there; who judged is made up.
    "INSERT OR IGNORE INTO guards (id, name, path, settings, card, is_toy, added_at) SELECT column1, column1, path, settings, card, 1, "
    "added_at FROM (VALUES ('made-up-a'), ('made-up-b')), (SELECT * FROM guards LIMIT 1)",
    "INSERT OR IGNORE INTO runs (id, queue_id, guard_id, device, precision, state, total, started_at) SELECT 'run of ' || g.id || q.id, "
    "q.id, g.id, 'cpu', 'f32', 'done', 1, '2026-01-01T00:00:00.000Z' FROM queues q JOIN guards g WHERE g.id LIKE 'made-up-%'",
    "INSERT OR IGNORE INTO provenances VALUES ('made-up', '{}')",
    "CREATE TEMP TABLE said AS SELECT i.seq, i.id AS item_id, t.task, i.queue_id, "
    + HASH.format(salt=17)
    + " AS p, "
    + HASH.format(salt=991)
    + " AS other FROM visible_items i JOIN tasks t ON t.item_id = i.id",
    *(
        "INSERT INTO verdicts (id, item_id, task, guard_id, run_id, provenance_id, probabilities, label_mass, categories, tokens_prompt, "
        f"tokens_cached, tokens_computed, truncated, created_at) SELECT '{guard} ' || task || seq, item_id, task, '{guard}', "
        f"'run of {guard}' || queue_id, 'made-up', json_object('Safe', 1 - {p}, 'Controversial', 0.0, 'Unsafe', {p}), 0.99, "
        f"CASE WHEN {p} > 0.5 THEN '[\"Violent\"]' ELSE '[]' END, 100, 60, 40, 0, '2026-01-02T00:00:00.000Z' FROM said"
        for guard, p in (("made-up-b", "(CASE WHEN seq % 50 = 0 THEN 1 - p ELSE p END)"), ("made-up-a", "p"))
    ),
    "UPDATE tasks SET verdict_id = 'made-up-a ' || s.task || s.seq, p_unsafe = s.p FROM said s "
    "WHERE tasks.item_id = s.item_id AND tasks.task = s.task",
    "UPDATE items SET (risk, uncertainty) = (SELECT max(p_unsafe), max(1.0 - abs(2.0 * p_unsafe - 1.0)) FROM tasks "
    "WHERE item_id = items.id)",
    "INSERT INTO decisions (id, item_id, task, kind, label, categories, reviewer, decided_at, verdict_visible, verdict_id) "
    "SELECT 'decision ' || task || seq, item_id, task, 'label', CASE WHEN other > 0.6 THEN 'unsafe' ELSE 'safe' END, "
    "CASE WHEN other > 0.6 THEN '[\"PII\"]' ELSE '[]' END, 'reviewer-' || (seq % 3), "
    "strftime('%Y-%m-%dT%H:%M:%fZ', 1767225600 + seq % 2592000, 'unixepoch'), 1, 'made-up-a ' || task || seq "
    "FROM said WHERE seq % 10 = 3",
    "UPDATE tasks SET state = 'decided', decision_id = 'decision ' || s.task || s.seq FROM said s "
    "WHERE s.seq % 10 = 3 AND tasks.item_id = s.item_id AND tasks.task = s.task",
    "UPDATE items SET state = 'decided' WHERE seq % 10 = 3",
    "UPDATE items SET state = 'skipped' WHERE seq % 100 = 4",
    "UPDATE items SET state = 'escalated' WHERE seq % 500 = 6",
    "UPDATE items SET flagged = 1 WHERE seq % 400 = 9",
    "DELETE FROM facets",
    "INSERT INTO facets SELECT place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer, categories, "
    "guard_categories FROM derived_facets ORDER BY place",
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("workspace", type=Path)
    database = sqlite3.connect(arguments.parse_args().workspace / "saring.db")
    database.execute("PRAGMA cache_size = -262144")
    # All facets are derived at the end: one by one would take as long as a guard.
    names = ("items_facets", "tasks_facets")
    triggers = [
        database.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()[0] for name in names
    ]
    with database:
        for name in names:
            database.execute(f"DROP TRIGGER {name}")
        for statement in STATEMENTS:
            database.execute(statement)
        for trigger in triggers:
            database.execute(trigger)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


if __name__ == "__main__":
    main()
