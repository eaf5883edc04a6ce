//! Tests that need both ends: kill loops, two phones, the demo's checks.

pub mod camera;
