//! The trust list: keys, programmes, status lists and limits.

use super::issued::{IssuedSetRef, IssuedSets};
use crate::cbor::Value;
use crate::cose::{MultiSigned, ObjectType, sign_multi};
use crate::fields::{Fields, Item, MapWriter, bytes, time, uint};
use crate::hash::Hash;
use crate::id::{IssuerId, ProgrammeId};
use crate::key::{KeyUse, Kid, PublicKey, Signer};
use crate::money::Currency;
use crate::seal::SealingKey;
use crate::status::{ListFault, StatusList};
use crate::time::{Span, Timestamp, Zone};
use crate::{Error, Result};

/// How old something may grow before its grade falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// From this age on it is stale.
    pub stale_after: Span,
    /// From this age on it is too old.
    pub too_old_after: Span,
}

/// How fresh something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As good as new.
    Fresh,
    /// Accepted, with its age shown.
    Stale,
    /// Refused, unless the programme lets a supervisor allow it.
    TooOld,
}

impl Freshness {
    /// The grade at `age`.
    #[must_use]
    pub fn grade(self, age: Span) -> Grade {
        if age >= self.too_old_after {
            Grade::TooOld
        } else if age >= self.stale_after {
            Grade::Stale
        } else {
            Grade::Fresh
        }
    }

    pub(crate) fn to_value(self) -> Value {
        Value::Array(vec![
            uint(self.stale_after.as_seconds()),
            uint(self.too_old_after.as_seconds()),
        ])
    }

    pub(crate) fn from_item(item: Item) -> Result<Self> {
        let [stale, too_old] = item.array("freshness")?;
        let freshness = Freshness {
            stale_after: stale.span("freshness")?,
            too_old_after: too_old.span("freshness")?,
        };
        if freshness.stale_after > freshness.too_old_after {
            return Err(Error::Field { object: "freshness", field: "stale after" });
        }
        Ok(freshness)
    }
}

/// How a key came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyEnd {
    /// Put away in good order: what it signed before stays good.
    RetiredAt(Timestamp),
    /// In wrong hands: nothing it signed is good, but what the set names.
    Compromised(Option<IssuedSetRef>),
}

/// A key of the trust list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// The public key.
    pub key: PublicKey,
    /// Its one use.
    pub purpose: KeyUse,
    /// Whom it speaks for.
    pub issuer: IssuerId,
    /// The programmes it may sign for.
    pub programmes: Vec<ProgrammeId>,
    /// From when it may sign.
    pub not_before: Timestamp,
    /// Until when (exclusive) it may sign.
    pub not_after: Timestamp,
    /// How it ended, if it did.
    pub end: Option<KeyEnd>,
    /// What must be known to read the issuer's vouchers when they are foreign.
    pub foreign: Option<ForeignIssuer>,
}

impl IssuerKey {
    /// Whether the key was in its window, and not retired, at `time`.
    #[must_use]
    pub fn in_force_at(&self, time: Timestamp) -> bool {
        let retired = matches!(self.end, Some(KeyEnd::RetiredAt(at)) if time >= at);
        self.not_before <= time && time < self.not_after && !retired
    }

    /// Whether the key is in wrong hands.
    #[must_use]
    pub fn is_compromised(&self) -> bool {
        matches!(self.end, Some(KeyEnd::Compromised(_)))
    }

    /// The set of what was truly issued under this compromised key, if the trust list names one.
    #[must_use]
    pub fn issued_set(&self) -> Option<&IssuedSetRef> {
        match &self.end {
            Some(KeyEnd::Compromised(set)) => set.as_ref(),
            _ => None,
        }
    }

    /// Whether the key's signature under the payload with this hash still says who signed it: the key
    /// is not compromised, or the payload is in the set of what was truly issued.
    #[must_use]
    pub fn vouches_for(&self, payload: Hash, issued: &IssuedSets) -> bool {
        !self.is_compromised() || self.issued_set().is_some_and(|set| issued.contain(set, payload))
    }
}

