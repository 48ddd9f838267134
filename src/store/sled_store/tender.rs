//! The background threads of a store that does not sync every commit.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::store::StoreError;
use crate::store::sled_store::{Durability, Shared};

/// Syncs regularly, and writes the changes of a relaxed store.
pub(super) struct Tender {
    shared: Arc<Shared>,
    closing: Arc<(Mutex<bool>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
}

impl Tender {
    const PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn spawn(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut tender = Self { shared, closing: Arc::default(), threads: Vec::new() };
        let (shared, closing) = (Arc::clone(&tender.shared), Arc::clone(&tender.closing));
        tender.run("cognate-sync", move || sync_now_and_then(&shared, &closing))?;
        if tender.shared.durability == Durability::Relaxed {
            let shared = Arc::clone(&tender.shared);
            tender.run("cognate-write", move || write_what_gathers(&shared))?;
        }
        Ok(tender)
    }

    fn run(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        self.threads.push(thread.map_err(StoreError::failed)?);
        Ok(())
    }
}

fn sync_now_and_then(shared: &Shared, (closing, woken): &(Mutex<bool>, Condvar)) {
    let mut closing = closing.lock();
    while !*closing {
        woken.wait_for(&mut closing, Tender::PAUSE);
        if shared.is_behind() && shared.guarded(|| shared.sync()).is_err() {
            return;
        }
    }
}

fn write_what_gathers(shared: &Shared) {
    while shared.behind.wait_until_full() {
        if shared.guarded(|| shared.write_behind()).is_err() {
            // Writers that wait for room would wait forever.
            shared.behind.close();
        }
    }
}

impl Drop for Tender {
    fn drop(&mut self) {
        let (closing, woken) = &*self.closing;
        *closing.lock() = true;
        woken.notify_all();
        self.shared.behind.close();
        for thread in self.threads.drain(..) {
            // If the thread panicked, the store has already stopped.
            drop(thread.join());
        }
    }
}
