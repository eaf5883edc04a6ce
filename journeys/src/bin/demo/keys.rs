//! A thief copies the office's keys; the office rotates them, and declares the stolen one compromised.

use crate::Demo;
use crate::issue::issue;
use crate::table::Table;
use journeys::folder;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office, text_at, text_of};
use serde_json::Value;

const MONEY: [&str; 4] = ["--money", "5000.00", "--assistance", "Medicine"];

impl Demo {
    pub fn change_keys(&self, table: &mut Table) -> Result<(), String> {
        let office = &self.office;
        let rotated = office.admin(&["trust", "rotate", "voucher", "--json"])?.json()?;
        let stolen = text_at(&rotated["new"], "kid")?;
        let running = office.server.start()?;
        let [phone, _] = &self.phones;
        phone.sync()?;
        let ours = issue(office, "aid", &MONEY)?;
        let thiefs = self.steal()?;
        table.same(
            "a thief who copied the keys issues what a phone accepts",
            (verdict(phone, &ours)?, verdict(phone, &thiefs)?),
            (accept(), accept()),
        );
        office.admin(&["trust", "compromise", &stolen])?;
        for key in ["status", "profile", "ack", "seal"] {
            office.admin(&["trust", "rotate", key])?;
        }
        let root_keys = text_of(&office.root_keys());
        let root = office.admin(&["trust", "rotate", "trust", "--root-keys", &root_keys, "--json"]);
        table.same(
            "the root changes with the key that signs trust lists: two of three holders sign",
            root?.json()?["root_version"].as_u64(),
            Some(2),
        );
        let report = phone.sync()?;
        table.same(
            "the phone follows: the new root, its list, and every new key",
            (report["stopped"].clone(), report["trust_version"].is_u64()),
            (Value::Null, true),
        );
        table.same(
            "the thief's voucher is refused from then on",
            verdict(phone, &thiefs)?,
            Some("issuer_compromised".to_owned()),
        );
        table.same(
            "what the office truly issued under that key stays good",
            verdict(phone, &ours)?,
            accept(),
        );
        let new = issue(office, "aid", &MONEY)?;
        table.same("so does what the new key signs", verdict(phone, &new)?, accept());
        let served = phone.run(&["redeem", "--json", "--text", &ours.text])?;
        table.same("it is served under the new keys", served.status, Some(0));
        let report = phone.sync()?;
        table.same(
            "and the record arrives, sealed and acknowledged under the new keys",
            (report["stopped"].clone(), report["accepted"].as_u64()),
            (Value::Null, Some(1)),
        );
        drop(running);
        Ok(())
    }

    /// The thief copies all that the office's server has, and issues a voucher with it.
    fn steal(&self) -> Result<Issued, String> {
        let dir = self.out.join("thief");
        folder::copy(&self.out.join("office/server"), &dir.join("server"))?;
        issue(&Office::at(&self.server, &dir)?, "aid", &MONEY)
    }
}

/// `accept`, or why the phone refuses.
fn verdict(phone: &Phone, voucher: &Issued) -> Result<Option<String>, String> {
    let verdict = phone.check(&voucher.text, None)?;
    let said = verdict["reason"].as_str().or(verdict["verdict"].as_str());
    Ok(said.map(str::to_owned))
}

fn accept() -> Option<String> {
    Some("accept".to_owned())
}