/// What the trust list adds to an OpenG2P issuer's vouchers, which do not say it themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignIssuer {
    /// The `kid` in the header of the issuer's tokens.
    pub kid: String,
    /// The programme that its vouchers belong to.
    pub programme: ProgrammeId,
    /// The currency of its amounts.
    pub currency: Currency,
    /// How many decimal places the currency has.
    pub decimals: u8,
    /// Whether `exp` is the start of the last valid day and not the end.
    pub exp_is_last_day: bool,
}

/// What a programme lets happen when trust is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooOldPolicy {
    /// Every voucher is refused.
    Refuse,
    /// A supervisor may allow a voucher; the claim is reviewed.
    AskSupervisor,
}

/// A programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its id.
    pub id: ProgrammeId,
    /// Its name, for people.
    pub name: String,
    /// The time zone of its days.
    pub zone: Zone,
    /// Its currency.
    pub currency: Currency,
    /// How many decimal places the currency has.
    pub decimals: u8,
    /// What happens when trust is too old.
    pub too_old: TooOldPolicy,
    /// How far a device's clock may stand behind the clock floor and still be judged with a warning.
    pub clock_tolerance: Span,
    /// Whether providers may serve by a typed reference, each time to be reviewed.
    pub by_reference: bool,
}

/// Where a status list is and who signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusListEntry {
    /// The number by which vouchers name it.
    pub number: u32,
    /// Its address: the `sub` of its tokens, a path of the server.
    pub address: String,
    /// The ids of the keys that may sign it.
    pub kids: Vec<Kid>,
    /// The programme whose vouchers it covers.
    pub programme: ProgrammeId,
    /// No token issued before this counts.
    pub least_issued: Timestamp,
}

impl StatusListEntry {
    /// Verifies a token as this list, not older than `held`, the `iat` of the one accepted last.
    ///
    /// # Errors
    /// As [`StatusList::open`], [`ListFault::Address`] or [`ListFault::Older`].
    pub fn accept(
        &self,
        token: &[u8],
        trust: &TrustList,
        held: Option<Timestamp>,
    ) -> Result<StatusList> {
        let keys = trust
            .keys
            .iter()
            .filter(|key| {
                key.purpose == KeyUse::Status
                    && !key.is_compromised()
                    && key.programmes.contains(&self.programme)
                    && self.kids.contains(&key.key.kid())
            })
            .collect::<Vec<_>>();
        let (list, signer) = StatusList::open_signed(token, keys.iter().map(|key| &key.key))?;
        if list.address != self.address {
            return Err(Error::StatusList(ListFault::Address));
        }
        if list.issued < self.least_issued || held.is_some_and(|held| list.issued < held) {
            return Err(Error::StatusList(ListFault::Older));
        }
        if !keys.iter().any(|key| key.key == *signer && key.in_force_at(list.issued)) {
            return Err(Error::Signature);
        }
        Ok(list)
    }
}

/// The oldest version of the app that may redeem, from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppMinimum {
    /// The version, as `major.minor.patch`.
    pub version: [u32; 3],
    /// From when on it holds.
    pub from: Timestamp,
}

/// The trust list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustList {
    /// Its version; never goes down.
    pub version: u64,
    /// When it was signed.
    pub issued: Timestamp,
    /// When the next is due.
    pub expires: Timestamp,
    /// How its age is graded, counted from `issued`.
    pub freshness: Freshness,
    /// How the age of status lists is graded.
    pub status_freshness: Freshness,
    /// The keys of issuers and of the server.
    pub keys: Vec<IssuerKey>,
    /// The programmes.
    pub programmes: Vec<Programme>,
    /// The status lists.
    pub status_lists: Vec<StatusListEntry>,
    /// Digests of delegations that were ended.
    pub ended_delegations: Vec<Hash>,
    /// The keys to which phones seal what they send; the first is the one to use.
    pub sealing_keys: Vec<SealingKey>,
    /// The oldest app that may redeem.
    pub app_minimum: Option<AppMinimum>,
}

