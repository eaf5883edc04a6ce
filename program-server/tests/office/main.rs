//! What the office's rooms promise, on both engines: programmes, providers, trust, vouchers.

#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod programmes;
#[cfg(test)]
mod setting;
#[cfg(test)]
mod status;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod trust_in_motion;
#[cfg(test)]
mod vouchers;
