//! Serves connections until a signal arrives or the database stops.

mod answer;
mod body;
mod client;
mod connection;
mod exchange;
mod health;
mod long;
mod server;
mod shutdown;
mod statistics;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cognate::Engine;
use cognate::ambient::MovableClock;
use cognate::store::{PostgresStore, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use crate::failure::{Failure, chain};
use crate::guards::limits::{LONG_THREADS_MAX, THREADS_MAX};
use crate::options::Serve;
use connection::attend;
use server::Server;

/// The time that requests in progress have to finish after a signal.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn serve(options: &Serve) -> Result<(), Failure> {
    let clock = options.test_clock();
    let (engine, shared) = options.open(clock.as_ref())?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().max_blocking_threads(THREADS_MAX.saturating_add(LONG_THREADS_MAX));
    let runtime = runtime.build().map_err(Failure::Start)?;
    let stopped = runtime.block_on(listen(&engine, shared.as_ref(), clock, options))?;
    // An operation goes on after its client has gone.
    runtime.shutdown_timeout(GRACE.saturating_sub(stopped.elapsed()));
    if let Some(store) = shared {
        statistics::log(&store.statistics());
        return Ok(());
    }
    engine.health().map_err(Failure::Stopped)?;
    engine.sync().map_err(Failure::Sync)
}

/// Serves until a signal arrives or the database stops. Returns that moment.
async fn listen(
    engine: &Engine,
    shared: Option<&Arc<PostgresStore>>,
    clock: Option<MovableClock>,
    options: &Serve,
) -> Result<Instant, Failure> {
    let address = options.listen;
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| Failure::Listen { address, source })?;
    let address = listener.local_addr().map_err(Failure::Start)?;
    let (control, limits) = (options.control(engine, address, clock)?, options.limits());
    let store = shared.map(|store| Arc::clone(store) as Arc<dyn Store>);
    let server = Server::new(engine.clone(), store, control, limits, options.request_time_max());
    let server = Arc::new(server.map_err(Failure::Start)?);
    let mut signal = pin!(shutdown::signal().map_err(Failure::Start)?);
    tokio::select! {
        () = &mut signal => return Ok(Instant::now()),
        announced = announce(address) => announced.map_err(Failure::Start)?,
    }
    if let Some(store) = shared {
        tokio::spawn(statistics::report(Arc::clone(store)));
    }
    let mut database_stop = pin!(until_stopped(engine, shared.is_some()));
    tokio::select! {
        () = accept(&listener, &server) => {}
        () = &mut database_stop => {}
        () = signal => {
            server.leave();
            tokio::select! {
                () = accept(&listener, &server) => {}
                () = database_stop => {}
                () = sleep(options.drain_period()) => {}
            }
        }
    }
    drop(listener);
    let stopped = Instant::now();
    info!("stopping");
    server.stop();
    if timeout(GRACE, server.limits.until_no_connection()).await.is_err() {
        warn!("requests that took longer than {} s were cut off", GRACE.as_secs());
    }
    Ok(stopped)
}

/// Accepts connections, and never returns.
async fn accept(listener: &TcpListener, server: &Arc<Server>) {
    /// Pauses so that a lack of file descriptors does not turn into a busy loop.
    const PAUSE: Duration = Duration::from_millis(100);

    loop {
        match listener.accept().await {
            Ok((stream, peer)) => attend(server, stream, peer),
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Prints the line that programs wait for when they start this one. A separate thread writes it, so
/// that a full pipe does not delay a signal.
async fn announce(address: SocketAddr) -> io::Result<()> {
    let (done, announced) = oneshot::channel();
    thread::Builder::new().name("cognate-announce".to_owned()).spawn(move || {
        let mut output = io::stdout().lock();
        let written = writeln!(output, "cognate is listening on http://{address}");
        // Nobody waits any more if a signal came first.
        let _ = done.send(written.and_then(|()| output.flush()));
    })?;
    announced.await.map_err(io::Error::other)?
}

/// Returns when the database accepts no more writes. It accepts none until it is opened again, so
/// the process ends. Meanwhile logs why deleted pools cannot be removed.
///
/// A shared store never stops: calls succeed again once it is available.
async fn until_stopped(engine: &Engine, is_shared: bool) {
    const PAUSE: Duration = Duration::from_millis(500);

    let mut logged = None;
    loop {
        sleep(PAUSE).await;
        let failure = engine.removal_failure();
        if failure.as_ref().map(Arc::as_ptr) != logged.as_ref().map(Arc::as_ptr) {
            if let Some(failure) = &failure {
                warn!("deleted pools cannot be removed yet: {}", chain(&**failure));
            }
            logged = failure;
        }
        if is_shared {
            continue;
        }
        if let Err(reason) = engine.health() {
            error!("the database accepts no more writes: {}", chain(&reason));
            return;
        }
    }
}

#[cfg(test)]
mod tests;
