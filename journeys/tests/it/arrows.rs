//! Which crate of the workspace may depend on which. The table is the layout of ARCHITECTURE.md, and cargo is the judge.

use crate::workspace;
use std::collections::BTreeMap;

use cargo_metadata::DependencyKind;

const SERVER: &str = "program-server";

/// For each crate, the crates of ours that its shipped code may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("scan", &[]),
    ("verifier-core", &["protocol", "scan"]),
    ("verifier-cli", &["protocol", "scan", "verifier-core"]),
    (SERVER, &["protocol"]),
    // Nobody ships it: it is where both ends meet.
    ("journeys", &["protocol", "scan", "verifier-core", SERVER]),
    ("border", &["protocol", "scan", "verifier-core"]),
    ("bench", &["fixtures", "prints", "protocol", "samples", "scan", "verifier-core", SERVER]),
    ("fuzz", &["fixtures", "protocol", "samples", "scan", "verifier-core"]),
    ("prints", &[]),
    ("samples", &["protocol"]),
    ("fixtures", &["protocol", "samples", "verifier-core"]),
    ("vectors", &["fixtures", "protocol", "samples", "verifier-core"]),
    ("bindgen", &[]),
];

/// The only crates whose tests may use the server's code.
const MAY_TEST_THE_SERVER: &[&str] = &["journeys", "bench"];

/// One arrow between two crates of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    only_in_tests: bool,
}

impl Arrow<'_> {
    /// Why this arrow must not be, or `None` where the layout has it.
    fn refusal(&self) -> Option<String> {
        let Self { from, to, only_in_tests } = *self;
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from) else {
            return Some(format!(
                "{from} is not in the table of this test: say there what it may depend on"
            ));
        };
        if only_in_tests {
            return (to == SERVER && !MAY_TEST_THE_SERVER.contains(&from)).then(|| {
                format!("the tests of {from} use {to}: tests that need the server live in journeys")
            });
        }
        (!allowed.contains(&to))
            .then(|| format!("{from} depends on {to}, and may depend on {allowed:?} only"))
    }
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows_of_the_layout()
-> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(None)?;
    let members: BTreeMap<&str, _> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.as_str(), package))
        .collect();
    let refusals: Vec<String> = members
        .iter()
        .flat_map(|(from, package)| {
            package.dependencies.iter().map(move |dependency| (*from, dependency))
        })
        .filter(|(_, dependency)| members.contains_key(dependency.name.as_str()))
        .filter_map(|(from, dependency)| {
            Arrow {
                from,
                to: &dependency.name,
                only_in_tests: dependency.kind == DependencyKind::Development,
            }
            .refusal()
        })
        .collect();
    assert!(refusals.is_empty(), "{}", refusals.join("\n"));
    Ok(())
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table_and_no_other() -> Result<(), cargo_metadata::Error>
{
    let metadata = workspace::resolved(None)?;
    let mut members: Vec<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut table: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    members.sort_unstable();
    table.sort_unstable();
    assert_eq!(members, table);
    Ok(())
}

#[test]
fn an_arrow_that_the_layout_lacks_is_refused() {
    let shipped = |from, to| Arrow { from, to, only_in_tests: false }.refusal().is_some();
    assert!(shipped("protocol", "verifier-core"), "an arrow against the stream");
    assert!(shipped("scan", "protocol"), "scan stands alone");
    assert!(
        shipped(SERVER, "verifier-core"),
        "the server knows the protocol and nothing of the phone"
    );
    assert!(shipped("verifier-cli", SERVER), "nothing that ships has the server inside it");
    assert!(!shipped("journeys", SERVER));
    assert!(shipped("a-new-crate", "protocol"), "a crate that nobody placed");
    assert!(!shipped("verifier-core", "protocol"));

    let tested = |from, to| Arrow { from, to, only_in_tests: true }.refusal().is_some();
    assert!(tested("verifier-cli", SERVER), "tests of both ends live in journeys");
    assert!(!tested("journeys", SERVER));
    assert!(!tested(SERVER, "scan"));
}
