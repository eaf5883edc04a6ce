//! An office to test against: a served programme with three providers.

pub use crate::office::setting::{aid as programme, audience, provider_id};
use crate::support::TestServer;
use program_server::app::App;
use program_server::claims::{self, Claim};
use program_server::http;
use program_server::programmes;
use program_server::providers::{self, Provider};
use program_server::trust::{self, Ceremony};
use program_server::vouchers::{self, IssueRequest};
use protocol::id::ClaimId;
use protocol::key::KeyUse;
use protocol::key::PublicKey;
use protocol::record::SignedVoucher;
use protocol::voucher::{Holder, Voucher};
use protocol::{Benefit, Currency, Money, Span};

/// A served office. It has one programme and the providers `mercy`, `corner` (both in the group
/// `pharmacies`) and `harbour`.
pub struct Office {
    pub app: App,
    url: String,
    agent: ureq::Agent,
    _server: TestServer,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status and the stable code of a problem document.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        (self.status, self.json()["code"].as_str().unwrap().to_owned())
    }
}

pub fn pesos(minor: u64) -> Benefit {
    Benefit::Money(Money::new(minor, Currency::new("PHP").unwrap()).unwrap())
}

/// A request for a voucher over 5,000.00 that any provider may serve until the end of November.
pub fn issue_request() -> IssueRequest {
    IssueRequest {
        benefit: pesos(500_000),
        audience: None,
        assistance: "Medicine".to_owned(),
        holder: Some(Holder { name: "Maria Santos".to_owned(), birth_year: None, id_tail: None }),
        first_day: None,
        last_day: "2026-11-30".parse().unwrap(),
        entitlement: None,
        documents: Vec::new(),
        line: None,
    }
}

impl Office {
    pub async fn open(server: TestServer) -> Self {
        let app = server.app.clone();
        let root_keys = app.home.folder().join("root-keys");
        let ceremony = Ceremony { root_keys: &root_keys, roots: 3, threshold: 2 };
        trust::perform_ceremony(&app, ceremony).await.unwrap();
        let tx = app.db.begin().await.unwrap();
        programmes::add(&tx, &crate::office::setting::programme("aid")).await.unwrap();
        for (id, groups) in
            [("mercy", ["pharmacies"].as_slice()), ("corner", &["pharmacies"]), ("harbour", &[])]
        {
            let provider = Provider {
                id: provider_id(id),
                name: format!("{id} pharmacy"),
                groups: groups.iter().map(|group| audience(group)).collect(),
                programmes: vec![programme()],
                account_name: None,
            };
            providers::add(&tx, &provider).await.unwrap();
        }
        tx.commit().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = http::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Office { app, url, agent: config.into(), _server: server }
    }

    /// Sends a request over TCP.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let agent = self.agent.clone();
        tokio::task::spawn_blocking(move || {
            let mut response = agent.run(request).unwrap();
            let body = response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap();
            Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
        })
        .await
        .unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], []).await
    }

    /// Issues one voucher.
    pub async fn issue(&self, request: IssueRequest) -> SignedVoucher {
        self.issued(request).await.1
    }

    /// Issues one voucher; gives its claims as well.
    pub async fn issued(&self, request: IssueRequest) -> (Voucher, SignedVoucher) {
        let mut issued = vouchers::issue(&self.app, &programme(), &[request]).await.unwrap();
        let issued = issued.pop().unwrap();
        (issued.voucher, SignedVoucher::Cose(issued.signed))
    }

    /// Signs a voucher with the office's own key, past the register.
    pub async fn sign(&self, voucher: &Voucher) -> SignedVoucher {
        let db = self.app.db.reader();
        let programme = &voucher.programme;
        let now = self.app.now();
        let signer = trust::signer(&self.app, db, KeyUse::Voucher, Some(programme), now).await;
        let signer = signer.unwrap();
        SignedVoucher::Cose(protocol::voucher::sign(voucher, &*signer).unwrap())
    }

    /// Takes a decision on a voucher.
    pub async fn decide(&self, voucher: &Voucher, decision: vouchers::Decision) {
        let tx = self.app.db.begin().await.unwrap();
        let named = voucher.identity.reference.to_string();
        vouchers::decide(&tx, &named, decision, "as tested", self.app.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The public keys of the trust list with this use.
    pub async fn keys(&self, purpose: KeyUse) -> Vec<PublicKey> {
        let trust = trust::current(&self.app).await.unwrap();
        trust.state.list().keys_for(purpose).map(|key| key.key.clone()).collect()
    }

    pub async fn trust_version(&self) -> u64 {
        trust::current(&self.app).await.unwrap().state.list().version
    }

    /// Lets time pass.
    pub fn wait(&self, span: Span) {
        self.app.clock.set(self.app.now().after(span));
    }

    /// A claim's state and reason.
    pub async fn state(&self, claim: ClaimId) -> (String, Option<String>) {
        let Claim { state, reason, .. } = claims::find(&self.app.db, claim).await.unwrap();
        (state.name().to_owned(), reason)
    }

    /// How many claims the office holds.
    pub async fn claims(&self) -> usize {
        claims::list(&self.app.db, None, None, None).await.unwrap().claims.len()
    }
}
