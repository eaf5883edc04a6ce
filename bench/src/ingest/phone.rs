//! A phone that has been offline: its key, its chain, and batches ready to be sent.

use super::office::amount;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ack::{Ack, Batch, Outcome};
use protocol::enrolment::{Offer, Request};
use protocol::id::{BootId, ChainId, ClaimId};
use protocol::key::{P256Key, PublicKey, Signer as _};
use protocol::record::{
    Body, Header, HowRead, Monotonic, ObservedState, Record, Redeem, SignedVoucher,
};
use protocol::seal::SealingKey;
use protocol::session::SessionProof;
use protocol::{Hash, Timestamp};
use std::time::{Duration, Instant};

/// A phone with a connection of its own.
pub(crate) struct Phone {
    origin: String,
    agent: ureq::Agent,
    key: P256Key,
    chain: ChainId,
    sequence: u64,
    previous: Option<Hash>,
    token: String,
}

/// A redemption's record, and the voucher that it serves.
pub(crate) struct Redeemed {
    pub(crate) record: Record,
    pub(crate) voucher: SignedVoucher,
}

impl Phone {
    /// A new phone, enrolled by this offer.
    pub(crate) fn enrolled(origin: &str, offer: &Offer) -> Self {
        let phone = Phone {
            origin: origin.to_owned(),
            agent: ureq::Agent::config_builder()
                .timeout_global(Some(Duration::from_secs(120)))
                .build()
                .into(),
            key: P256Key::from_scalar(&random()).unwrap(),
            chain: ChainId::from_bytes(random()),
            sequence: 0,
            previous: None,
            token: String::new(),
        };
        let request = Request {
            code: offer.code,
            root: offer.root,
            origin: offer.origin.clone(),
            key: phone.key(),
            nonce: random(),
        };
        phone.post("/v1/enrolments", "application/cose", &request.sign(&phone.key).unwrap());
        phone
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// What the office calls it by.
    pub(crate) fn id(&self) -> String {
        self.key().thumbprint().to_string()
    }

    pub(crate) fn open_session(&mut self) {
        let challenge = self.post("/v1/sessions/challenge", "application/cose", &[]);
        let challenge: serde_json::Value = serde_json::from_slice(&challenge).unwrap();
        let nonce = URL_SAFE_NO_PAD.decode(challenge["nonce"].as_str().unwrap()).unwrap();
        let proof = SessionProof { nonce: nonce.try_into().unwrap(), origin: self.origin.clone() };
        let opened = self.post("/v1/sessions", "application/cose", &proof.sign(&self.key).unwrap());
        let opened: serde_json::Value = serde_json::from_slice(&opened).unwrap();
        self.token = opened["token"].as_str().unwrap().to_owned();
    }

    /// The digest of an ack that says that there is no news.
    pub(crate) fn first_ack(&self, keys: &[PublicKey]) -> Hash {
        let empty = Batch::new(self.chain, 0, Vec::new());
        Ack::open(&self.send(&empty.encode().unwrap()), keys).unwrap().1
    }

    /// The next record of the chain: a voucher served whole, read by the camera.
    pub(crate) fn redeem(
        &mut self,
        voucher: SignedVoucher,
        observed: ObservedState,
        now: Timestamp,
    ) -> Redeemed {
        self.sequence += 1;
        let body = Body::Redeem(Redeem {
            // A UUIDv7, as phones draw them: the time in milliseconds first.
            claim: ClaimId::from_bytes(*uuid_v7(now, self.sequence).as_bytes()),
            voucher: voucher.clone(),
            how_read: HowRead::Camera,
            given: amount(),
            warnings: Vec::new(),
            documents: Vec::new(),
            overridden_by: None,
        });
        let header = Header {
            chain: self.chain,
            sequence: self.sequence,
            previous: self.previous,
            device_time: now,
            clock_floor: now,
            monotonic: Monotonic {
                millis: 60_000 * self.sequence,
                boot: BootId::from_bytes([9; 16]),
            },
            operator: None,
            observed,
            kind: body.kind(),
            body: Hash::of(&body.encode().unwrap()),
        };
        let record = Record::sign(&header, &body, &self.key).unwrap();
        self.previous = Some(record.hash().unwrap());
        Redeemed { record, voucher }
    }

    /// Batches of these records, `each` so many of them, sealed to the server.
    pub(crate) fn batches(
        &self,
        records: &[Redeemed],
        each: usize,
        last_ack: Option<Hash>,
        sealing: &SealingKey,
    ) -> Vec<Vec<u8>> {
        let seal = |it: &Redeemed| sealing.seal(&it.record.encode().unwrap()).unwrap();
        let batch = |(nth, records): (usize, &[Redeemed])| {
            // Each record before made a claim, and each claim one event of the news.
            let since = (nth * each) as u64;
            let items = records.iter().map(seal).collect();
            Batch { last_ack, ..Batch::new(self.chain, since, items) }.encode().unwrap()
        };
        records.chunks(each).enumerate().map(batch).collect()
    }

    /// Sends batches, one after the answer to the other; gives the answers and how long each took.
    pub(crate) fn send_all(&self, batches: &[Vec<u8>]) -> Vec<(Vec<u8>, Duration)> {
        let timed = |batch: &Vec<u8>| {
            let start = Instant::now();
            (self.send(batch), start.elapsed())
        };
        batches.iter().map(timed).collect()
    }

    /// Asserts that the answers accept every record of the chain.
    pub(crate) fn assert_accepted(&self, answers: &[Vec<u8>], keys: &[PublicKey]) {
        let mut accepted = 0;
        for answer in answers {
            let (ack, _) = Ack::open(answer, keys).unwrap();
            assert!(ack.results.iter().all(|result| result.outcome == Outcome::Accepted));
            accepted += ack.results.len() as u64;
            assert_eq!((ack.chain, ack.head), (self.chain, accepted));
        }
        assert_eq!(accepted, self.sequence);
    }

    fn send(&self, batch: &[u8]) -> Vec<u8> {
        self.post("/v1/records", "application/cbor", batch)
    }

    fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
        let request = self
            .agent
            .post(format!("{}{path}", self.origin))
            .header("content-type", media_type)
            .header("authorization", format!("Bearer {}", self.token));
        request.send(body).unwrap().body_mut().read_to_vec().unwrap()
    }
}

fn uuid_v7(now: Timestamp, count: u64) -> uuid::Uuid {
    let millis = now.as_seconds() * 1000 + count % 1000;
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
