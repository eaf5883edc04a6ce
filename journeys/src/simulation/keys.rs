//! Keys that change: rotated in good order, stolen and used by a thief, and declared compromised with the
//! set of what was truly issued.

use super::field::self_granted;
use super::vouchers::{Origin, PresentedVoucher, pesos};
use super::world::World;
use program_server::App;
use program_server::keys::Purpose;
use program_server::trust::{self, RootChange};
use program_server::{delegations, vouchers};
use protocol::id::VoucherId;
use protocol::key::{Ed25519Key, KeyUse, Kid, Signer as _};
use protocol::voucher::{Reference, Voucher, VoucherIdentity, sign, to_text};
use protocol::{Span, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;

/// A key of the office in wrong hands.
pub struct Stolen {
    key: Arc<Ed25519Key>,
    purpose: KeyUse,
    /// When the office declared it compromised, if it did.
    pub declared: Option<Timestamp>,
}

/// What may be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotation {
    /// The key of this use.
    Signing(KeyUse),
    /// The key to which phones seal.
    Sealing,
    Root,
}

/// Every rotation, with how likely it is among them.
const ROTATIONS: [(Rotation, u32); 7] = [
    (Rotation::Signing(KeyUse::Voucher), 25),
    (Rotation::Signing(KeyUse::Delegation), 15),
    (Rotation::Signing(KeyUse::Status), 10),
    (Rotation::Signing(KeyUse::Profile), 10),
    (Rotation::Signing(KeyUse::Ack), 15),
    (Rotation::Sealing, 30),
    (Rotation::Root, 25),
];

impl World<'_> {
    /// Rotates a key and publishes the list that says so. A signing key may begin hours from now.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn rotate(&mut self) -> Result<(), String> {
        let weights = ROTATIONS.map(|(_, weight)| weight);
        let rotation = ROTATIONS[self.random.weighed(&weights)].0;
        let later =
            Span::hours(if self.random.percent(30) { self.random.between(1, 20) } else { 0 });
        let others = self.random.percent(30);
        let rotated = match rotation {
            Rotation::Signing(purpose) => {
                self.office.does(async |app| rotate_signing(app, purpose, later).await)?
            }
            Rotation::Sealing => self.office.does(async |app| rotate_sealing(app, others).await)?,
            Rotation::Root => self.rotate_root(others)?,
        };
        match rotated {
            Ok(()) => {
                self.coverage.rotated += 1;
                self.tell(format!("the office rotates {rotation:?}"));
            }
            Err(error) => self.tell(format!("the office rotates no {rotation:?}: {error}")),
        }
        Ok(())
    }

    /// The next root, by keys that lie beside the office's files; perhaps with another key, and another
    /// trust key.
    fn rotate_root(&mut self, new_keys: bool) -> Result<program_server::Result<()>, String> {
        let media = media(&self.office_home()).map_err(|error| error.to_string())?;
        let folder = self.office_home().join(format!("{ROOT_KEYS}-{}", media.len()));
        let new_trust_key = self.random.percent(50);
        let rotated = self.office.does(async |app| {
            let change = RootChange {
                media: &media,
                new_keys: new_keys.then_some((1, folder.as_path())),
                new_trust_key,
                ..RootChange::default()
            };
            trust::rotate_root(app, change).await.map(|_| ())
        })?;
        Ok(rotated)
    }

    /// A thief copies a voucher or delegation key of the office.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn steal_key(&mut self) -> Result<(), String> {
        let purpose = match self.random.percent(70) {
            true => KeyUse::Voucher,
            false => KeyUse::Delegation,
        };
        let stolen = self.office.does(async |app| {
            let keys = trust::keys(app.db.reader()).await?;
            let newest = keys.iter().rev().find(|key| key.purpose == purpose && key.end.is_none());
            newest.map(|key| app.keys.signer(Purpose::Signs(purpose), key.key.kid())).transpose()
        })?;
        if let Ok(Some(key)) = stolen {
            self.tell(format!("a thief has the {} key {}", purpose.name(), kid(&key)));
            self.stolen.push(Stolen { key, purpose, declared: None });
            self.forge_with_offices_key()?;
        }
        Ok(())
    }

    /// A thief signs with a key of the office: a voucher, a known one with another amount, or a delegation
    /// to himself and a voucher under it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn forge_with_offices_key(&mut self) -> Result<(), String> {
        if self.stolen.is_empty() {
            return Ok(());
        }
        let which = self.random.below(self.stolen.len());
        let (key, purpose) = (self.stolen[which].key.clone(), self.stolen[which].purpose);
        let from_the_office = |origin| match purpose {
            KeyUse::Voucher => matches!(origin, Origin::Office),
            _ => matches!(origin, Origin::Field(_)),
        };
        let models: Vec<usize> = (0..self.vouchers.len())
            .filter(|&at| from_the_office(self.vouchers[at].origin))
            .collect();
        let Some(&model) = self.random.pick(&models) else { return Ok(()) };
        let model = self.vouchers[model].clone();
        let forged = match purpose {
            KeyUse::Voucher => self.forged_voucher(&model, &key),
            _ => {
                let thief = Ed25519Key::from_seed(&[0xee; 32]);
                let nonce = self.random.number().to_be_bytes();
                self_granted(&model, &*key, &thief, self.now, nonce).map(|(text, under)| {
                    let voucher = under.voucher.unwrap_or_else(|| model.voucher.clone());
                    (text, voucher)
                })
            }
        };
        let (text, voucher) = forged.map_err(|error| error.to_string())?;
        let at = self.vouchers.len();
        let name = format!("forgery {at} of {}", model.name);
        let presented = PresentedVoucher::new(name, text, voucher, Origin::OfficesKey(kid(&key)));
        self.vouchers.push(presented.map_err(|error| error.to_string())?);
        self.tell(format!("a thief signs {}", self.vouchers[at].name));
        self.show_at_once(at)
    }

    fn forged_voucher(
        &mut self,
        model: &PresentedVoucher,
        key: &Ed25519Key,
    ) -> protocol::Result<(String, Voucher)> {
        let mut voucher = Voucher { issued: self.now, ..model.voucher.clone() };
        voucher.benefit = pesos(self.random.between(1, 900_000))?;
        if self.random.percent(60) {
            let cti = VoucherId::from_bytes(self.random.bytes());
            let issuer = voucher.identity.issuer;
            voucher.identity = VoucherIdentity { issuer, reference: Reference::Cti(cti) };
            voucher.status = None;
        }
        Ok((to_text(&sign(&voucher, key)?)?, voucher))
    }

    /// The office learns of a stolen key and declares it compromised, with what its register says was
    /// issued under it.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn declare_compromised(&mut self) -> Result<(), String> {
        let open: Vec<usize> =
            (0..self.stolen.len()).filter(|&at| self.stolen[at].declared.is_none()).collect();
        let Some(&at) = self.random.pick(&open) else { return Ok(()) };
        let (kid, purpose) = (kid(&self.stolen[at].key), self.stolen[at].purpose);
        match self.office.does(async |app| compromise(app, kid, purpose).await)? {
            Ok(issued) => {
                self.stolen[at].declared = Some(self.now);
                self.coverage.compromised += 1;
                self.tell(format!("the office declares {kid} compromised; {issued} stay good"));
            }
            Err(error) => {
                self.tell(format!("the office is troubled as it declares {kid}: {error}"))
            }
        }
        Ok(())
    }
}

