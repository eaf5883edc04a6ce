//! The table of checks that the demo prints at its end.

/// What was checked, and whether it held.
#[derive(Default)]
pub struct Table(Vec<(String, Result<String, String>)>);

impl Table {
    pub fn title(&self, words: &str) {
        println!("\n{words}");
    }

    /// Notes a check that gives a detail worth showing.
    pub fn row(&mut self, what: &str, held: Result<String, String>) {
        match &held {
            Ok(detail) if detail.is_empty() => println!("  ok    {what}"),
            Ok(detail) => println!("  ok    {what}: {detail}"),
            Err(why) => println!("  FAIL  {what}: {why}"),
        }
        self.0.push((what.to_owned(), held));
    }

    /// Notes whether something is as it should be.
    #[expect(clippy::needless_pass_by_value, reason = "both are made for the comparison alone")]
    pub fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, wanted: T) {
        let held = if found == wanted {
            Ok(String::new())
        } else {
            Err(format!("found {found:?}, wanted {wanted:?}"))
        };
        self.row(what, held);
    }

    pub fn all_held(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(_, held)| held.is_ok())
    }

    pub fn print(&self) {
        println!("\nWhat happened");
        let width = self.0.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
        for (what, held) in &self.0 {
            println!("  {what:<width$}  {}", if held.is_ok() { "held" } else { "DID NOT HOLD" });
        }
        let held = self.0.iter().filter(|(_, held)| held.is_ok()).count();
        println!("\n{held} of {} checks held.", self.0.len());
    }
}
