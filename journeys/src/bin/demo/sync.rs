//! The phones come back to the network, and both ends are compared.

use crate::table::Table;
use crate::{Demo, name_of};
use journeys::phone::Phone;
use journeys::programme::text_at;
use journeys::server::Running;
use serde_json::Value;
use std::process::Stdio;
use std::thread;

impl Demo {
    pub fn sync(&self, table: &mut Table) -> Result<(), String> {
        let [a, b] = &self.phones;
        let running = self.office.server.start()?;
        let cut = self.kill_during_sync(a, running)?;
        table.same("the sync was cut short", cut, true);
        let running = self.office.server.start()?;
        let mut stopped = Vec::new();
        for phone in [a, b, a, b] {
            stopped.push(phone.sync()?["stopped"].as_str().map(str::to_owned));
        }
        table.same("both phones sync to the end", stopped, vec![None; 4]);
        for phone in [a, b] {
            let name = name_of(phone.home());
            let unsent = phone.run(&["status", "--json"])?.succeeded()?.json()?["unsent"].as_u64();
            table.same(&format!("{name}: nothing is unsent"), unsent, Some(0));
            let doctor = phone.run(&["doctor"])?;
            table.same(&format!("{name}: the ledger is sound"), doctor.status, Some(0));
        }
        self.compare(table, a, b)?;
        drop(running);
        Ok(())
    }

    /// Starts a sync, waits until the server holds a claim of it, and kills the server. The document
    /// is large enough to be still on its way. Says whether the phone noticed.
    fn kill_during_sync(&self, phone: &Phone, running: Running) -> Result<bool, String> {
        let mut command = phone.command(&["sync", "--json"]);
        let child = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let syncing = thread::spawn(move || child.wait_with_output());
        while !syncing.is_finished() && self.office.claims()?.is_empty() {
            thread::yield_now();
        }
        running.kill();
        let output = syncing
            .join()
            .map_err(|_| "the sync could not be watched".to_owned())?
            .map_err(|error| error.to_string())?;
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
        Ok(report["stopped"].is_string())
    }

    /// What the phones made against what the server holds.
    fn compare(&self, table: &mut Table, a: &Phone, b: &Phone) -> Result<(), String> {
        let mut made: Vec<String> = Vec::new();
        for phone in [a, b] {
            for claim in phone.claims()? {
                made.push(text_at(&claim, "claim")?);
            }
        }
        let held = self.office.claims()?;
        let mut ids = held.iter().map(|it| text_at(it, "claim")).collect::<Result<Vec<_>, _>>()?;
        made.sort();
        ids.sort();
        table.same("the server holds every claim once", ids, made);
        let contested = self.reference("for both phones")?;
        let mut states: Vec<String> = held
            .iter()
            .filter(|claim| claim["voucher"] == contested.as_str())
            .map(|claim| text_at(claim, "state"))
            .collect::<Result<_, _>>()?;
        states.sort();
        table.same(
            "of the two claims on one voucher, one is first and one the conflict",
            states,
            vec!["conflict".to_owned(), "in_review".to_owned()],
        );
        let known = [(a, "in_review", "conflict_first"), (b, "conflict", "redeemed_elsewhere")];
        for (phone, state, reason) in known {
            let claims = phone.claims()?;
            let claim = claims.iter().find(|claim| claim["voucher"] == contested.as_str());
            table.same(
                &format!("{}: the phone knows it", name_of(phone.home())),
                claim.map(|claim| (claim["state"].as_str(), claim["reason"].as_str())),
                Some((Some(state), Some(reason))),
            );
        }
        let documents: Vec<bool> = a
            .claims()?
            .iter()
            .filter_map(|claim| claim["documents"].as_array().cloned())
            .flatten()
            .map(|document| document["held_by_server"] == true)
            .collect();
        table.same("the server holds the document whole", documents, vec![true]);
        let elsewhere = b.check(&self.voucher("money for any provider")?.text, None)?;
        table.same(
            "a voucher served at one phone is refused at the other after a sync",
            elsewhere["reason"].as_str().map(str::to_owned),
            Some("redeemed_elsewhere".to_owned()),
        );
        Ok(())
    }
}
