//! The office: server, keys, programmes, providers, vouchers.

use crate::Demo;
use crate::table::Table;
use journeys::programme::{Issued, Office, day, text_at};
use journeys::server::Running;
use std::path::{Path, PathBuf};

impl Demo {
    pub fn set_up(&self, table: &mut Table) -> Result<Running, String> {
        let office = &self.office;
        table.same(
            "three root keys lie apart from the server",
            files_in(&office.root_keys())?.len(),
            3,
        );
        for (id, name) in [("aid", "Medical Aid"), ("other", "School Meals")] {
            office.add_programme(id, name)?;
        }
        self.stranger.add_programme("aid", "Medical Aid")?;
        for (id, name) in [("mercy", "Mercy Pharmacy"), ("corner", "Corner Shop")] {
            office.add_provider(id, name, "aid")?;
        }
        office.publish()?;
        let running = office.server.start()?;
        table.row("the server answers", Ok(office.server.origin()));
        Ok(running)
    }
}

impl Demo {
    pub fn issue(&mut self, table: &mut Table) -> Result<(), String> {
        let money = ["--money", "5000.00", "--assistance", "Medicine"];
        let goods = ["--goods", "Rice:25:kg", "--goods", "Oil:2:l", "--assistance", "Food"];
        let mercy = ["--provider", "mercy"];
        let corner = ["--provider", "corner"];
        let (from, until) = (day(100)?.to_string(), day(200)?.to_string());
        let later = ["--from", &from, "--until", &until];
        let kinds: [(&'static str, &str, Vec<&str>); 13] = [
            ("money for one provider", "aid", [&money[..], &mercy].concat()),
            ("money for any provider", "aid", money.to_vec()),
            ("goods for any provider", "aid", goods.to_vec()),
            ("goods for another provider", "aid", [&goods[..], &corner].concat()),
            ("for both phones", "aid", money.to_vec()),
            ("taken back later", "aid", money.to_vec()),
            ("never served", "aid", money.to_vec()),
            ("revoked", "aid", money.to_vec()),
            ("suspended", "aid", money.to_vec()),
            ("of another programme", "other", money.to_vec()),
            ("for later", "aid", [&money[..], &later].concat()),
            ("with a document", "aid", money.to_vec()),
            ("carried by file", "aid", money.to_vec()),
        ];
        for (name, programme, extra) in kinds {
            let voucher = issue(&self.office, programme, &extra)?;
            self.vouchers.insert(name, voucher);
        }
        let fake = issue(&self.stranger, "aid", &money)?;
        self.vouchers.insert("of a stranger", fake);
        self.issue_under_other_keys(&money)?;
        self.office.admin(&["revoke", &self.reference("revoked")?, "--reason", "issued twice"])?;
        self.office.admin(&[
            "suspend",
            &self.reference("suspended")?,
            "--reason",
            "under review",
        ])?;
        self.office.admin(&["trust", "publish"])?;
        table.row(
            "vouchers are pictures that a person can look at",
            Ok(self.voucher("money for one provider")?.png.display().to_string()),
        );
        Ok(())
    }

    /// One voucher under a key that is stolen later, and one under a key that had been put away.
    fn issue_under_other_keys(&mut self, money: &[&str]) -> Result<(), String> {
        for name in ["under a stolen key", "under a key put away"] {
            let key = self.office.admin(&["trust", "add-issuer-key", "--json"])?.json()?;
            let kid = text_at(&key, "kid")?;
            // New vouchers are signed by the newest key.
            let voucher = issue(&self.office, "aid", money)?;
            self.vouchers.insert(name, voucher);
            match name {
                "under a stolen key" => {
                    self.office.admin(&["trust", "compromise", &kid, "--nothing"])?
                }
                _ => {
                    self.office.admin(&["trust", "retire", &kid, "--at", "2020-01-01T00:00:00Z"])?
                }
            };
        }
        Ok(())
    }

    pub fn voucher(&self, name: &str) -> Result<&Issued, String> {
        self.vouchers.get(name).ok_or_else(|| format!("no voucher {name}"))
    }

    pub fn reference(&self, name: &str) -> Result<String, String> {
        Ok(self.voucher(name)?.reference.clone())
    }
}

pub fn issue(office: &Office, programme: &str, extra: &[&str]) -> Result<Issued, String> {
    office.issue(programme, extra)?.into_iter().next().ok_or("nothing was issued".to_owned())
}

fn files_in(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
}