impl TrustList {
    /// Signs the list with keys of the trust role.
    ///
    /// # Errors
    /// As [`sign_multi`].
    pub fn sign(&self, signers: &[&dyn Signer]) -> Result<Vec<u8>> {
        let payload = self.encode()?;
        TrustList::decode(&payload)?;
        sign_multi(ObjectType::TrustList, &payload, signers)
    }

    /// The keys with this use.
    pub fn keys_for(&self, purpose: KeyUse) -> impl Iterator<Item = &IssuerKey> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    /// The programme with this id.
    #[must_use]
    pub fn programme(&self, id: &ProgrammeId) -> Option<&Programme> {
        self.programmes.iter().find(|programme| programme.id == *id)
    }

    /// The status list with this number.
    #[must_use]
    pub fn status_list(&self, number: u32) -> Option<&StatusListEntry> {
        self.status_lists.iter().find(|list| list.number == number)
    }

    fn encode(&self) -> Result<Vec<u8>> {
        MapWriter::new()
            .put(1, uint(self.version))
            .put(2, time(self.issued))
            .put(3, time(self.expires))
            .put(4, self.freshness.to_value())
            .put(5, self.status_freshness.to_value())
            .put(6, Value::Array(self.keys.iter().map(IssuerKey::to_value).collect()))
            .put(7, Value::Array(self.programmes.iter().map(Programme::to_value).collect()))
            .put(8, Value::Array(self.status_lists.iter().map(StatusListEntry::to_value).collect()))
            .put_list(9, self.ended_delegations.iter().map(|h| bytes(h.as_bytes())).collect())
            .put_list(10, self.sealing_keys.iter().map(SealingKey::to_value).collect())
            .put_some(11, self.app_minimum.as_ref().map(AppMinimum::to_value))
            .encode()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("trust list", payload)?;
        let optional_list = |item: Option<Item>, name| match item {
            None => Ok(Vec::new()),
            Some(item) => item.filled_list(name),
        };
        let list = TrustList {
            version: fields.required(1, "version")?.uint("version")?,
            issued: fields.required(2, "issued")?.time("issued")?,
            expires: fields.required(3, "expires")?.time("expires")?,
            freshness: Freshness::from_item(fields.required(4, "freshness")?)?,
            status_freshness: Freshness::from_item(fields.required(5, "status freshness")?)?,
            keys: each(fields.required(6, "keys")?.list("keys")?, IssuerKey::from_item)?
                .into_iter()
                .flatten()
                .collect(),
            programmes: each(
                fields.required(7, "programmes")?.list("programmes")?,
                Programme::from_item,
            )?,
            status_lists: each(
                fields.required(8, "status lists")?.list("status lists")?,
                StatusListEntry::from_item,
            )?,
            ended_delegations: each(
                optional_list(fields.optional(9, "ended delegations")?, "ended delegations")?,
                |item| item.hash("delegation"),
            )?,
            sealing_keys: each(
                optional_list(fields.optional(10, "sealing keys")?, "sealing keys")?,
                SealingKey::from_item,
            )?,
            app_minimum: fields
                .optional(11, "app minimum")?
                .map(AppMinimum::from_item)
                .transpose()?,
        };
        fields.close()?;
        list.check_unique()?;
        Ok(list)
    }

    /// One key has one use; ids and numbers name one thing.
    fn check_unique(&self) -> Result<()> {
        let rule = |rule| Err(Error::Rule { object: "trust list", rule });
        if has_twice(&self.keys, |a, b| a.key == b.key) {
            return rule("a key appears twice");
        }
        if has_twice(&self.programmes, |a, b| a.id == b.id) {
            return rule("a programme appears twice");
        }
        if has_twice(&self.status_lists, |a, b| a.number == b.number || a.address == b.address) {
            return rule("a status list appears twice");
        }
        Ok(())
    }
}

fn has_twice<T>(items: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    items.iter().enumerate().any(|(i, item)| items[..i].iter().any(|other| same(item, other)))
}

fn each<T>(items: Vec<Item>, read: impl Fn(Item) -> Result<T>) -> Result<Vec<T>> {
    items.into_iter().map(read).collect()
}

