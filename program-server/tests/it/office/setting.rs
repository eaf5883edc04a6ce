//! An office with keys, a programme and two providers.

use crate::support::TestServer;
use jiff::civil::date;
use program_server::App;
use program_server::programmes::{self, HOLDING_DAYS, Programme};
use program_server::providers::{self, Provider};
use program_server::trust::{self, Ceremony, CeremonyReport};
use program_server::vouchers::IssueRequest;
use protocol::id::{Audience, ProgrammeId, ProviderId};
use protocol::time::Zone;
use protocol::trust::{TooOldPolicy, TrustFile, TrustState};
use protocol::voucher::Holder;
use protocol::{Benefit, Currency, Money, Span};

pub fn aid() -> ProgrammeId {
    ProgrammeId::new("aid").unwrap()
}

pub fn provider_id(id: &str) -> ProviderId {
    ProviderId::new(id).unwrap()
}

pub fn audience(id: &str) -> Audience {
    Audience::new(id).unwrap()
}

pub fn programme(id: &str) -> Programme {
    Programme {
        id: ProgrammeId::new(id).unwrap(),
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

pub async fn add_programme(app: &App, id: &str) {
    let transaction = app.db.begin().await.unwrap();
    programmes::add(&transaction, &programme(id)).await.unwrap();
    transaction.commit().await.unwrap();
}

pub fn provider(id: &str, groups: &[&str]) -> Provider {
    Provider {
        id: provider_id(id),
        name: "Mercy Pharmacy".to_owned(),
        groups: groups.iter().map(|group| audience(group)).collect(),
        programmes: vec![aid()],
        account_name: Some("Mercy Pharmacy Inc.".to_owned()),
    }
}

pub async fn add_provider(app: &App, provider: &Provider) {
    let transaction = app.db.begin().await.unwrap();
    providers::add(&transaction, provider).await.unwrap();
    transaction.commit().await.unwrap();
}

pub async fn perform_ceremony(app: &App) -> CeremonyReport {
    let root_keys = app.home.folder().join("../root-keys");
    let ceremony = Ceremony { root_keys: &root_keys, roots: 3, threshold: 2 };
    trust::perform_ceremony(app, ceremony).await.unwrap()
}

/// Keys, the programme `aid`, and the provider `mercy` in the group `pharmacies`.
pub async fn set_up(server: &TestServer) -> &App {
    let app = &server.app;
    perform_ceremony(app).await;
    add_programme(app, "aid").await;
    add_provider(app, &provider("mercy", &["pharmacies"])).await;
    app
}

/// What a new phone makes of the file that is served.
pub async fn phone(app: &App) -> TrustState {
    let pinned = trust::root_hash(app.db.reader()).await.unwrap();
    TrustState::first(pinned, &served(app).await, app.now()).unwrap()
}

pub async fn served(app: &App) -> TrustFile {
    TrustFile::decode(&trust::current_file(app).await.unwrap().bytes).unwrap()
}

/// A usual voucher: an amount, a holder, no provider named.
pub fn issue_request() -> IssueRequest {
    let money = Money::new(500_000, Currency::new("PHP").unwrap()).unwrap();
    IssueRequest {
        benefit: Benefit::Money(money),
        audience: None,
        assistance: "Medicine".to_owned(),
        holder: Some(Holder {
            name: "Maria Santos".to_owned(),
            birth_year: Some(1980),
            id_tail: Some("4711".to_owned()),
        }),
        first_day: None,
        last_day: date(2027, 6, 30),
        entitlement: None,
        documents: Vec::new(),
        line: None,
    }
}
