//! Whether a voucher was really issued: signature first, then issuer, programme and window of the
//! key. Phone and server both decide it here, from the voucher's own bytes and the trust list.

use crate::Error;
use crate::cose::{ObjectType, Sign1};
use crate::delegation::{Beyond, Delegated, Delegation, FieldVoucher};
use crate::hash::Hash;
use crate::key::{KeyUse, PublicKey};
use crate::money::Benefit;
use crate::openg2p::{self, Jwt};
use crate::record::SignedVoucher;
use crate::time::Zone;
use crate::trust::{IssuedSets, IssuerKey, TrustList};
use crate::voucher::{self, Voucher};

/// A voucher that a key of the trust list signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentic {
    /// The claims.
    pub voucher: Voucher,
    /// The digest of the signed payload. One identity with two of these is a twin.
    pub payload_hash: Hash,
    /// Whether the key was in its window, and not retired, when it says that it signed.
    pub key_in_force: bool,
    /// How the issuer signed it.
    pub signed_by: SignedBy,
}

/// How an issuer signed a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedBy {
    /// With its own key.
    Issuer,
    /// With the key of a field officer's phone, within the limits of a delegation.
    Delegate(Box<Delegated>),
}

impl Authentic {
    /// Under which delegation it was issued, if under one.
    #[must_use]
    pub fn delegated(&self) -> Option<&Delegated> {
        match &self.signed_by {
            SignedBy::Issuer => None,
            SignedBy::Delegate(delegated) => Some(delegated),
        }
    }
}

/// Why a text or its bytes are no voucher that was really issued, in the order of docs/protocol.md §10.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    /// Neither a voucher of ours nor an OpenG2P token by its look.
    #[error("this is not a voucher")]
    NotAVoucher,
    /// It looks like a voucher and cannot be read.
    #[error("the voucher cannot be read: {0}")]
    Unreadable(Error),
    /// No key of the trust list has its key id.
    #[error("no issuer that is trusted here signed this")]
    UnknownIssuer,
    /// The key is known and the signature does not fit, or the key does not speak for that issuer.
    #[error("the signature is not the issuer's")]
    Forged,
    /// The key is in wrong hands, and the voucher is not known to be of its true issuer.
    #[error("the issuer's key was compromised")]
    IssuerCompromised,
    /// A field officer's phone issued it, beyond what was delegated to it.
    #[error("it was issued beyond what was delegated: {0}")]
    BeyondDelegation(Beyond),
    /// The key may not sign for that programme, or the currency is not the programme's.
    #[error("the issuer may not issue for that programme")]
    WrongProgramme,
}

/// Reads a text as a voucher: `VS1:` for ours, three dotted parts for OpenG2P's.
///
/// # Errors
/// [`NotAuthentic::NotAVoucher`] or [`NotAuthentic::Unreadable`].
pub fn read_text(text: &str) -> Result<SignedVoucher, NotAuthentic> {
    let text = text.trim_matches(['\r', '\n', ' ']);
    if text.starts_with(voucher::TEXT_PREFIX) {
        voucher::from_text(text).map(SignedVoucher::Cose).map_err(NotAuthentic::Unreadable)
    } else if Jwt::looks_like(text) {
        Ok(SignedVoucher::Jwt(text.to_owned()))
    } else {
        Err(NotAuthentic::NotAVoucher)
    }
}

/// Decides whether the voucher was really issued under this trust list and the sets that are held for
/// its compromised keys.
///
/// # Errors
/// [`NotAuthentic`], the first reason that holds.
pub fn authenticate(
    signed: &SignedVoucher,
    trust: &TrustList,
    issued: &IssuedSets,
) -> Result<Authentic, NotAuthentic> {
    let opened = match signed {
        SignedVoucher::Cose(bytes) => ours(bytes, trust, issued)?,
        SignedVoucher::Jwt(text) => foreign(text, trust, issued)?,
    };
    let Opened { voucher, payload_hash, key, signed_by } = opened;
    let programme = trust.programme(&voucher.programme);
    let allowed = key.programmes.contains(&voucher.programme)
        && programme.is_some_and(|programme| match &voucher.benefit {
            Benefit::Money(money) => money.currency() == programme.currency,
            Benefit::Goods(_) => true,
        });
    if !allowed {
        return Err(NotAuthentic::WrongProgramme);
    }
    let signed_at = match &signed_by {
        SignedBy::Issuer => voucher.issued,
        SignedBy::Delegate(delegated) => delegated.delegation.issued,
    };
    let key_in_force = key.in_force_at(signed_at);
    Ok(Authentic { voucher, payload_hash, key_in_force, signed_by })
}

/// A voucher whose signatures hold, under a key that is not compromised.
struct Opened<'t> {
    voucher: Voucher,
    payload_hash: Hash,
    /// The issuer's key: the one that signed the voucher, or its delegation.
    key: &'t IssuerKey,
    signed_by: SignedBy,
}

