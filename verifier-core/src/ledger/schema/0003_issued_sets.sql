-- Derived: of each compromised key, by thumbprint, the set of what was truly issued under it.

CREATE TABLE issued_set (
    key     BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    arrival INTEGER NOT NULL,
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;
