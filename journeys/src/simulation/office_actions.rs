//! Actions of the office's staff while phones are in the field.

use super::snapshots::claimed_payload;
use super::vouchers::{Origin, PresentedVoucher, issue_request};
use super::world::World;
use program_server::claims::{self, Decision as ClaimDecision};
use program_server::devices::{self, DeviceStatus};
use program_server::trust;
use program_server::vouchers::{self, Decision};
use protocol::ack::ClaimState;
use protocol::id::{ClaimId, ProgrammeId};
use protocol::key::KeyUse;

impl World<'_> {
    /// Revokes, suspends or lifts a voucher.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn decide_on_voucher(&mut self) -> Result<(), String> {
        let voucher = self.random.below(self.vouchers.len());
        let is_listed = |origin| matches!(origin, Origin::Office | Origin::Field(_));
        let shown =
            self.vouchers.get(voucher).filter(|presented| is_listed(presented.origin)).cloned();
        let Some(shown) = shown else { return Ok(()) };
        let decision = match self.random.below(5) {
            0 | 1 => Decision::Revoke,
            2 | 3 => Decision::Suspend,
            _ => Decision::Lift,
        };
        let named = shown.voucher.identity.reference.to_string();
        let decided = self.office.does(async |app| {
            let transaction = app.db.begin().await?;
            vouchers::decide(&transaction, &named, decision, "as staff decided", app.now()).await?;
            transaction.commit().await
        })?;
        match decided {
            Ok(()) => {
                self.decisions.entry(voucher).or_default().push((self.now, decision));
                self.tell(format!("the office: {decision:?} {}", shown.name));
            }
            Err(error) => {
                self.tell(format!("the office: no {decision:?} of {}: {error}", shown.name))
            }
        }
        Ok(())
    }

    /// Decides on the first claim that waits for a person.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn decide_on_claim(&mut self) -> Result<(), String> {
        let state = match self.random.percent(50) {
            true => ClaimState::Conflict,
            false => ClaimState::InReview,
        };
        let decision = match self.random.percent(50) {
            true => ClaimDecision::Uphold,
            false => ClaimDecision::Deny,
        };
        let waiting =
            self.office.does(async |app| claims::list(&app.db, None, Some(state), None).await)?;
        let first = waiting.map(|waiting| waiting.claims.first().map(|claim| claim.id));
        let decided = match first {
            Ok(None) => return Ok(()),
            Ok(Some(id)) => {
                // Who decides looks the voucher up in the register first.
                let forged =
                    self.claimed_voucher(id)?.is_some_and(|presented| presented.is_forged());
                let decision = if forged { ClaimDecision::Deny } else { decision };
                self.office.does(async |app| {
                    claims::decide(&app.db, id, decision, "as seen", app.now()).await
                })?
            }
            Err(error) => Err(error),
        };
        match decided {
            Ok(claim) => {
                self.tell(format!(
                    "the office: decides on {}, now {}",
                    claim.id,
                    claim.state.name()
                ));
            }
            Err(error) => self.tell(format!("the office: no decision on a claim: {error}")),
        }
        Ok(())
    }

    /// The voucher that a claim is on, by what was signed.
    fn claimed_voucher(&self, claim: ClaimId) -> Result<Option<&PresentedVoucher>, String> {
        let payload = claimed_payload(&self.office_database(), claim)?;
        Ok(self.vouchers.iter().find(|presented| Some(presented.payload) == payload))
    }

    /// Issues one more voucher, which is often shown to a phone at once.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn issue(&mut self) -> Result<(), String> {
        let at = self.vouchers.len();
        let minor = self.random.between(1, 90_000);
        let issued = self.office.does(async |app| {
            let aid = ProgrammeId::new("aid")?;
            let issued = vouchers::issue(app, &aid, &[issue_request(minor, "2026-11-30")?]).await?;
            issued
                .into_iter()
                .map(|it| PresentedVoucher::issued(format!("later {at}"), it))
                .collect()
        })?;
        let issued: Vec<PresentedVoucher> = match issued {
            Ok(issued) => issued,
            Err(error) => {
                self.tell(format!("the office issues nothing: {error}"));
                return Ok(());
            }
        };
        self.vouchers.extend(issued);
        self.tell(format!("the office issues later {at}"));
        self.show_at_once(at)
    }

    /// Confirms or suspends a phone.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn decide_on_phone(&mut self) -> Result<(), String> {
        let place = self.random.below(self.phones.len());
        let digits = self.phones[place].public_key()?.fingerprint_digits();
        let suspend = self.random.percent(25);
        let decided = self.office.does(async |app| {
            let all = devices::list(&app.db, None).await?;
            let Some(device) =
                all.into_iter().find(|device| device.key.fingerprint_digits() == digits)
            else {
                return Ok(None);
            };
            if suspend {
                devices::suspend(&app.db, &device).await?;
            } else if device.status == DeviceStatus::Unconfirmed {
                devices::confirm(&app.db, &device, &digits, app.now()).await?;
            } else {
                return Ok(None);
            }
            Ok::<_, program_server::Error>(Some(if suspend { "suspends" } else { "confirms" }))
        })?;
        let name = self.phones[place].name.clone();
        match decided {
            Ok(None) => {}
            Ok(Some(word)) => self.tell(format!("the office {word} {name}")),
            Err(error) => self.tell(format!("the office does nothing about {name}: {error}")),
        }
        Ok(())
    }

    /// Publishes a new trust list, or adds a key and puts the one before away in good order.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn change_trust(&mut self) -> Result<(), String> {
        let purpose = *self
            .random
            .pick(&[None, Some(KeyUse::Ack), Some(KeyUse::Status), Some(KeyUse::Profile)])
            .unwrap_or(&None);
        let retire = self.random.percent(50);
        let changed = self.office.does(async |app| {
            if let Some(purpose) = purpose {
                let transaction = app.db.begin().await?;
                let keys = trust::keys(&*transaction).await?;
                trust::add_issuer_key(app, &transaction, purpose, None).await?;
                let before =
                    keys.iter().rev().find(|key| key.purpose == purpose && key.end.is_none());
                if let Some(before) = before.filter(|_| retire) {
                    let at = trust::next_second(app);
                    trust::retire(&transaction, before.key.kid(), at).await?;
                }
                transaction.commit().await?;
            }
            trust::publish(app).await.map(|published| published.state.list().version)
        })?;
        match changed {
            Ok(version) => {
                let what = purpose.map_or("", KeyUse::name);
                self.tell(format!(
                    "the office publishes trust list {version} {what} (retire: {retire})"
                ));
            }
            Err(error) => self.tell(format!("the office publishes no trust list: {error}")),
        }
        Ok(())
    }
}