fn ours<'t>(
    bytes: &[u8],
    trust: &'t TrustList,
    issued: &IssuedSets,
) -> Result<Opened<'t>, NotAuthentic> {
    let signed = Sign1::parse(ObjectType::Voucher, bytes).map_err(NotAuthentic::Unreadable)?;
    if let Some(delegation) = signed.delegation().map(<[u8]>::to_vec) {
        return delegated(signed, &delegation, trust, issued);
    }
    let keys = candidates(trust, KeyUse::Voucher, &signed);
    let verified = signed.verify(keys.iter().map(|key| &key.key)).map_err(unverified)?;
    let key = signer(&keys, verified.key)?;
    let voucher = Voucher::decode(&verified.payload).map_err(NotAuthentic::Unreadable)?;
    if voucher.identity.issuer != key.issuer {
        return Err(NotAuthentic::Forged);
    }
    let payload_hash = Hash::of(&verified.payload);
    not_compromised(key, payload_hash, issued)?;
    Ok(Opened { voucher, payload_hash, key, signed_by: SignedBy::Issuer })
}

/// A delegated voucher: the delegation first, under the issuer's key; then the voucher, under the key
/// that the delegation names; then whether it keeps the limits.
fn delegated<'t>(
    signed: Sign1,
    delegation: &[u8],
    trust: &'t TrustList,
    issued: &IssuedSets,
) -> Result<Opened<'t>, NotAuthentic> {
    let envelope =
        Sign1::parse(ObjectType::Delegation, delegation).map_err(NotAuthentic::Unreadable)?;
    let keys = candidates(trust, KeyUse::Delegation, &envelope);
    let hash = envelope.payload_hash();
    let verified = envelope.verify(keys.iter().map(|key| &key.key)).map_err(unverified)?;
    let key = signer(&keys, verified.key)?;
    let delegation = Delegation::decode(&verified.payload).map_err(NotAuthentic::Unreadable)?;
    let verified = signed.verify([&delegation.device]).map_err(|error| match error {
        // The delegation says which key signs; another one has no part in it.
        Error::UnknownKey(_) | Error::Signature => NotAuthentic::Forged,
        other => NotAuthentic::Unreadable(other),
    })?;
    let payload_hash = Hash::of(&verified.payload);
    let own = FieldVoucher::decode(&verified.payload).map_err(NotAuthentic::Unreadable)?;
    not_compromised(key, hash, issued)?;
    if trust.ended_delegations.contains(&hash) {
        return Err(NotAuthentic::BeyondDelegation(Beyond::Ended));
    }
    let voucher = delegation
        .voucher(hash, key.issuer.clone(), &own)
        .map_err(NotAuthentic::BeyondDelegation)?;
    let delegated = Delegated { delegation, hash, number: own.number };
    let signed_by = SignedBy::Delegate(Box::new(delegated));
    Ok(Opened { voucher, payload_hash, key, signed_by })
}

fn candidates<'t>(trust: &'t TrustList, purpose: KeyUse, signed: &Sign1) -> Vec<&'t IssuerKey> {
    trust
        .keys_for(purpose)
        .filter(|key| key.foreign.is_none() && key.key.kid() == signed.kid())
        .collect()
}

fn not_compromised(
    key: &IssuerKey,
    payload: Hash,
    issued: &IssuedSets,
) -> Result<(), NotAuthentic> {
    if key.vouches_for(payload, issued) { Ok(()) } else { Err(NotAuthentic::IssuerCompromised) }
}

fn foreign<'t>(
    text: &str,
    trust: &'t TrustList,
    issued: &IssuedSets,
) -> Result<Opened<'t>, NotAuthentic> {
    let token = Jwt::parse(text).map_err(NotAuthentic::Unreadable)?;
    let mut known = false;
    for key in trust.keys_for(KeyUse::Voucher) {
        let Some(foreign) = key.foreign.as_ref().filter(|it| it.kid == token.kid()) else {
            continue;
        };
        known = true;
        if let Ok(payload) = token.clone().verify(&key.key) {
            // Without its programme the voucher is refused below, whatever its day.
            let zone = match trust.programme(&foreign.programme) {
                Some(programme) => programme.zone.clone(),
                None => Zone::utc(),
            };
            let voucher = openg2p::voucher(&payload, &key.issuer, foreign, &zone);
            let voucher = voucher.map_err(|error| match error {
                Error::Field { field: "iss", .. } => NotAuthentic::Forged,
                other => NotAuthentic::Unreadable(other),
            })?;
            let payload_hash = Hash::of(&payload);
            not_compromised(key, payload_hash, issued)?;
            return Ok(Opened { voucher, payload_hash, key, signed_by: SignedBy::Issuer });
        }
    }
    Err(if known { NotAuthentic::Forged } else { NotAuthentic::UnknownIssuer })
}

fn unverified(error: Error) -> NotAuthentic {
    match error {
        Error::UnknownKey(_) => NotAuthentic::UnknownIssuer,
        Error::Signature => NotAuthentic::Forged,
        other => NotAuthentic::Unreadable(other),
    }
}

fn signer<'t>(
    keys: &[&'t IssuerKey],
    signed_with: &PublicKey,
) -> Result<&'t IssuerKey, NotAuthentic> {
    keys.iter().copied().find(|key| key.key == *signed_with).ok_or(NotAuthentic::Forged)
}
