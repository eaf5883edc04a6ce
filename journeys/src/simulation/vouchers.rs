//! Vouchers as people present them: those that the office issued before stories begin and during them, those
//! that a field officer's phone issues, and those that thieves sign.

use program_server::App;
use program_server::trust;
use program_server::vouchers::{self, IssueRequest, IssuedVoucher};
use protocol::cose::{ObjectType, Sign1};
use protocol::id::{Audience, ProgrammeId};
use protocol::key::{KeyUse, Kid};
use protocol::voucher::{Voucher, from_text, to_text};
use protocol::{Benefit, Currency, GoodsLine, Hash, Money, Quantity};

/// A voucher as it is presented to phones.
#[derive(Debug, Clone)]
pub struct PresentedVoucher {
    pub name: String,
    pub text: String,
    pub voucher: Voucher,
    /// The digest of the signed payload.
    pub payload: Hash,
    pub origin: Origin,
}

/// Who signed a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The office, which has it in its register.
    Office,
    /// The office by mistake: its register has another under the same identity.
    OfficeTwice,
    /// A field officer's phone, under the delegation of this digest.
    Field(Hash),
    /// A thief with the field officer's key, under a delegation, perhaps beyond its limits.
    OfficersKey {
        delegation: Hash,
        /// Whether it oversteps a limit that the voucher alone shows.
        beyond: bool,
    },
    /// A thief with a key of the office: with this voucher key, or under a delegation by this key.
    OfficesKey(Kid),
}

impl PresentedVoucher {
    /// A voucher with this text.
    ///
    /// # Errors
    /// When it is no voucher's text.
    pub fn new(
        name: String,
        text: String,
        voucher: Voucher,
        origin: Origin,
    ) -> protocol::Result<Self> {
        let payload = Sign1::parse(ObjectType::Voucher, &from_text(&text)?)?.payload_hash();
        Ok(PresentedVoucher { name, text, voucher, payload, origin })
    }

    /// A voucher that the office issued.
    ///
    /// # Errors
    /// When its text is too long.
    pub fn issued(name: String, issued: IssuedVoucher) -> program_server::Result<Self> {
        let text = issued.text()?;
        Ok(PresentedVoucher::new(name, text, issued.voucher, Origin::Office)?)
    }

    /// What it gives in minor units; 0 for goods.
    #[must_use]
    pub fn minor(&self) -> u64 {
        match &self.voucher.benefit {
            Benefit::Money(money) => money.minor(),
            Benefit::Goods(_) => 0,
        }
    }

    /// Whether a thief signed it with a key of the office, so that nothing may ever be paid for it.
    #[must_use]
    pub fn is_forged(&self) -> bool {
        matches!(self.origin, Origin::OfficesKey(_))
    }

    /// The delegation that it names, if a field officer's phone or key signed it.
    #[must_use]
    pub fn delegation(&self) -> Option<Hash> {
        match self.origin {
            Origin::Field(delegation) | Origin::OfficersKey { delegation, .. } => Some(delegation),
            _ => None,
        }
    }
}

/// Name, benefit in minor units (0 for goods), audience, first and last day.
type InitialVoucher = (&'static str, u64, Option<&'static str>, Option<&'static str>, &'static str);

/// What stories begin with.
const INITIAL_VOUCHERS: [InitialVoucher; 13] = [
    ("plain 1", 500_000, None, None, "2026-11-30"),
    ("plain 2", 500_000, None, None, "2026-11-30"),
    ("plain 3", 120_000, None, None, "2026-11-30"),
    ("plain 4", 80_000, None, None, "2026-11-30"),
    ("plain 5", 75_000, None, None, "2026-11-30"),
    ("goods 1", 0, None, None, "2026-11-30"),
    ("goods 2", 0, None, None, "2026-11-30"),
    ("for mercy", 60_000, Some("mercy"), None, "2026-11-30"),
    ("for pharmacies", 90_000, Some("pharmacies"), None, "2026-11-30"),
    ("short", 40_000, None, None, "2026-11-23"),
    ("expired", 30_000, None, None, "2026-11-19"),
    ("early", 20_000, None, Some("2026-11-24"), "2026-11-30"),
    ("twin", 70_000, None, None, "2026-11-30"),
];

/// Issues what stories begin with, and a twin of the last of them.
///
/// # Errors
/// When the office cannot issue.
pub async fn issue_initial_vouchers(
    app: &App,
    programme: &ProgrammeId,
) -> program_server::Result<Vec<PresentedVoucher>> {
    let mut requests = Vec::new();
    for (_, minor, audience, first_day, last_day) in INITIAL_VOUCHERS {
        let mut request = issue_request(minor, last_day)?;
        request.audience = audience.map(Audience::new).transpose()?;
        request.first_day = first_day.map(day).transpose()?;
        requests.push(request);
    }
    let issued = vouchers::issue(app, programme, &requests).await?;
    let mut vouchers = Vec::new();
    for (issued, (name, ..)) in issued.into_iter().zip(INITIAL_VOUCHERS) {
        vouchers.push(PresentedVoucher::issued(name.to_owned(), issued)?);
    }
    if let Some(last) = vouchers.last() {
        let twin = Voucher { assistance: "Food".to_owned(), ..last.voucher.clone() };
        let db = app.db.reader();
        let signer = trust::signer(app, db, KeyUse::Voucher, Some(programme), app.now()).await?;
        let text = to_text(&protocol::voucher::sign(&twin, &*signer)?)?;
        vouchers.push(PresentedVoucher::new(
            "twin's twin".to_owned(),
            text,
            twin,
            Origin::OfficeTwice,
        )?);
    }
    Ok(vouchers)
}

/// A request to issue a voucher of so many minor units, or of rice for none.
///
/// # Errors
/// When the day is none.
pub fn issue_request(minor: u64, last_day: &str) -> program_server::Result<IssueRequest> {
    let benefit = match minor {
        0 => Benefit::Goods(vec![GoodsLine {
            item: "rice".to_owned(),
            quantity: Quantity::from_thousandths(25_000)?,
            unit: "kg".to_owned(),
        }]),
        _ => pesos(minor)?,
    };
    Ok(IssueRequest {
        benefit,
        audience: None,
        assistance: "Medicine".to_owned(),
        holder: None,
        first_day: None,
        last_day: day(last_day)?,
        entitlement: None,
        documents: Vec::new(),
        line: None,
    })
}

/// Money of the programme.
///
/// # Errors
/// When it is more than there can be.
pub fn pesos(minor: u64) -> protocol::Result<Benefit> {
    Ok(Benefit::Money(Money::new(minor, Currency::new("PHP")?)?))
}

/// A day by its name.
///
/// # Errors
/// When it is none.
pub fn day(text: &str) -> program_server::Result<jiff::civil::Date> {
    text.parse().map_err(|_| program_server::Error::invalid("a day"))
}
