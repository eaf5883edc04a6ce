-- A restored backup or a lost key closes a chain and begins another.

-- The chain in whose batches a record goes: its own, or, for one that lost its place when a backup
-- was restored, the chain whose restart names it.
ALTER TABLE outbox ADD COLUMN via INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET via = chain;

CREATE TABLE ack_of_chain (
    chain       INTEGER PRIMARY KEY,
    arrival     INTEGER NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32), -- of the ack's payload
    cursor      INTEGER NOT NULL,
    server_time INTEGER NOT NULL,
    head        INTEGER NOT NULL
) STRICT;
INSERT INTO ack_of_chain
    SELECT (SELECT max(number) FROM chain), arrival, hash, cursor, server_time, head FROM last_ack;
DROP TABLE last_ack;
ALTER TABLE ack_of_chain RENAME TO last_ack;

-- Of each chain the first head that the server named and this phone does not have.
CREATE TABLE divergence_of_chain (
    chain       INTEGER PRIMARY KEY,
    arrival     INTEGER NOT NULL,
    server_head INTEGER NOT NULL
) STRICT;
INSERT INTO divergence_of_chain
    SELECT (SELECT max(number) FROM chain), arrival, server_head FROM divergence;
DROP TABLE divergence;
ALTER TABLE divergence_of_chain RENAME TO divergence;
