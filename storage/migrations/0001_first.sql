-- Times are RFC 3339 UTC with milliseconds, so that texts sort as instants do.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per object of an installation that is or was read.
CREATE TABLE object_state (
    key             INTEGER PRIMARY KEY,
    installation_id TEXT NOT NULL,
    object          TEXT NOT NULL,
    paused          INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    backfill        TEXT NOT NULL DEFAULT 'pending' CHECK (backfill IN ('pending', 'running', 'done')),
    since           TEXT,             -- where the backfill starts; NULL: everything
    deliver_from    TEXT,             -- records older than this are taken as known; NULL: none are
    next_url        TEXT,             -- a running backfill's next page
    next_cursor     TEXT,             -- the cursor that it will end with
    operation_id    TEXT,             -- a running backfill's operation
    last_due_at     TEXT,             -- the schedule's time that was served last
    last_full_at    TEXT,             -- start of the last complete full read
    page_size       INTEGER,          -- smaller than the catalog's, after the provider refused that
    live            INTEGER NOT NULL DEFAULT 0,  -- records that are not deleted: counting a million of them takes seconds
    UNIQUE (installation_id, object)
) STRICT;

CREATE TABLE record (
    key        INTEGER PRIMARY KEY,
    object_key INTEGER NOT NULL REFERENCES object_state (key),
    record_id  TEXT NOT NULL,
    raw        TEXT NOT NULL,
    digest     TEXT NOT NULL,         -- of its content, in hexadecimal
    visible    INTEGER NOT NULL CHECK (visible IN (0, 1)),             -- passes fieldFilters
    missing    INTEGER NOT NULL DEFAULT 0 CHECK (missing BETWEEN 0 AND 3),  -- see Missing in storage/store.hpp
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    UNIQUE (object_key, record_id)
) STRICT;
CREATE INDEX record_missing ON record (object_key, missing) WHERE missing > 0;
CREATE INDEX record_deleted ON record (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE VIEW records AS
    SELECT o.installation_id, o.object, r.record_id, r.raw, r.created_at, r.updated_at, r.deleted_at
    FROM record r JOIN object_state o ON o.key = r.object_key;

CREATE TABLE cursors (
    installation_id TEXT NOT NULL,
    object          TEXT NOT NULL,
    itwin_id        TEXT NOT NULL DEFAULT '',
    cursor          TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    PRIMARY KEY (installation_id, object, itwin_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE operations (
    id              TEXT PRIMARY KEY,
    installation_id TEXT NOT NULL,
    action_type     TEXT NOT NULL CHECK (action_type IN ('read', 'write')),
    object          TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('in_progress', 'success', 'failure')),
    result          TEXT NOT NULL DEFAULT '',
    read_type       TEXT NOT NULL DEFAULT '',
    pages           INTEGER NOT NULL DEFAULT 0,
    processed       INTEGER NOT NULL DEFAULT 0,
    creates         INTEGER NOT NULL DEFAULT 0,
    updates         INTEGER NOT NULL DEFAULT 0,
    deletes         INTEGER NOT NULL DEFAULT 0,
    estimated       INTEGER,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;
CREATE INDEX operations_by_time ON operations (created_at);
CREATE INDEX operations_by_object ON operations (installation_id, object, created_at);
CREATE INDEX operations_in_progress ON operations (status) WHERE status = 'in_progress';

CREATE TABLE operation_log (
    operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    at           TEXT NOT NULL,
    level        TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
    message      TEXT NOT NULL
) STRICT;
CREATE INDEX operation_log_by_operation ON operation_log (operation_id);

CREATE TABLE destinations (
    name             TEXT PRIMARY KEY,
    state            TEXT NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    reason           TEXT NOT NULL DEFAULT '',
    failing_since    TEXT,            -- first failure since it accepted anything, or since nobody tried for a day
    last_failed_at   TEXT,
    last_accepted_at TEXT,
    updated_at       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
    key             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    destination     TEXT NOT NULL,
    installation_id TEXT NOT NULL,
    object          TEXT NOT NULL,
    next_sequence   INTEGER NOT NULL DEFAULT 1,
    UNIQUE (destination, installation_id, object)
) STRICT;

CREATE TABLE message (
    key              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    stream_key       INTEGER NOT NULL REFERENCES stream (key),
    sequence         INTEGER NOT NULL,
    operation_id     TEXT NOT NULL,
    num_records      INTEGER NOT NULL,
    by_url           INTEGER NOT NULL CHECK (by_url IN (0, 1)),
    status           TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'dead', 'held')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    step             INTEGER NOT NULL DEFAULT 0,  -- waits of the schedule that are used up
    step_due_at      TEXT,            -- when the present wait ends
    woken            INTEGER NOT NULL DEFAULT 0 CHECK (woken IN (0, 1)),
    first_attempt_at TEXT,
    next_attempt_at  TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL,
    UNIQUE (stream_key, sequence)
) STRICT;
CREATE INDEX message_pending ON message (stream_key, sequence, next_attempt_at) WHERE status = 'pending';
CREATE INDEX message_open ON message (status) WHERE status IN ('pending', 'held');
CREATE INDEX message_final ON message (status, updated_at) WHERE status IN ('delivered', 'dead');
CREATE INDEX message_by_time ON message (created_at);
CREATE INDEX message_by_operation ON message (operation_id);

CREATE TABLE message_body (
    message_key INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
    body        TEXT NOT NULL,
    results     TEXT NOT NULL DEFAULT ''   -- of a message by URL: the list that its downloadUrl serves
) STRICT;

CREATE TABLE attempt (
    message_key INTEGER NOT NULL REFERENCES message (key) ON DELETE CASCADE,
    at          TEXT NOT NULL,
    status      INTEGER NOT NULL,     -- of HTTP; 0: no answer
    error       TEXT NOT NULL,
    duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_by_message ON attempt (message_key);

CREATE VIEW deliveries AS
    SELECT m.id, s.destination, s.installation_id, s.object, m.operation_id, m.num_records, m.status, m.attempts,
           CASE WHEN m.status = 'pending' THEN m.next_attempt_at END AS next_attempt_at, m.created_at, m.updated_at,
           s.id AS stream_id, m.sequence
    FROM message m JOIN stream s ON s.key = m.stream_key;

CREATE TABLE connection_health (
    installation_id TEXT PRIMARY KEY,
    health          TEXT NOT NULL CHECK (health IN ('healthy', 'unhealthy')),
    reason          TEXT NOT NULL DEFAULT '',
    updated_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the process that holds the database knows of its installations, for readers without it.
CREATE TABLE installation (
    id          TEXT PRIMARY KEY,
    digest      TEXT NOT NULL,        -- of the configuration that shapes its messages
    updated_at  TEXT NOT NULL         -- installationUpdateTime
) STRICT, WITHOUT ROWID;

-- Requests sent per client and minute, for the last hour.
CREATE TABLE budget (
    client_id TEXT NOT NULL,
    minute    INTEGER NOT NULL,       -- since 1970
    requests  INTEGER NOT NULL,
    PRIMARY KEY (client_id, minute)
) STRICT, WITHOUT ROWID;
