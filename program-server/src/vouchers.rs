//! Vouchers as the office issues them, and what it decided of them since.
//!
//! What was signed is kept whole, so that it can be printed again, and a second voucher under the
//! same identity can be told from the true one.

mod issue;
pub mod picture;
mod routes;
mod store;
pub mod words;

pub use issue::{IssueRequest, Line, issue, issued_lines};
pub use routes::router;
pub use store::schema;

use crate::database::Transaction;
use crate::programmes::Programme;
use crate::{Error, Result, programmes, providers, trust};
use picture::VoucherCard;
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::FieldVoucher;
use protocol::id::{Audience, IssuerId, VoucherId};
use protocol::key::Kid;
use protocol::printed::PrintedReference;
use protocol::voucher::{Voucher, VoucherIdentity, to_text};
use protocol::{Hash, Timestamp};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

pub use crate::trust::RevocationState;

/// A voucher that this office issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedVoucher {
    /// What people call it by, as it is printed: `7K2M-94QX`.
    pub reference: String,
    pub voucher: Voucher,
    pub signed: Vec<u8>,
    /// What the office decided of it since.
    pub revocation: RevocationState,
}

impl IssuedVoucher {
    fn read(
        reference: String,
        issuer: IssuerId,
        signed: Vec<u8>,
        revocation: RevocationState,
    ) -> Result<Self> {
        let envelope = Sign1::parse(ObjectType::Voucher, &signed)?;
        let voucher = match envelope.delegation() {
            None => Voucher::decode(envelope.unverified_payload())?,
            Some(_) => {
                let (under, own) = FieldVoucher::read_stored(&envelope)?;
                under.delegation.voucher(under.hash, issuer, &own).map_err(|limit| {
                    Error::Broken(format!("voucher {reference} was registered, and {limit}"))
                })?
            }
        };
        Ok(IssuedVoucher { reference, voucher, signed, revocation })
    }

    /// The digest of what was signed. The same identity with another digest is a twin.
    ///
    /// # Errors
    /// [`Error::Protocol`] when the stored bytes are damaged.
    pub fn payload_hash(&self) -> Result<Hash> {
        Ok(Sign1::parse(ObjectType::Voucher, &self.signed)?.payload_hash())
    }

    /// The QR text.
    ///
    /// # Errors
    /// [`Error::Protocol`] when it is longer than a QR code holds.
    pub fn text(&self) -> Result<String> {
        Ok(to_text(&self.signed)?)
    }
}

/// A voucher as pictures that people can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    pub png: Vec<u8>,
    pub svg: String,
}

/// A voucher with the words that stand on it, ready to be drawn on any thread.
#[derive(Debug, Clone)]
pub struct Sheet {
    issued: IssuedVoucher,
    text: String,
    programme: Programme,
    provider: Option<String>,
    office: String,
}

