//! The state that all connections of the server share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cognate::Engine;
use cognate::control::Control;
use cognate::store::Store;
use tokio::sync::watch;

use crate::guards::limits::Limits;
use crate::serving::health::Examiner;

/// The state that all connections share.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    /// The engine's store if other engines share it.
    pub(crate) shared: Option<Arc<dyn Store>>,
    pub(crate) control: Control,
    pub(crate) limits: Limits,
    /// The time from the arrival of a whole request to its answer.
    pub(crate) request_time_max: Duration,
    pub(crate) examiner: Examiner,
    phase: watch::Sender<Phase>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Still serving, but soon it stops.
    Leaving,
    Stopping,
}

impl Server {
    pub(crate) fn new(
        engine: Engine,
        shared: Option<Arc<dyn Store>>,
        control: Control,
        limits: Limits,
        request_time_max: Duration,
    ) -> io::Result<Self> {
        let (examiner, phase) = (Examiner::start()?, watch::Sender::new(Phase::Serving));
        Ok(Self { engine, shared, control, limits, request_time_max, examiner, phase })
    }

    /// Tells those who ask that the server stops soon.
    pub(crate) fn leave(&self) {
        self.phase.send_replace(Phase::Leaving);
    }

    /// Tells all connections that the server stops.
    pub(crate) fn stop(&self) {
        self.control.close();
        self.phase.send_replace(Phase::Stopping);
    }

    /// Whether the server stops now or soon.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.phase.borrow() != Phase::Serving
    }

    /// Returns when all connections are told that the server stops.
    pub(crate) async fn stopping(&self) {
        // `self` owns the sender, so it cannot be gone.
        let _ = self.phase.subscribe().wait_for(|phase| *phase == Phase::Stopping).await;
    }
}
