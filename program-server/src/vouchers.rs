//! Vouchers as the office issues them.

pub mod picture;
pub mod words;
