//! The program `cognate`: an HTTP server in front of one database.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cognate::http::{Outcome, body_too_long, handle};
use cognate::wire::BODY_LENGTH_MAX;
use cognate::{
    Durability, Engine, Issuer, JwkSet, OidcVerifier, RoleAccounts, SigningAlgorithm, SledOptions,
    Throttling, UnverifiedLogins,
};
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

/// An Amazon Cognito identity-pool engine.
#[derive(Debug, Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers requests of AWS SDKs until it gets SIGTERM or SIGINT.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// The folder of the database; it is made if it is missing.
    #[arg(long, value_name = "PATH", default_value = "./cognate-data")]
    data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// How tokens are signed; the service signs with RS512.
    #[arg(long, value_name = "NAME", value_enum, default_value = "rs512")]
    signing_algorithm: AlgorithmName,
    /// What an answered operation survives.
    #[arg(long, value_name = "NAME", value_enum, default_value = "power-loss")]
    durability: DurabilityName,
    /// A file whose bytes are the secret that seals new signing keys: random, 32 or more of them.
    #[arg(long, value_name = "PATH")]
    key_secret_file: Option<PathBuf>,
    /// The key set of an OpenID Connect issuer or a user pool, a file in JSON; may be repeated,
    /// once for each issuer.
    #[arg(long, value_name = "ISSUER=FILE", value_parser = pair, conflicts_with = TRUST)]
    oidc_jwks: Vec<(String, String)>,
    /// An application that is registered with an issuer of `OpenIdConnectProviderARNs`; may be
    /// repeated. Without one the issuer's tokens for every application are accepted.
    #[arg(long, value_name = "ISSUER=CLIENT", value_parser = pair)]
    oidc_client_id: Vec<(String, String)>,
    /// How long after its end a token of an issuer of `OpenIdConnectProviderARNs` is accepted; the
    /// service's guide speaks of 300 seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = TRUST)]
    oidc_grace_period: u32,
    /// Accepts logins without looking at their signatures: anybody can be anybody. For tests only.
    #[arg(long)]
    trust_unverified_logins: bool,
    /// Accepts roles of every account, not of the pool's own only.
    #[arg(long)]
    roles_of_any_account: bool,
    /// Limits calls to the service's documented rates.
    #[arg(long)]
    throttle: bool,
}

/// The flag that makes key sets useless.
const TRUST: &str = "trust_unverified_logins";

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let text = text.strip_prefix("https://").unwrap_or(text);
    match text.split_once('=') {
        Some((issuer, value)) if !issuer.is_empty() && !value.is_empty() => {
            Ok((issuer.to_owned(), value.to_owned()))
        }
        _ => Err("an issuer, `=`, and a value are expected"),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AlgorithmName {
    Rs512,
    Es256,
    #[value(name = "eddsa")]
    EdDsa,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityName {
    /// A power cut.
    PowerLoss,
    /// A killed process.
    ProcessKill,
    /// Neither.
    Relaxed,
}

/// Why the server does not run, or did not end well.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read the key secret in {}", path.display())]
    KeySecret { path: PathBuf, source: io::Error },
    #[error("the key secret in {} is empty", .0.display())]
    KeySecretEmpty(PathBuf),
    #[error("cannot use the key set of {issuer} in {file}")]
    KeySet { issuer: String, file: String, source: Box<dyn Error> },
    #[error("a client of {0} is registered, whose key set is not given")]
    IssuerUnknown(String),
    #[error("two key sets of {0} are given")]
    IssuerTwice(String),
    #[error("cannot open the database in {}", path.display())]
    Open { path: PathBuf, source: cognate::Error },
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    #[error("cannot make the last changes durable")]
    Sync(#[source] cognate::Error),
}

fn main() -> ExitCode {
    let Program { command: Command::Serve(options) } = Program::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false)
        .init();
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told that this could not be written.
            let _ = writeln!(io::stderr(), "cognate: {}", chain(&failure));
            ExitCode::FAILURE
        }
    }
}

fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// How long requests in flight have to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

fn serve(options: &Serve) -> Result<(), Failure> {
    let engine = open(options)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().map_err(Failure::Start)?;
    let stopped = runtime.block_on(listen(&engine, options.listen))?;
    // Operations go on when their client has gone.
    runtime.shutdown_timeout(GRACE.saturating_sub(stopped.elapsed()));
    engine.sync().map_err(Failure::Sync)
}

