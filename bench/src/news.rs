//! A month of news: what phones fetch of trust and status lists while a programme of 100,000 vouchers
//! is served, and what their entity tags save them.
//!
//! The server's own modules issue, redeem, revoke and sign; a clock is led through thirty days. A phone
//! asks as the sync engine does, with the tag of what it holds, and counts what it gets.

use crate::report::{Goal, Line};
use program_server::App;
use program_server::app::Clock;
use program_server::config::{Config, Home, Origin};
use program_server::programmes::{self, HOLDING_DAYS, Programme};
use program_server::trust::{self, Ceremony, EntityBody};
use program_server::vouchers::{self, Decision, IssueRequest, IssuedVoucher};
use protocol::id::{IssuerId, ProgrammeId};
use protocol::time::Zone;
use protocol::trust::TooOldPolicy;
use protocol::{Benefit, Currency, Money, Span, Timestamp};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const VOUCHERS: usize = 100_000;
const DAYS: u64 = 30;

/// Phones that sync once a day, and phones that sync every hour from six to twenty.
const DAILY: u64 = 30;
const HOURLY: u64 = 3;

/// Redemptions of a day, ten minutes apart in so many groups from eight to eighteen.
const REDEEMED: usize = 2_000;
const GROUPS: u64 = 60;

/// What phones of one kind asked for and got.
#[derive(Default)]
struct Traffic {
    syncs: u64,
    requests: u64,
    unchanged: u64,
    bytes: u64,
    /// What the same requests would have brought without tags.
    whole: u64,
}

/// The tags of what one phone holds, by address.
type Held = BTreeMap<String, String>;

struct Month {
    app: App,
    phones: Vec<Held>,
    daily: Traffic,
    hourly: Traffic,
    /// Bytes of each list at the end of some days.
    sizes: BTreeMap<u64, Vec<usize>>,
    signing: Vec<Duration>,
}

pub(crate) fn run() -> Vec<Line> {
    tokio::runtime::Runtime::new().unwrap().block_on(measure())
}

async fn measure() -> Vec<Line> {
    let folder = tempfile::tempdir().unwrap();
    let start = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let app = office(folder.path(), start).await;
    let issued = issue(&app).await;
    let mut month = Month {
        app,
        phones: vec![Held::new(); (DAILY + HOURLY) as usize],
        daily: Traffic::default(),
        hourly: Traffic::default(),
        sizes: BTreeMap::new(),
        signing: Vec::new(),
    };
    let mut left = issued.into_iter();
    for day in 0..DAYS {
        month.day(day, start.after(Span::days(day)), &mut left).await;
    }
    month.lines()
}

async fn office(folder: &std::path::Path, start: Timestamp) -> App {
    let config = Config::new(
        Origin::parse("https://vouchers.example.org").unwrap(),
        IssuerId::new("vouchers.example.org").unwrap(),
        "Provincial Welfare Office".to_owned(),
        None,
    );
    let home = Home::at(folder.join("home"));
    let app = App::init(home, config, Clock::standing_at(start)).await.unwrap();
    let root_keys = folder.join("root-keys");
    let ceremony = Ceremony { root_keys: &root_keys, roots: 3, threshold: 2 };
    trust::perform_ceremony(&app, ceremony).await.unwrap();
    let programme = Programme {
        id: aid(),
        name: "Medical Aid".to_owned(),
        zone: Zone::new("Asia/Manila").unwrap(),
        currency: Currency::new("PHP").unwrap(),
        decimals: 2,
        too_old: TooOldPolicy::Refuse,
        clock_tolerance: Span::days(1),
        by_reference: false,
        holding_days: HOLDING_DAYS,
    };
    let transaction = app.db.begin().await.unwrap();
    programmes::add(&transaction, &programme).await.unwrap();
    transaction.commit().await.unwrap();
    app
}

fn aid() -> ProgrammeId {
    ProgrammeId::new("aid").unwrap()
}

/// Vouchers of which half end with this month and half with the next, in turns.
async fn issue(app: &App) -> Vec<IssuedVoucher> {
    let request = |last_day: &str| IssueRequest {
        benefit: Benefit::Money(Money::new(500_000, Currency::new("PHP").unwrap()).unwrap()),
        audience: None,
        assistance: "Medicine".to_owned(),
        holder: None,
        first_day: None,
        last_day: last_day.parse().unwrap(),
        entitlement: None,
        documents: Vec::new(),
        line: None,
    };
    let pair = [request("2027-01-31"), request("2027-02-28")];
    let requests: Vec<IssueRequest> = pair.iter().cloned().cycle().take(1_000).collect();
    let mut issued = Vec::with_capacity(VOUCHERS);
    while issued.len() < VOUCHERS {
        issued.extend(vouchers::issue(app, &aid(), &requests).await.unwrap());
    }
    issued
}

