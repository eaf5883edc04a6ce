-- Sources. Nothing here is ever changed, but for content that a newer one of its kind replaced.

CREATE TABLE chain (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    device BLOB NOT NULL -- the COSE_Key that signs it
) STRICT;

-- What this phone did. `arrival` counts over record and inbox together: the order of all events.
CREATE TABLE record (
    arrival       INTEGER PRIMARY KEY CHECK (arrival > 0),
    chain         INTEGER NOT NULL REFERENCES chain (number),
    sequence      INTEGER NOT NULL CHECK (sequence > 0),
    hash          BLOB NOT NULL CHECK (length(hash) = 32), -- of the header's payload
    signed_header BLOB NOT NULL,
    body          BLOB NOT NULL, -- encrypted
    voucher       BLOB,          -- encrypted: identity and issue time of the voucher that was served
    sealed        BLOB NOT NULL, -- header and body, sealed to the server: what is sent
    UNIQUE (chain, sequence)
) STRICT;

-- What this phone was told and accepted.
CREATE TABLE inbox (
    arrival INTEGER PRIMARY KEY CHECK (arrival > 0),
    kind    TEXT NOT NULL CHECK (kind IN ('enrolment', 'trust', 'profile', 'ack', 'status_list')),
    number  INTEGER,       -- the version of a trust list; the number of a status list
    issued  INTEGER,       -- when it was signed, or the server's time, in seconds
    hash    BLOB NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the bytes as received
    content BLOB,          -- encrypted; absent once replaced, and for status lists (see blob)
    signer  BLOB,          -- the COSE_Key under which it was verified
    time    INTEGER NOT NULL, -- the device's clock at its arrival, in seconds
    millis  INTEGER NOT NULL, -- milliseconds since the boot
    boot    BLOB NOT NULL CHECK (length(boot) = 16)
) STRICT;

-- Large things by the SHA-256 of their content.
CREATE TABLE blob (
    hash    BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    kind    TEXT NOT NULL CHECK (kind IN ('status_list', 'document')),
    content BLOB NOT NULL -- encrypted when it is a document
) STRICT;

-- Derived: everything below follows from the above, and from nothing else.

-- Each record's way to the server.
CREATE TABLE outbox (
    record      INTEGER PRIMARY KEY, -- arrival of the record
    chain       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    item        BLOB NOT NULL CHECK (length(item) = 32), -- SHA-256 of the sealed bytes
    recorded_at INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
    reason      TEXT,
    CHECK ((state = 'refused') = (reason IS NOT NULL)),
    UNIQUE (chain, sequence)
) STRICT;
CREATE INDEX outbox_open ON outbox (record) WHERE state <> 'sent';
CREATE UNIQUE INDEX outbox_open_item ON outbox (item) WHERE state <> 'sent';

CREATE TABLE claim (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    record      INTEGER NOT NULL UNIQUE REFERENCES outbox (record),
    identity    BLOB NOT NULL CHECK (length(identity) = 32), -- keyed digest of the voucher's identity
    live        INTEGER NOT NULL CHECK (live IN (0, 1)),     -- 0 once taken back
    redeemed_at INTEGER NOT NULL,
    operator    TEXT,
    state       TEXT NOT NULL, -- what the server said last; 'recorded' until it says something
    reason      TEXT,
    void        INTEGER REFERENCES outbox (record) -- the record that took it back
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_live_redemption ON claim (identity) WHERE live = 1;

CREATE TABLE attachment (
    claim      BLOB NOT NULL REFERENCES claim (id),
    document   BLOB NOT NULL CHECK (length(document) = 32),
    record     INTEGER NOT NULL REFERENCES outbox (record), -- the record that names it
    len        INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    held       INTEGER NOT NULL CHECK (held IN (0, 1)), -- whether the server holds it
    PRIMARY KEY (claim, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_document ON attachment (document);
CREATE INDEX attachment_unsent ON attachment (record) WHERE held = 0;

-- When something was last recorded as refused for a reason.
CREATE TABLE refusal (
    subject BLOB NOT NULL CHECK (length(subject) = 32), -- keyed digest
    reason  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (subject, reason)
) STRICT, WITHOUT ROWID;

-- Times that have passed: of each kind the highest, and the one from which the monotonic clock of
-- the latest boot leads furthest.
CREATE TABLE clock_floor (
    kind   TEXT NOT NULL CHECK (kind IN ('hard', 'soft')),
    role   TEXT NOT NULL CHECK (role IN ('highest', 'furthest')),
    issued INTEGER NOT NULL,
    millis INTEGER NOT NULL,
    boot   BLOB NOT NULL CHECK (length(boot) = 16),
    PRIMARY KEY (kind, role)
) STRICT, WITHOUT ROWID;

-- Where in the inbox the newest of each kind lies.
CREATE TABLE newest (
    kind    TEXT NOT NULL PRIMARY KEY CHECK (kind IN ('enrolment', 'trust', 'profile')),
    arrival INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE status_list (
    number  INTEGER NOT NULL PRIMARY KEY,
    arrival INTEGER NOT NULL,
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    issued  INTEGER NOT NULL
) STRICT;

CREATE TABLE last_ack (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    arrival     INTEGER NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32), -- of the ack's payload
    cursor      INTEGER NOT NULL,
    server_time INTEGER NOT NULL,
    head        INTEGER NOT NULL
) STRICT;

-- The first head that the server named and this phone does not have.
CREATE TABLE divergence (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    arrival     INTEGER NOT NULL,
    server_head INTEGER NOT NULL
) STRICT;
