//! The thread of a store whose durability leaves something to a later moment.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::store::StoreError;
use crate::store::sled::Shared;

/// Syncs now and then what the durability leaves to a later moment.
#[derive(Debug)]
pub(super) struct Tender {
    closing: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Tender {
    const PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn spawn(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let closing = Arc::new((Mutex::new(false), Condvar::new()));
        let signal = Arc::clone(&closing);
        let thread = thread::Builder::new()
            .name("cognate-sync".to_owned())
            .spawn(move || {
                let (closing, woken) = &*signal;
                let mut closing = closing.lock();
                while !*closing {
                    woken.wait_for(&mut closing, Self::PAUSE);
                    let behind = shared.applied() > shared.mark.number();
                    if behind && shared.guarded(|| shared.sync()).is_err() {
                        return;
                    }
                }
            })
            .map_err(StoreError::failed)?;
        Ok(Self { closing, thread: Some(thread) })
    }
}

impl Drop for Tender {
    fn drop(&mut self) {
        let (closing, woken) = &*self.closing;
        *closing.lock() = true;
        woken.notify_all();
        // A panic of the thread has already stopped the store.
        drop(self.thread.take().map(JoinHandle::join));
    }
}
