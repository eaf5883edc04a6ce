//! Two phones join their providers.

use crate::table::Table;
use crate::{Demo, name_of};
use journeys::phone::Phone;
use journeys::programme::{text_at, text_of};

impl Demo {
    pub fn enrol(&self, table: &mut Table) -> Result<(), String> {
        for (phone, provider) in self.phones.iter().zip(["mercy", "corner"]) {
            let name = name_of(phone.home());
            let picture = text_of(&self.office.offer(provider)?);
            let enrolled = phone.run(&["enrol", "--json", &picture])?.succeeded()?.json()?;
            let digits = text_at(&enrolled, "digits")?;
            let device = self.office.pending(&digits)?;
            let other = if digits == "00000000" { "00000001" } else { "00000000" };
            let wrong =
                self.office.server.run(&["enrolment", "confirm", &device, "--digits", other])?;
            table.same(
                &format!("{name}: wrong digits confirm nothing"),
                wrong.status == Some(0),
                false,
            );
            self.office.admin(&["enrolment", "confirm", &device, "--digits", &digits])?;
            let again = Phone::new(phone.binary(), &self.out.join("second-use"));
            let again = again.run(&["enrol", "--json", &picture])?;
            table.same(&format!("{name}: the code works once"), again.status, Some(1));
            phone.run(&["sync"])?.succeeded()?;
            let status = phone.run(&["status", "--json"])?.succeeded()?.json()?;
            table.same(
                &format!("{name}: staff compared {digits} and confirmed"),
                status["profile"]["confirmed"].as_bool(),
                Some(true),
            );
            std::fs::remove_dir_all(self.out.join("second-use")).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}
