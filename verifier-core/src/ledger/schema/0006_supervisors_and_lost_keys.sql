-- Wrong PINs of supervisors since the last right one. A source of its own: nothing follows from it, and
-- it is gone when the office sets another PIN.
CREATE TABLE pin_failure (
    supervisor TEXT PRIMARY KEY,
    pin        BLOB NOT NULL CHECK (length(pin) = 32), -- SHA-256 of the hash that the profile has
    failures   INTEGER NOT NULL CHECK (failures > 0),
    millis     INTEGER NOT NULL, -- of the last one: milliseconds since the boot
    boot       BLOB NOT NULL CHECK (length(boot) = 16)
) STRICT, WITHOUT ROWID;

-- Up to which event this phone cannot read what it encrypted, since the data key was lost.
CREATE TABLE unreadable (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    through INTEGER NOT NULL
) STRICT;
