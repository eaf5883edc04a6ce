//! Encryption of personal fields: XChaCha20-Poly1305 with random nonces, bound to where they belong by the
//! associated data (RFC 5116).

use crate::ledger::DataKey;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use protocol::Hash;
use protocol::id::ChainId;
use zeroize::Zeroizing;

const NONCE_LEN: usize = 24;

/// Where a ciphertext belongs. Moved anywhere else, it does not open.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssociatedData {
    table: &'static str,
    column: &'static str,
    chain: ChainId,
    row: RowKey,
}

#[derive(Debug, Clone, Copy)]
enum RowKey {
    Number(u64),
    Digest(Hash),
}

impl AssociatedData {
    /// A column of the record at this place in the chain.
    pub(super) fn record(chain: ChainId, sequence: u64, column: &'static str) -> Self {
        AssociatedData { table: "record", column, chain, row: RowKey::Number(sequence) }
    }

    /// The content of the inbox row with this arrival number.
    pub(super) fn inbox(chain: ChainId, arrival: u64) -> Self {
        AssociatedData { table: "inbox", column: "content", chain, row: RowKey::Number(arrival) }
    }

    /// The page of the list of vouchers with this number.
    pub(super) fn voucher_page(chain: ChainId, number: u64) -> Self {
        AssociatedData {
            table: "voucher_page",
            column: "content",
            chain,
            row: RowKey::Number(number),
        }
    }

    /// The content of the document with this digest.
    pub(super) fn document(chain: ChainId, hash: Hash) -> Self {
        AssociatedData { table: "blob", column: "content", chain, row: RowKey::Digest(hash) }
    }

    /// The names end in a zero byte and the chain has a fixed length, so no two places look alike.
    fn to_bytes(self) -> Vec<u8> {
        let number;
        let row = match &self.row {
            RowKey::Number(sequence) => {
                number = sequence.to_be_bytes();
                number.as_slice()
            }
            RowKey::Digest(hash) => hash.as_bytes(),
        };
        let (table, column) = (self.table.as_bytes(), self.column.as_bytes());
        [table, &[0], column, &[0], self.chain.as_bytes(), row].concat()
    }
}

/// Why a column cannot be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CipherFault {
    /// The system gave no random bytes for a nonce.
    Random,
    /// The bytes were altered, moved, or encrypted under another key.
    Altered,
}

/// The data key at work.
pub(super) struct Cipher {
    aead: XChaCha20Poly1305,
    /// Keys the digests under which vouchers are looked up: an identity with little randomness, such
    /// as a foreign issuer's six-digit code, could be guessed from a plain digest.
    index_key: Zeroizing<[u8; 32]>,
    /// What the key is drawn from to which answers by file are sealed.
    answer_seed: Zeroizing<[u8; 32]>,
}

impl Cipher {
    pub(super) fn new(key: &DataKey) -> Self {
        let derived =
            |purpose: &[u8]| Zeroizing::new(*Hash::of_all(&[purpose, key.as_bytes()]).as_bytes());
        Cipher {
            aead: XChaCha20Poly1305::new(&Key::from(*key.as_bytes())),
            index_key: derived(b"vouchsafe/1/ledger index"),
            answer_seed: derived(b"vouchsafe/1/answer key"),
        }
    }

    /// Encrypts: nonce, then ciphertext with its tag.
    pub(super) fn encrypt(
        &self,
        associated_data: AssociatedData,
        plain: &[u8],
    ) -> Result<Vec<u8>, CipherFault> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| CipherFault::Random)?;
        let aad = associated_data.to_bytes();
        let ciphertext = self
            .aead
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| CipherFault::Altered)?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    /// Decrypts what [`Cipher::encrypt`] gave for the same place.
    pub(super) fn decrypt(
        &self,
        associated_data: AssociatedData,
        stored: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherFault> {
        let (nonce, ciphertext) =
            stored.split_first_chunk::<NONCE_LEN>().ok_or(CipherFault::Altered)?;
        let aad = associated_data.to_bytes();
        self.aead
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| CipherFault::Altered)
    }

    /// The seed of the key to which answers by file are sealed.
    pub(super) fn answer_seed(&self) -> &[u8; 32] {
        &self.answer_seed
    }

    /// A digest under the index key: equal for equal input, and telling nothing without the key.
    pub(super) fn keyed_digest(&self, purpose: &'static str, digest: Hash) -> Hash {
        Hash::of_all(&[self.index_key.as_slice(), purpose.as_bytes(), &[0], digest.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> Cipher {
        Cipher::new(&DataKey::from_bytes([7; 32]))
    }

    fn associated_data(chain: u8, sequence: u64, column: &'static str) -> AssociatedData {
        AssociatedData::record(ChainId::from_bytes([chain; 16]), sequence, column)
    }

    #[test]
    fn what_was_encrypted_opens_at_its_place_alone() {
        let stored = cipher().encrypt(associated_data(1, 1, "body"), b"Maria Santos").unwrap();
        let open = |place| cipher().decrypt(place, &stored).map(|plain| plain.to_vec());
        assert_eq!(open(associated_data(1, 1, "body")).unwrap(), b"Maria Santos");
        for other in [
            associated_data(2, 1, "body"),
            associated_data(1, 2, "body"),
            associated_data(1, 1, "voucher"),
        ] {
            assert_eq!(open(other), Err(CipherFault::Altered));
        }
        let inbox = AssociatedData::inbox(ChainId::from_bytes([1; 16]), 1);
        assert_eq!(open(inbox), Err(CipherFault::Altered));
    }

    #[test]
    fn each_altered_byte_is_noticed() {
        let stored = cipher().encrypt(associated_data(1, 1, "body"), b"Maria Santos").unwrap();
        for at in 0..stored.len() {
            let mut altered = stored.clone();
            altered[at] ^= 1;
            assert!(
                cipher().decrypt(associated_data(1, 1, "body"), &altered).is_err(),
                "byte {at}"
            );
        }
        for len in 0..stored.len() {
            assert!(
                cipher().decrypt(associated_data(1, 1, "body"), &stored[..len]).is_err(),
                "length {len}"
            );
        }
    }

    #[test]
    fn the_same_plaintext_never_looks_the_same_twice() {
        let once = cipher().encrypt(associated_data(1, 1, "body"), b"Maria Santos").unwrap();
        let again = cipher().encrypt(associated_data(1, 1, "body"), b"Maria Santos").unwrap();
        assert_ne!(once, again);
    }

    #[test]
    fn a_keyed_digest_differs_by_key_and_purpose() {
        let digest = Hash::of(b"voucher");
        let other = Cipher::new(&DataKey::from_bytes([8; 32]));
        assert_eq!(cipher().keyed_digest("a", digest), cipher().keyed_digest("a", digest));
        assert_ne!(cipher().keyed_digest("a", digest), cipher().keyed_digest("b", digest));
        assert_ne!(cipher().keyed_digest("a", digest), other.keyed_digest("a", digest));
    }
}