impl Sheet {
    /// Gathers the words.
    ///
    /// # Errors
    /// [`Error::NotFound`] when its programme or provider is gone.
    pub async fn of(
        db: &impl ConnectionTrait,
        office: &str,
        issued: IssuedVoucher,
    ) -> Result<Self> {
        let programme = programmes::get(db, &issued.voucher.programme).await?;
        let provider = match &issued.voucher.audience {
            Some(audience) => Some(providers::audience_name(db, audience).await?),
            None => None,
        };
        let text = issued.text()?;
        Ok(Sheet { issued, text, programme, provider, office: office.to_owned() })
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot be drawn.
    pub fn draw(&self) -> Result<Pictures> {
        let voucher = &self.issued.voucher;
        let zone = &self.programme.zone;
        let card = VoucherCard {
            programme: &self.programme.name,
            assistance: &voucher.assistance,
            benefit: &voucher.benefit,
            decimals: self.programme.decimals,
            holder: voucher.holder.as_ref(),
            provider: self.provider.as_deref(),
            first_day: zone.day_of(voucher.not_before),
            last_day: zone.last_day_before(voucher.expires),
            reference: &self.issued.reference,
            issuer: &self.office,
            qr_text: &self.text,
        };
        let undrawn = |error: picture::PictureError| {
            Error::Invalid(format!("voucher {}: {error}", self.issued.reference))
        };
        Ok(Pictures { png: card.png().map_err(undrawn)?, svg: card.svg().map_err(undrawn)? })
    }
}

/// Registers a voucher that a field officer's phone issued and reported. Its place in the status list
/// was taken when the delegation was granted.
///
/// # Errors
/// [`Error::Database`]; a unique violation when it is registered already.
pub async fn report(tx: &Transaction, voucher: Voucher, signed: Vec<u8>) -> Result<()> {
    let reference = issue::draw_reference(&**tx).await?;
    let revocation = RevocationState::None;
    let issued = IssuedVoucher { reference, voucher, signed, revocation };
    store::insert_reported(&**tx, &issued).await
}

/// The voucher that this office issued under this identity.
pub async fn issued(
    db: &impl ConnectionTrait,
    identity: &VoucherIdentity,
) -> Result<Option<IssuedVoucher>> {
    store::find(db, identity.hash()).await
}

/// The voucher with this printed reference.
pub async fn with_reference(
    db: &impl ConnectionTrait,
    reference: PrintedReference,
) -> Result<Option<IssuedVoucher>> {
    store::find_reference(db, &reference.to_string()).await
}

/// The voucher with this `cti`, as hexadecimal digits, or with this printed reference, however it is typed.
pub async fn find(db: &impl ConnectionTrait, named: &str) -> Result<IssuedVoucher> {
    let found = match VoucherId::from_hex(named) {
        Some(cti) => store::find_cti(db, cti).await?,
        None => match PrintedReference::typed(named) {
            Some(reference) => with_reference(db, reference).await?,
            None => None,
        },
    };
    found.ok_or_else(|| Error::not_found("voucher", named))
}

/// Vouchers that name one of these providers or groups, in the order of their references, from the
/// one after `after` on.
pub async fn naming(
    db: &impl ConnectionTrait,
    audiences: &[Audience],
    after: Option<&str>,
    most: u64,
) -> Result<Vec<IssuedVoucher>> {
    store::naming(db, audiences, after, most).await
}

/// Marks vouchers as served; those of other issuers have no place in our lists and are passed over.
pub async fn redeemed(tx: &Transaction, vouchers: &[VoucherIdentity]) -> Result<()> {
    mark(tx, vouchers, true).await
}

/// Marks a voucher as not served after all.
pub async fn released(tx: &Transaction, voucher: &VoucherIdentity) -> Result<()> {
    mark(tx, std::slice::from_ref(voucher), false).await
}

async fn mark(tx: &Transaction, vouchers: &[VoucherIdentity], served: bool) -> Result<()> {
    let hashes: Vec<Hash> = vouchers.iter().map(VoucherIdentity::hash).collect();
    let places = store::places(&**tx, &hashes).await?;
    trust::mark_redeemed(tx, &places, served).await
}

/// What the register says of a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The digest of what was signed. The same identity with another digest is a twin.
    pub payload_hash: Hash,
    pub status: VoucherStatus,
}

/// How a voucher stands with the office that issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherStatus {
    /// Nothing against it.
    InForce,
    /// Not to be served until the suspension is lifted.
    Suspended,
    /// Taken back at this time.
    Revoked(Timestamp),
}

/// The register's entries of those of these vouchers that this office issued.
pub async fn register(
    db: &impl ConnectionTrait,
    vouchers: &BTreeSet<VoucherIdentity>,
) -> Result<BTreeMap<VoucherIdentity, Entry>> {
    let by_hash: BTreeMap<Hash, &VoucherIdentity> =
        vouchers.iter().map(|identity| (identity.hash(), identity)).collect();
    let hashes: Vec<Hash> = by_hash.keys().copied().collect();
    let entries = store::entries(db, &hashes).await?;
    Ok(entries
        .into_iter()
        .filter_map(|(hash, entry)| Some(((*by_hash.get(&hash)?).clone(), entry)))
        .collect())
}

