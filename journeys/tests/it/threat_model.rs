//! The page that says which test shows what: each test that it names must be there.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = fs::read_to_string(docs.join("threat-model.md")).unwrap();
    let named = named_tests(&page);
    assert!(named.len() > 30, "only {} tests were found on the page", named.len());
    let is_missing = |(test, file): &(&str, &str)| {
        let source = fs::read_to_string(docs.join(file)).unwrap_or_default();
        !source.contains(&format!("fn {test}("))
    };
    let missing: Vec<_> = named.into_iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "the threat model names tests that are not there: {missing:?}");
}

/// Every link of the form [`test`](file).
fn named_tests(page: &str) -> Vec<(&str, &str)> {
    page.split("[`")
        .skip(1)
        .filter_map(|rest| {
            let (test, rest) = rest.split_once("`](")?;
            let (file, _) = rest.split_once(')')?;
            Some((test, file))
        })
        .collect()
}