/// The folders of root keys begin so.
pub const ROOT_KEYS: &str = "root-keys";

/// The folders with root keys beside the office's files.
fn media(home: &std::path::Path) -> std::io::Result<Vec<PathBuf>> {
    let mut media = Vec::new();
    for entry in std::fs::read_dir(home)? {
        let entry = entry?;
        let is_medium = entry.file_name().to_string_lossy().starts_with(ROOT_KEYS);
        if is_medium && std::fs::read_dir(entry.path())?.next().is_some() {
            media.push(entry.path());
        }
    }
    media.sort();
    Ok(media)
}

fn kid(key: &Ed25519Key) -> Kid {
    key.public_key().kid()
}

async fn rotate_signing(app: &App, purpose: KeyUse, later: Span) -> program_server::Result<()> {
    let transaction = app.db.begin().await?;
    let from = trust::next_second(app).after(later);
    trust::rotate(app, &transaction, purpose, None, from).await?;
    transaction.commit().await?;
    trust::publish(app).await.map(|_| ())
}

async fn rotate_sealing(app: &App, drop_others: bool) -> program_server::Result<()> {
    let transaction = app.db.begin().await?;
    trust::add_sealing_key(app, &transaction, drop_others).await?;
    transaction.commit().await?;
    trust::publish(app).await.map(|_| ())
}

async fn compromise(app: &App, kid: Kid, purpose: KeyUse) -> program_server::Result<usize> {
    let transaction = app.db.begin().await?;
    let issued = match purpose {
        KeyUse::Voucher => vouchers::payloads_signed_with(&*transaction, kid, None).await?,
        _ => delegations::payloads_signed_with(&*transaction, kid, None).await?,
    };
    let compromised = trust::compromise(app, &transaction, kid, &issued).await?;
    transaction.commit().await?;
    trust::publish(app).await?;
    Ok(compromised.issued)
}
