//! The state that all connections of the server share.

use cognate::Engine;
use cognate::http::Guard;
use tokio::sync::watch;

use crate::guards::limits::Limits;

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    is_stopping: watch::Sender<bool>,
}

impl Server {
    pub(crate) fn new(engine: Engine, guard: Guard, limits: Limits) -> Self {
        Self { engine, guard, limits, is_stopping: watch::Sender::new(false) }
    }

    /// Tells all connections that the server stops.
    pub(crate) fn stop(&self) {
        self.is_stopping.send_replace(true);
    }

    /// Returns when the server is told to stop.
    pub(crate) async fn stopping(&self) {
        // `self` owns the sender, so it cannot be gone.
        let _ = self.is_stopping.subscribe().wait_for(|is_stopping| *is_stopping).await;
    }
}