fn programme_ids(item: Item) -> Result<Vec<ProgrammeId>> {
    each(item.list("programmes")?, |item| ProgrammeId::new(item.text("programme")?))
}

impl IssuerKey {
    fn to_value(&self) -> Value {
        let end = self.end.as_ref().map(|end| match end {
            KeyEnd::RetiredAt(at) => Value::Array(vec![uint(0), time(*at)]),
            KeyEnd::Compromised(None) => Value::Array(vec![uint(1)]),
            KeyEnd::Compromised(Some(set)) => {
                let set = vec![set.address.as_str().into(), bytes(set.hash.as_bytes())];
                Value::Array(vec![uint(1), Value::Array(set)])
            }
        });
        MapWriter::new()
            .put(1, self.key.to_value())
            .put(2, uint(self.purpose.number()))
            .put(3, self.issuer.as_str())
            .put(4, Value::Array(self.programmes.iter().map(|id| id.as_str().into()).collect()))
            .put(5, time(self.not_before))
            .put(6, time(self.not_after))
            .put_some(7, end)
            .put_some(8, self.foreign.as_ref().map(ForeignIssuer::to_value))
            .value()
    }

    /// `None` for a key of a use that this version does not know, of which nothing else is looked at: its fields may be
    /// as new as its use.
    fn from_item(item: Item) -> Result<Option<Self>> {
        let wrong = |field| Error::Field { object: "trust key", field };
        let mut fields = Fields::new("trust key", item.value())?;
        let number = fields.required(2, "use")?.uint("use")?;
        let Some(purpose) = KeyUse::from_number(number) else {
            return Ok(None);
        };
        let key = IssuerKey {
            key: PublicKey::from_value(fields.required(1, "key")?.value())?,
            purpose,
            issuer: IssuerId::new(fields.required(3, "issuer")?.text("issuer")?)?,
            programmes: programme_ids(fields.required(4, "programmes")?)?,
            not_before: fields.required(5, "not before")?.time("not before")?,
            not_after: fields.required(6, "not after")?.time("not after")?,
            end: fields.optional(7, "end")?.map(key_end).transpose()?,
            foreign: fields.optional(8, "foreign")?.map(ForeignIssuer::from_item).transpose()?,
        };
        fields.close()?;
        let foreign = key.key.algorithm() == crate::key::Algorithm::Rs256;
        if foreign != key.foreign.is_some() || foreign && key.purpose != KeyUse::Voucher {
            return Err(wrong("foreign"));
        }
        Ok(Some(key))
    }
}

fn key_end(item: Item) -> Result<KeyEnd> {
    let wrong = Error::Field { object: "trust key", field: "end" };
    let mut parts = item.list("end")?.into_iter();
    let kind = parts.next().ok_or(wrong.clone())?.uint("end")?;
    match (kind, parts.next(), parts.next()) {
        (0, Some(at), None) => Ok(KeyEnd::RetiredAt(at.time("end")?)),
        (1, None, None) => Ok(KeyEnd::Compromised(None)),
        (1, Some(set), None) => {
            let [address, hash] = set.array("end")?;
            let (address, hash) = (address.label("end")?, hash.hash("end")?);
            Ok(KeyEnd::Compromised(Some(IssuedSetRef { address, hash })))
        }
        _ => Err(wrong),
    }
}

fn decimals(item: Item) -> Result<u8> {
    match item.uint("decimals")? {
        places @ 0..=4 => Ok(places as u8),
        _ => Err(Error::Field { object: "currency", field: "decimals" }),
    }
}

impl ForeignIssuer {
    fn to_value(&self) -> Value {
        MapWriter::new()
            .put(1, self.kid.as_str())
            .put(2, self.programme.as_str())
            .put(3, self.currency.as_str())
            .put(4, uint(u64::from(self.decimals)))
            .put(5, self.exp_is_last_day)
            .value()
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("foreign issuer", item.value())?;
        let foreign = ForeignIssuer {
            kid: fields.required(1, "kid")?.label("kid")?,
            programme: ProgrammeId::new(fields.required(2, "programme")?.text("programme")?)?,
            currency: Currency::new(&fields.required(3, "currency")?.text("currency")?)?,
            decimals: decimals(fields.required(4, "decimals")?)?,
            exp_is_last_day: fields.required(5, "exp is last day")?.bool("exp is last day")?,
        };
        fields.close()?;
        Ok(foreign)
    }
}

