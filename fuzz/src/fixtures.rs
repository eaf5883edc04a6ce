//! What targets need besides the bytes: keys, and the trust of the vectors.

use protocol::key::{Ed25519Key, KeyUse, PublicKey, Signer};
use protocol::profile::Profile;
use protocol::seal::UnsealingKey;
use protocol::time::Zone;
use protocol::trust::{IssuerKey, TrustFile, TrustState};
use std::sync::LazyLock;

/// What a phone holds.
pub(crate) struct Fixtures {
    pub(crate) file: TrustFile,
    pub(crate) trust: TrustState,
    pub(crate) profile: Profile,
    pub(crate) foreign: IssuerKey,
    pub(crate) zone: Zone,
}

/// The trust and keys of the vectors, from seeds of this crate's own corpora.
pub(crate) static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    load().unwrap_or_else(|error| unreachable!("the seeds called `usual` no longer read: {error}"))
});

fn load() -> protocol::Result<Fixtures> {
    let file = TrustFile::decode(include_bytes!("../corpus/trust_file/usual"))?;
    let trust = TrustState::restore(file.first_root_hash()?, &file)?;
    let keys: Vec<PublicKey> =
        trust.list().keys_for(KeyUse::Profile).map(|key| key.key.clone()).collect();
    let profile = Profile::open(include_bytes!("../corpus/profile/usual"), &keys)?;
    let foreign = trust.list().keys.iter().find(|key| key.foreign.is_some());
    let foreign = foreign.ok_or(protocol::Error::Missing { object: "seed", field: "foreign" })?;
    Ok(Fixtures { foreign: foreign.clone(), zone: Zone::new("Asia/Manila")?, file, trust, profile })
}

/// A key that signs whatever a target is given, so that what is behind a signature is reached too.
pub(crate) fn signer() -> Ed25519Key {
    Ed25519Key::from_seed(&[0x77; 32])
}

pub(crate) fn public() -> PublicKey {
    signer().public_key()
}

/// The vectors' first two root keys, of which two must sign, and the key of their trust role.
pub(crate) fn root_keys() -> [Ed25519Key; 2] {
    [1, 2].map(|number| Ed25519Key::from_seed(&[number; 32]))
}

/// The key of the vectors' usual issuer.
pub(crate) fn issuing_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[5; 32])
}

pub(crate) fn trust_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[4; 32])
}

/// The vectors' sealing key.
pub(crate) fn unsealing() -> UnsealingKey {
    UnsealingKey::from_seed(&[0x31; 32])
}
