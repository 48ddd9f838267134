//! A planted bug that the fuzzer must find, so that the silence of the other targets means
//! something.
//!
//! An input is damage to records, as in [`records`](crate::records). It is run with a correct
//! store, which must pass, and then with a store that loses a pool if the pool is written while
//! there are more records than in the filled store. Nothing guides the search there, and only the
//! target's ordinary checks can notice the loss.

use std::panic::{set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::records::{self, Fault, Who};

/// The number of additional records that triggers the bug.
const MORE: usize = 2;

/// The text that `fuzz/run` searches for.
const FOUND: &str = "canary: the planted bug was found";

/// Runs the input with a correct store and with a faulty one.
pub fn run(data: &[u8]) {
    static HOOK: Once = Once::new();
    static IS_PLANTED: AtomicBool = AtomicBool::new(false);
    // The last hook that runs on a panic need not return.
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

    /// Three more users, in the tree of logins.
    const MORE_RECORDS: &[u8] = include_bytes!("../seeds/records/three-more-users");

    #[test]
    #[should_panic = "the tag is not there"]
    fn a_lost_write_is_seen() {
        let fault = Fault::LosesPoolsFrom(records::count() + MORE);
        records::run_over(Who::Writers, &MORE_RECORDS[1..], fault);
    }
}
