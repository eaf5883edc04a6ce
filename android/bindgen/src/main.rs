//! Generates the Kotlin bindings of `verifier-core` from its built library: `bindgen LIBRARY CONFIG OUTDIR`.
//!
//! It calls the generator itself and not `uniffi`'s own command: that is a feature of the crate that the engine links,
//! and cargo would build the whole generator, and a parser of command lines, before the engine in every build.

use std::error::Error;
use std::path::PathBuf;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [library, config, out] = <[PathBuf; 3]>::try_from(arguments)
        .map_err(|_| "name the library, the configuration and the folder to write to")?;
    generate(GenerateOptions {
        languages: vec![TargetLanguage::Kotlin],
        source: library.try_into()?,
        out_dir: out.try_into()?,
        config_override: Some(config.try_into()?),
        ..GenerateOptions::default()
    })?;
    Ok(())
}
