//! A server over a store that can be held and put out of order.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use cognate::Engine;
use cognate::control::Control;
use cognate::http::Guard;
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::accept;
use super::server::Server;
use crate::guards::limits::Limits;

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The request timeout of servers whose requests are late.
const SOON: Duration = Duration::from_millis(300);

/// A store in memory whose commits, and whose answers about its health, wait while it is held.
#[derive(Default)]
struct Held {
    store: MemoryStore,
    waits: Mutex<bool>,
    released: Condvar,
    is_out: AtomicBool,
    is_unreadable: AtomicBool,
    begun: AtomicU32,
    commits: AtomicU32,
}

impl Held {
    fn hold(&self, waits: bool) {
        *self.waits.lock().expect("no panic") = waits;
        self.released.notify_all();
    }

    fn wait(&self) {
        let held = self.waits.lock().expect("no panic");
        drop(self.released.wait_timeout_while(held, PATIENCE, |held| *held).expect("no panic"));
    }
}

impl Store for Held {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if self.is_unreadable.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("db.example:5432 is out"));
        }
        self.store.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.wait();
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.store.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.wait();
        let is_out = self.is_out.load(Ordering::SeqCst);
        if is_out { Err(StoreError::unavailable("db.example:5432 is out")) } else { Ok(()) }
    }
}

struct Rig {
    store: Arc<Held>,
    server: Arc<Server>,
    address: SocketAddr,
    _runtime: Runtime,
}

/// A server over a shared store, with this number of places for requests, and of connections.
fn rig(requests_max: u32, connections_max: u32, request_time_max: Duration) -> Rig {
    let store = Arc::new(Held::default());
    let engine = Engine::builder().open_shared(Arc::clone(&store)).expect("opens");
    let limits = Limits::new(connections_max, requests_max);
    rig_over(&store, engine, Some(Arc::clone(&store) as Arc<dyn Store>), limits, request_time_max)
}

fn rig_over(
    store: &Arc<Held>,
    engine: Engine,
    shared: Option<Arc<dyn Store>>,
    limits: Limits,
    request_time_max: Duration,
) -> Rig {
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let control = Control::new(&engine, Guard::bound_to(address.ip()));
    let server = Server::new(engine, shared, control, limits, request_time_max).expect("a server");
    let server = Arc::new(server);
    let accepting = Arc::clone(&server);
    runtime.spawn(async move { accept(&listener, &accepting).await });
    Rig { store: Arc::clone(store), server, address, _runtime: runtime }
}

impl Rig {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    fn send(&self, line: &str, headers: &str, body: &str) -> TcpStream {
        let (mut stream, length) = (self.connect(), body.len());
        write!(
            stream,
            "{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .expect("sent");
        stream
    }

    fn ask(&self, line: &str, headers: &str) -> (u16, String) {
        read(self.send(line, headers, ""))
    }

    /// Begins an operation that commits.
    fn create_pool(&self) -> TcpStream {
        let headers = "host: localhost\r\n\
             x-amz-target: AWSCognitoIdentityService.CreateIdentityPool\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/\
             cognito-identity/aws4_request, SignedHeaders=host, Signature=0\r\n";
        let body = r#"{"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": true}"#;
        self.send("POST /", headers, body)
    }