/// The payloads of every voucher in the register that was signed with the key of this id, of those
/// issued before `before` where a time is given.
///
/// # Errors
/// [`Error::Database`], [`Error::Protocol`] when stored bytes are damaged.
pub async fn payloads_signed_with(
    db: &impl ConnectionTrait,
    kid: Kid,
    before: Option<Timestamp>,
) -> Result<Vec<Hash>> {
    store::payloads_signed_with(db, kid, before).await
}

/// A step that the office takes with a voucher after it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Take it back for good.
    Revoke,
    /// Let phones refuse it until the suspension is lifted.
    Suspend,
    Lift,
}

/// A decision as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionTaken {
    pub decision: Decision,
    /// Why, in the office's words.
    pub reason: String,
    pub at: Timestamp,
}

/// Where a decision leads.
fn after(revocation: RevocationState, decision: Decision) -> Result<RevocationState, &'static str> {
    match (decision, revocation) {
        (_, RevocationState::Revoked) => Err("it was revoked, which is for good"),
        (Decision::Revoke, _) => Ok(RevocationState::Revoked),
        (Decision::Suspend, RevocationState::None) => Ok(RevocationState::Suspended),
        (Decision::Suspend, RevocationState::Suspended) => Err("it is suspended already"),
        (Decision::Lift, RevocationState::Suspended) => Ok(RevocationState::None),
        (Decision::Lift, RevocationState::None) => Err("it is not suspended"),
    }
}

/// Takes a decision on the voucher with this `cti` or printed reference.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when the voucher does not stand so that it could be
/// taken; [`Error::Invalid`] without a reason.
pub async fn decide(
    tx: &Transaction,
    named: &str,
    decision: Decision,
    reason: &str,
    now: Timestamp,
) -> Result<IssuedVoucher> {
    programmes::check_name(reason)
        .map_err(|_| Error::invalid("give the reason in one line; it is kept with the voucher"))?;
    let mut issued = find(&**tx, named).await?;
    let identity = issued.voucher.identity.hash();
    tx.advisory_lock(&format!("voucher {identity}")).await?;
    issued = store::find(&**tx, identity).await?.unwrap_or(issued);
    issued.revocation = after(issued.revocation, decision)
        .map_err(|why| Error::Conflict(format!("voucher {}: {why}", issued.reference)))?;
    let taken = DecisionTaken { decision, reason: reason.to_owned(), at: now };
    store::decide(&**tx, identity, issued.revocation, &taken).await?;
    if let Some(status) = issued.voucher.status {
        trust::set_revocation(tx, status, issued.revocation).await?;
    }
    Ok(issued)
}

/// The decisions taken on a voucher, oldest first.
pub async fn decisions(
    db: &impl ConnectionTrait,
    identity: &VoucherIdentity,
) -> Result<Vec<DecisionTaken>> {
    store::decisions(db, identity.hash()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoked_voucher_stays_revoked() {
        for decision in [Decision::Revoke, Decision::Suspend, Decision::Lift] {
            assert!(after(RevocationState::Revoked, decision).is_err());
        }
    }

    #[test]
    fn a_suspension_can_be_lifted_or_turned_into_a_revocation() {
        assert_eq!(after(RevocationState::None, Decision::Suspend), Ok(RevocationState::Suspended));
        assert_eq!(after(RevocationState::Suspended, Decision::Lift), Ok(RevocationState::None));
        assert_eq!(
            after(RevocationState::Suspended, Decision::Revoke),
            Ok(RevocationState::Revoked)
        );
        assert!(after(RevocationState::Suspended, Decision::Suspend).is_err());
        assert!(after(RevocationState::None, Decision::Lift).is_err());
    }
}