fn open(options: &Serve) -> Result<Engine, Failure> {
    let mut builder = Engine::builder().signing_algorithm(match options.signing_algorithm {
        AlgorithmName::Rs512 => SigningAlgorithm::Rs512,
        AlgorithmName::Es256 => SigningAlgorithm::Es256,
        AlgorithmName::EdDsa => SigningAlgorithm::EdDsa,
    });
    if let Some(path) = &options.key_secret_file {
        let read = fs::read(path);
        let secret = read.map_err(|source| Failure::KeySecret { path: path.clone(), source })?;
        if secret.is_empty() {
            return Err(Failure::KeySecretEmpty(path.clone()));
        }
        builder = builder.key_secret(secret);
    }
    let issuers = issuers(options)?.into_iter();
    builder = if options.trust_unverified_logins {
        warn!("the signatures of logins are not verified: anybody can be anybody");
        let verifier = UnverifiedLogins::trust_everyone();
        builder.login_verifier(issuers.fold(verifier, |v, (name, issuer)| v.issuer(name, issuer)))
    } else {
        let grace_period = Duration::from_secs(options.oidc_grace_period.into());
        let verifier = OidcVerifier::new().grace_period(grace_period);
        builder.login_verifier(issuers.fold(verifier, |v, (name, issuer)| v.issuer(name, issuer)))
    };
    if options.roles_of_any_account {
        builder = builder.role_accounts(RoleAccounts::Any);
    }
    if options.throttle {
        builder = builder.throttling(Throttling::DocumentedRates);
    }
    let path = &options.data;
    let database = SledOptions::new(path).durability(match options.durability {
        DurabilityName::PowerLoss => Durability::PowerLoss,
        DurabilityName::ProcessKill => Durability::ProcessKill,
        DurabilityName::Relaxed => Durability::Relaxed,
    });
    builder.open_sled(database).map_err(|source| Failure::Open { path: path.clone(), source })
}

/// The issuers that are named, each with its keys and its clients.
fn issuers(options: &Serve) -> Result<BTreeMap<&str, Issuer>, Failure> {
    let mut issuers: BTreeMap<&str, Issuer> = BTreeMap::new();
    for (name, file) in &options.oidc_jwks {
        let keys = key_set(file).map_err(|source| {
            let (issuer, file) = (name.clone(), file.clone());
            Failure::KeySet { issuer, file, source }
        })?;
        if issuers.insert(name, Issuer::new(keys)).is_some() {
            return Err(Failure::IssuerTwice(name.clone()));
        }
    }
    for name in issuers.keys() {
        if !options.oidc_client_id.iter().any(|(known, _)| known == name) {
            warn!("{name} has no registered client: as a provider of IAM it logs in for every one");
        }
    }
    for (name, client) in &options.oidc_client_id {
        let known = match issuers.remove(name.as_str()) {
            Some(known) => known,
            None if options.trust_unverified_logins => Issuer::without_keys(),
            None => return Err(Failure::IssuerUnknown(name.clone())),
        };
        issuers.insert(name, known.client_id(client));
    }
    Ok(issuers)
}

fn key_set(file: &str) -> Result<JwkSet, Box<dyn Error>> {
    let keys = JwkSet::from_json(fs::read(file)?)?;
    if keys.is_empty() { Err("none of its keys can verify a token".into()) } else { Ok(keys) }
}

/// Serves until a signal comes, and returns when it came.
async fn listen(engine: &Engine, address: SocketAddr) -> Result<Instant, Failure> {
    /// So that a lack of file descriptors does not become a lack of processor time.
    const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| Failure::Listen { address, source })?;
    let mut stop = pin!(stop_signal().map_err(Failure::Start)?);
    announce(&listener).map_err(Failure::Start)?;
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => attend(stream, engine.clone(), connections.watcher()),
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

/// Programs that start this one wait for the line.
fn announce(listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut output = io::stdout().lock();
    writeln!(output, "cognate is listening on http://{address}")?;
    output.flush()
}

/// Serves one connection, which is closed when a request does not begin in time.
fn attend(stream: TcpStream, engine: Engine, watcher: Watcher) {
    const HEADER_READ_MAX: Duration = Duration::from_secs(30);

    // Without it answers are only slower.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_MAX)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| answer(engine.clone(), request)),
        );
    // A client that went away, fell silent or spoke no HTTP cannot be told.
    tokio::spawn(async move { drop(watcher.watch(connection).await) });
}

/// An error closes the connection.
async fn answer(
    engine: Engine,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let body = read(body).await.inspect_err(|error| info!("cannot read a request: {error}"))?;
    let answering = spawn_blocking(move || {
        let response = body.map_or_else(
            || close(body_too_long(&engine)),
            |body| handle(&engine, &Request::from_parts(head, body)),
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