impl Month {
    /// One day from midnight on: what happens, in the order of its minutes.
    async fn day(
        &mut self,
        day: u64,
        midnight: Timestamp,
        left: &mut impl Iterator<Item = IssuedVoucher>,
    ) {
        for minute in 0..24 * 60 {
            self.app.clock.set(midnight.after(Span::seconds(minute * 60)));
            let open = (8 * 60..18 * 60).contains(&minute);
            if open && minute % 10 == 0 {
                self.redeem(left.take(REDEEMED / GROUPS as usize)).await;
            }
            if open && minute % 24 == 0 {
                let decided = left.next();
                self.decide(decided, minute % 48 == 0).await;
            }
            // Each phone has its own minute of the day, between six and twenty, and of the hour.
            for phone in 0..DAILY {
                if minute == 6 * 60 + (phone * 28 + day * 11) % (14 * 60) {
                    self.sync(phone as usize).await;
                }
            }
            for phone in 0..HOURLY {
                if (6 * 60..20 * 60).contains(&minute) && minute % 60 == phone * 17 {
                    self.sync((DAILY + phone) as usize).await;
                }
            }
        }
        let mut sizes = Vec::new();
        for number in trust::status_lists(self.app.db.reader()).await.unwrap() {
            sizes.push(trust::status_token(&self.app, number).await.unwrap().bytes.len());
        }
        self.sizes.insert(day + 1, sizes);
    }

    async fn redeem(&self, served: impl Iterator<Item = IssuedVoucher>) {
        let identities: Vec<_> = served.map(|one| one.voucher.identity).collect();
        let transaction = self.app.db.begin().await.unwrap();
        vouchers::redeemed(&transaction, &identities).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn decide(&self, voucher: Option<IssuedVoucher>, for_good: bool) {
        let Some(voucher) = voucher else { return };
        let decision = if for_good { Decision::Revoke } else { Decision::Suspend };
        let transaction = self.app.db.begin().await.unwrap();
        let named = &voucher.reference;
        vouchers::decide(&transaction, named, decision, "a reason", self.app.now()).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn sync(&mut self, phone: usize) {
        let file = trust::current_file(&self.app).await.unwrap();
        self.fetch(phone, "/v1/trust".to_owned(), &file);
        for number in trust::status_lists(self.app.db.reader()).await.unwrap() {
            let begun = Instant::now();
            let token = trust::status_token(&self.app, number).await.unwrap();
            self.signing.push(begun.elapsed());
            self.fetch(phone, trust::status_address(number), &token);
        }
        self.traffic(phone).syncs += 1;
    }

    fn fetch(&mut self, phone: usize, address: String, served: &EntityBody) {
        let held = self.phones[phone].insert(address, served.etag.clone());
        let unchanged = held.as_ref() == Some(&served.etag);
        let traffic = self.traffic(phone);
        traffic.requests += 1;
        traffic.whole += served.bytes.len() as u64;
        if unchanged {
            traffic.unchanged += 1;
        } else {
            traffic.bytes += served.bytes.len() as u64;
        }
    }

    fn traffic(&mut self, phone: usize) -> &mut Traffic {
        if (phone as u64) < DAILY { &mut self.daily } else { &mut self.hourly }
    }

    fn lines(mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (kind, phones, traffic) in
            [("once a day", DAILY, &self.daily), ("every hour", HOURLY, &self.hourly)]
        {
            lines.push(Line {
                benchmark: "news",
                what: format!("requests answered 304 ÷ requests, phones that sync {kind}"),
                ratio: traffic.unchanged as f64 / traffic.requests as f64,
                goal: Goal::None,
                detail: format!(
                    "{} ÷ {} in {} syncs of {phones} phones",
                    traffic.unchanged, traffic.requests, traffic.syncs
                ),
            });
            lines.push(Line {
                benchmark: "news",
                what: format!("bytes fetched ÷ without entity tags, phones that sync {kind}"),
                ratio: traffic.bytes as f64 / traffic.whole as f64,
                goal: Goal::None,
                detail: format!("{} bytes a phone and month", traffic.bytes / phones),
            });
        }
        let full = f64::from(protocol::status::MAX_ENTRIES / 4);
        let size = |day: u64| self.sizes[&day].clone();
        lines.push(Line {
            benchmark: "news",
            what: "the larger list on the last day ÷ two bits an entry".to_owned(),
            ratio: size(DAYS).into_iter().max().unwrap_or(0) as f64 / full,
            goal: Goal::None,
            detail: [1, 5, 10, 15, 20, 25, 30]
                .map(|day| format!("day {day}: {:?}", size(day)))
                .join(", "),
        });
        self.signing.sort_unstable();
        let last = self.signing.len() - 1;
        lines.push(Line {
            benchmark: "news",
            what: "the slowest answer ÷ the median one, of status lists".to_owned(),
            ratio: self.signing[last].as_secs_f64() / self.signing[last / 2].as_secs_f64(),
            goal: Goal::None,
            detail: format!(
                "{:.1} ms ÷ {:.1} ms, signing included where an entry changed",
                self.signing[last].as_secs_f64() * 1e3,
                self.signing[last / 2].as_secs_f64() * 1e3
            ),
        });
        lines
    }
}
