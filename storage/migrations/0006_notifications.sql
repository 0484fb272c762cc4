-- Notifications are messages of streams of their own, one per destination and installation ('' where they are of none), whose
-- object is 'notifications'.

-- Those that wait until an object's messages were accepted.
CREATE TABLE notice (
    key             INTEGER PRIMARY KEY,
    stream_key      INTEGER NOT NULL REFERENCES stream (key),  -- of the object
    sequence        INTEGER,          -- the last message that it waits for; NULL: all that a restored database tells anew
    destination     TEXT NOT NULL,    -- of the notification
    installation_id TEXT NOT NULL,
    operation_id    TEXT NOT NULL,
    body            TEXT NOT NULL
) STRICT;
CREATE INDEX notice_by_stream ON notice (stream_key);

-- What was told and is not told again for now.
CREATE TABLE told (
    event   TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (event, subject)
) STRICT, WITHOUT ROWID;

ALTER TABLE object_state ADD COLUMN kept_at TEXT;     -- end of the last read on schedule that saw all there is
ALTER TABLE object_state ADD COLUMN overdue_at TEXT;  -- when it was told that the next one is overdue; NULL: it is not

-- What tells of the installation once the configuration has it no more: JSON objects; '': not known.
ALTER TABLE installation ADD COLUMN fields TEXT NOT NULL DEFAULT '';
ALTER TABLE installation ADD COLUMN config TEXT NOT NULL DEFAULT '';
