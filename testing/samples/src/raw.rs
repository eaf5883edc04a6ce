//! CBOR and COSE written without any rule, so that every rule can be broken on purpose.

use protocol::cose::ObjectType;
use protocol::key::{Algorithm, Signer};

pub const NULL: [u8; 1] = [0xf6];

/// An initial byte with its argument in the shortest form.
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let initial = major << 5;
    let be = argument.to_be_bytes();
    match argument {
        0..=23 => vec![initial | argument as u8],
        24..=0xff => vec![initial | 24, be[7]],
        0x100..=0xffff => [&[initial | 25], &be[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[initial | 26], &be[4..]].concat(),
        _ => [&[initial | 27], &be[..]].concat(),
    }
}

pub fn int(number: i64) -> Vec<u8> {
    if number < 0 { head(1, number.unsigned_abs() - 1) } else { head(0, number.unsigned_abs()) }
}

pub fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64), content.to_vec()].concat()
}

pub fn text(content: &str) -> Vec<u8> {
    [head(3, content.len() as u64), content.as_bytes().to_vec()].concat()
}

pub fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

/// A map with its entries in the order given.
pub fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let content: Vec<u8> =
        entries.iter().flat_map(|(k, v)| [k.clone(), v.clone()].concat()).collect();
    [head(5, entries.len() as u64), content].concat()
}

pub fn tag(number: u64, item: Vec<u8>) -> Vec<u8> {
    [head(6, number), item].concat()
}

/// A COSE_Sign1 whose parts can be set one by one.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub tags: Vec<u64>,
    /// The content of the protected header's byte string.
    pub protected: Vec<u8>,
    /// The unprotected header, an item.
    pub unprotected: Vec<u8>,
    /// The content of the payload's byte string.
    pub payload: Vec<u8>,
    /// Whether the payload is in the envelope.
    pub attached: bool,
}

/// The usual protected header of a signer.
pub fn protected(kind: ObjectType, alg: i64, kid: &[u8]) -> Vec<u8> {
    let mut entries = vec![(int(1), int(alg)), (int(4), bytes(kid))];
    entries.extend(kind.typ().map(|typ| (int(16), text(typ))));
    map(&entries)
}

pub fn alg_of(signer: &dyn Signer) -> i64 {
    match signer.public_key().algorithm() {
        Algorithm::Ed25519 => -19,
        Algorithm::Esp256 => -9,
        Algorithm::Rs256 => -257,
    }
}

impl Envelope {
    /// An envelope that keeps every rule.
    pub fn new(kind: ObjectType, payload: &[u8], signer: &dyn Signer) -> Self {
        let kid = signer.public_key().kid();
        Envelope {
            tags: vec![18],
            protected: protected(kind, alg_of(signer), kid.as_bytes()),
            unprotected: map(&[]),
            payload: payload.to_vec(),
            attached: true,
        }
    }

    /// The Sig_structure of RFC 9052 §4.4.
    pub fn to_be_signed(&self) -> Vec<u8> {
        array(&[text("Signature1"), bytes(&self.protected), bytes(&[]), bytes(&self.payload)])
    }

    pub fn sign(&self, signer: &dyn Signer) -> Vec<u8> {
        self.with_signature(&signer.sign(&self.to_be_signed()).unwrap())
    }

    pub fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let payload = if self.attached { bytes(&self.payload) } else { NULL.to_vec() };
        let parts =
            array(&[bytes(&self.protected), self.unprotected.clone(), payload, bytes(signature)]);
        self.tags.iter().rev().fold(parts, |item, &number| tag(number, item))
    }
}

/// A COSE_Sign; each signer with the unprotected header to put beside its signature.
pub fn multi(kind: ObjectType, payload: &[u8], signers: &[(&dyn Signer, Vec<u8>)]) -> Vec<u8> {
    let body = map(&[(int(16), text(kind.typ().unwrap_or_default()))]);
    let signatures: Vec<Vec<u8>> = signers
        .iter()
        .map(|(signer, unprotected)| {
            let kid = signer.public_key().kid();
            let own = map(&[(int(1), int(alg_of(*signer))), (int(4), bytes(kid.as_bytes()))]);
            let message =
                array(&[text("Signature"), bytes(&body), bytes(&own), bytes(&[]), bytes(payload)]);
            array(&[bytes(&own), unprotected.clone(), bytes(&signer.sign(&message).unwrap())])
        })
        .collect();
    tag(98, array(&[bytes(&body), map(&[]), bytes(payload), array(&signatures)]))
}

/// The signature with the other s of the same point: n − s in place of s.
pub fn other_s(signature: &[u8]) -> Vec<u8> {
    let signature = p256::ecdsa::Signature::from_slice(signature).unwrap();
    let (r, s) = signature.split_scalars();
    p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-s).to_bytes()).unwrap().to_bytes().to_vec()
}
