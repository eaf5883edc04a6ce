//! kill -9 at random moments, over and over: nothing that was said may be lost, and nothing may be there twice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod killing;
mod many_processes;
mod one_process;
mod postgres;
