//! A field officer issues where there is no network, within limits that the programme signed before.

use crate::Demo;
use crate::table::Table;
use journeys::phone::Phone;
use journeys::programme::{day, text_at, text_of};
use serde_json::Value;

impl Demo {
    pub fn issue_in_the_field(&self, table: &mut Table) -> Result<(), String> {
        let office = &self.office;
        let [phone, _] = &self.phones;
        let officer = Phone::new(phone.binary(), &self.out.join("phone-officer"));
        let running = office.server.start()?;
        self.delegate(&officer)?;
        phone.sync()?;
        running.kill();

        let issue = |amount: &str, picture: &str| {
            let picture = text_of(&self.out.join(picture));
            let order = ["issue", "--json", "--amount", amount, "--holder", "Juan Cruz"];
            officer.run(&[&order[..], &["--out", &picture]].concat())
        };
        table.same(
            "more than one voucher may give is not issued",
            issue("1000.01", "too-much.png")?.status == Some(0),
            false,
        );
        let issued = issue("1000.00", "in-the-field.png")?.succeeded()?.json()?;
        table.same(
            "with no network the officer issues number 1 of 2",
            (issued["number"].as_u64(), issued["under"]["vouchers"].as_u64()),
            (Some(1), Some(2)),
        );
        let picture = text_of(&self.out.join("in-the-field.png"));
        table.same(
            "the officer's own phone does not serve it",
            officer.run(&["redeem", "--json", &picture])?.status,
            Some(1),
        );
        let served = phone.run(&["redeem", "--json", &picture])?;
        table.same(
            "phone-a, with no network either, knows the officer's limits and serves it",
            served.status,
            Some(0),
        );
        let claim = text_at(&served.json()?, "claim")?;

        let running = office.server.start()?;
        let news = |syncing: &Phone| -> Result<(Option<String>, Option<String>), String> {
            syncing.sync()?;
            let claims = phone.claims()?;
            let held = claims.iter().find(|it| it["claim"] == claim.as_str());
            let text = |key: &str| held.and_then(|it| it[key].as_str().map(str::to_owned));
            Ok((text("state"), text("reason")))
        };
        table.same(
            "the claim waits until the officer's phone reports what it issued",
            news(phone)?,
            (Some("in_review".to_owned()), Some("issue_record_missing".to_owned())),
        );
        officer.sync()?;
        table.same(
            "and goes on by itself once it has",
            news(phone)?.0,
            Some("submitted".to_owned()),
        );
        drop(running);
        Ok(())
    }

    /// Enrols the officer's phone and lets it issue two vouchers.
    fn delegate(&self, officer: &Phone) -> Result<(), String> {
        let office = &self.office;
        office.add_provider("field", "Field Office", "aid")?;
        let device = office.enrol(officer, "field")?;
        let until = day(30)?.to_string();
        let limits = ["--max", "1000.00", "--total", "1500.00", "--number", "2"];
        let rest = ["--valid-days", "7", "--until", &until, "--assistance", "Medicine"];
        let whom = ["delegation", "grant", "--device", &device, "--programme", "aid"];
        office.admin(&[&whom[..], &limits, &rest].concat())?;
        match officer.sync()?["stopped"] {
            Value::Null => Ok(()),
            ref why => Err(format!("the officer's phone did not sync: {why}")),
        }
    }
}
