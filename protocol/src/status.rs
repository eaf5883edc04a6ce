//! Status lists: the Token Status List (IETF draft-ietf-oauth-status-list) in its CWT form, with two
//! bits an entry.

use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, MapWriter, time, uint};
use crate::key::{PublicKey, Signer};
use crate::time::Timestamp;
use crate::{Error, Result};
use flate2::{Compression, Decompress, FlushDecompress, Status as Inflate};
use std::io::Write;

/// Most entries of one list.
pub const MAX_ENTRIES: u32 = 1 << 20;

/// What a list says of a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing against it.
    Valid,
    /// Taken back for good.
    Revoked,
    /// Held until the suspension is lifted.
    Suspended,
    /// The server has a claim on it.
    Redeemed,
}

impl Status {
    /// The two bits that stand for it.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Status::Valid => 0,
            Status::Revoked => 1,
            Status::Suspended => 2,
            Status::Redeemed => 3,
        }
    }

    /// The status that two bits stand for.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Status::Valid,
            1 => Status::Revoked,
            2 => Status::Suspended,
            _ => Status::Redeemed,
        }
    }
}

/// What is wrong with a status list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListFault {
    /// The compressed bytes do not inflate.
    #[error("the compressed bytes do not inflate")]
    Inflate,
    /// Bytes follow the compressed list.
    #[error("bytes follow the compressed list")]
    Trailing,
    /// More entries than a list may have.
    #[error("more than 2^20 entries")]
    TooLong,
    /// Not two bits an entry.
    #[error("not two bits an entry")]
    Bits,
    /// The list's address is not the one that the trust list gives it.
    #[error("the list is for another address")]
    Address,
    /// Older than a list that was accepted before, or than the trust list asks for.
    #[error("older than a list that was accepted before")]
    Older,
    /// The voucher's index lies outside the list.
    #[error("the index lies outside the list")]
    Index,
}

impl ListFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ListFault::Inflate => "status.inflate",
            ListFault::Trailing => "status.trailing",
            ListFault::TooLong => "status.too_long",
            ListFault::Bits => "status.bits",
            ListFault::Address => "status.address",
            ListFault::Older => "status.older",
            ListFault::Index => "status.index",
        }
    }
}

/// The entries of one list, two bits each, lowest bits of a byte first.
#[derive(Clone, PartialEq, Eq)]
pub struct Entries(Vec<u8>);

impl Entries {
    /// A list of `count` valid entries.
    ///
    /// # Errors
    /// [`ListFault::TooLong`].
    pub fn all_valid(count: u32) -> Result<Self> {
        if count > MAX_ENTRIES {
            return Err(Error::StatusList(ListFault::TooLong));
        }
        Ok(Entries(vec![0; (count as usize).div_ceil(4)]))
    }

    /// The entries as they are packed, four a byte.
    #[must_use]
    pub fn from_packed(packed: Vec<u8>) -> Option<Self> {
        (packed.len() <= MAX_ENTRIES as usize / 4).then_some(Entries(packed))
    }

    /// The packed bytes, four entries each.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.0
    }

    /// The status at `index`.
    ///
    /// # Errors
    /// [`ListFault::Index`] beyond the end: absence from a list says nothing good.
    pub fn get(&self, index: u32) -> Result<Status> {
        let byte = self.0.get(index as usize / 4).ok_or(Error::StatusList(ListFault::Index))?;
        Ok(Status::from_bits(byte >> (2 * (index % 4))))
    }

    /// Sets the status at `index`.
    ///
    /// # Errors
    /// [`ListFault::Index`] beyond the end.
    pub fn set(&mut self, index: u32, status: Status) -> Result<()> {
        let byte = self.0.get_mut(index as usize / 4).ok_or(Error::StatusList(ListFault::Index))?;
        let shift = 2 * (index % 4);
        *byte = *byte & !(3 << shift) | status.bits() << shift;
        Ok(())
    }
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entries({} bytes)", self.0.len())
    }
}

/// A status list with where and when it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    /// Its address (`sub`), under which the trust list knows it.
    pub address: String,
    /// When it was signed (`iat`).
    pub issued: Timestamp,
    /// After when it should not be relied on without a warning (`exp`).
    pub expires: Option<Timestamp>,
    /// The entries.
    pub entries: Entries,
}

impl StatusList {
    /// Signs the list as a Status List Token.
    ///
    /// # Errors
    /// As [`sign1`], and [`Error::Field`] for an address that no list may have.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>> {
        let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        let list = deflate
            .write_all(&self.entries.0)
            .and_then(|()| deflate.finish())
            .map_err(|_| Error::StatusList(ListFault::Inflate))?;
        let payload = MapWriter::new()
            .put(2, self.address.as_str())
            .put_some(4, self.expires.map(time))
            .put(6, time(self.issued))
            .put(
                65533,
                Value::Map(vec![
                    (Value::from("bits"), uint(2)),
                    (Value::from("lst"), Value::Bytes(list)),
                ]),
            )
            .encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::StatusList, &payload, signer)
    }

    /// Verifies a token under the keys of its list and reads it. Whether it is the list that was
    /// asked for, and no older one, the trust list's entry says
    /// ([`StatusListEntry::accept`](crate::trust::StatusListEntry::accept)).
    ///
    /// # Errors
    /// An error of the envelope, the signature, a field, or [`Error::StatusList`].
    pub fn open<'k>(
        token: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<StatusList> {
        Self::open_signed(token, keys).map(|(list, _)| list)
    }

    /// As [`StatusList::open`], and says which key signed.
    pub(crate) fn open_signed<'k>(
        token: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<(StatusList, &'k PublicKey)> {
        let verified = Sign1::parse(ObjectType::StatusList, token)?.verify(keys)?;
        Ok((Self::decode(&verified.payload)?, verified.key))
    }

    fn decode(payload: &[u8]) -> Result<StatusList> {
        let mut claims = Fields::decode("status list", payload)?;
        claims.refuse_voucher_claim()?;
        let list = claims.required(65533, "status_list")?;
        let mut list = Fields::new("status_list", list.value())?;
        let missing = |field| Error::Missing { object: "status_list", field };
        let bits = list.optional_text_key("bits").ok_or(missing("bits"))?.uint("bits")?;
        if bits != 2 {
            return Err(Error::StatusList(ListFault::Bits));
        }
        let packed = list.optional_text_key("lst").ok_or(missing("lst"))?.bytes("lst")?;
        Ok(StatusList {
            address: claims.required(2, "sub")?.label("sub")?,
            issued: claims.required(6, "iat")?.time("iat")?,
            expires: claims.optional(4, "exp")?.map(|exp| exp.time("exp")).transpose()?,
            entries: Entries(inflate(&packed)?),
        })
    }
}

/// Inflates zlib data of at most 2^20 entries that ends exactly where the input ends.
fn inflate(packed: &[u8]) -> Result<Vec<u8>> {
    let most = MAX_ENTRIES as usize / 4;
    let mut out = Vec::with_capacity(most + 1);
    let mut stream = Decompress::new(true);
    match stream.decompress_vec(packed, &mut out, FlushDecompress::Finish) {
        Ok(Inflate::StreamEnd) if out.len() <= most => {}
        Ok(Inflate::StreamEnd) => return Err(Error::StatusList(ListFault::TooLong)),
        Ok(_) if out.len() > most => return Err(Error::StatusList(ListFault::TooLong)),
        Ok(_) | Err(_) => return Err(Error::StatusList(ListFault::Inflate)),
    }
    if stream.total_in() != packed.len() as u64 {
        return Err(Error::StatusList(ListFault::Trailing));
    }
    Ok(out)
}
