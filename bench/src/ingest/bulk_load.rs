//! Tables that have grown: records and the claims that follow from them, put there by SQL alone.
//!
//! Ten million records by HTTP would take most of an hour. Schema and constraints are the server's
//! own, and so are the indices: they are put aside while rows are added and made again after it. Each
//! record is a redemption with its claim and the claim's history. What ingest looks up holds what it
//! would hold: digests and chain ids are random, claim ids are UUIDv7 and grow with time. The vouchers
//! are another issuer's, so that the office's own register has none of them. Signed bytes, which
//! ingest writes and never reads, are short.

use super::office::Office;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// Records of one chain: some years of a busy phone.
const A_CHAIN: u64 = 10_000;

/// The tables that grow with the records.
const TABLES: [&str; 3] = ["records", "claims", "claim_history"];

/// Puts so many records into the office's tables.
pub(crate) fn fill(office: &Office, records: u64) {
    if records == 0 {
        return;
    }
    let db = office.app.db.reader();
    office.runtime.block_on(async {
        let indices = indices(db).await;
        for (name, _) in &indices {
            run(db, &format!("DROP INDEX {name}")).await;
        }
        for chain in 0..records.div_ceil(A_CHAIN) {
            for statement in statements(db.get_database_backend()) {
                let id = protocol::Hash::of(&chain.to_be_bytes()).to_string();
                let statement = statement
                    .replace("{chain}", &id[..32])
                    .replace("{device}", &id)
                    .replace("{some}", &id[..8])
                    .replace("{before}", &(chain * A_CHAIN).to_string())
                    .replace("{count}", &A_CHAIN.min(records - chain * A_CHAIN).to_string());
                run(db, &statement).await;
            }
        }
        for (_, definition) in &indices {
            run(db, definition).await;
        }
        run(db, "ANALYZE").await;
        run(
            db,
            match db.get_database_backend() {
                DbBackend::Postgres => "CHECKPOINT",
                _ => "PRAGMA wal_checkpoint(TRUNCATE)",
            },
        )
        .await;
    });
}

/// Names and definitions of the indices that are no constraint of their table.
async fn indices(db: &DatabaseConnection) -> Vec<(String, String)> {
    let tables = TABLES.map(|table| format!("'{table}'")).join(", ");
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT indexname AS name, indexdef AS definition FROM pg_indexes
             WHERE schemaname = current_schema() AND tablename IN ({tables})
               AND indexname NOT LIKE '%_pkey'"
        ),
        _ => format!(
            "SELECT name, sql AS definition FROM sqlite_schema
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({tables})"
        ),
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let read = |row: sea_orm::QueryResult| {
        (row.try_get("", "name").unwrap(), row.try_get("", "definition").unwrap())
    };
    rows.unwrap().into_iter().map(read).collect()
}

async fn run(db: &DatabaseConnection, sql: &str) {
    if let Err(error) = db.execute_unprepared(sql).await {
        unreachable!("{error}: {sql}");
    }
}

/// One chain with its records, their claims, and what happened to these.
fn statements(engine: DbBackend) -> [String; 5] {
    let (bytes, random, hex) = match engine {
        DbBackend::Postgres => (
            "'\\x{}'::bytea",
            "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())",
            "encode(uuid_send(gen_random_uuid()), 'hex')",
        ),
        _ => ("X'{}'", "randomblob(32)", "lower(hex(randomblob(16)))"),
    };
    // A UUIDv7 of the record's time, which is a few seconds after that of the record before.
    let claim = match engine {
        DbBackend::Postgres => {
            "decode(lpad(to_hex(1750000000000 + ({before} + i) * 3000), 12, '0') || '7'
               || lpad(to_hex(i % 4096), 3, '0') || '{some}'
               || lpad(to_hex((i * 2654435761) % 4294967296), 8, '0'), 'hex')"
        }
        _ => {
            "unhex(printf('%012x7%03x{some}%08x', 1750000000000 + ({before} + i) * 3000, i % 4096,
               (i * 2654435761) % 4294967296))"
        }
    };
    let (chain, device) = (bytes.replace("{}", "{chain}"), bytes.replace("{}", "{device}"));
    let short = bytes.replace("{}", "00112233445566778899aabbccddeeff");
    let received = "1750000000 + ({before} + i) * 3";
    let numbers = "WITH RECURSIVE n (i) AS
       (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count})";
    [
        format!(
            "INSERT INTO chains (chain, device, head, head_hash, highest)
             SELECT {chain}, {device}, {{count}}, {random}, {{count}}"
        ),
        format!("INSERT INTO claim_feeds (chain, last) SELECT {chain}, {{count}}"),
        format!(
            "{numbers} INSERT INTO records
               (chain, sequence, hash, previous, kind, signed_header, body, received, outcome)
             SELECT {chain}, i, {random}, {random}, 1, {short}, {short}, {received}, 'accepted'
             FROM n"
        ),
        format!(
            "{numbers} INSERT INTO claims
               (claim, identity, issuer, reference, payload_hash, programme, provider, device,
                chain, record, how_read, amount, currency, earliest, received, payable_from, live,
                upheld, state)
             SELECT {claim}, {random}, 'another-office', {hex}, {random}, 'aid', 'harbour', {device},
                {chain}, {random}, 'camera', 500000, 'PHP', {received} - 60, {received},
                {received} + 604800, 1 = 1, 1 = 0, 'submitted'
             FROM n"
        ),
        format!(
            "{numbers} INSERT INTO claim_history (chain, number, claim, state, at)
             SELECT {chain}, i, {claim}, 'submitted', {received} FROM n"
        ),
    ]
}
