//! The programme server: issues vouchers, takes in evidence, keeps claims.
//!
//! Each module owns its tables, its rules and its calls. [`App`] is what they work with; what travels
//! to phones and back is the `protocol` crate's.
#![forbid(unsafe_code)]

pub mod app;
pub mod bundles;
pub mod claims;
pub mod config;
pub mod database;
pub mod delegations;
pub mod devices;
pub mod documents;
mod error;
pub mod files;
pub mod http;
pub mod keys;
pub mod programmes;
pub mod providers;
pub mod sync;
pub mod trust;
pub mod vouchers;

pub use app::App;
pub use error::{Error, Result};

/// The modules' tables, each module after those whose tables it refers to.
fn module_schemas() -> Vec<database::ModuleSchema> {
    vec![
        programmes::schema(),
        providers::schema(),
        trust::schema(),
        vouchers::schema(),
        devices::schema(),
        delegations::schema(),
        sync::schema(),
        claims::schema(),
        documents::schema(),
    ]
}
