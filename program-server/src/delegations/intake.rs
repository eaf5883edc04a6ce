//! Taking in what a field officer's phone reports that it issued.

use super::{ended, store};
use crate::database::Transaction;
use crate::devices::{DeviceId, Standing};
use crate::{Error, Result, providers, vouchers};
use protocol::authenticity::Authentic;
use protocol::{Hash, Timestamp};

/// Why a voucher that a device reports does not come into the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotReported {
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

impl NotReported {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NotReported::OfAnotherDevice => "issued_by_another_device",
            NotReported::DeviceSuspended => "device_suspended",
            NotReported::BeyondDelegation => "beyond_delegation",
            NotReported::Twin => "twin",
            NotReported::WrongProvider => "wrong_provider",
        }
    }
}

/// Registers a voucher that `device` reports, by a record of that hash. The same report again changes
/// nothing. What oversteps the delegation is charged to it.
///
/// # Errors
/// [`Error::Database`]; inside, [`NotReported`].
pub async fn report(
    transaction: &Transaction,
    authentic: &Authentic,
    signed: &[u8],
    (device, standing): (DeviceId, Standing),
    record: Hash,
    now: Timestamp,
) -> Result<std::result::Result<(), NotReported>> {
    let Some(delegated) = authentic.delegated() else {
        return Ok(Err(NotReported::OfAnotherDevice));
    };
    let (hash, number) = (delegated.hash, delegated.number);
    if DeviceId(delegated.delegation.device.thumbprint()) != device {
        return Ok(Err(NotReported::OfAnotherDevice));
    }
    if standing == Standing::Suspended {
        return Ok(Err(NotReported::DeviceSuspended));
    }
    let kept = store::find(&**transaction, hash).await?;
    let Some(kept) = kept else { return Ok(Err(NotReported::BeyondDelegation)) };
    if ended(&**transaction, hash).await?.is_some() {
        return Ok(Err(NotReported::BeyondDelegation));
    }
    let voucher = &authentic.voucher;
    if let Some(held) = store::reported(&**transaction, hash, number).await? {
        if held == authentic.payload_hash {
            return Ok(Ok(()));
        }
        store::charge(&**transaction, hash, number, NotReported::Twin.code(), record, now).await?;
        return Ok(Err(NotReported::Twin));
    }
    let Ok(given) = kept.delegation.ceiling.count(kept.given.as_ref(), &voucher.benefit) else {
        store::charge(&**transaction, hash, number, "total", record, now).await?;
        return Ok(Err(NotReported::BeyondDelegation));
    };
    if let Some(audience) = &voucher.audience {
        match providers::audience_name(&**transaction, audience).await {
            Ok(_) => {}
            Err(Error::NotFound { .. }) => return Ok(Err(NotReported::WrongProvider)),
            Err(other) => return Err(other),
        }
    }
    vouchers::report(transaction, voucher.clone(), signed.to_vec()).await?;
    store::add_report(&**transaction, hash, number, authentic.payload_hash, record, now).await?;
    store::count(&**transaction, hash, kept.reported + 1, &given).await?;
    Ok(Ok(()))
}
