//! The licences of everything that the workspace builds with, on every platform.

use crate::workspace;
use spdx::{Expression, LicenseReq, ParseMode};

/// What the project accepts, by SPDX identifier.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Accepts a licence of the list as it stands: an exception clause (`WITH …`) changes the text, so nobody has agreed to it.
fn accepted(requirement: &LicenseReq) -> bool {
    requirement.addition.is_none()
        && requirement.license.id().is_some_and(|licence| ACCEPTED.contains(&licence.name))
}

/// Why a crate with this licence expression must not be used, or `None` where one may choose only accepted licences from it.
fn refusal(expression: &str) -> Option<String> {
    // Old crates write `MIT/Apache-2.0`, which the lax mode reads as `OR`.
    match Expression::parse_mode(expression, ParseMode::LAX) {
        Ok(parsed) if parsed.evaluate(accepted) => None,
        Ok(_) => Some(format!("needs a licence outside the list: {expression}")),
        Err(error) => Some(format!(
            "has a licence that is no SPDX expression: {expression} ({})",
            error.reason
        )),
    }
}

#[test]
fn every_crate_has_an_accepted_licence() -> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(None)?;
    let refusals: Vec<String> = metadata
        .packages
        .iter()
        .filter_map(|package| {
            let problem = match package.license.as_deref() {
                Some(expression) => refusal(expression)?,
                None => "names no licence in its metadata".to_owned(),
            };
            Some(format!("{} {} {problem}", package.name, package.version))
        })
        .collect();
    assert!(refusals.is_empty(), "{}", refusals.join("\n"));
    Ok(())
}

#[test]
fn an_expression_is_accepted_only_if_every_part_one_must_take_is() {
    assert_eq!(refusal("MIT"), None);
    assert_eq!(refusal("Unlicense OR MIT"), None, "one may choose MIT");
    assert_eq!(refusal("MIT/Apache-2.0"), None, "the old way of writing OR");
    assert_eq!(refusal("(MIT OR GPL-3.0-only) AND ISC"), None);
    assert!(refusal("MIT AND GPL-3.0-only").is_some());
    assert!(refusal("LGPL-2.1-or-later").is_some());
    assert!(
        refusal("Apache-2.0 WITH LLVM-exception").is_some(),
        "a changed text is another licence"
    );
    assert!(refusal("as you like").is_some());
}
