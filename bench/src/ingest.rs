//! Batches of records into a server's own process, against the two signature checks that each record
//! needs.

mod bulk_load;
mod engine;
mod office;
mod phone;
mod process;
mod signatures;

use crate::measure::{Times, ratio};
use crate::report::{Goal, Line};
use engine::{Engine, Schema};
use office::{Office, Running};
use phone::Phone;
use process::MonitoredProcess;
use program_server::trust;
use protocol::key::{KeyUse, PublicKey};
use protocol::record::ObservedState;
use signatures::Checks;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const PHONES: usize = 50;
/// Records of one batch, each a redemption of another voucher.
const RECORDS: usize = 100;
/// Batches that each phone sends, one after the answer to the other.
const BATCHES: usize = 8;
/// Batches that each phone sends before it is measured.
const WARM_UP: usize = 1;

/// Records whose signatures are checked for the lower side, of each phone.
const CHECKED: usize = 20;

/// Records that a table of some years holds.
const MANY: u64 = 10_000_000;

/// What a run took.
struct Measurement {
    records: usize,
    wall: Duration,
    /// Processor time of the server, the database's included.
    server: Duration,
    /// Processor time of the phones.
    phones: Duration,
    /// Processor time that nobody wanted.
    idle: Duration,
    batches: Times,
}

/// Measures ingest into new tables: on SQLite, and on this PostgreSQL.
pub(crate) fn run(postgres: Option<&str>) -> Vec<Line> {
    on_each_engine("ingest", postgres, 0)
}

/// Measures ingest into tables that hold ten million records already.
pub(crate) fn run_upon_many(postgres: Option<&str>) -> Vec<Line> {
    on_each_engine("ingest-upon-many", postgres, MANY)
}

fn on_each_engine(benchmark: &'static str, postgres: Option<&str>, already: u64) -> Vec<Line> {
    let mut lines = on(benchmark, &Engine::Sqlite, already);
    if let Some(url) = postgres {
        lines.extend(on(benchmark, &Engine::Postgres(Schema::create(url)), already));
    }
    lines
}

fn on(benchmark: &'static str, engine: &Engine, already: u64) -> Vec<Line> {
    let office = Office::open(engine.url());
    bulk_load::fill(&office, already);
    let running = office.start();
    let phones: Vec<Phone> = (0..PHONES).map(|number| office.enrol(number)).collect();
    let prepared = Prepared::make(&office, phones);

    let before = signatures::time_of_both(&prepared.checks);
    let measurement = measure(&prepared, &running, engine);
    let after = signatures::time_of_both(&prepared.checks);
    let lines = lines(benchmark, engine, already, &measurement, (before + after) / 2);
    let memory = memory(benchmark, engine, &running);
    lines.into_iter().chain(memory).collect()
}

/// Phones with their batches, and signatures of some of the records.
struct Prepared {
    phones: Vec<(Phone, Vec<Vec<u8>>)>,
    checks: Vec<Checks>,
    acks: Vec<PublicKey>,
}

