//! Vouchers: what a programme promises to a holder, as claims and as QR text.

use crate::cbor::Value;
use crate::cose::{ObjectType, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, label, time, uint};
use crate::hash::Hash;
use crate::id::{Audience, EntitlementId, IssuerId, ProgrammeId, VoucherId};
use crate::key::Signer;
use crate::money::Benefit;
use crate::time::{Span, Timestamp};
use crate::{Error, Result};

/// What the QR text of a voucher of ours begins with.
pub const TEXT_PREFIX: &str = "VS1:";

/// Longest QR text: what the largest QR code holds in alphanumeric mode.
pub const MAX_TEXT_LEN: usize = 4296;

/// The CWT claim that makes a CWT a voucher.
pub const VOUCHER_CLAIM: i64 = -65537;

/// How one issuer tells its vouchers apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// The `cti` of a voucher of ours.
    Cti(VoucherId),
    /// The `code` of an OpenG2P voucher.
    Code(String),
    /// The `sub` of an OpenG2P voucher without `code`.
    Sub(String),
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reference::Cti(id) => id.fmt(f),
            Reference::Code(text) => write!(f, "code:{text}"),
            Reference::Sub(text) => write!(f, "sub:{text}"),
        }
    }
}

/// What makes a voucher that voucher, whatever its text or signature: issuer and reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoucherIdentity {
    /// The issuer.
    pub issuer: IssuerId,
    /// The reference under that issuer.
    pub reference: Reference,
}

impl VoucherIdentity {
    /// A digest of the identity, for tables and indices.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let (kind, reference) = match &self.reference {
            Reference::Cti(id) => (b"cti\0".as_slice(), id.as_bytes().as_slice()),
            Reference::Code(text) => (b"code".as_slice(), text.as_bytes()),
            Reference::Sub(text) => (b"sub\0".as_slice(), text.as_bytes()),
        };
        Hash::of_all(&[self.issuer.as_str().as_bytes(), &[0], kind, reference])
    }
}

/// What a voucher shows of its holder, by the programme's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name.
    pub name: String,
    /// The year of birth.
    pub birth_year: Option<u16>,
    /// The last characters of an identity number, at most four.
    pub id_tail: Option<String>,
}

/// Where a voucher's status stands: bit pair `index` of status list `list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRef {
    /// The list's number in the trust list.
    pub list: u32,
    /// The index in the list.
    pub index: u32,
}

/// A document that belongs to a voucher, named by the digest of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportingDocument {
    /// SHA-256 of the content.
    pub hash: Hash,
    /// What it is, in words.
    pub label: String,
}

/// The claims of a voucher, ours or foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Issuer and reference.
    pub identity: VoucherIdentity,
    /// The entitlement it stands for.
    pub entitlement: EntitlementId,
    /// The one provider, or group of providers, that may serve it; any of the programme's if absent.
    pub audience: Option<Audience>,
    /// The first second after the last valid day.
    pub expires: Timestamp,
    /// The first valid second.
    pub not_before: Timestamp,
    /// When it was issued.
    pub issued: Timestamp,
    /// The programme.
    pub programme: ProgrammeId,
    /// What it gives.
    pub benefit: Benefit,
    /// The kind of assistance, in the programme's words.
    pub assistance: String,
    /// What it shows of the holder.
    pub holder: Option<Holder>,
    /// Where its status stands.
    pub status: Option<StatusRef>,
    /// Its supporting documents.
    pub documents: Vec<SupportingDocument>,
}

impl Voucher {
    /// Writes the claims of a voucher of ours.
    ///
    /// # Errors
    /// [`Error::Rule`] when the times break the rules or the reference is foreign, [`Error::Field`]
    /// when a text is too long.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let Reference::Cti(cti) = &self.identity.reference else {
            return Err(rule("only vouchers of our own form are written"));
        };
        let own = MapWriter::new()
            .put(1, self.programme.as_str())
            .put(2, self.benefit.to_value())
            .put(3, self.assistance.as_str())
            .put_some(4, self.holder.as_ref().map(Holder::to_value))
            .put_some(
                5,
                self.status.map(|at| {
                    Value::Array(vec![uint(u64::from(at.list)), uint(u64::from(at.index))])
                }),
            )
            .put_list(6, self.documents.iter().map(SupportingDocument::to_value).collect());
        let payload = MapWriter::new()
            .put(1, self.identity.issuer.as_str())
            .put(2, self.entitlement.as_str())
            .put_some(3, self.audience.as_ref().map(Audience::as_str))
            .put(4, time(self.expires))
            .put(5, time(self.not_before))
            .put(6, time(self.issued))
            .put(7, bytes(cti.as_bytes()))
            .put(VOUCHER_CLAIM, own.value())
            .encode()?;
        Voucher::decode(&payload)?;
        Ok(payload)
    }

    /// Reads the claims of a voucher of ours. Unknown claims are passed over, unknown fields of the
    /// voucher claim are refused.
    ///
    /// # Errors
    /// An error that names the field or the rule.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        let mut claims = Fields::decode("voucher", payload)?;
        let own = claims.required(VOUCHER_CLAIM, "voucher claim")?;
        let mut own = Fields::new("voucher claim", own.value())?;
        let voucher = Voucher {
            identity: VoucherIdentity {
                issuer: IssuerId::new(claims.required(1, "iss")?.text("iss")?)?,
                reference: Reference::Cti(VoucherId::from_bytes(
                    claims.required(7, "cti")?.fixed("cti")?,
                )),
            },
            entitlement: EntitlementId::new(claims.required(2, "sub")?.text("sub")?)?,
            audience: claims
                .optional(3, "aud")?
                .map(|aud| Audience::new(aud.text("aud")?))
                .transpose()?,
            expires: claims.required(4, "exp")?.time("exp")?,
            not_before: claims.required(5, "nbf")?.time("nbf")?,
            issued: claims.required(6, "iat")?.time("iat")?,
            programme: ProgrammeId::new(own.required(1, "programme")?.text("programme")?)?,
            benefit: Benefit::from_value(own.required(2, "benefit")?.value())?,
            assistance: own.required(3, "assistance type")?.label("assistance type")?,
            holder: own.optional(4, "holder")?.map(Holder::from_item).transpose()?,
            status: own.optional(5, "status")?.map(StatusRef::from_item).transpose()?,
            documents: match own.optional(6, "documents")? {
                None => Vec::new(),
                Some(list) => documents(list)?,
            },
        };
        own.close()?;
        voucher.check_times()?;
        Ok(voucher)
    }

    /// nbf < exp and nbf ≤ iat + 1 year (366 days).
    pub(crate) fn check_times(&self) -> Result<()> {
        if self.not_before >= self.expires {
            return Err(rule("nbf is not before exp"));
        }
        if self.not_before > self.issued.after(Span::days(366)) {
            return Err(rule("nbf is more than a year after iat"));
        }
        Ok(())
    }
}

