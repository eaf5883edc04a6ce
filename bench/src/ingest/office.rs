//! An office with its phones: made by the server's own modules, and served by its own program.

use super::phone::Phone;
use program_server::app::{App, Clock};
use program_server::config::{Config, Home, Origin};
use program_server::devices;
use program_server::programmes::{self, HOLDING_DAYS, Programme};
use program_server::providers::{self, Provider};
use program_server::trust::{self, Ceremony};
use program_server::vouchers::{self, IssueRequest};
use protocol::id::{IssuerId, ProgrammeId, ProviderId};
use protocol::record::{ObservedState, SignedVoucher};
use protocol::seal::SealingKey;
use protocol::time::Zone;
use protocol::trust::TooOldPolicy;
use protocol::voucher::Holder;
use protocol::{Benefit, Currency, Money, Span};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PROGRAMME: &str = "aid";

/// Vouchers that are issued in one transaction.
const ISSUED_AT_ONCE: usize = 500;

/// An office whose server can be started.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) runtime: Runtime,
    address: String,
    _dir: TempDir,
}

/// The server's process. Killed when dropped.
pub(crate) struct Running(Child);

impl Office {
    /// An office with one programme and no provider; its database is an SQLite file of its own, or the
    /// one that `postgres` names.
    pub(crate) fn open(postgres: Option<String>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        let runtime = Runtime::new().unwrap();
        let app = runtime.block_on(async {
            let origin = Origin::parse(&format!("http://{address}")).unwrap();
            let issuer = IssuerId::new("welfare").unwrap();
            let config =
                Config::new(origin, issuer, "Provincial Welfare Office".to_owned(), postgres);
            let home = Home::at(dir.path().join("server"));
            let app = App::init(home, config, Clock::system()).await.unwrap();
            let root_keys = dir.path().join("root-keys");
            let ceremony = Ceremony { root_keys: &root_keys, roots: 1, threshold: 1 };
            trust::perform_ceremony(&app, ceremony).await.unwrap();
            let tx = app.db.begin().await.unwrap();
            programmes::add(&tx, &programme()).await.unwrap();
            tx.commit().await.unwrap();
            app
        });
        Office { app, runtime, address, _dir: dir }
    }

    /// Starts the server's program and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Running {
        let mut child = Command::new(server_program())
            .arg("--home")
            .arg(self.app.home.folder())
            .args(["serve", "--listen", &self.address])
            .env("VOUCHSAFE_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(&self.address), "the server did not start: {line:?}");
        Running(child)
    }

    /// A phone of a provider of its own, enrolled over HTTP and confirmed, with a session. The server
    /// must run.
    pub(crate) fn enrol(&self, number: usize) -> Phone {
        let app = &self.app;
        let id = ProviderId::new(format!("provider-{number}")).unwrap();
        let offer = self.runtime.block_on(async {
            let provider = Provider {
                id: id.clone(),
                name: format!("Pharmacy {number}"),
                groups: Vec::new(),
                programmes: vec![ProgrammeId::new(PROGRAMME).unwrap()],
                account_name: None,
            };
            let tx = app.db.begin().await.unwrap();
            providers::add(&tx, &provider).await.unwrap();
            tx.commit().await.unwrap();
            let root = trust::root_hash(app.db.reader()).await.unwrap();
            let origin = app.config.origin.as_str();
            let open_for = Span::hours(1);
            devices::offer(&app.db, &id, origin, root, None, open_for, app.now()).await.unwrap()
        });
        let mut phone = Phone::enrolled(app.config.origin.as_str(), &offer);
        self.runtime.block_on(async {
            let device = devices::find(&app.db, &phone.id()).await.unwrap();
            let digits = device.key.fingerprint_digits();
            devices::confirm(&app.db, &device, &digits, app.now()).await.unwrap();
        });
        phone.open_session();
        phone
    }

    /// Issues so many vouchers, as usual ones are: money, a holder's name, a place in a status list.
    pub(crate) fn issue(&self, count: usize) -> Vec<SignedVoucher> {
        let request = IssueRequest {
            benefit: amount(),
            audience: None,
            assistance: "Medicine".to_owned(),
            holder: Some(Holder {
                name: "Maria Dela Cruz-Peña".to_owned(),
                birth_year: Some(1984),
                id_tail: Some("0417".to_owned()),
            }),
            first_day: None,
            last_day: programme().zone.day_of(self.app.now().after(Span::days(20))),
            entitlement: None,
            documents: Vec::new(),
            line: None,
        };
        let programme = ProgrammeId::new(PROGRAMME).unwrap();
        let mut vouchers = Vec::with_capacity(count);
        while vouchers.len() < count {
            let requests = vec![request.clone(); ISSUED_AT_ONCE.min(count - vouchers.len())];
            let issued = vouchers::issue(&self.app, &programme, &requests);
            let issued = self.runtime.block_on(issued).unwrap();
            vouchers.extend(issued.into_iter().map(|it| SignedVoucher::Cose(it.signed)));
        }
        vouchers
    }

    /// What a phone holds that has the newest trust list, and the key to which it seals.
    pub(crate) fn current(&self) -> (ObservedState, SealingKey) {
        let trust = self.runtime.block_on(trust::current(&self.app)).unwrap();
        let list = trust.state.list();
        let observed = ObservedState {
            ack: None,
            trust_version: list.version,
            status_lists: list
                .status_lists
                .iter()
                .map(|entry| (entry.number, entry.least_issued))
                .collect(),
        };
        (observed, list.sealing_keys.first().unwrap().clone())
    }
}

impl Running {
    pub(crate) fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What every voucher of the office is for.
pub(crate) fn amount() -> Benefit {
    Benefit::Money(Money::new(500_000, Currency::new("PHP").unwrap()).unwrap())
}

fn programme() -> Programme {
    Programme {
        id: ProgrammeId::new(PROGRAMME).unwrap(),
        name: "Medical Aid".to_owned(),
        zone: Zone::new("Asia/Manila").unwrap(),
        currency: Currency::new("PHP").unwrap(),
        decimals: 2,
        too_old: TooOldPolicy::Refuse,
        clock_tolerance: Span::days(1),
        by_reference: false,
        holding_days: HOLDING_DAYS,
    }
}

/// The server's program, built beside this one.
fn server_program() -> PathBuf {
    let program = std::env::current_exe().unwrap().with_file_name("vouchsafe-server");
    assert!(Path::new(&program).is_file(), "vouchsafe-server is not built: use scripts/bench");
    program
}
