//! A phone to test with: a key, a chain of records, and what it sends.

use crate::phones::office::{Answer, Office, provider_id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use program_server::devices::{self, Device, DeviceId};
use program_server::trust;
use protocol::ack::{Ack, Batch, ItemResult, Outcome};
use protocol::enrolment::{Offer, Request};
use protocol::id::{BootId, ChainId, ClaimId};
use protocol::key::{KeyUse, P256Key, Signer};
use protocol::profile::Profile;
use protocol::record::{
    Body, Document, Header, HowRead, Monotonic, ObservedState, Record, Redeem, SignedVoucher,
};
use protocol::session::SessionProof;
use protocol::{Benefit, Hash, Span};

/// A phone.
pub struct Phone {
    pub key: P256Key,
    /// What the key is made from.
    pub secret: [u8; 32],
    pub chain: ChainId,
    pub sequence: u64,
    pub previous: Option<Hash>,
    pub last_ack: Option<Hash>,
    pub cursor: u64,
    pub token: String,
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

pub fn new_claim() -> ClaimId {
    ClaimId::from_bytes(random())
}

/// A redemption of the whole voucher by the camera.
pub fn redeem(voucher: &SignedVoucher, given: Benefit) -> Redeem {
    Redeem {
        claim: new_claim(),
        voucher: voucher.clone(),
        how_read: HowRead::Camera,
        given,
        warnings: Vec::new(),
        documents: Vec::new(),
        overridden_by: None,
    }
}

impl Phone {
    /// A phone that nobody knows.
    pub fn new() -> Self {
        let secret = random();
        Phone {
            key: P256Key::from_scalar(&secret).unwrap(),
            secret,
            chain: ChainId::from_bytes(random()),
            sequence: 0,
            previous: None,
            last_ack: None,
            cursor: 0,
            token: String::new(),
        }
    }

    /// A phone of `provider`, confirmed and with a session.
    pub async fn confirmed(office: &Office, provider: &str) -> Self {
        let mut phone = Phone::unconfirmed(office, provider).await;
        let device = phone.device(office).await;
        let digits = device.key.fingerprint_digits();
        devices::confirm(&office.app.db, &device, &digits, office.app.now()).await.unwrap();
        phone.open_session(office).await;
        phone
    }

    /// A phone of `provider` whose digits nobody has compared, with a session.
    pub async fn unconfirmed(office: &Office, provider: &str) -> Self {
        let mut phone = Phone::new();
        let offer = offer(office, provider).await;
        let answer = phone.enrol(office, &offer).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        phone.open_session(office).await;
        phone
    }

    pub async fn device(&self, office: &Office) -> Device {
        devices::find(&office.app.db, &self.id().to_string()).await.unwrap()
    }

    pub fn id(&self) -> DeviceId {
        DeviceId(self.key.public_key().thumbprint())
    }

    pub fn enrolment(&self, offer: &Offer) -> Vec<u8> {
        let request = Request {
            code: offer.code,
            root: offer.root,
            origin: offer.origin.clone(),
            key: self.key.public_key(),
            nonce: random(),
        };
        request.sign(&self.key).unwrap()
    }

    pub async fn enrol(&self, office: &Office, offer: &Offer) -> Answer {
        office.send("POST", "/v1/enrolments", &COSE, self.enrolment(offer)).await
    }

    pub async fn profile(&self, office: &Office) -> Profile {
        let answer = office.send("GET", "/v1/profile", &[self.session().as_header()], []).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Profile::open(&answer.body, &office.keys(KeyUse::Profile).await).unwrap()
    }

    pub async fn open_session(&mut self, office: &Office) {
        let nonce = nonce(office).await;
        let answer = self.prove(office, nonce, office.app.config.origin.as_str()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["expires_in"], 3600);
        self.token = answer.json()["token"].as_str().unwrap().to_owned();
    }

    pub async fn prove(&self, office: &Office, nonce: [u8; 32], origin: &str) -> Answer {
        let proof = SessionProof { nonce, origin: origin.to_owned() }.sign(&self.key).unwrap();
        office.send("POST", "/v1/sessions", &COSE, proof).await
    }

    pub fn session(&self) -> Bearer {
        Bearer(format!("Bearer {}", self.token))
    }

    /// The next record of the chain.
    pub async fn record(&mut self, office: &Office, body: Body) -> Record {
        let observed = ObservedState {
            ack: self.last_ack,
            trust_version: office.trust_version().await,
            status_lists: Vec::new(),
        };
        self.record_observing(office, &body, observed)
    }

    /// The next record of the chain, by a phone that held these.
    pub fn record_observing(
        &mut self,
        office: &Office,
        body: &Body,
        observed: ObservedState,
    ) -> Record {
        self.sequence += 1;
        let (record, hash) = self.make(office, self.sequence, self.previous, body, observed);
        self.previous = Some(hash);
        record
    }

    /// A record at any place.
    pub fn make(
        &self,
        office: &Office,
        sequence: u64,
        previous: Option<Hash>,
        body: &Body,
        observed: ObservedState,
    ) -> (Record, Hash) {
        let now = office.app.now();
        let header = Header {
            chain: self.chain,
            sequence,
            previous,
            device_time: now,
            clock_floor: now,
            monotonic: Monotonic { millis: 1000, boot: BootId::from_bytes([9; 16]) },
            operator: None,
            observed,
            kind: body.kind(),
            body: Hash::of(&body.encode().unwrap()),
        };
        let record = Record::sign(&header, body, &self.key).unwrap();
        let hash = record.hash().unwrap();
        (record, hash)
    }

    /// A batch that asks for all news of the chain.
    pub fn batch(&self) -> Batch {
        Batch { last_ack: self.last_ack, ..Batch::new(self.chain, 0, Vec::new()) }
    }

    /// Sends items as they are; gives the verified ack.
    pub async fn send_items(&mut self, office: &Office, items: Vec<Vec<u8>>) -> Ack {
        let batch = Batch { since: self.cursor, items, ..self.batch() };
        let answer = self.post(office, batch.encode().unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/cose"));
        let (ack, hash) = Ack::open(&answer.body, &office.keys(KeyUse::Ack).await).unwrap();
        assert_eq!((ack.device, ack.chain), (self.id().0, self.chain));
        self.last_ack = Some(hash);
        self.cursor = ack.cursor;
        ack
    }

    pub async fn post(&self, office: &Office, body: Vec<u8>) -> Answer {
        let bearer = self.session();
        let headers = [bearer.as_header(), ("content-type", "application/cbor")];
        office.send("POST", "/v1/records", &headers, body).await
    }

    /// Sends records sealed to the office, as a phone does.
    pub async fn send(&mut self, office: &Office, records: &[Record]) -> Ack {
        let trust = trust::current(&office.app).await.unwrap();
        let key = trust.state.list().sealing_keys.first().unwrap().clone();
        let items = records.iter().map(|it| key.seal(&it.encode().unwrap()).unwrap()).collect();
        self.send_items(office, items).await
    }

    /// Redeems vouchers and sends them; gives the claims and the ack.
    pub async fn serve(
        &mut self,
        office: &Office,
        vouchers: &[&SignedVoucher],
    ) -> (Vec<ClaimId>, Ack) {
        let (mut claims, mut records) = (Vec::new(), Vec::new());
        for voucher in vouchers {
            let redeem = redeem(voucher, crate::phones::office::pesos(100));
            claims.push(redeem.claim);
            records.push(self.record(office, Body::Redeem(redeem)).await);
        }
        let ack = self.send(office, &records).await;
        (claims, ack)
    }

    /// Asks for news.
    pub async fn news(&mut self, office: &Office) -> Ack {
        self.send_items(office, Vec::new()).await
    }
}

/// The header of a session.
pub struct Bearer(String);

impl Bearer {
    pub fn as_header(&self) -> (&str, &str) {
        ("authorization", &self.0)
    }
}

pub const COSE: [(&str, &str); 1] = [("content-type", "application/cose")];

/// An offer for a phone of `provider`.
pub async fn offer(office: &Office, provider: &str) -> Offer {
    let root = trust::root_hash(office.app.db.reader()).await.unwrap();
    let (origin, now) = (office.app.config.origin.as_str(), office.app.now());
    let provider = provider_id(provider);
    let trust = trust::current(&office.app).await.unwrap();
    let (db, sealing) = (&office.app.db, trust.state.list().sealing_keys.first().cloned());
    devices::offer(db, &provider, origin, root, sealing, Span::hours(72), now).await.unwrap()
}

pub async fn nonce(office: &Office) -> [u8; 32] {
    let answer = office.send("POST", "/v1/sessions/challenge", &[], []).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let nonce = answer.json()["nonce"].as_str().unwrap().to_owned();
    URL_SAFE_NO_PAD.decode(nonce).unwrap().try_into().unwrap()
}

pub fn outcomes(ack: &Ack) -> Vec<&Outcome> {
    ack.results.iter().map(|ItemResult { outcome, .. }| outcome).collect()
}

/// What an ack says of a claim: state and reason.
pub fn told(ack: &Ack, claim: ClaimId) -> Option<(&'static str, Option<&str>)> {
    let update = ack.claims.iter().find(|update| update.claim == claim)?;
    Some((update.state.name(), update.reason.as_deref()))
}

pub fn document(bytes: &[u8]) -> Document {
    Document { hash: Hash::of(bytes), len: bytes.len() as u64, media_type: "image/png".into() }
}
