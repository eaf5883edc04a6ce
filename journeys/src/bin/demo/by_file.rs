//! A phone without a network: what it did leaves as a sealed file, and the answer comes back as one.

use crate::Demo;
use crate::table::Table;
use journeys::command::Answer;
use journeys::phone::Phone;
use journeys::programme::{text_at, text_of};
use serde_json::Value;

impl Demo {
    pub fn carry_by_file(&self, table: &mut Table) -> Result<(), String> {
        let [_, phone] = &self.phones;
        let voucher = self.voucher("carried by file")?;
        let served = phone.run(&["redeem", "--json", &text_of(&voucher.png)])?.succeeded()?;
        let claim = text_at(&served.json()?, "claim")?;
        let stick = text_of(&self.out.join("memory-stick"));
        let exported = phone.run(&["export", "--json", &stick])?.succeeded()?.json()?;
        let files = files_of(&exported)?;
        table.same(
            "phone-b writes what it did into a file",
            (files.len(), exported["records"].as_u64()),
            (1, Some(1)),
        );
        table.same("an export alone settles nothing", unsent(phone)?, Some(1));
        let altered = self.altered(&files[0])?;
        table.same(
            "the office refuses a file that was altered on its way",
            self.office.server.run(&["bundle", "import", "--json", &altered])?.status == Some(0),
            false,
        );
        let back = text_of(&self.out.join("memory-stick-back"));
        let import = |out: &str| -> Result<Answer, String> {
            self.office.admin(&["bundle", "import", "--json", "--out", out, &files[0]])
        };
        let taken = import(&back)?.json_lines()?;
        table.same(
            "the office takes its record in, with no server running",
            taken.iter().find_map(|line| line["accepted"].as_u64()),
            Some(1),
        );
        let answer = taken.iter().find_map(|line| line["answer"].as_str());
        let answer = answer.ok_or("the office wrote no answer")?.to_owned();
        let again = import(&text_of(&self.out.join("memory-stick-again")))?.json_lines()?;
        table.same(
            "the same file a second time changes nothing",
            again.iter().find_map(|line| line["duplicates"].as_u64()),
            Some(1),
        );
        let [other, _] = &self.phones;
        table.same(
            "another phone cannot read the answer",
            other.run(&["import", "--json", &answer])?.status,
            Some(1),
        );
        phone.run(&["import", "--json", &answer])?.succeeded()?;
        table.same("phone-b reads the answer: nothing is unsent", unsent(phone)?, Some(0));
        let claims = phone.claims()?;
        let state = claims.iter().find(|it| it["claim"] == claim.as_str());
        table.same(
            "phone-b knows what the office did with its claim",
            state.and_then(|claim| claim["state"].as_str()),
            Some("submitted"),
        );
        Ok(())
    }

    /// The file with one byte changed.
    fn altered(&self, file: &str) -> Result<String, String> {
        let mut bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let altered = self.out.join("altered.vsb");
        std::fs::write(&altered, bytes).map_err(|error| error.to_string())?;
        Ok(text_of(&altered))
    }
}

fn files_of(exported: &Value) -> Result<Vec<String>, String> {
    let files = exported["files"].as_array().ok_or("the export names no files")?;
    Ok(files.iter().filter_map(|file| file.as_str().map(str::to_owned)).collect())
}

fn unsent(phone: &Phone) -> Result<Option<u64>, String> {
    Ok(phone.run(&["status", "--json"])?.succeeded()?.json()?["unsent"].as_u64())
}
