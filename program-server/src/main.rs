//! The programme server: issues vouchers, takes in evidence, keeps claims.

fn main() {}