/// What is not allowed is left out, so that each list has one encoding.
fn by_reference(item: Item) -> Result<bool> {
    match item.bool("by reference")? {
        true => Ok(true),
        false => Err(Error::Field { object: "programme", field: "by reference" }),
    }
}

impl Programme {
    fn to_value(&self) -> Value {
        let too_old = match self.too_old {
            TooOldPolicy::Refuse => 0,
            TooOldPolicy::AskSupervisor => 1,
        };
        MapWriter::new()
            .put(1, self.id.as_str())
            .put(2, self.name.as_str())
            .put(3, self.zone.name())
            .put(4, self.currency.as_str())
            .put(5, uint(u64::from(self.decimals)))
            .put(6, uint(too_old))
            .put(7, uint(self.clock_tolerance.as_seconds()))
            .put_some(8, self.by_reference.then_some(true))
            .value()
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("programme", item.value())?;
        let programme = Programme {
            id: ProgrammeId::new(fields.required(1, "id")?.text("id")?)?,
            name: fields.required(2, "name")?.label("name")?,
            zone: Zone::new(fields.required(3, "zone")?.label("zone")?)?,
            currency: Currency::new(&fields.required(4, "currency")?.text("currency")?)?,
            decimals: decimals(fields.required(5, "decimals")?)?,
            too_old: match fields.required(6, "too old")?.uint("too old")? {
                0 => TooOldPolicy::Refuse,
                1 => TooOldPolicy::AskSupervisor,
                _ => return Err(Error::Field { object: "programme", field: "too old" }),
            },
            clock_tolerance: fields.required(7, "clock tolerance")?.span("clock tolerance")?,
            by_reference: fields
                .optional(8, "by reference")?
                .map(by_reference)
                .transpose()?
                .unwrap_or(false),
        };
        fields.close()?;
        Ok(programme)
    }
}

impl StatusListEntry {
    fn to_value(&self) -> Value {
        MapWriter::new()
            .put(1, uint(u64::from(self.number)))
            .put(2, self.address.as_str())
            .put(3, Value::Array(self.kids.iter().map(|kid| bytes(kid.as_bytes())).collect()))
            .put(4, self.programme.as_str())
            .put(5, time(self.least_issued))
            .value()
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("status list entry", item.value())?;
        let entry = StatusListEntry {
            number: fields.required(1, "number")?.uint32("number")?,
            address: fields.required(2, "address")?.label("address")?,
            kids: each(fields.required(3, "kids")?.list("kids")?, |kid| {
                Ok(Kid::from_bytes(kid.fixed("kid")?))
            })?,
            programme: ProgrammeId::new(fields.required(4, "programme")?.text("programme")?)?,
            least_issued: fields.required(5, "least iat")?.time("least iat")?,
        };
        fields.close()?;
        Ok(entry)
    }
}

impl AppMinimum {
    fn to_value(&self) -> Value {
        let parts = self.version.iter().map(|part| uint(u64::from(*part))).collect();
        Value::Array(vec![Value::Array(parts), time(self.from)])
    }

    fn from_item(item: Item) -> Result<Self> {
        let [version, from] = item.array("app minimum")?;
        let [major, minor, patch] = version.array("version")?;
        Ok(AppMinimum {
            version: [major.uint32("version")?, minor.uint32("version")?, patch.uint32("version")?],
            from: from.time("from")?,
        })
    }
}

impl TrustList {
    /// Whether enough keys of the trust role signed the envelope.
    pub(super) fn is_signed(signed: &MultiSigned, root: &super::Root) -> bool {
        signed.count_signers(&root.trust_keys) >= root.trust_threshold
    }
}
