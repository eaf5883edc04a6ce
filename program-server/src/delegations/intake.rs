//! Taking in what a field officer's phone reports that it issued.

use super::{ended, store};
use crate::database::Transaction;
use crate::devices::{DeviceId, DeviceStatus};
use crate::{Error, Result, providers, vouchers};
use protocol::authenticity::Authentic;
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{Beyond, FieldVoucher};
use protocol::id::IssuerId;
use protocol::voucher::Voucher;
use protocol::{Hash, Timestamp};

/// Why a voucher that a device reports does not come into the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportRefusal {
    /// It was not issued under a delegation, or by another device.
    OfAnotherDevice,
    /// The device is suspended: whoever has it may go on issuing.
    DeviceSuspended,
    /// This office does not know the delegation, or has ended it, or the total is used up.
    BeyondDelegation,
    /// Another content was reported under the same number.
    Twin,
    /// It is for a provider or group that does not exist.
    WrongProvider,
}

impl ReportRefusal {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ReportRefusal::OfAnotherDevice => "issued_by_another_device",
            ReportRefusal::DeviceSuspended => "device_suspended",
            ReportRefusal::BeyondDelegation => "beyond_delegation",
            ReportRefusal::Twin => "twin",
            ReportRefusal::WrongProvider => "wrong_provider",
        }
    }
}

/// Registers a voucher that `device` reports, by a record of that hash. The same report again changes
/// nothing. What oversteps the delegation is recorded as a violation.
///
/// # Errors
/// [`Error::Database`]; inside, [`ReportRefusal`].
pub async fn report(
    tx: &Transaction,
    authentic: &Authentic,
    signed: &[u8],
    (device, status): (DeviceId, DeviceStatus),
    record: Hash,
    now: Timestamp,
) -> Result<std::result::Result<(), ReportRefusal>> {
    let Some(delegated) = authentic.delegated() else {
        return Ok(Err(ReportRefusal::OfAnotherDevice));
    };
    let (hash, number) = (delegated.hash, delegated.number);
    if DeviceId(delegated.delegation.device.thumbprint()) != device {
        return Ok(Err(ReportRefusal::OfAnotherDevice));
    }
    if status == DeviceStatus::Suspended {
        return Ok(Err(ReportRefusal::DeviceSuspended));
    }
    if ended(&**tx, hash).await?.is_some() {
        return Ok(Err(ReportRefusal::BeyondDelegation));
    }
    let issued = Issued {
        delegation: hash,
        number,
        voucher: &authentic.voucher,
        payload_hash: authentic.payload_hash,
        signed,
        record,
    };
    issued.register(tx, now).await
}

/// Keeps a voucher that was served before it was reported, or in another content than was, for whoever
/// decides on the claim of that record.
pub async fn keep_served(tx: &Transaction, record: Hash, signed: &[u8]) -> Result<()> {
    store::keep_served(&**tx, record, signed).await
}

/// Registers, on a person's word, the voucher that the claim of this record is on, when its phone never
/// reported it. The total stands against it all the same. For other claims this does nothing.
///
/// # Errors
/// [`Error::Conflict`] when the total is used up or another content is registered under the number;
/// [`Error::Database`].
pub async fn register_on_staff_decision(
    tx: &Transaction,
    issuer: &IssuerId,
    record: Hash,
    now: Timestamp,
) -> Result<()> {
    let Some(signed) = store::served(&**tx, record).await? else { return Ok(()) };
    let envelope = Sign1::parse(ObjectType::Voucher, &signed)?;
    let (under, own) = FieldVoucher::read_stored(&envelope)?;
    tx.advisory_lock(&format!("delegation {}", under.hash)).await?;
    let voucher = under.delegation.voucher(under.hash, issuer.clone(), &own);
    let voucher = voucher.map_err(|limit| Error::Broken(format!("a claim's voucher: {limit}")))?;
    let issued = Issued {
        delegation: under.hash,
        number: under.number,
        voucher: &voucher,
        payload_hash: envelope.payload_hash(),
        signed: &signed,
        record,
    };
    issued.register(tx, now).await?.map_err(|fault| {
        Error::Conflict(match fault {
            ReportRefusal::Twin => format!(
                "another voucher was reported under number {} of delegation {}, and a number is paid \
                 once, as it was reported: deny the claim",
                under.number, under.hash
            ),
            _ => format!(
                "delegation {} has no room left for this voucher: what was delegated is not overspent. \
                 Deny the claim; the office can issue a voucher of its own in its place",
                under.hash
            ),
        })
    })
}

/// A voucher that a field officer's phone issued.
struct Issued<'v> {
    delegation: Hash,
    number: u32,
    voucher: &'v Voucher,
    payload_hash: Hash,
    signed: &'v [u8],
    /// The record that shows it.
    record: Hash,
}

impl Issued<'_> {
    /// Registers it, within the total and once a number.
    async fn register(
        &self,
        tx: &Transaction,
        now: Timestamp,
    ) -> Result<std::result::Result<(), ReportRefusal>> {
        let Issued { delegation, number, voucher, payload_hash, record, .. } = *self;
        let db = &**tx;
        let Some(kept) = store::find(db, delegation).await? else {
            return Ok(Err(ReportRefusal::BeyondDelegation));
        };
        if let Some(reported) = store::reported(db, delegation, number).await? {
            if reported == payload_hash {
                return Ok(Ok(()));
            }
            let twin = ReportRefusal::Twin;
            store::record_violation(db, delegation, number, twin.code(), record, now).await?;
            return Ok(Err(twin));
        }
        let ceiling = &kept.delegation.ceiling;
        let Ok(given) = ceiling.count(kept.given.as_ref(), &voucher.benefit) else {
            store::record_violation(db, delegation, number, Beyond::Total.code(), record, now)
                .await?;
            return Ok(Err(ReportRefusal::BeyondDelegation));
        };
        if let Some(audience) = &voucher.audience {
            match providers::audience_name(db, audience).await {
                Ok(_) => {}
                Err(Error::NotFound { .. }) => return Ok(Err(ReportRefusal::WrongProvider)),
                Err(other) => return Err(other),
            }
        }
        vouchers::report(tx, voucher.clone(), self.signed.to_vec()).await?;
        store::add_report(db, delegation, number, payload_hash, record, now).await?;
        store::count(db, delegation, kept.reported + 1, &given).await?;
        Ok(Ok(()))
    }
}
