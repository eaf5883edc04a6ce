//! No C in the phone's tree but SQLite, and one TLS library, `rustls` on `ring`, everywhere.
//!
//! C code is what cross-compiles worst and what fails without a panic, so the phone carries the one piece that has no equal in Rust.

use crate::workspace;
use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId};

/// What runs on the phone.
const PHONE: &[&str] = &["protocol", "scan", "verifier-core"];

const PHONE_TARGET: &str = "aarch64-linux-android";

/// The one crate of the phone that may compile C.
const SQLITE: &str = "libsqlite3-sys";

/// Crates that a build script calls to compile, find or bind native code.
const NATIVE_TOOLS: &[&str] = &[
    "autotools",
    "bindgen",
    "cc",
    "cmake",
    "cxx-build",
    "meson",
    "nasm-rs",
    "pkg-config",
    "system-deps",
    "vcpkg",
];

/// What the demo builds, on a machine that has a C compiler alone.
const DEMO: &[&str] = &["verifier-cli", "program-server", "journeys"];

/// Of [`NATIVE_TOOLS`], those for which a C compiler is enough where they are used: `pkg-config` and `vcpkg` look for a
/// library and go without.
const A_COMPILER_DOES: &[&str] = &["cc", "pkg-config", "vcpkg"];

/// Other roads to TLS, each with C or the system's library in it.
const OTHER_TLS: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "aws-lc-fips-sys",
    "boring-sys",
    "native-tls",
    "openssl",
    "openssl-sys",
];

/// The resolved graph with its packages and nodes by id.
struct Graph<'a> {
    packages: BTreeMap<&'a PackageId, &'a Package>,
    nodes: BTreeMap<&'a PackageId, &'a Node>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Metadata) -> Self {
        Self {
            packages: metadata.packages.iter().map(|package| (&package.id, package)).collect(),
            nodes: metadata
                .resolve
                .iter()
                .flat_map(|resolve| &resolve.nodes)
                .map(|node| (&node.id, node))
                .collect(),
        }
    }

    fn dependencies(
        &self,
        of: &PackageId,
        kind: DependencyKind,
    ) -> impl Iterator<Item = &'a PackageId> {
        self.nodes[of]
            .deps
            .iter()
            .filter(move |dependency| dependency.dep_kinds.iter().any(|found| found.kind == kind))
            .map(|dependency| &dependency.pkg)
    }

    /// The named crates and everything linked into them. Procedural macros run in the compiler alone, so the walk stops there.
    fn linked_into(&self, roots: &[&str]) -> BTreeSet<&'a PackageId> {
        let mut waiting: Vec<&PackageId> = self
            .packages
            .values()
            .filter(|package| roots.contains(&package.name.as_str()))
            .map(|package| &package.id)
            .collect();
        let mut reached = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            let in_the_compiler =
                self.packages[id].targets.iter().any(|target| target.is_proc_macro());
            if !in_the_compiler && reached.insert(id) {
                waiting.extend(self.dependencies(id, DependencyKind::Normal));
            }
        }
        reached
    }

    /// The tools of [`NATIVE_TOOLS`] that this crate's build script calls.
    fn tools(&self, id: &PackageId) -> impl Iterator<Item = &'a str> {
        self.dependencies(id, DependencyKind::Build)
            .map(|tool| self.packages[tool].name.as_str())
            .filter(|tool| NATIVE_TOOLS.contains(tool))
    }

    /// What makes this crate native, in words, or `None` for Rust alone.
    fn native(&self, id: &PackageId) -> Option<String> {
        let package = self.packages[id];
        if let Some(library) = &package.links {
            return Some(format!(
                "{} {} links the native library {library}",
                package.name, package.version
            ));
        }
        self.tools(id).next().map(|tool| {
            format!("{} {} calls {tool} from its build script", package.name, package.version)
        })
    }
}

#[test]
fn the_phone_carries_no_c_code_other_than_sqlite() -> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(Some(PHONE_TARGET))?;
    let graph = Graph::new(&metadata);
    let native: Vec<String> = graph
        .linked_into(PHONE)
        .into_iter()
        .filter(|id| graph.packages[*id].name.as_str() != SQLITE)
        .filter_map(|id| graph.native(id))
        .collect();
    assert!(native.is_empty(), "{}", native.join("\n"));
    Ok(())
}

#[test]
fn the_walk_reaches_sqlite_and_sees_that_it_is_native() -> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(Some(PHONE_TARGET))?;
    let graph = Graph::new(&metadata);
    let reached = graph.linked_into(PHONE);
    let sqlite = reached.iter().find(|id| graph.packages[**id].name.as_str() == SQLITE);
    assert!(
        sqlite.is_some_and(|id| graph.native(id).is_some()),
        "{SQLITE} is the phone's database and is C"
    );
    Ok(())
}

#[test]
fn what_the_demo_builds_needs_a_c_compiler_and_nothing_more() -> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(None)?;
    let graph = Graph::new(&metadata);
    let more = |roots: &[&str]| {
        let mut more = Vec::new();
        for id in graph.linked_into(roots) {
            let tools = graph.tools(id).filter(|tool| !A_COMPILER_DOES.contains(tool));
            more.extend(tools.map(|tool| format!("{} needs {tool}", graph.packages[id].name)));
        }
        more
    };
    assert_eq!(more(DEMO), Vec::<String>::new());
    assert!(!more(&["bench"]).is_empty(), "the benchmarks' C++ peer takes cmake");
    Ok(())
}

#[test]
fn tls_is_rustls_on_ring_alone() -> Result<(), cargo_metadata::Error> {
    let metadata = workspace::resolved(None)?;
    let found: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| OTHER_TLS.contains(&package.name.as_str()))
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}