    fn ready(&self) -> (u16, String) {
        self.ask("GET /health/ready", "")
    }
}

/// The status and the body of an answer.
fn read(mut stream: TcpStream) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

/// Waits for a condition, for a minute at least.
#[track_caller]
fn until(is_met: impl Fn() -> bool) {
    const PAUSE: Duration = Duration::from_millis(5);

    let mut waits = 0..12_000;
    while !is_met() {
        assert!(waits.next().is_some(), "it never comes");
        thread::sleep(PAUSE);
    }
}

fn unready(reason: &str) -> (u16, String) {
    (503, format!(r#"{{"status":"unready","reason":"{reason}"}}"#))
}

fn ready() -> (u16, String) {
    (200, r#"{"status":"ready"}"#.to_owned())
}

#[test]
fn health_tells_whether_the_store_works() {
    let rig = rig(1, 16, PATIENCE);
    assert_eq!(rig.ready(), ready());
    for defect in [&rig.store.is_out, &rig.store.is_unreadable] {
        defect.store(true, Ordering::SeqCst);
        assert_eq!(rig.ready(), unready("the store is unavailable"));
        assert_eq!(rig.ask("GET /health/live", "").0, 200, "the process serves");
        defect.store(false, Ordering::SeqCst);
        assert_eq!(rig.ready(), ready());
    }
    rig.store.hold(true);
    assert_eq!(rig.ready(), unready("the store does not answer in time"));
    assert_eq!(rig.ask("GET /health/live", "").0, 200, "nobody waits for the store");
    rig.store.hold(false);
    assert_eq!(rig.ready(), ready());
    rig.server.leave();
    assert_eq!(rig.ready(), unready("stopping"));
    assert_eq!(rig.ask("GET /health/live", "").0, 200, "the process still serves");
    assert_eq!(read(rig.create_pool()).0, 200, "the process still serves");
}

#[test]
fn a_store_of_one_server_that_has_stopped_accepts_no_more_writes() {
    let store = Arc::new(Held::default());
    let engine = Engine::builder().open_exclusive(Arc::clone(&store)).expect("opens");
    let rig = rig_over(&store, engine, None, Limits::new(16, 1), PATIENCE);
    assert_eq!(rig.ready(), ready());
    store.is_out.store(true, Ordering::SeqCst);
    assert_eq!(rig.ready(), unready("the database accepts no more writes"));
}

#[test]
fn health_needs_no_place_and_no_permission() {
    let rig = rig(1, 16, PATIENCE);
    rig.store.hold(true);
    let (begun, busy) = (&rig.store.begun, rig.create_pool());
    until(|| begun.load(Ordering::SeqCst) == 1);
    assert_eq!(read(rig.create_pool()).0, 503);
    assert_eq!(rig.ask("GET /health/live", ""), (200, r#"{"status":"live"}"#.to_owned()));
    assert_eq!(rig.ready(), unready("the store does not answer in time"));
    rig.store.hold(false);
    assert_eq!(read(busy).0, 200);
    for headers in ["", "host: attacker.test\r\n", "host: a\r\norigin: https://attacker.test\r\n"] {
        assert_eq!(rig.ask("GET /health/ready?from=a", headers), ready(), "{headers}");
        assert_eq!(rig.ask("HEAD /health/ready", headers), (200, String::new()), "{headers}");
        assert_eq!(rig.ask("HEAD /health/live", headers), (200, String::new()), "{headers}");
    }
    for line in ["POST /health/live", "OPTIONS /health/ready", "DELETE /health/ready"] {
        assert_eq!(rig.ask(line, ""), (405, String::new()), "{line}");
    }
    assert_eq!(rig.ask("GET /health", "host: localhost\r\n").0, 404);
}

#[test]
fn health_is_answered_on_an_excess_connection() {
    let rig = rig(1, 1, PATIENCE);
    let _first = rig.connect();
    until(|| rig.ask("GET /nothing", "host: localhost\r\n").0 == 503);
    assert_eq!(rig.ready(), ready());
}

/// The first call goes on, so it keeps its place until it ends.
#[test]
fn a_late_request_is_answered_and_keeps_its_place() {
    const BUSY: &str =
        r#"{"__type":"ServiceUnavailable","message":"The server is busy. Try again later"}"#;

    let rig = rig(1, 16, SOON);
    let busy = || (503, BUSY.to_owned());
    let commits = || rig.store.commits.load(Ordering::SeqCst);
    rig.store.hold(true);
    assert_eq!(read(rig.create_pool()), busy(), "late");
    assert_eq!(read(rig.create_pool()), busy(), "without a place");
    assert_eq!(rig.store.begun.load(Ordering::SeqCst), 1, "the second had no place");
    assert_eq!(commits(), 0);
    rig.store.hold(false);
    until(|| commits() == 1);
    until(|| read(rig.create_pool()).0 == 200);
}
