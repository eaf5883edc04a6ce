//! Which voucher a redemption served: kept, encrypted, beside its record, since a foreign voucher's
//! own bytes do not say it without the trust list of that day.

use protocol::cbor::{self, Value};
use protocol::id::{IssuerId, VoucherId};
use protocol::voucher::{Reference, VoucherIdentity};
use protocol::{Result, Timestamp};

/// The identity of a served voucher, and its issue time where that may raise the soft clock floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServedIdentity {
    pub(super) identity: VoucherIdentity,
    pub(super) soft_floor: Option<Timestamp>,
}

impl ServedIdentity {
    /// `[issuer, kind of reference, reference, ? issue time]`.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let (kind, reference) = match &self.identity.reference {
            Reference::Cti(id) => (0, Value::Bytes(id.as_bytes().to_vec())),
            Reference::Code(code) => (1, Value::from(code.as_str())),
            Reference::Sub(sub) => (2, Value::from(sub.as_str())),
        };
        let mut parts =
            vec![Value::from(self.identity.issuer.as_str()), Value::from(kind), reference];
        parts.extend(self.soft_floor.map(|issued| Value::from(issued.as_seconds())));
        cbor::encode(&Value::Array(parts))
    }

    /// Reads what [`ServedIdentity::encode`] wrote; `None` for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut parts = cbor::decode(bytes).ok()?.into_array().ok()?.into_iter();
        let issuer = IssuerId::new(parts.next()?.into_text().ok()?).ok()?;
        let kind = u8::try_from(parts.next()?.into_integer().ok()?).ok()?;
        let reference = parts.next()?;
        let reference = match kind {
            0 => {
                Reference::Cti(VoucherId::from_bytes(reference.into_bytes().ok()?.try_into().ok()?))
            }
            1 => Reference::Code(reference.into_text().ok()?),
            2 => Reference::Sub(reference.into_text().ok()?),
            _ => return None,
        };
        let soft_floor = match parts.next() {
            None => None,
            Some(issued) => {
                let seconds = u64::try_from(issued.into_integer().ok()?).ok()?;
                Some(Timestamp::from_seconds(seconds)?)
            }
        };
        parts.next().is_none().then_some(ServedIdentity {
            identity: VoucherIdentity { issuer, reference },
            soft_floor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_reference() -> impl Strategy<Value = Reference> {
        prop_oneof![
            any::<[u8; 16]>().prop_map(|id| Reference::Cti(VoucherId::from_bytes(id))),
            ".{1,40}".prop_map(Reference::Code),
            ".{1,40}".prop_map(Reference::Sub),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            issuer in "[a-z]{1,20}",
            reference in any_reference(),
            issued in proptest::option::of(0..=Timestamp::MAX.as_seconds()),
        ) {
            let served = ServedIdentity {
                identity: VoucherIdentity { issuer: IssuerId::new(issuer).unwrap(), reference },
                soft_floor: issued.and_then(Timestamp::from_seconds),
            };
            prop_assert_eq!(ServedIdentity::decode(&served.encode().unwrap()), Some(served));
        }

        #[test]
        fn other_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            if let Some(served) = ServedIdentity::decode(&bytes) {
                prop_assert_eq!(served.encode().unwrap(), bytes);
            }
        }
    }
}
