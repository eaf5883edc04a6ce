//! The vouchsafe command: the phone's engine on a desktop.

fn main() {}
