//! Devices: how a phone comes to be one of a provider's, and opens sessions.
//!
//! Staff make an offer, the phone answers it with a key of its own, and staff compare eight digits
//! on both screens. Until then what the phone sends is kept and not payable.

mod routes;
mod sessions;
mod store;

pub use routes::{Session, router};
pub use sessions::{SESSION_AGE, SessionFault, Token, challenge, device, open};
pub use store::schema;

use crate::app::App;
use crate::claims::{self, Hold};
use crate::database::{Database, Transaction};
use crate::{Error, Result, delegations, keys, providers, trust};
use protocol::enrolment::{Offer, Request};
use protocol::id::ProviderId;
use protocol::key::{KeyUse, Kid, PublicKey};
use protocol::profile::{Limits, Profile};
use protocol::seal::SealingKey;
use protocol::{Hash, Span, Timestamp};
use sea_orm::ConnectionTrait;
use store::KeptOffer;

/// The longest that an offer may be open.
pub const LONGEST_OFFER: Span = Span::hours(72);

/// A device, by the thumbprint of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub Hash);

/// The status that staff have given a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceStatus {
    /// Nobody has compared its digits: what it sends is kept and not payable.
    Unconfirmed,
    /// Staff have compared its digits.
    Confirmed,
    /// Lost, stolen or misused: what it sends is kept, and a person decides on it.
    Suspended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The thumbprint of its key.
    pub id: DeviceId,
    pub key: PublicKey,
    /// The provider whose it is.
    pub provider: ProviderId,
    pub status: DeviceStatus,
    /// When it was enrolled.
    pub enrolled: Timestamp,
}

/// Why a phone is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentFault {
    /// The request cannot be read, or its key did not sign it.
    #[error(transparent)]
    Unreadable(protocol::Error),
    /// No offer has this code.
    #[error("there is no such enrolment code")]
    UnknownCode,
    /// The code's time is over.
    #[error("the enrolment code has expired")]
    Expired,
    /// Another phone used the code.
    #[error("the enrolment code was used by another phone")]
    CodeUsed,
    /// The request names another server or another root than the offer.
    #[error("the request is for another server")]
    OtherServer,
    /// The key belongs to a device of another provider.
    #[error("this phone is enrolled for another provider")]
    OtherProvider,
    /// The server's own trouble.
    #[error(transparent)]
    Server(#[from] Error),
}

impl EnrolmentFault {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            EnrolmentFault::Unreadable(error) => error.code(),
            EnrolmentFault::UnknownCode => "code_unknown",
            EnrolmentFault::Expired => "code_expired",
            EnrolmentFault::CodeUsed => "code_used",
            EnrolmentFault::OtherServer => "other_server",
            EnrolmentFault::OtherProvider => "other_provider",
            EnrolmentFault::Server(_) => "internal",
        }
    }
}

impl std::fmt::Display for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl DeviceStatus {
    pub const ALL: [DeviceStatus; 3] =
        [DeviceStatus::Unconfirmed, DeviceStatus::Confirmed, DeviceStatus::Suspended];

    /// The stable name, also in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DeviceStatus::Unconfirmed => "unconfirmed",
            DeviceStatus::Confirmed => "confirmed",
            DeviceStatus::Suspended => "suspended",
        }
    }

    /// The hold of claims of a device of this status.
    #[must_use]
    pub fn hold(self) -> Option<Hold> {
        match self {
            DeviceStatus::Unconfirmed => Some(Hold::DeviceUnconfirmed),
            DeviceStatus::Confirmed => None,
            DeviceStatus::Suspended => Some(Hold::DeviceSuspended),
        }
    }
}

/// Makes an offer for one phone of `provider` and keeps it, the code as a digest. Without a network
/// the phone seals its request to `sealing`.
///
/// # Errors
/// [`Error::Invalid`] beyond [`LONGEST_OFFER`] or when `origin` is none, [`Error::Database`].
pub async fn offer(
    db: &Database,
    provider: &ProviderId,
    origin: &str,
    root: Hash,
    sealing: Option<SealingKey>,
    open_for: Span,
    now: Timestamp,
) -> Result<Offer> {
    if open_for > LONGEST_OFFER || open_for == Span::seconds(0) {
        return Err(Error::invalid("an enrolment code is good for 1 to 72 hours"));
    }
    let offer = Offer {
        origin: origin.to_owned(),
        code: random()?,
        root,
        expires: now.after(open_for),
        sealing,
    };
    offer.to_text()?;
    let kept = KeptOffer {
        code_hash: Hash::of(&offer.code),
        provider: provider.clone(),
        origin: offer.origin.clone(),
        root,
        expires: offer.expires,
        used_by: None,
    };
    let tx = db.begin().await?;
    store::add_offer(&*tx, kept).await?;
    tx.commit().await?;
    Ok(offer)
}

