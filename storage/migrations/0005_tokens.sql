-- What users allowed: tokens of authorization_code. Tokens and verifiers are encrypted with the storage key.

CREATE TABLE connection_token (
    installation_id TEXT PRIMARY KEY,
    client_id       TEXT NOT NULL,                   -- of another client they are worth nothing
    state           TEXT NOT NULL CHECK (state IN ('signed_in', 'needs_consent')),
    refresh_token   BLOB NOT NULL,                   -- sealed: the last one received; empty when consent is needed
    access_token    BLOB NOT NULL,                   -- sealed; likewise
    expires_at      TEXT,                            -- of the access token
    consented_at    TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Users who were sent to the provider and have not come back.
CREATE TABLE pending_authorization (
    state_digest    TEXT PRIMARY KEY,                -- SHA-256 of the state that the provider hands back
    installation_id TEXT NOT NULL,
    browser_digest  TEXT NOT NULL,                   -- SHA-256 of the cookie of the browser that may come back
    verifier        BLOB NOT NULL,                   -- sealed
    redirect_uri    TEXT NOT NULL,
    created_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_authorization_by_time ON pending_authorization (created_at);
