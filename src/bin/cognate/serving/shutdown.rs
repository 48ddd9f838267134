//! Signals that end the process.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing::error;

use crate::log;

/// Completes at the first SIGTERM or SIGINT. A second one ends the process at once, even if it is
/// busy: a thread with its own runtime waits for it.
///
/// The handlers are installed when this function returns.
pub(crate) fn signal() -> io::Result<impl Future<Output = ()>> {
    const LOG_PATIENCE: Duration = Duration::from_millis(100);

    let runtime = Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new().name("cognate-signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            signals.next().await;
            // Nobody waits any more if the server ended by itself.
            let _ = stop.send(());
            signals.next().await;
        });
        error!("ended by a second signal");
        log::finish(LOG_PATIENCE);
        process::exit(1)
    })?;
    Ok(async {
        let _ = stopped.await;
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "on other systems installing handlers can fail")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
