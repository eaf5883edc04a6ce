//! A guard around foreign code that may panic on odd pictures (rqrr does on a public photo, rxing documents that it
//! may), so that one picture never ends the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it gives `None`. What `work` changed before it panicked must not be used afterwards.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.ok()
}

/// Keeps the message of a panic that reading catches anyway away from the screen; any other panic is reported as
/// before.
///
/// A panic hook belongs to the whole process, so reading never touches it by itself. A program that wants silence
/// calls this at the start of `main`, before it starts threads. Further calls do nothing.
pub fn keep_caught_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |panic| {
            if !CATCHING.get() {
                report(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_caught_and_the_guard_is_taken_down_after() {
        assert_eq!(catch_panic(|| 7), Some(7));
        assert_eq!(catch_panic(|| catch_panic(|| panic!("inner")).or(Some(1))), Some(Some(1)));
        assert_eq!(catch_panic::<()>(|| panic!("outer")), None);
        assert!(!CATCHING.get());
    }
}
