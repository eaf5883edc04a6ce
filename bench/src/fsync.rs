//! Counts the calls by which this process asks the disk to keep something.
//!
//! The program's own `fsync` and `fdatasync` stand in front of the C library's, so that SQLite's calls
//! and the standard library's are counted before they go on to the kernel. Nothing is guessed from
//! SQLite's settings, and no tracer slows the measured work down.
#![allow(unsafe_code, reason = "two functions of the C library are replaced, by name")]

use libc::{SYS_fdatasync, SYS_fsync, c_int, c_long, syscall};
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

static CALLS: AtomicU64 = AtomicU64::new(0);

/// How often this process has called either function.
pub(crate) fn calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

/// Makes sure that calls are really counted here.
pub(crate) fn assert_counted(file: &File) {
    let before = calls();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    assert_eq!(calls() - before, 2, "calls of fsync go past the counter on this system");
}

// SAFETY: the name and signature are those of POSIX, and the call does what the C library's does:
// it hands the descriptor to the kernel, and `syscall` sets errno.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    count_and_call(SYS_fsync, descriptor)
}

// SAFETY: as for `fsync`.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    count_and_call(SYS_fdatasync, descriptor)
}

fn count_and_call(number: c_long, descriptor: c_int) -> c_int {
    CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: both system calls take one descriptor, touch no memory of ours, and answer 0 or −1.
    unsafe { syscall(number, descriptor) as c_int }
}