/// Enrols the phone that signed the request. The same request again, or another by the same key and
/// code, changes nothing and gives the same device: an answer may have been lost on the way.
pub async fn enrol(
    db: &Database,
    request: &[u8],
    now: Timestamp,
) -> std::result::Result<Device, EnrolmentFault> {
    let request = Request::open(request).map_err(EnrolmentFault::Unreadable)?;
    let code_hash = Hash::of(&request.code);
    let id = DeviceId(request.key.thumbprint());
    let tx = db.begin().await?;
    let offer = store::offer(&*tx, code_hash).await?.ok_or(EnrolmentFault::UnknownCode)?;
    if (offer.root, &offer.origin) != (request.root, &request.origin) {
        return Err(EnrolmentFault::OtherServer);
    }
    tx.advisory_lock(&format!("device {id}")).await?;
    let known = store::device(&*tx, id).await?;
    if known.as_ref().is_some_and(|device| device.provider != offer.provider) {
        return Err(EnrolmentFault::OtherProvider);
    }
    if let (Some(device), true) = (&known, offer.used_by == Some(id)) {
        return Ok(device.clone());
    }
    if now >= offer.expires {
        return Err(EnrolmentFault::Expired);
    }
    if !store::use_offer(&*tx, code_hash, id).await? {
        return Err(EnrolmentFault::CodeUsed);
    }
    let device = match known {
        Some(device) => device,
        None => {
            let device = Device {
                id,
                key: request.key,
                provider: offer.provider,
                status: DeviceStatus::Unconfirmed,
                enrolled: now,
            };
            store::add_device(&*tx, &device).await?;
            device
        }
    };
    tx.commit().await?;
    Ok(device)
}

/// The devices of this status, or all, the oldest first.
pub async fn list(db: &Database, status: Option<DeviceStatus>) -> Result<Vec<Device>> {
    store::devices(db.reader(), status).await
}

/// The device with this id, if it is enrolled.
pub async fn known(db: &Database, id: DeviceId) -> Result<Option<Device>> {
    store::device(db.reader(), id).await
}

/// The one device whose id begins with these hexadecimal digits.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] when several do, [`Error::Database`].
pub async fn find(db: &Database, prefix: &str) -> Result<Device> {
    let wanted = prefix.to_ascii_lowercase();
    let mut found = list(db, None)
        .await?
        .into_iter()
        .filter(|device| !wanted.is_empty() && device.id.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(device), None) => Ok(device),
        (Some(_), Some(_)) => {
            Err(Error::invalid(format!("several devices begin with {prefix}: give more digits")))
        }
        (None, _) => Err(Error::not_found("device", &prefix)),
    }
}

/// The device of this thumbprint, if it is of the same provider as `device`.
pub async fn device_of_same_provider(
    db: &impl ConnectionTrait,
    device: &Device,
    id: DeviceId,
) -> Result<Option<Device>> {
    let found = store::device(db, id).await?;
    Ok(found.filter(|found| found.provider == device.provider))
}

/// The devices of the same provider as `device` whose keys have these ids.
pub async fn devices_of_same_provider(
    db: &impl ConnectionTrait,
    device: &Device,
    kids: impl IntoIterator<Item = Kid>,
) -> Result<Vec<Device>> {
    let mut devices = Vec::new();
    for kid in kids {
        devices.extend(store::devices_with(db, kid).await?);
    }
    devices.retain(|found| found.provider == device.provider);
    Ok(devices)
}

/// Confirms a device after staff compared the digits on both screens. Its claims go on.
///
/// # Errors
/// [`Error::Invalid`] when the digits are not the device's, [`Error::Conflict`] when it is
/// suspended, [`Error::Database`].
pub async fn confirm(db: &Database, device: &Device, digits: &str, now: Timestamp) -> Result<()> {
    let typed: String = digits.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if typed != device.key.fingerprint_digits() {
        return Err(Error::invalid(
            "these are not the digits of this device's key. Somebody may stand between the phone \
             and this server: do not confirm it; suspend it and enrol the phone anew",
        ));
    }
    let tx = db.begin().await?;
    let status = store::device(&*tx, device.id).await?.map(|device| device.status);
    if status == Some(DeviceStatus::Suspended) {
        return Err(Error::conflict("the device is suspended: enrol it anew with a new offer"));
    }
    store::set_status(&*tx, device.id, DeviceStatus::Confirmed).await?;
    claims::release_for_device(&tx, device.id, Hold::DeviceUnconfirmed, now).await?;
    tx.commit().await
}

/// Suspends a device. What it sends from now on is kept, and a person decides on it.
pub async fn suspend(db: &Database, device: &Device) -> Result<()> {
    let tx = db.begin().await?;
    store::set_status(&*tx, device.id, DeviceStatus::Suspended).await?;
    tx.commit().await
}

/// The device's status, with a row lock: nobody changes it until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Database`].
pub async fn lock_status(tx: &Transaction, device: DeviceId) -> Result<DeviceStatus> {
    let status = store::lock_status(tx, device).await?;
    status.ok_or_else(|| Error::not_found("device", &device))
}

/// The device's profile as it is now, signed.
///
/// # Errors
/// [`Error::Unavailable`] without a profile key, [`Error::Database`].
pub async fn profile(app: &App, device: &Device) -> Result<Vec<u8>> {
    let db = app.db.reader();
    let provider = providers::get(db, &device.provider).await?;
    let profile = Profile {
        issuer: app.config.issuer.clone(),
        issued: app.now(),
        device: device.key.clone(),
        provider: provider.id,
        provider_name: provider.name,
        groups: provider.groups,
        programmes: provider.programmes,
        operators: Vec::new(),
        supervisors: providers::supervisors::of(db, &device.provider).await?,
        limits: Limits {
            unsent_redemptions: None,
            unsent_delegated: Some(app.config.unsent_delegated),
        },
        freshness: app.config.profile_age.freshness(),
        confirmed: device.status == DeviceStatus::Confirmed,
        delegations: delegations::of_device(db, device.id, app.now()).await?,
    };
    let signer = trust::signer(app, db, KeyUse::Profile, None, profile.issued).await?;
    Ok(profile.sign(&*signer)?)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    keys::random(&mut bytes)?;
    Ok(bytes)
}
