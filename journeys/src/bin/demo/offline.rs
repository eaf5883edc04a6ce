//! What the phones do while no server answers.

use crate::table::Table;
use crate::{Demo, name_of};
use image::Luma;
use journeys::camera::{Degradation, photograph};
use journeys::command::Answer;
use journeys::phone::Phone;
use journeys::programme::{LAST_DAY_IN, day, text_at, text_of};
use serde_json::Value;

impl Demo {
    pub fn work_offline(&self, table: &mut Table) -> Result<(), String> {
        let [a, b] = &self.phones;
        table.same(
            "nobody answers at the server's address",
            a.sync()?["stopped"].as_str().map(str::to_owned),
            Some("unreachable".to_owned()),
        );
        self.accept_photos(table)?;
        self.refuse(table)?;
        self.redeem(table, a, b)
    }

    /// Every voucher that may be served, read from a picture as a camera degrades it.
    fn accept_photos(&self, table: &mut Table) -> Result<(), String> {
        let [a, _] = &self.phones;
        let photos = self.out.join("photos");
        std::fs::create_dir_all(&photos).map_err(|error| error.to_string())?;
        let names = ["money for one provider", "money for any provider", "goods for any provider"];
        for (seed, name) in (1..).zip(names) {
            let photo = photos.join(format!("{}.jpg", name.replace(' ', "-")));
            let picture = image::open(&self.voucher(name)?.png).map_err(|e| e.to_string())?;
            let degradation = Degradation { seed, ..Degradation::default() };
            let taken = photograph(&picture.to_rgb8(), &degradation);
            taken.save(&photo).map_err(|error| error.to_string())?;
            let checked = a.run(&["check", "--json", &text_of(&photo)])?;
            let verdict = checked.json()?;
            table.same(
                &format!("a photo of {name} is accepted"),
                (checked.status, verdict["verdict"].as_str().map(str::to_owned)),
                (Some(0), Some("accept".to_owned())),
            );
        }
        Ok(())
    }

    fn refuse(&self, table: &mut Table) -> Result<(), String> {
        let good = self.voucher("money for any provider")?.text.clone();
        let text = |name: &str| self.voucher(name).map(|voucher| voucher.text.clone());
        let soon = |days: i64| day(days).map(|day| format!("{day}T12:00:00Z"));
        let cases: [(&str, String, Option<String>); 13] = [
            ("not_a_voucher", "https://example.org/menu".to_owned(), None),
            ("unreadable", good[..good.len() / 2].to_owned(), None),
            ("unknown_issuer", text("of a stranger")?, None),
            ("forged", forged(&good)?, None),
            ("issuer_compromised", text("under a stolen key")?, None),
            ("wrong_programme", text("of another programme")?, None),
            ("trust_too_old", good.clone(), Some(soon(800)?)),
            ("clock_turned_back", good.clone(), Some(soon(-5)?)),
            ("revoked", text("revoked")?, None),
            ("suspended", text("suspended")?, None),
            ("wrong_provider", text("goods for another provider")?, None),
            ("issuer_not_valid", text("under a key put away")?, None),
            ("not_yet_valid", text("for later")?, None),
        ];
        let expired = ("expired", good, Some(soon(LAST_DAY_IN + 2)?));
        for (reason, text, at) in cases.into_iter().chain([expired]) {
            let verdict = self.phones[0].check(&text, at.as_deref())?;
            table.same(
                &format!("refused as {reason}"),
                verdict["reason"].as_str().map(str::to_owned),
                Some(reason.to_owned()),
            );
        }
        Ok(())
    }

    fn redeem(&self, table: &mut Table, a: &Phone, b: &Phone) -> Result<(), String> {
        let redeem = |phone: &Phone, name: &str, extra: &[&str]| -> Result<Answer, String> {
            let picture = text_of(&self.voucher(name)?.png);
            phone.run(&[&["redeem", "--json", &picture], extra].concat())
        };
        let receipt = self.out.join("receipt.png");
        receipt_photo().save(&receipt).map_err(|error| error.to_string())?;
        let receipt = text_of(&receipt);
        let served = [
            ("phone-a gives the whole amount", a, "money for one provider", vec![]),
            (
                "phone-a gives less than the voucher",
                a,
                "money for any provider",
                vec!["--amount", "1250.50"],
            ),
            ("phone-a gives goods", a, "goods for any provider", vec!["--operator", "Ana"]),
            ("phone-a attaches a document", a, "with a document", vec!["--document", &receipt]),
            ("phone-a serves the voucher that both will serve", a, "for both phones", vec![]),
            ("phone-b serves it too; neither can know", b, "for both phones", vec![]),
            ("phone-b serves one that it will take back", b, "taken back later", vec![]),
        ];
        for (what, phone, name, extra) in served {
            table.same(what, redeem(phone, name, &extra)?.status, Some(0));
        }
        let more = redeem(a, "never served", &["--amount", "5000.01"])?;
        table.same("more than the voucher gives is not recorded", more.status, Some(2));
        let twice = redeem(a, "money for one provider", &[])?;
        table.same(
            "the same phone serves a voucher once",
            (twice.status, twice.json()?["reason"].as_str().map(str::to_owned)),
            (Some(1), Some("already_redeemed".to_owned())),
        );
        let claim = text_at(b.claims()?.first().unwrap_or(&Value::Null), "claim")?;
        b.run(&["void", &claim, "--reason", "wrong person"])?.succeeded()?;
        let verdict = b.check(&self.voucher("taken back later")?.text, None)?;
        table.same(
            "a voucher that was taken back can be served again",
            verdict["verdict"].as_str().map(str::to_owned),
            Some("accept".to_owned()),
        );
        for phone in [a, b] {
            let doctor = phone.run(&["doctor"])?;
            table.same(
                &format!("{}: the ledger is sound", name_of(phone.home())),
                doctor.status,
                Some(0),
            );
        }
        Ok(())
    }
}

/// The voucher with one byte of its claims changed, as a forger who has no key would do it.
fn forged(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("VS1:").ok_or("not a voucher")?;
    let mut bytes = base45::decode(digits).map_err(|error| error.to_string())?;
    let name = b"Maria";
    let at = bytes.windows(name.len()).position(|part| part == name).ok_or("no holder")?;
    bytes[at..at + name.len()].copy_from_slice(b"Mario");
    Ok(format!("VS1:{}", base45::encode(&bytes)))
}

/// A photo of a receipt: noise, so that no compression makes it small.
fn receipt_photo() -> image::GrayImage {
    let mut state = 0x2545_f491_u32;
    image::GrayImage::from_fn(3000, 4000, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        Luma([(state >> 24) as u8])
    })
}
