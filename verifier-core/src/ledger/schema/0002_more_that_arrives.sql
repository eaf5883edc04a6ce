-- A phone also keeps the sets of vouchers that a compromised key truly issued.

CREATE TABLE wider_inbox (
    arrival INTEGER PRIMARY KEY CHECK (arrival > 0),
    kind    TEXT NOT NULL CHECK (kind IN
        ('enrolment', 'trust', 'profile', 'ack', 'status_list', 'issued_set')),
    number  INTEGER,       -- the version of a trust list; the number of a status list
    issued  INTEGER,       -- when it was signed, or the server's time, in seconds
    hash    BLOB NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the bytes as received
    content BLOB,          -- encrypted; absent once replaced, and where a blob holds it
    signer  BLOB,          -- the COSE_Key under which it was verified
    time    INTEGER NOT NULL, -- the device's clock at its arrival, in seconds
    millis  INTEGER NOT NULL, -- milliseconds since the boot
    boot    BLOB NOT NULL CHECK (length(boot) = 16)
) STRICT;
INSERT INTO wider_inbox SELECT * FROM inbox;
DROP TABLE inbox;
ALTER TABLE wider_inbox RENAME TO inbox;

CREATE TABLE wider_blob (
    hash    BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    kind    TEXT NOT NULL CHECK (kind IN ('status_list', 'document', 'issued_set')),
    content BLOB NOT NULL -- encrypted when it is a document
) STRICT;
INSERT INTO wider_blob SELECT * FROM blob;
DROP TABLE blob;
ALTER TABLE wider_blob RENAME TO blob;
