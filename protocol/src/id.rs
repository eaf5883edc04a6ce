//! Names of things: parsed once at the edge, compared by value.

use crate::{Error, Result};
use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $cddl:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the name: 1 to 128 bytes, no white space and no control characters.
            ///
            /// # Errors
            /// [`Error::Field`] when it is none.
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                let fits = (1..=128).contains(&text.len())
                    && !text.chars().any(|c| c.is_whitespace() || c.is_control());
                if fits { Ok($name(text)) } else { Err(Error::Field { object: "name", field: $cddl }) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                $name::new(text)
            }
        }
    };
}

text_id!(
    /// Who issues vouchers (CWT `iss`).
    IssuerId,
    "issuer"
);
text_id!(
    /// A programme of social protection.
    ProgrammeId,
    "programme"
);
text_id!(
    /// A service provider, or a group of providers: what a voucher's `aud` names.
    Audience,
    "audience"
);
text_id!(
    /// A pharmacy, hospital or shop that serves vouchers. Providers and groups share one space of ids,
    /// since an [`Audience`] names either.
    ProviderId,
    "provider"
);
text_id!(
    /// The entitlement that a voucher stands for (CWT `sub`).
    EntitlementId,
    "entitlement"
);
text_id!(
    /// A member of a provider's staff who works with the phone.
    OperatorId,
    "operator"
);

impl Audience {
    /// Whether it names this provider itself, and not a group.
    #[must_use]
    pub fn is(&self, provider: &ProviderId) -> bool {
        self.0 == provider.0
    }

    /// The id of the provider that it names, if it names no group.
    #[must_use]
    pub fn as_provider(&self) -> ProviderId {
        ProviderId(self.0.clone())
    }
}

impl From<ProviderId> for Audience {
    fn from(provider: ProviderId) -> Self {
        Audience(provider.0)
    }
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                $name(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Reads hexadecimal digits; hyphens are passed over.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                let digits: String = text.chars().filter(|&c| c != '-').collect();
                hex_bytes(&digits).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

byte_id!(
    /// A voucher under its issuer (CWT `cti`): a UUIDv7.
    VoucherId,
    16
);
byte_id!(
    /// A claim: a UUIDv7 that the phone draws when it redeems.
    ClaimId,
    16
);
byte_id!(
    /// A chain of device records: 16 random bytes.
    ChainId,
    16
);
byte_id!(
    /// One start of the phone's operating system; monotonic times compare within it alone.
    BootId,
    16
);

byte_id!(
    /// A sealed bundle: 16 random bytes, the same in each of its files.
    BundleId,
    16
);

impl ClaimId {
    /// The claim id made of 16 random or time-ordered bytes as a UUID (RFC 9562) has them.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        ClaimId(uuid.into_bytes())
    }
}

impl VoucherId {
    /// The voucher id of a UUID (RFC 9562), version 7 for those we issue.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        VoucherId(uuid.into_bytes())
    }
}

pub(crate) fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}
