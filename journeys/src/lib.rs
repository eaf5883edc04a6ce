//! Tests that need both ends: kill loops, two phones, the demo's checks.
#![forbid(unsafe_code)]

pub mod balancer;
pub mod binaries;
pub mod camera;
pub mod command;
pub mod enrolled;
pub mod folder;
pub mod phone;
pub mod programme;
pub mod server;
pub mod simulation;
