-- What this phone issued under its delegations, and which claims are on vouchers that others so issued.

CREATE TABLE issue (
    delegation BLOB NOT NULL CHECK (length(delegation) = 32), -- of the delegation's payload
    number     INTEGER NOT NULL CHECK (number > 0),           -- of the voucher: each once
    record     INTEGER NOT NULL REFERENCES outbox (record),
    given      BLOB NOT NULL, -- the benefit of all vouchers of the delegation up to this one
    PRIMARY KEY (delegation, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE claim ADD COLUMN delegated INTEGER NOT NULL DEFAULT 0 CHECK (delegated IN (0, 1));
