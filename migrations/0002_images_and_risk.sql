-- Why: a verdict may say more than its probabilities (notes about the question, risk along a response), images may stay where they
-- were imported from, and a run may look at coarser images or leave items out that its guard cannot read.

-- JSON: `notes`, `risk`; null for a verdict that has neither. A verdict with it has an event of a kind of its own, whose hash
-- covers this column too, so that the hashes of older verdicts stay what they are.
ALTER TABLE verdicts ADD COLUMN details TEXT;

-- Where an image lies that was linked and not copied; null for one that lies in the workspace.
ALTER TABLE media ADD COLUMN linked_path TEXT;

-- Most pixels of an image that the guard looks at, as asked for; null for the guard's own limit.
ALTER TABLE runs ADD COLUMN pixels_max INTEGER;
-- Items with images that a guard which reads text only was not asked about.
ALTER TABLE runs ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
