//! Issuing in the field: what the office grants a field officer's phone, what the phone issues, and what
//! a thief with its key signs.

use super::phone::Action;
use super::template::OFFICER;
use super::vouchers::{Origin, PresentedVoucher, day, pesos};
use super::world::World;
use program_server::delegations::{self, Grant, Granted};
use program_server::{App, devices, trust};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{Delegation, FieldVoucher};
use protocol::id::{Audience, IssuerId, ProgrammeId};
use protocol::key::{PublicKey, Signer};
use protocol::voucher::{Holder, from_text, to_text};
use protocol::{Hash, Span, Timestamp};
use verifier_core::verifier::FieldOrder;

/// What one voucher may give, in minor units.
const SINGLE: u64 = 10_000;

/// What all vouchers of a delegation may give together: less than its numbers could.
const TOTAL: u64 = 30_000;

/// How many vouchers a delegation has.
const NUMBERS: u32 = 6;

/// A delegation as the story has it.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The digest by which it is known.
    pub hash: Hash,
    /// When it was ended, if it was.
    pub ended: Option<Timestamp>,
    /// Whether the office forgot it, since an older backup was put back.
    pub forgotten: bool,
}

impl Limit {
    /// A delegation that was just granted.
    #[must_use]
    pub fn of(granted: &Granted) -> Self {
        Limit { hash: granted.hash, ended: None, forgotten: false }
    }

    /// The most that may ever be paid under any of them, in minor units.
    #[must_use]
    pub fn total() -> i64 {
        i64::try_from(TOTAL).unwrap_or(i64::MAX)
    }
}

/// Grants the officer's phone a delegation.
///
/// # Errors
/// When the office does not.
pub async fn grant(app: &App, officer: &PublicKey) -> program_server::Result<Granted> {
    let all = devices::list(&app.db, None).await?;
    let device = all.into_iter().find(|device| device.key == *officer);
    let device = device.ok_or_else(|| program_server::Error::invalid("no such device"))?;
    let grant = Grant {
        programme: ProgrammeId::new("aid")?,
        audience: Some(Audience::new("pharmacies")?),
        assistance: vec!["Medicine".to_owned()],
        single: pesos(SINGLE)?,
        total: pesos(TOTAL)?,
        count: NUMBERS,
        valid_days: 7,
        from: None,
        until: day("2026-12-05")?,
    };
    delegations::grant(app, &device, grant).await
}

