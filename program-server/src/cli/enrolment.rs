//! `enrolment`: phones come to be a provider's.

use super::output::Output;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use program_server::devices::{self, Device, DeviceStatus, LONGEST_OFFER};
use program_server::files::{self, FileMode};
use program_server::vouchers::picture::{EnrolmentCard, PictureError};
use program_server::{App, Error, Result, programmes, providers, trust};
use protocol::enrolment::Offer as EnrolmentOffer;
use protocol::id::ProviderId;
use protocol::{Hash, Span};
use serde_json::json;
use std::path::PathBuf;

/// Enrol phones: make a code, compare digits, confirm; or suspend a phone that was lost.
#[derive(Debug, Subcommand)]
pub enum Enrolment {
    Offer(Offer),
    /// List the phones that wait for staff to compare their digits.
    Pending,
    /// List every phone.
    List,
    Confirm(Confirm),
    Suspend(Suspend),
}

/// Make a code that enrols one phone, as a picture to be read on the phone's enrolment screen.
///
/// The code works once. Whoever reads it first has the phone, so hand it over in person.
#[derive(Debug, Args)]
pub struct Offer {
    /// The provider whose phone it will be.
    #[arg(long, value_name = "ID")]
    provider: ProviderId,
    /// How many hours the code is good for.
    #[arg(long, default_value_t = LONGEST_OFFER.as_seconds() / 3600, value_name = "HOURS")]
    hours: u64,
    /// The folder for the picture.
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
}

/// Confirm a phone after its eight digits were compared with those on its own screen.
#[derive(Debug, Args)]
pub struct Confirm {
    /// The phone: the first digits of its id, as `enrolment pending` lists it.
    device: String,
    /// The eight digits on the phone's screen, typed from there.
    #[arg(long)]
    digits: String,
}

/// Suspend a phone that was lost, stolen or misused. What it still sends is kept for a person.
#[derive(Debug, Args)]
pub struct Suspend {
    /// The phone: the first digits of its id.
    device: String,
}

impl Enrolment {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Enrolment::Offer(offer) => offer.run(app, output).await,
            Enrolment::Pending => list(app, Some(DeviceStatus::Unconfirmed), output).await,
            Enrolment::List => list(app, None, output).await,
            Enrolment::Confirm(confirm) => confirm.run(app, output).await,
            Enrolment::Suspend(suspend) => suspend.run(app, output).await,
        }
    }
}

impl Offer {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let db = app.db.reader();
        let provider = providers::get(db, &self.provider).await?;
        let mut served = Vec::with_capacity(provider.programmes.len());
        for id in &provider.programmes {
            served.push(programmes::get(db, id).await?);
        }
        let zone = served.first().map_or("UTC", |programme| programme.zone.name());
        let root = trust::root_hash(db).await?;
        let sealing = trust::current(app).await?.state.list().sealing_keys.first().cloned();
        let (origin, open_for) = (app.config.origin.as_str(), Span::hours(self.hours));
        let offer =
            devices::offer(&app.db, &provider.id, origin, root, sealing, open_for, app.now())
                .await?;
        let text = offer.to_text()?;
        let names: Vec<&str> = served.iter().map(|programme| programme.name.as_str()).collect();
        let reference = reference(&offer);
        let card = EnrolmentCard {
            programme: &names.join(", "),
            provider: &provider.name,
            server: origin,
            validity: &validity(&offer, zone),
            reference: &reference,
            issuer: &app.config.office,
            qr_text: &text,
        };
        let undrawn = |error: PictureError| Error::Invalid(format!("the enrolment code: {error}"));
        let (png, svg) = (card.png().map_err(undrawn)?, card.svg().map_err(undrawn)?);
        std::fs::create_dir_all(&self.out).map_err(Error::file(&self.out))?;
        let file = |suffix| self.out.join(format!("enrolment-{reference}.{suffix}"));
        let (png_file, svg_file) = (file("png"), file("svg"));
        // Whoever reads the code first has the phone.
        files::write(&png_file, &png, FileMode::OwnerOnly)?;
        files::write(&svg_file, svg.as_bytes(), FileMode::OwnerOnly)?;
        output.print(
            &format!(
                "The enrolment code for a phone of {} is in {}. It works once, until {}.\nRead it \
                 on the phone, then compare the digits: `vouchsafe-server enrolment pending`.",
                provider.name,
                png_file.display(),
                offer.expires
            ),
            &json!({
                "reference": reference,
                "provider": provider.id.as_str(),
                "expires": offer.expires.to_string(),
                "text": text,
                "png": png_file.display().to_string(),
                "svg": svg_file.display().to_string(),
            }),
        )
    }
}

/// What people call the offer by: it tells nothing of the code.
fn reference(offer: &EnrolmentOffer) -> String {
    let digest = Hash::of(&offer.code).to_string().to_uppercase();
    format!("{}-{}", &digest[..4], &digest[4..8])
}

/// The end of the offer in the provider's own time.
fn validity(offer: &EnrolmentOffer, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let end = offer.expires.to_jiff().to_zoned(zone);
    format!("Valid until {}", end.strftime("%-d %b %Y, %H:%M"))
}

impl Confirm {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let device = devices::find(&app.db, &self.device).await?;
        devices::confirm(&app.db, &device, &self.digits, app.now()).await?;
        output.print(
            &format!(
                "The phone {} of {} is confirmed. It learns it at its next sync.",
                device.key.kid(),
                device.provider
            ),
            &json!({ "device": device.id.to_string(), "status": DeviceStatus::Confirmed.name() }),
        )
    }
}

impl Suspend {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let device = devices::find(&app.db, &self.device).await?;
        devices::suspend(&app.db, &device).await?;
        output.print(
            &format!(
                "The phone {} of {} is suspended. What it still sends is kept for a person.",
                device.key.kid(),
                device.provider
            ),
            &json!({ "device": device.id.to_string(), "status": DeviceStatus::Suspended.name() }),
        )
    }
}

async fn list(app: &App, status: Option<DeviceStatus>, output: &Output) -> Result<()> {
    let devices = devices::list(&app.db, status).await?;
    if devices.is_empty() {
        return output.info(match status {
            Some(_) => "No phone waits to be confirmed.",
            None => "No phone is enrolled yet: `vouchsafe-server enrolment offer` makes a code.",
        });
    }
    devices.iter().try_for_each(|device| print_device(device, output))
}

fn print_device(device: &Device, output: &Output) -> Result<()> {
    let digits = device.key.fingerprint_digits();
    let (front, back) = digits.split_at(4);
    output.print(
        &format!(
            "{}  {}  {}  digits {front} {back}  enrolled {}",
            device.key.kid(),
            device.provider,
            device.status.name(),
            device.enrolled
        ),
        &json!({
            "device": device.id.to_string(),
            "provider": device.provider.as_str(),
            "status": device.status.name(),
            "digits": digits,
            "enrolled": device.enrolled.to_string(),
        }),
    )
}
