-- Writes: the queue and its journal. Bodies and answers are encrypted with the storage key: they may hold secrets.

CREATE TABLE write_operation (
    operation_id TEXT PRIMARY KEY REFERENCES operations (id) ON DELETE CASCADE,
    batch        INTEGER NOT NULL CHECK (batch IN (0, 1)),
    all_or_none  INTEGER NOT NULL CHECK (all_or_none IN (0, 1)),
    asynchronous INTEGER NOT NULL CHECK (asynchronous IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE write (
    key             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    operation_id    TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,                -- in its batch, from 0
    installation_id TEXT NOT NULL,
    object          TEXT NOT NULL,
    type            TEXT NOT NULL CHECK (type IN ('create', 'update', 'delete')),
    record_id       TEXT NOT NULL DEFAULT '',        -- of a create: once it is known
    status          TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'done', 'failed', 'unknown')),
    looking         INTEGER NOT NULL DEFAULT 0 CHECK (looking IN (0, 1)),    -- pending: its outcome is looked for, it is not sent
    ambiguous       INTEGER NOT NULL DEFAULT 0 CHECK (ambiguous IN (0, 1)),  -- an attempt may have been carried out
    attempts        INTEGER NOT NULL DEFAULT 0,      -- how often it was sent
    looks           INTEGER NOT NULL DEFAULT 0,      -- since it was sent last
    failures        INTEGER NOT NULL DEFAULT 0,      -- in a row: how long to wait
    first_sent_at   TEXT,
    sent_at         TEXT,
    next_attempt_at TEXT NOT NULL,
    deadline_at     TEXT NOT NULL,
    marker          TEXT NOT NULL DEFAULT '',        -- the token that a create carries to be found again by
    error           TEXT NOT NULL DEFAULT '',        -- one sentence
    problem         TEXT NOT NULL DEFAULT '',        -- the provider's error as it came, JSON
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;
CREATE INDEX write_due ON write (installation_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX write_open ON write (status) WHERE status IN ('pending', 'sending', 'unknown');
CREATE INDEX write_record ON write (installation_id, object, record_id, key) WHERE status IN ('pending', 'sending');
CREATE INDEX write_by_record ON write (installation_id, object, record_id);
CREATE INDEX write_by_operation ON write (operation_id, position);
CREATE INDEX write_by_time ON write (created_at);

CREATE TABLE write_body (
    write_key INTEGER PRIMARY KEY REFERENCES write (key) ON DELETE CASCADE,
    body      BLOB NOT NULL,                         -- sealed; empty once the write is final
    answer    BLOB NOT NULL DEFAULT x''              -- sealed: the record as the provider answered it
) STRICT;

CREATE VIEW writes AS
    SELECT id, operation_id, installation_id, object, type, record_id, status, attempts,
           CASE WHEN error <> '' THEN error END AS error, created_at, updated_at
    FROM write;

-- Idempotency-Key: the answer that a repeated request gets.
CREATE TABLE idempotency (
    scope        TEXT NOT NULL,                      -- project, integration and groupRef
    key          TEXT NOT NULL,
    digest       TEXT NOT NULL,                      -- of the request, compared as JSON
    operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    created_at   TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at);
CREATE INDEX idempotency_by_operation ON idempotency (operation_id);