/// Signs a voucher.
///
/// # Errors
/// As [`Voucher::encode`] and [`sign1`].
pub fn sign(voucher: &Voucher, signer: &dyn Signer) -> Result<Vec<u8>> {
    sign1(ObjectType::Voucher, &voucher.encode()?, signer)
}

/// The QR text of a signed voucher: the prefix and base45 (RFC 9285), all alphanumeric.
///
/// # Errors
/// [`Error::TooLarge`] when no QR code holds it.
pub fn to_text(signed: &[u8]) -> Result<String> {
    let text = format!("{TEXT_PREFIX}{}", base45::encode(signed));
    let (len, max) = (text.len(), MAX_TEXT_LEN);
    if len > max { Err(Error::TooLarge { what: "voucher text", len, max }) } else { Ok(text) }
}

/// The signed bytes in a QR text, which must be their one canonical text.
///
/// # Errors
/// [`Error::Prefix`], [`Error::TooLarge`] or [`Error::Base45`].
pub fn from_text(text: &str) -> Result<Vec<u8>> {
    if text.len() > MAX_TEXT_LEN {
        let (len, max) = (text.len(), MAX_TEXT_LEN);
        return Err(Error::TooLarge { what: "voucher text", len, max });
    }
    prefixed_base45(TEXT_PREFIX, text)
}

/// Bytes behind a prefix in base45. Decoding alone lets other texts through for the same bytes
///, so the bytes must encode to the same text again.
pub(crate) fn prefixed_base45(prefix: &'static str, text: &str) -> Result<Vec<u8>> {
    let digits = text.strip_prefix(prefix).ok_or(Error::Prefix(prefix))?;
    let bytes = base45::decode(digits).map_err(|_| Error::Base45)?;
    if base45::encode(&bytes) == digits { Ok(bytes) } else { Err(Error::Base45) }
}

impl Holder {
    pub(crate) fn to_value(&self) -> Value {
        MapWriter::new()
            .put(1, self.name.as_str())
            .put_some(2, self.birth_year.map(u64::from))
            .put_some(3, self.id_tail.as_deref())
            .value()
    }

    pub(crate) fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("holder", item.value())?;
        let holder = Holder {
            name: fields.required(1, "name")?.label("name")?,
            birth_year: fields.optional(2, "year of birth")?.map(birth_year).transpose()?,
            id_tail: fields.optional(3, "identity number")?.map(id_tail).transpose()?,
        };
        fields.close()?;
        Ok(holder)
    }
}

fn birth_year(item: Item) -> Result<u16> {
    match item.uint("year of birth")? {
        year @ 1800..=9999 => Ok(year as u16),
        _ => Err(Error::Field { object: "holder", field: "year of birth" }),
    }
}

fn id_tail(item: Item) -> Result<String> {
    let text = label(item.text("identity number")?, "identity number")?;
    if text.chars().count() <= 4 {
        Ok(text)
    } else {
        Err(Error::Field { object: "holder", field: "identity number" })
    }
}

impl StatusRef {
    fn from_item(item: Item) -> Result<Self> {
        let [list, index] = item.array("status")?;
        Ok(StatusRef { list: list.uint32("status list")?, index: index.uint32("status index")? })
    }
}

impl SupportingDocument {
    fn to_value(&self) -> Value {
        Value::Array(vec![bytes(self.hash.as_bytes()), Value::from(self.label.as_str())])
    }
}

fn documents(list: Item) -> Result<Vec<SupportingDocument>> {
    list.filled_list("documents")?
        .into_iter()
        .map(|document| {
            let [hash, name] = document.array("document")?;
            Ok(SupportingDocument { hash: hash.hash("hash")?, label: name.label("label")? })
        })
        .collect()
}

fn rule(rule: &'static str) -> Error {
    Error::Rule { object: "voucher", rule }
}
