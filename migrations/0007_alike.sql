-- Why: what is nearly the same as something decided should not be decided again and again. Near-duplicates are found at import by
-- fingerprints: each item belongs to the group of an earlier one that it is nearly the same as, or leads a group itself. Only
-- leaders are looked up, and only a few under each key, so that a million texts that are alike cost no more than any others.

-- One row for each item that was imported since.
CREATE TABLE item_prints (
    seq    INTEGER PRIMARY KEY,                     -- the item's number
    leader INTEGER NOT NULL,                        -- number of the item that leads its group; its own if it does
    among  INTEGER NOT NULL,                        -- hash of its queue and of the groups of its images: others are never alike
    sketch BLOB NOT NULL                            -- 64 bytes of what is asked, 64 of an answer
) STRICT;

CREATE INDEX item_prints_of_group ON item_prints (leader, seq) WHERE leader <> seq;

-- Under which keys leaders are looked up.
CREATE TABLE item_bands (
    band   INTEGER NOT NULL,
    leader INTEGER NOT NULL,
    PRIMARY KEY (band, leader)
) STRICT, WITHOUT ROWID;

-- The same for images, by the hash of their bytes. Those that cannot be decoded or show too little to be told apart have no row.
CREATE TABLE image_prints (
    sha256 TEXT PRIMARY KEY,
    leader TEXT NOT NULL,
    pdq    BLOB NOT NULL                            -- 32 bytes
) STRICT, WITHOUT ROWID;

CREATE TABLE image_bands (
    band   INTEGER NOT NULL,
    leader TEXT NOT NULL,
    PRIMARY KEY (band, leader)
) STRICT, WITHOUT ROWID;

ALTER TABLE imports ADD COLUMN rows_alike INTEGER NOT NULL DEFAULT 0;   -- of those added, rows nearly the same as an earlier item
ALTER TABLE imports ADD COLUMN rows_crowded INTEGER NOT NULL DEFAULT 0; -- of those added, rows for which some earlier items were not looked at
