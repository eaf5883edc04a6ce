//! The list of vouchers that name the provider: pages as they were received, encrypted, all of one list.

use crate::ledger::cipher::AssociatedData;
use crate::ledger::sql::{Column, get};
use crate::ledger::{Ledger, LedgerError};
use protocol::Timestamp;
use protocol::id::ProviderId;
use rusqlite::{OptionalExtension, Row, params};

/// A list as it was received.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptVoucherList {
    /// Whose vouchers it lists.
    pub provider: ProviderId,
    /// When the last of its pages came.
    pub listed: Timestamp,
    /// Its pages, in order.
    pub pages: Vec<Vec<u8>>,
}

impl std::fmt::Debug for KeptVoucherList {
    /// Leaves out the pages, which tell of holders.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider, listed, pages } = self;
        write!(f, "KeptVoucherList({provider}, {listed}, {} pages)", pages.len())
    }
}

impl Ledger {
    /// Keeps a list in place of the one before: all of it, or nothing.
    pub fn keep_voucher_list(&mut self, list: &KeptVoucherList) -> Result<(), LedgerError> {
        // A page that can no longer be read is none that is held, and is written anew.
        let held = self.voucher_list().ok().flatten().map(|held| held.pages);
        let pages = if held.as_ref() == Some(&list.pages) {
            None
        } else {
            Some(self.encrypted(&list.pages)?)
        };
        let transaction = self.begin()?;
        transaction.execute(
            "INSERT OR REPLACE INTO voucher_list (only, provider, time) VALUES (1, ?1, ?2)",
            params![list.provider.as_str(), Column(list.listed)],
        )?;
        if let Some(pages) = pages {
            transaction.execute("DELETE FROM voucher_page", [])?;
            let mut insert = transaction
                .prepare_cached("INSERT INTO voucher_page (number, content) VALUES (?1, ?2)")?;
            for (number, content) in pages {
                insert.execute(params![Column(number), content])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// The list that is held, decrypted.
    pub fn voucher_list(&self) -> Result<Option<KeptVoucherList>, LedgerError> {
        let kept = self
            .db
            .prepare_cached("SELECT provider, time FROM voucher_list")?
            .query_row([], |row| Ok((row.get::<_, String>(0)?, get(row, 1)?)))
            .optional()?;
        let Some((provider, listed)) = kept else { return Ok(None) };
        let provider = ProviderId::new(provider)
            .map_err(|_| LedgerError::corrupt("the list of vouchers names no provider"))?;
        let cipher = self.cipher()?;
        let pages = self
            .stored_pages()?
            .into_iter()
            .map(|(number, content)| Ok(cipher.decrypt(self.page(number), &content)?.to_vec()))
            .collect::<Result<_, LedgerError>>()?;
        Ok(Some(KeptVoucherList { provider, listed, pages }))
    }

    /// The pages that do not decrypt, by number, for doctor.
    pub(super) fn damaged_voucher_pages(&self) -> Result<Vec<u64>, LedgerError> {
        let opens = |number, content: &[u8]| {
            self.cipher().is_ok_and(|cipher| cipher.decrypt(self.page(number), content).is_ok())
        };
        let damaged = self.stored_pages()?.into_iter();
        Ok(damaged.filter(|(number, content)| !opens(*number, content)).map(|it| it.0).collect())
    }

    /// Forgets the list, which went with a lost data key.
    pub(super) fn forget_voucher_list(&self) -> Result<(), LedgerError> {
        self.db.execute_batch("DELETE FROM voucher_page; DELETE FROM voucher_list")?;
        Ok(())
    }

    fn encrypted(&self, pages: &[Vec<u8>]) -> Result<Vec<(u64, Vec<u8>)>, LedgerError> {
        let cipher = self.cipher()?;
        (1..)
            .zip(pages)
            .map(|(number, page)| Ok((number, cipher.encrypt(self.page(number), page)?)))
            .collect()
    }

    fn stored_pages(&self) -> Result<Vec<(u64, Vec<u8>)>, LedgerError> {
        let read = |row: &Row<'_>| Ok((get(row, 0)?, row.get(1)?));
        let pages = self
            .db
            .prepare_cached("SELECT number, content FROM voucher_page ORDER BY number")?
            .query_map([], read)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(pages)
    }

    fn page(&self, number: u64) -> AssociatedData {
        AssociatedData::voucher_page(self.chains.first(), number)
    }
}
