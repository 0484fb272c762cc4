-- What a read of an object asks for: one row per iTwin and slice of creation time. A slice ends where the next begins.
CREATE TABLE query (
    object_key INTEGER NOT NULL REFERENCES object_state (key),
    itwin_id   TEXT NOT NULL,         -- '': whatever the connection sees
    slice      TEXT NOT NULL,         -- '': from the first record on
    done       INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),  -- read to its end since the backfill began
    PRIMARY KEY (object_key, itwin_id, slice)
) STRICT, WITHOUT ROWID;
INSERT INTO query (object_key, itwin_id, slice, done) SELECT key, '', '', backfill = 'done' FROM object_state;

-- The query that next_url belongs to.
ALTER TABLE object_state ADD COLUMN next_itwin_id TEXT NOT NULL DEFAULT '';
ALTER TABLE object_state ADD COLUMN next_slice TEXT NOT NULL DEFAULT '';
ALTER TABLE object_state ADD COLUMN next_rows INTEGER NOT NULL DEFAULT 0;  -- of that query, read so far
-- A database that came back from a backup tells destinations everything anew, in new streams.
ALTER TABLE object_state ADD COLUMN redeliver INTEGER NOT NULL DEFAULT 0 CHECK (redeliver IN (0, 1));

-- A job whose state may still change: when to read it again by its id; NULL: it has ended.
ALTER TABLE record ADD COLUMN recheck_at TEXT;
CREATE INDEX record_open ON record (object_key, record_id) WHERE recheck_at IS NOT NULL AND deleted_at IS NULL;

-- The outermost fields that an object's records had at the last look for changes of them.
CREATE TABLE field (
    object_key INTEGER NOT NULL REFERENCES object_state (key),
    name       TEXT NOT NULL,
    types      TEXT NOT NULL,         -- of JSON, sorted, a comma between them; '': only null was seen
    PRIMARY KEY (object_key, name)
) STRICT, WITHOUT ROWID;
ALTER TABLE object_state ADD COLUMN schema_checked_at TEXT;  -- start of the read that looked last; NULL: none yet