impl World<'_> {
    /// The officer's phone issues a voucher, which is often shown to another phone at once.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn issue_in_field(&mut self) -> Result<(), String> {
        let Some(place) = self.officer() else { return Ok(()) };
        let clock = self.phones[place].clocks.at(self.now);
        let benefit = pesos(self.random.between(1, SINGLE)).map_err(|error| error.to_string())?;
        let order = FieldOrder {
            delegation: None,
            benefit,
            assistance: None,
            holder: None,
            entitlement: None,
            audience: None,
            days: self.random.percent(30).then_some(2),
        };
        let issued = self.ask(place, "issue", |verifier| verifier.issue(&order, None, clock))?;
        let Some(issued) = issued else { return Ok(()) };
        let number = self.vouchers.len();
        if !self.say(place, Action::Issued { voucher: number })? {
            return Ok(());
        }
        let name = format!("field voucher {number} ({})", issued.number);
        let origin = Origin::Field(issued.under.hash);
        let presented = PresentedVoucher::new(name, issued.text, issued.voucher, origin);
        let presented = presented.map_err(|error| error.to_string())?;
        self.tell(format!("the officer issues {}", presented.name));
        self.coverage.issued += 1;
        self.vouchers.push(presented);
        self.show_at_once(number)
    }

    /// Shows a new voucher to a phone at once, more often than not.
    pub(super) fn show_at_once(&mut self, voucher: usize) -> Result<(), String> {
        if self.random.percent(60) {
            let officer = self.officer();
            let others: Vec<usize> =
                (0..self.phones.len()).filter(|place| Some(*place) != officer).collect();
            if let Some(&place) = self.random.pick(&others) {
                self.serve(place, voucher)?;
            }
        }
        Ok(())
    }

    /// The office grants the officer another delegation, or ends one.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn decide_on_delegation(&mut self) -> Result<(), String> {
        let Some(place) = self.officer() else { return Ok(()) };
        if self.random.percent(50) {
            let officer = self.phones[place].public_key()?;
            match self.office.does(async |app| grant(app, &officer).await)? {
                Ok(granted) => {
                    self.tell(format!("the office grants delegation {}", granted.hash));
                    self.delegations.push(Limit::of(&granted));
                }
                Err(error) => self.tell(format!("the office grants nothing: {error}")),
            }
            return Ok(());
        }
        let open: Vec<Hash> =
            self.delegations.iter().filter(|it| it.ended.is_none()).map(|it| it.hash).collect();
        let Some(&hash) = self.random.pick(&open) else { return Ok(()) };
        let ended = self.office.does(async |app| {
            let transaction = app.db.begin().await?;
            trust::end_delegation(&transaction, hash, "stolen", app.now()).await?;
            transaction.commit().await?;
            trust::publish(app).await
        })?;
        match ended {
            Ok(_) => self.tell(format!("the office ends delegation {hash}")),
            Err(error) => self.tell(format!("the office is troubled as it ends {hash}: {error}")),
        }
        // Committed or not, the office said so: whether it did shows in the trust list.
        let now = self.now;
        let ended =
            self.office.does(async |app| delegations::ended(app.db.reader(), hash).await)?;
        if matches!(ended, Ok(Some(_))) {
            for it in self.delegations.iter_mut().filter(|it| it.hash == hash) {
                it.ended = Some(now);
            }
        }
        Ok(())
    }

    /// A thief has the officer's key and a voucher, and signs others: each number again, and beyond what
    /// was delegated.
    ///
    /// # Errors
    /// When something cannot be signed.
    pub fn forge_with_officers_key(&mut self) -> Result<(), String> {
        let Some(place) = self.officer() else { return Ok(()) };
        let known: Vec<usize> = (0..self.vouchers.len())
            .filter(|&at| matches!(self.vouchers[at].origin, Origin::Field(_)))
            .collect();
        let Some(&model) = self.random.pick(&known) else { return Ok(()) };
        let key = self.phones[place].key()?;
        let model = self.vouchers[model].clone();
        let beyond = self.random.percent(25);
        let mut drawn: u64 = self.random.between(0, 3);
        let number = self.random.between(1, u64::from(NUMBERS)) as u32;
        let amount = self.random.between(1, SINGLE);
        let change = |own: &mut FieldVoucher| {
            own.number = number;
            own.benefit = pesos(amount)?;
            own.holder =
                Some(Holder { name: "The Thief".to_owned(), birth_year: None, id_tail: None });
            if beyond {
                match std::mem::take(&mut drawn) {
                    0 => own.number = NUMBERS + 1,
                    1 => own.benefit = pesos(SINGLE + 1)?,
                    2 => own.assistance = Some("Burial".to_owned()),
                    _ => own.expires = own.issued.after(Span::days(9)),
                }
            }
            Ok(())
        };
        let forged = signed_again(&model, &*key, change);
        let (text, under) = forged.map_err(|error| error.to_string())?;
        let at = self.vouchers.len();
        let origin = Origin::OfficersKey { delegation: under.hash, beyond };
        let voucher = under.voucher.unwrap_or(model.voucher);
        let presented =
            PresentedVoucher::new(format!("thief's field voucher {at}"), text, voucher, origin);
        self.vouchers.push(presented.map_err(|error| error.to_string())?);
        self.tell(format!("a thief signs {} with the officer's key", self.vouchers[at].name));
        self.show_at_once(at)
    }

    /// Where the officer's phone is among the phones, if it is in the story.
    pub(super) fn officer(&self) -> Option<usize> {
        let name = self.template.kit_name(OFFICER);
        self.phones.iter().position(|phone| phone.name == name)
    }
}

/// What a delegated voucher stands under, and what it says if it keeps the limits.
pub(super) struct Under {
    pub(super) hash: Hash,
    pub(super) voucher: Option<protocol::voucher::Voucher>,
}

/// Another voucher under the delegation of this one.
fn signed_again(
    model: &PresentedVoucher,
    key: &dyn Signer,
    change: impl FnOnce(&mut FieldVoucher) -> protocol::Result<()>,
) -> protocol::Result<(String, Under)> {
    let signed = from_text(&model.text)?;
    let envelope = Sign1::parse(ObjectType::Voucher, &signed)?;
    let (under, mut own) = FieldVoucher::read_stored(&envelope)?;
    change(&mut own)?;
    let delegation = envelope.delegation().unwrap_or_default();
    let text = to_text(&protocol::delegation::sign(&own, delegation, key)?)?;
    let issuer = model.voucher.identity.issuer.clone();
    let voucher = under.delegation.voucher(under.hash, issuer, &own).ok();
    Ok((text, Under { hash: under.hash, voucher }))
}

/// A voucher under a delegation that nobody granted, signed with the office's own stolen key for a phone of
/// the thief's.
///
/// # Errors
/// When it cannot be signed.
pub(super) fn self_granted(
    model: &PresentedVoucher,
    office: &dyn Signer,
    thief: &dyn Signer,
    now: Timestamp,
    nonce: [u8; 8],
) -> protocol::Result<(String, Under)> {
    let signed = from_text(&model.text)?;
    let envelope = Sign1::parse(ObjectType::Voucher, &signed)?;
    let (under, own) = FieldVoucher::read_stored(&envelope)?;
    let delegation = Delegation {
        device: thief.public_key(),
        issued: now,
        from: now,
        nonce,
        ..under.delegation
    };
    let granted = delegation.sign(office)?;
    let hash = Sign1::parse(ObjectType::Delegation, &granted)?.payload_hash();
    let own = FieldVoucher { number: 1, issued: now, ..own };
    let text = to_text(&protocol::delegation::sign(&own, &granted, thief)?)?;
    let issuer: IssuerId = model.voucher.identity.issuer.clone();
    let voucher = delegation.voucher(hash, issuer, &own).ok();
    Ok((text, Under { hash, voucher }))
}
