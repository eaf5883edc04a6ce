//! What the office promises, on both engines: to people, to phones, and to whoever runs it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod commands;
mod database;
mod office;
mod openapi;
mod phones;
mod picture;
mod support;
