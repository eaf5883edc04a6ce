//! Device profiles: what the server says a phone is and may do. A CWT with `cnf` (RFC 8747).

use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, time, uint};
use crate::id::{Audience, IssuerId, OperatorId, ProgrammeId, ProviderId};
use crate::key::{PublicKey, Signer};
use crate::time::Timestamp;
use crate::trust::Freshness;
use crate::{Error, Result};

/// The CWT claim that holds the profile.
const PROFILE_CLAIM: i64 = -65538;

/// What a phone is and may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The server's issuer name.
    pub issuer: IssuerId,
    /// When it was signed.
    pub issued: Timestamp,
    /// The phone's key.
    pub device: PublicKey,
    /// The provider whose phone it is.
    pub provider: ProviderId,
    /// The provider's name, for people.
    pub provider_name: String,
    /// The groups that the provider belongs to.
    pub groups: Vec<Audience>,
    /// The programmes whose vouchers the phone may serve.
    pub programmes: Vec<ProgrammeId>,
    /// Staff who may redeem; when empty, whoever holds the phone.
    pub operators: Vec<OperatorId>,
    /// Staff who may override, each with the Argon2id hash of a PIN (PHC string).
    pub supervisors: Vec<Supervisor>,
    /// Limits on work without a network.
    pub limits: Limits,
    /// How its age is graded.
    pub freshness: Freshness,
    /// Whether staff have compared the eight digits. Until then claims are kept and not payable.
    pub confirmed: bool,
    /// The signed delegations under which the phone may issue vouchers.
    pub delegations: Vec<Vec<u8>>,
}

/// A supervisor named in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor {
    /// Who.
    pub name: OperatorId,
    /// The PIN's Argon2id hash as a PHC string.
    pub pin_hash: String,
}

/// Limits on what a phone does between two syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Most redemptions that may wait unsent.
    pub unsent_redemptions: Option<u32>,
    /// Of these, most redemptions of vouchers that were issued under a delegation.
    pub unsent_delegated: Option<u32>,
}

impl Profile {
    /// Whether a voucher for this audience may be served by this provider.
    #[must_use]
    pub fn serves(&self, audience: Option<&Audience>) -> bool {
        audience
            .is_none_or(|audience| audience.is(&self.provider) || self.groups.contains(audience))
    }

    /// Signs the profile.
    ///
    /// # Errors
    /// As [`sign1`], and [`Error::Field`] when a text is too long.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>> {
        let supervisors = self
            .supervisors
            .iter()
            .map(|one| Value::Array(vec![one.name.as_str().into(), one.pin_hash.as_str().into()]))
            .collect();
        let own = MapWriter::new()
            .put(1, self.provider.as_str())
            .put(2, self.provider_name.as_str())
            .put(3, texts(self.groups.iter().map(Audience::as_str)))
            .put(4, texts(self.programmes.iter().map(ProgrammeId::as_str)))
            .put(5, texts(self.operators.iter().map(OperatorId::as_str)))
            .put(6, Value::Array(supervisors))
            .put(7, self.limits.to_value())
            .put(8, self.freshness.to_value())
            .put(9, self.confirmed)
            .put_list(11, self.delegations.iter().map(|signed| bytes(signed)).collect());
        let payload = MapWriter::new()
            .put(1, self.issuer.as_str())
            .put(2, self.device.thumbprint().to_string())
            .put(6, time(self.issued))
            .put(8, Value::Map(vec![(uint(1), self.device.to_value())]))
            .put(PROFILE_CLAIM, own.value())
            .encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::Profile, &payload, signer)
    }

    /// Verifies a profile under the server's profile keys and reads it.
    ///
    /// # Errors
    /// An error of the envelope, the signature or a field.
    pub fn open<'k>(
        signed: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<Profile> {
        let verified = Sign1::parse(ObjectType::Profile, signed)?.verify(keys)?;
        Self::decode(&verified.payload)
    }

    fn decode(payload: &[u8]) -> Result<Profile> {
        let mut claims = Fields::decode("profile", payload)?;
        claims.refuse_voucher_claim()?;
        let own = claims.required(PROFILE_CLAIM, "profile claim")?;
        let mut own = Fields::new("profile claim", own.value())?;
        let mut cnf = Fields::new("cnf", claims.required(8, "cnf")?.value())?;
        let profile = Profile {
            issuer: IssuerId::new(claims.required(1, "iss")?.text("iss")?)?,
            issued: claims.required(6, "iat")?.time("iat")?,
            device: PublicKey::from_value(cnf.required(1, "COSE_Key")?.value())?,
            provider: ProviderId::new(own.required(1, "provider")?.text("provider")?)?,
            provider_name: own.required(2, "provider name")?.label("provider name")?,
            groups: each(own.required(3, "groups")?, "groups", |item| {
                Audience::new(item.text("group")?)
            })?,
            programmes: each(own.required(4, "programmes")?, "programmes", |item| {
                ProgrammeId::new(item.text("programme")?)
            })?,
            operators: each(own.required(5, "operators")?, "operators", |item| {
                OperatorId::new(item.text("operator")?)
            })?,
            supervisors: each(own.required(6, "supervisors")?, "supervisors", |item| {
                let [name, pin_hash] = item.array("supervisor")?;
                Ok(Supervisor {
                    name: OperatorId::new(name.text("supervisor")?)?,
                    pin_hash: pin_hash.label("PIN hash")?,
                })
            })?,
            limits: Limits::from_item(own.required(7, "limits")?)?,
            freshness: Freshness::from_item(own.required(8, "freshness")?)?,
            confirmed: own.required(9, "confirmed")?.bool("confirmed")?,
            delegations: match own.optional(11, "delegations")? {
                None => Vec::new(),
                Some(list) => list
                    .filled_list("delegations")?
                    .into_iter()
                    .map(|signed| signed.bytes("delegation"))
                    .collect::<Result<_>>()?,
            },
        };
        let subject = claims.required(2, "sub")?.text("sub")?;
        if subject != profile.device.thumbprint().to_string() {
            return Err(Error::Field { object: "profile", field: "sub" });
        }
        cnf.close()?;
        own.close()?;
        Ok(profile)
    }
}

impl Limits {
    fn to_value(self) -> Value {
        MapWriter::new()
            .put_some(1, self.unsent_redemptions.map(u64::from))
            .put_some(3, self.unsent_delegated.map(u64::from))
            .value()
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("limits", item.value())?;
        let limits = Limits {
            unsent_redemptions: fields
                .optional(1, "unsent redemptions")?
                .map(|item| item.uint32("unsent redemptions"))
                .transpose()?,
            unsent_delegated: fields
                .optional(3, "unsent delegated")?
                .map(|item| item.uint32("unsent delegated"))
                .transpose()?,
        };
        fields.close()?;
        Ok(limits)
    }
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(texts.map(Value::from).collect())
}

fn each<T>(item: Item, field: &'static str, read: impl Fn(Item) -> Result<T>) -> Result<Vec<T>> {
    item.list(field)?.into_iter().map(read).collect()
}