impl Prepared {
    fn make(office: &Office, phones: Vec<Phone>) -> Self {
        let each = RECORDS * (BATCHES + WARM_UP);
        let mut vouchers = office.issue(PHONES * each);
        let key_for = |purpose| -> PublicKey {
            let app = &office.app;
            let signer = trust::signer(app, app.db.reader(), purpose, None, app.now());
            protocol::key::Signer::public_key(&*office.runtime.block_on(signer).unwrap())
        };
        let (acks, issuer) = (vec![key_for(KeyUse::Ack)], key_for(KeyUse::Voucher));
        let (observed, sealing) = office.current();
        let now = office.app.now();
        let shares: Vec<_> = phones
            .into_iter()
            .map(|phone| (phone, vouchers.split_off(vouchers.len() - each)))
            .collect();
        let workers = thread::available_parallelism().unwrap().get();
        let mut shares = shares.into_iter();
        let work: Vec<Vec<_>> = (0..workers)
            .map(|_| shares.by_ref().take(PHONES.div_ceil(workers)).collect())
            .collect();
        let prepare = |(mut phone, vouchers): (Phone, Vec<_>)| {
            let observed = ObservedState { ack: Some(phone.first_ack(&acks)), ..observed.clone() };
            let redeem = |voucher| phone.redeem(voucher, observed.clone(), now);
            let records: Vec<_> = vouchers.into_iter().map(redeem).collect();
            let key = phone.key();
            let some = records.iter().take(CHECKED);
            let checks: Vec<_> = some.map(|it| Checks::of(it, &key, &issuer)).collect();
            let batches = phone.batches(&records, RECORDS, observed.ack, &sealing);
            ((phone, batches), checks)
        };
        let made: Vec<_> = thread::scope(|scope| {
            let prepare = &prepare;
            let workers: Vec<_> = work
                .into_iter()
                .map(|some| scope.spawn(move || some.into_iter().map(prepare).collect::<Vec<_>>()))
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        let (phones, checks): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        Prepared { phones, checks: checks.into_iter().flatten().collect(), acks }
    }
}

/// Lets every phone send, all at once.
fn measure(prepared: &Prepared, running: &Running, engine: &Engine) -> Measurement {
    let server = MonitoredProcess::new(running.process());
    let of_server =
        || server.cpu_time() + engine.process().map_or(Duration::ZERO, MonitoredProcess::cpu_time);
    let clocks =
        || (Instant::now(), of_server(), MonitoredProcess::cpu_time_of_this(), process::idle());
    // The phones wait here until the last has warmed up, and again until the clocks were read.
    let (warm, begin) = (Barrier::new(PHONES + 1), Barrier::new(PHONES + 1));
    let (start, answers) = thread::scope(|scope| {
        let (warm, begin) = (&warm, &begin);
        let sending: Vec<_> = prepared
            .phones
            .iter()
            .map(|(phone, batches)| {
                scope.spawn(move || {
                    let (first, rest) = batches.split_at(WARM_UP);
                    let first = phone.send_all(first);
                    warm.wait();
                    begin.wait();
                    (first, phone.send_all(rest))
                })
            })
            .collect();
        warm.wait();
        let start = clocks();
        begin.wait();
        let answers: Vec<_> = sending.into_iter().map(|phone| phone.join().unwrap()).collect();
        (start, answers)
    });
    let end = clocks();
    let mut batches = Times::default();
    for ((phone, _), (first, rest)) in prepared.phones.iter().zip(answers) {
        batches.extend(rest.iter().map(|(_, taken)| *taken));
        let answers: Vec<_> = first.into_iter().chain(rest).map(|(answer, _)| answer).collect();
        phone.assert_accepted(&answers, &prepared.acks);
    }
    Measurement {
        records: PHONES * BATCHES * RECORDS,
        wall: end.0 - start.0,
        server: end.1 - start.1,
        phones: end.2 - start.2,
        idle: end.3.saturating_sub(start.3),
        batches,
    }
}

fn lines(
    benchmark: &'static str,
    engine: &Engine,
    already: u64,
    measurement: &Measurement,
    both: Duration,
) -> Vec<Line> {
    let Measurement { records, wall, server, phones, idle, batches } = measurement;
    let each = |time: Duration| time / u32::try_from(*records).unwrap();
    let name = engine.name();
    let upon = if already == 0 { String::new() } else { format!(", upon {already} records") };
    let micros = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
    let seconds = |time: &Duration| format!("{:.2} s", time.as_secs_f64());
    vec![
        Line {
            benchmark,
            what: format!("{name}{upon}: rate of records ÷ rate of their two checks"),
            ratio: ratio(both, each(*server + *idle)),
            goal: Goal::AtLeast(0.5),
            detail: format!(
                "{} ÷ {} of a processor; {:.0} records a second: {records} in {}, in which the \
                 server had {} and left {} idle, and the phones had {}",
                micros(both),
                micros(each(*server + *idle)),
                *records as f64 / wall.as_secs_f64(),
                seconds(wall),
                seconds(server),
                seconds(idle),
                seconds(phones),
            ),
        },
        Line {
            benchmark,
            what: format!("{name}{upon}: both checks ÷ the server's own processor time"),
            ratio: ratio(both, each(*server)),
            goal: Goal::None,
            detail: format!("{} ÷ {}", micros(both), micros(each(*server))),
        },
        Line {
            benchmark,
            what: format!("{name}{upon}: 99th percentile of a batch ÷ median"),
            ratio: ratio(batches.quantile(0.99), batches.median()),
            goal: Goal::None,
            detail: format!(
                "{:.0} ms ÷ {:.0} ms, with {PHONES} phones at once",
                batches.quantile(0.99).as_secs_f64() * 1e3,
                batches.median().as_secs_f64() * 1e3,
            ),
        },
    ]
}

/// The most memory of the server's process; and what PostgreSQL's processes have.
fn memory(benchmark: &'static str, engine: &Engine, running: &Running) -> Vec<Line> {
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let batches = (PHONES * RECORDS) as u64 * 1000;
    let peak = MonitoredProcess::new(running.process()).peak_memory();
    let database = engine.process().map(MonitoredProcess::memory);
    let beside = database.map_or(String::new(), |bytes| {
        format!("; PostgreSQL's processes had {} at the end", megabytes(bytes))
    });
    vec![Line {
        benchmark,
        what: format!(
            "{}: the server's peak memory ÷ 1 kB for each record on its way",
            engine.name()
        ),
        ratio: peak as f64 / batches as f64,
        goal: Goal::None,
        detail: format!("{} ÷ {}{beside}", megabytes(peak), megabytes(batches)),
    }]
}
