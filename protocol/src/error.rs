//! Why bytes are refused: one enum with stable codes for the whole protocol.

/// A refusal by one of this crate's decoders or checks.
///
/// [`Error::code`] is stable: vectors, records and other implementations compare it. The display
/// text is for people who debug and may change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The byte-level rules for CBOR do not hold (RFC 8949 §4.2.1 and our limits).
    #[error("CBOR at byte {at}: {fault}")]
    Cbor {
        /// Offset of the item that breaks the rule.
        at: usize,
        /// The rule.
        fault: crate::cbor::Fault,
    },
    /// The bytes are larger than this type of object may be.
    #[error("{what} is {len} bytes long; at most {max} are allowed")]
    TooLarge {
        /// The type of object.
        what: &'static str,
        /// Length found, in bytes.
        len: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The COSE envelope breaks a rule for signed objects.
    #[error("COSE envelope: {0}")]
    Cose(crate::cose::EnvelopeFault),
    /// A key is malformed, weak, or of a kind that is not allowed here.
    #[error("key: {0}")]
    Key(crate::key::KeyFault),
    /// No given key verifies the signature.
    #[error("the signature does not verify")]
    Signature,
    /// No given key has this key id.
    #[error("no key has the id {0}")]
    UnknownKey(crate::key::Kid),
    /// A required field is missing.
    #[error("{object}: field {field} is missing")]
    Missing {
        /// The object, by its CDDL name.
        object: &'static str,
        /// The field, by its CDDL name.
        field: &'static str,
    },
    /// A field has the wrong type, length or range.
    #[error("{object}: field {field} is not acceptable")]
    Field {
        /// The object, by its CDDL name.
        object: &'static str,
        /// The field, by its CDDL name.
        field: &'static str,
    },
    /// A closed map carries a key that it may not.
    #[error("{object}: unknown field {key}")]
    UnknownField {
        /// The object, by its CDDL name.
        object: &'static str,
        /// The unknown key: its number, or what kind of key it is.
        key: String,
    },
    /// Text that should be base45 is not (RFC 9285), or is not the canonical text of its bytes.
    #[error("the text is not canonical base45")]
    Base45,
    /// The text does not begin with the prefix of its kind.
    #[error("the text does not begin with {0}")]
    Prefix(&'static str),
    /// A compressed list does not inflate to what it says it is.
    #[error("status list: {0}")]
    StatusList(crate::status::ListFault),
    /// A JSON Web Token breaks a rule.
    #[error("JWT: {0}")]
    Jwt(crate::openg2p::JwtFault),
    /// A sealed envelope cannot be opened with this key.
    #[error("the sealed envelope cannot be opened with this key")]
    Seal,
    /// A file is no bundle that can be taken in.
    #[error("{0}")]
    Bundle(crate::bundle::BundleFault),
    /// A trust file cannot be accepted.
    #[error("trust: {0}")]
    Trust(crate::trust::TrustFault),
    /// A rule between fields does not hold.
    #[error("{object}: {rule}")]
    Rule {
        /// The object, by its CDDL name.
        object: &'static str,
        /// The rule that does not hold, in words.
        rule: &'static str,
    },
}

/// Result of a decoder or check.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The stable code, lower case with a dot between layer and fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Cbor { fault, .. } => fault.code(),
            Error::TooLarge { .. } => "size.too_large",
            Error::Cose(fault) => fault.code(),
            Error::Key(fault) => fault.code(),
            Error::Signature => "signature.wrong",
            Error::UnknownKey(_) => "key.unknown",
            Error::Missing { .. } => "field.missing",
            Error::Field { .. } => "field.wrong",
            Error::UnknownField { .. } => "field.unknown",
            Error::Base45 => "text.base45",
            Error::Prefix(_) => "text.prefix",
            Error::StatusList(fault) => fault.code(),
            Error::Jwt(fault) => fault.code(),
            Error::Seal => "seal.closed",
            Error::Bundle(fault) => fault.code(),
            Error::Trust(fault) => fault.code(),
            Error::Rule { .. } => "rule.broken",
        }
    }
}
