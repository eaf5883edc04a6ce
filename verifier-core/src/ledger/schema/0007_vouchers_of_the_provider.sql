-- The vouchers that name this phone's provider, as the server lists them. They are not signed, so nothing follows
-- from them: a source of its own, whole or not there, and fetched again when it is lost.

CREATE TABLE voucher_list (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    provider TEXT NOT NULL,
    time     INTEGER NOT NULL -- when the last of its pages came, in seconds
) STRICT;

CREATE TABLE voucher_page (
    number  INTEGER PRIMARY KEY CHECK (number > 0),
    content BLOB NOT NULL -- encrypted, as it was received: it tells of holders
) STRICT;
