//! Writes the files of `test-vectors/` that are not there yet.
//!
//! A vector once committed is not regenerated: a file that exists is left as it is, and a test that
//! fails on one is a change of the protocol. Expected values are described from what the vector was
//! made of, never from what reading it gives. All keys come from fixed seeds; sealing alone is random.
#![allow(clippy::needless_pass_by_value, reason = "what is handed over ends in the file")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for developers"
)]

mod alter;
mod bundles;
mod by_reference;
mod bytes;
mod delegation;
mod devices;
mod foreign;
mod issued;
mod restored;
mod trust;
mod verdicts;
mod vouchers;

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// One vector: its name, what it shows in a sentence, and its own fields with `expect` among them.
#[derive(Clone, Serialize)]
struct Vector {
    name: &'static str,
    what: String,
    #[serde(flatten)]
    own: Value,
}

fn vector(name: &'static str, what: impl Into<String>, own: Value) -> Vector {
    Vector { name, what: what.into(), own }
}

#[derive(Serialize)]
struct File<'a> {
    about: &'a str,
    #[serde(flatten)]
    shared: Map<String, Value>,
    vectors: Vec<Vector>,
}

fn error(code: &str) -> Value {
    json!({ "error": code })
}

/// Writes a file unless it exists.
fn write(name: &str, about: &str, shared: Value, vectors: Vec<Vector>) {
    let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name).collect();
    assert_eq!(names.len(), vectors.len(), "{name}: a name appears twice");
    let Value::Object(shared) = shared else { panic!("{name}: what is shared is an object") };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors").join(name);
    let mut text = serde_json::to_string_pretty(&File { about, shared, vectors }).unwrap();
    text.push('\n');
    match std::fs::File::create_new(&path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).unwrap();
            println!("wrote {name}");
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            println!("{name} is there and stays as it is");
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn main() {
    bytes::write_all();
    vouchers::write_all();
    foreign::write_all();
    trust::write_all();
    devices::write_all();
    verdicts::write_all();
    delegation::write_all();
    issued::write_all();
    bundles::write_all();
    restored::write_all();
    by_reference::write_all();
}
