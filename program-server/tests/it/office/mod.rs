//! What the office's modules promise, on both engines: programmes, providers, trust, vouchers.

mod programmes;
pub mod setting;
mod status;
mod trust;
mod trust_in_motion;
mod vouchers;
