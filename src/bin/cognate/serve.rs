//! Serving requests until a signal comes.

use std::error::Error;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cognate::Engine;
use cognate::http::{Guard, Outcome, body_too_long};
use cognate::wire::BODY_LENGTH_MAX;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};
use tracing::field::display;
use tracing::{error, info, warn};

use crate::Failure;
use crate::options::Serve;

/// How long requests in flight have to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn serve(options: &Serve) -> Result<(), Failure> {
    let engine = options.open()?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().map_err(Failure::Start)?;
    let stopped = runtime.block_on(listen(&engine, options))?;
    // Operations go on when their client has gone.
    runtime.shutdown_timeout(GRACE.saturating_sub(stopped.elapsed()));
    engine.sync().map_err(Failure::Sync)
}

/// Serves until a signal comes, and returns when it came.
async fn listen(engine: &Engine, options: &Serve) -> Result<Instant, Failure> {
    /// So that a lack of file descriptors does not become a lack of processor time.
    const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

    let address = options.listen;
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| Failure::Listen { address, source })?;
    let guard = Arc::new(guard(&listener, options).map_err(Failure::Start)?);
    let mut stop = pin!(stop_signal().map_err(Failure::Start)?);
    announce(&listener).map_err(Failure::Start)?;
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    attend(stream, engine.clone(), Arc::clone(&guard), connections.watcher());
                }
                Err(error) => {
                    warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let stopped = Instant::now();
    info!("stopping");
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        warn!("requests were cut off that took longer than {} s", GRACE.as_secs());
    }
    Ok(stopped)
}

/// The handlers are in place when it returns.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let (terminate, interrupt) = (pin!(terminate.recv()), pin!(interrupt.recv()));
        tokio::select! {
            _ = terminate => {}
            _ = interrupt => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

fn guard(listener: &TcpListener, options: &Serve) -> io::Result<Guard> {
    let address = listener.local_addr()?;
    let guard = options.guard(address);
    if !guard.is_local() {
        warn!("signatures are not checked: anyone who can reach {address} acts for every account");
    }
    Ok(guard)
}

/// Programs that start this one wait for the line.
fn announce(listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut output = io::stdout().lock();
    writeln!(output, "cognate is listening on http://{address}")?;
    output.flush()
}

/// Serves one connection, which is closed when a request does not begin in time.
fn attend(stream: TcpStream, engine: Engine, guard: Arc<Guard>, watcher: Watcher) {
    const HEADER_READ_MAX: Duration = Duration::from_secs(30);

    // Without it answers are only slower.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_MAX)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| answer(engine.clone(), Arc::clone(&guard), request)),
        );
    // A client that went away, fell silent or spoke no HTTP cannot be told.
    tokio::spawn(async move { drop(watcher.watch(connection).await) });
}

/// An error closes the connection.
async fn answer(
    engine: Engine,
    guard: Arc<Guard>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
    let started = Instant::now();
    let verdict = guard.judge(&request);
    if let Some(response) = verdict.refusal(&engine) {
        log(&response, started);
        return Ok(close(response).map(Full::new));
    }
    let (head, body) = request.into_parts();
    let body = read(body).await.inspect_err(|error| info!("cannot read a request: {error}"))?;
    let answering = spawn_blocking(move || {
        let response = body.map_or_else(
            || verdict.mark(close(body_too_long(&engine))),
            |body| guard.handle(&engine, &Request::from_parts(head, body)),
        );
        log(&response, started);
        response
    });
    let response = answering.await.inspect_err(|error| error!("cannot answer: {error}"))?;
    Ok(response.map(Full::new))
}

fn close(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The body; `None` if it is longer than any operation takes.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
    const BODY_READ_MAX: Duration = Duration::from_secs(30);
    /// A client that still sends when the connection is closed may not see the answer.
    const DISCARDED_MAX: usize = BODY_LENGTH_MAX.saturating_mul(4);

    let reading = async {
        if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length <= BODY_LENGTH_MAX) {
            match Limited::new(&mut body, BODY_LENGTH_MAX).collect().await {
                Ok(whole) => return Ok(Some(whole.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => {}
                Err(error) => return Err(error),
            }
        }
        let mut rest = Limited::new(body, DISCARDED_MAX);
        while let Some(Ok(_)) = rest.frame().await {}
        Ok(None)
    };
    timeout(BODY_READ_MAX, reading).await?
}

/// One line for a request. What the client sent is not in it, but for what a refusal quotes.
fn log(response: &Response<Bytes>, started: Instant) {
    const REASON_LENGTH_MAX: usize = 256;

    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let Some(outcome) = response.extensions().get::<Outcome>() else { return };
    let operation = display(&outcome.operation);
    let request_id = outcome.request_id.as_ref().map(display);
    let Some(failure) = &outcome.failure else {
        info!(operation, status, request_id, duration_us, "request");
        return;
    };
    let fault = display(failure.name);
    let reason: String = failure.message.chars().take(REASON_LENGTH_MAX).collect();
    if let Some(cause) = &failure.cause {
        error!(operation, status, fault, reason, cause, request_id, duration_us, "request");
    } else {
        info!(operation, status, fault, reason, request_id, duration_us, "request");
    }
}
