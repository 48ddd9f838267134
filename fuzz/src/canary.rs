//! A bug that has to be found, so that silence of the other targets means something.
//!
//! An input is damage to records, of which [`records`](crate::records) says more. With a right store it has to hold; then the same
//! is done with a store that loses a pool that is written while it holds more records than it was
//! filled with. Nothing leads the search there, and only what the target looks at anyway shows it.

use std::panic::{set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::records::{self, Fault, Who};

/// How many records are too many.
const MORE: usize = 2;

/// What `fuzz/run` looks for.
const FOUND: &str = "canary: the planted bug was found";

/// Does the same with a right store and with a wrong one.
pub fn run(data: &[u8]) {
    static HOOK: Once = Once::new();
    static IS_PLANTED: AtomicBool = AtomicBool::new(false);
    // Whoever hears of a panic last may not return.
    HOOK.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            if IS_PLANTED.load(Ordering::Relaxed) {
                eprintln!("{FOUND}");
            }
            next(panic);
        }));
    });
    records::run_over(Who::Writers, data, Fault::None);
    IS_PLANTED.store(true, Ordering::Relaxed);
    records::run_over(Who::Writers, data, Fault::LosesPoolsFrom(records::count() + MORE));
    IS_PLANTED.store(false, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three users more, in the tree of logins.
    const MORE_RECORDS: &[u8] = include_bytes!("../seeds/records/three-more-users");

    #[test]
    #[should_panic = "the tag is not there"]
    fn a_lost_write_is_seen() {
        let fault = Fault::LosesPoolsFrom(records::count() + MORE);
        records::run_over(Who::Writers, &MORE_RECORDS[1..], fault);
    }
}
