//! The vouchers issued under a delegation: they say what the delegation leaves open, and the rest
//! follows from it.

use super::{Beyond, Delegation};
use crate::cose::{ObjectType, Sign1, sign1_delegated};
use crate::fields::{Fields, MapWriter, time, uint};
use crate::hash::Hash;
use crate::id::{Audience, EntitlementId, IssuerId, ProviderId};
use crate::key::{PublicKey, Signer};
use crate::money::Benefit;
use crate::time::{Span, Timestamp};
use crate::voucher::{Holder, StatusRef, VOUCHER_CLAIM, Voucher};
use crate::{Error, Result};

/// Longest QR text that a delegated voucher is issued with: what a QR code of version 17 holds at error
/// correction M in alphanumeric mode, so that a phone's screen and a small printer can show it.
pub const MAX_TEXT_LEN: usize = 734;

/// How long before its issue a delegated voucher may be valid: it is shown minutes after it was made, to
/// a phone whose clock may be behind the officer's.
pub const HEAD_START: Span = Span::days(1);

/// What a delegated voucher says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldVoucher {
    /// Its number under the delegation, from 1.
    pub number: u32,
    /// The entitlement it stands for; its own `cti` in hexadecimal digits if absent.
    pub entitlement: Option<EntitlementId>,
    /// The provider or group that may serve it, where the delegation names none.
    pub audience: Option<Audience>,
    /// The first second after the last valid day.
    pub expires: Timestamp,
    /// The first valid second, where it is not the earliest that may be: [`HEAD_START`] before it was
    /// issued.
    pub not_before: Option<Timestamp>,
    /// When it was issued.
    pub issued: Timestamp,
    /// What it gives.
    pub benefit: Benefit,
    /// The kind of assistance, where the delegation names several.
    pub assistance: Option<String>,
    /// What it shows of the holder.
    pub holder: Option<Holder>,
}

/// Under what a delegated voucher was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// The delegation.
    pub delegation: Delegation,
    /// The digest of its payload.
    pub hash: Hash,
    /// The voucher's number under it.
    pub number: u32,
}

impl Delegated {
    /// Whether this phone, or another of the same provider, issued it, and so may not redeem it.
    #[must_use]
    pub fn issued_by(&self, device: &PublicKey, provider: &ProviderId) -> bool {
        self.delegation.device == *device || self.delegation.provider == *provider
    }
}

impl Delegation {
    /// Whether a voucher keeps every limit that it can be judged by alone.
    ///
    /// # Errors
    /// The first limit that it oversteps.
    pub fn admits(&self, voucher: &FieldVoucher) -> std::result::Result<(), Beyond> {
        let beyond = if !(1..=self.count).contains(&voucher.number) {
            Beyond::Number
        } else if !voucher.benefit.is_within(self.ceiling.single()) {
            Beyond::Amount
        } else if self.assistance_of(voucher).is_none() {
            Beyond::Assistance
        } else if self.audience.is_some() && voucher.audience.is_some() {
            Beyond::Audience
        } else if voucher.issued < self.from || voucher.issued >= self.until {
            Beyond::Window
        } else if voucher.first_second() < voucher.issued.before(HEAD_START)
            || voucher.expires > voucher.issued.after(self.longest)
        {
            Beyond::Validity
        } else {
            return Ok(());
        };
        Err(beyond)
    }

    /// The voucher's kind of assistance, if it is one of those delegated.
    fn assistance_of<'v>(&'v self, voucher: &'v FieldVoucher) -> Option<&'v str> {
        match (&voucher.assistance, &self.assistance[..]) {
            (None, [only]) => Some(only),
            (Some(named), several) if several.len() > 1 && several.contains(named) => Some(named),
            _ => None,
        }
    }

    /// The whole claims of a voucher of `issuer` under this delegation, whose digest is `hash`.
    ///
    /// # Errors
    /// The first limit that it oversteps.
    pub fn voucher(
        &self,
        hash: Hash,
        issuer: IssuerId,
        own: &FieldVoucher,
    ) -> std::result::Result<Voucher, Beyond> {
        self.admits(own)?;
        let identity = Delegation::identity(issuer, hash, own.number);
        let entitlement = match &own.entitlement {
            Some(entitlement) => entitlement.clone(),
            // Digits are a name.
            None => {
                EntitlementId::new(identity.reference.to_string()).map_err(|_| Beyond::Number)?
            }
        };
        let first = self.first_status;
        Ok(Voucher {
            identity,
            entitlement,
            audience: self.audience.clone().or_else(|| own.audience.clone()),
            expires: own.expires,
            not_before: own.first_second(),
            issued: own.issued,
            programme: self.programme.clone(),
            benefit: own.benefit.clone(),
            assistance: self.assistance_of(own).ok_or(Beyond::Assistance)?.to_owned(),
            holder: own.holder.clone(),
            status: Some(StatusRef { list: first.list, index: first.index + (own.number - 1) }),
            documents: Vec::new(),
        })
    }
}

