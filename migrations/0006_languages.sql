-- Why: a file that does not say the language of its items leaves reviewers without the right fonts and a lead without counts, so
-- it is detected, and people correct it; Burmese in the Zawgyi encoding is told from Unicode, so that it can be read and judged.

-- 'detected' or 'corrected'; null where the language came with the row, or is not known.
ALTER TABLE items ADD COLUMN language_from TEXT;
-- Of a corrected item, the language that it was imported with: that is what the import's event vouches for.
ALTER TABLE items ADD COLUMN imported_language TEXT;
-- Whether its texts are Burmese in Zawgyi. It follows from the texts, which stay as they came.
ALTER TABLE items ADD COLUMN zawgyi INTEGER NOT NULL DEFAULT 0;

ALTER TABLE imports ADD COLUMN rows_detected INTEGER NOT NULL DEFAULT 0; -- of those added, rows whose language was detected
ALTER TABLE imports ADD COLUMN rows_zawgyi INTEGER NOT NULL DEFAULT 0;   -- of those added, rows in Zawgyi

-- What people said about the language of items; append-only, the last one of an item is in force.
CREATE TABLE language_corrections (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    item_id      TEXT NOT NULL REFERENCES items (id),
    language     TEXT,                              -- BCP 47; null: it cannot be told
    reviewer     TEXT NOT NULL,                     -- a pseudonym
    corrected_at TEXT NOT NULL
) STRICT;

CREATE INDEX language_corrections_by_item ON language_corrections (item_id, seq);

CREATE TRIGGER items_count_language AFTER UPDATE OF language ON items
WHEN OLD.language IS NOT NEW.language AND OLD.quarantined = 0 AND NEW.quarantined = 0 BEGIN
    UPDATE queue_languages SET n = n - 1 WHERE queue_id = OLD.queue_id AND language = coalesce(OLD.language, 'und');
    INSERT INTO queue_languages (queue_id, language, n) VALUES (NEW.queue_id, coalesce(NEW.language, 'und'), 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