impl FieldVoucher {
    fn first_second(&self) -> Timestamp {
        self.not_before.unwrap_or(self.issued.before(HEAD_START))
    }

    /// Reads the delegation and the claims of a delegated voucher without checking a signature: for
    /// one that was verified when it was stored.
    ///
    /// # Errors
    /// An error of the envelope, a field or a rule.
    pub fn read_stored(signed: &Sign1) -> Result<(Delegated, FieldVoucher)> {
        let delegation =
            signed.delegation().ok_or(Error::Missing { object: OBJECT, field: "delegation" })?;
        let envelope = Sign1::parse(ObjectType::Delegation, delegation)?;
        let own = FieldVoucher::decode(signed.unverified_payload())?;
        let delegated = Delegated {
            delegation: Delegation::decode(envelope.unverified_payload())?,
            hash: envelope.payload_hash(),
            number: own.number,
        };
        Ok((delegated, own))
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let own = MapWriter::new()
            .put(2, self.benefit.to_value())
            .put_some(3, self.assistance.as_deref())
            .put_some(4, self.holder.as_ref().map(Holder::to_value))
            .put(7, uint(u64::from(self.number)));
        let payload = MapWriter::new()
            .put_some(2, self.entitlement.as_ref().map(EntitlementId::as_str))
            .put_some(3, self.audience.as_ref().map(Audience::as_str))
            .put(4, time(self.expires))
            .put_some(5, self.not_before.map(time))
            .put(6, time(self.issued))
            .put(VOUCHER_CLAIM, own.value())
            .encode()?;
        FieldVoucher::decode(&payload)?;
        Ok(payload)
    }

    /// Reads the claims. Unlike an office's voucher, this is a closed map: what it leaves out must not
    /// be said in a second way.
    pub(crate) fn decode(payload: &[u8]) -> Result<Self> {
        let mut claims = Fields::decode(OBJECT, payload)?;
        let own = claims.required(VOUCHER_CLAIM, "voucher claim")?;
        let mut own = Fields::new("voucher claim", own.value())?;
        let voucher = FieldVoucher {
            number: own.required(7, "number")?.uint32("number")?,
            entitlement: claims
                .optional(2, "sub")?
                .map(|sub| EntitlementId::new(sub.text("sub")?))
                .transpose()?,
            audience: claims
                .optional(3, "aud")?
                .map(|aud| Audience::new(aud.text("aud")?))
                .transpose()?,
            expires: claims.required(4, "exp")?.time("exp")?,
            not_before: claims.optional(5, "nbf")?.map(|nbf| nbf.time("nbf")).transpose()?,
            issued: claims.required(6, "iat")?.time("iat")?,
            benefit: Benefit::from_value(own.required(2, "benefit")?.value())?,
            assistance: own
                .optional(3, "assistance type")?
                .map(|it| it.label("assistance type"))
                .transpose()?,
            holder: own.optional(4, "holder")?.map(Holder::from_item).transpose()?,
        };
        own.close()?;
        claims.close()?;
        let not_before = voucher.first_second();
        let rule = |rule| Err(Error::Rule { object: OBJECT, rule });
        if not_before >= voucher.expires {
            return rule("nbf is not before exp");
        }
        if not_before > voucher.issued.after(Span::days(366)) {
            return rule("nbf is more than a year after iat");
        }
        Ok(voucher)
    }
}

/// Signs a voucher with the key of the device that the signed delegation names. Limits are not
/// looked at here: whoever reads the voucher judges them.
///
/// # Errors
/// An error of a field, or as [`crate::cose::sign1`].
pub fn sign(voucher: &FieldVoucher, delegation: &[u8], device: &dyn Signer) -> Result<Vec<u8>> {
    sign1_delegated(&voucher.encode()?, delegation, device)
}

const OBJECT: &str = "voucher";
