//! Tokens over HTTP, compared with a server that only signs.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use cognate::Engine;
use cognate::name::IdentityPoolId;
use cognate::token::SigningAlgorithm;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::task::{JoinError, spawn_blocking};

use crate::floor::RawKey;
use crate::measure::{Bench, Target, timed_with};
use crate::tokens::{TARGET, body};
use crate::{Users, developer};

/// The number of persistent connections, each with one request at a time.
const CONNECTIONS: usize = 64;
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=123456789012/20260101/us-east-1/cognito-identity/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

pub(crate) fn all(
    bench: &mut Bench,
    (engine, pool): (&Engine, &IdentityPoolId),
    users: &Users,
    key: &RawKey,
) {
    let name = format!("token by HTTP, {}", key.algorithm.as_str());
    if key.algorithm == SigningAlgorithm::Es256 || !bench.wants(&name) {
        return;
    }
    let requests: Vec<_> = users.numbers.iter().map(|user| request(body(pool, *user))).collect();
    let raw: Vec<_> = requests.iter().map(raw).collect();

    let answer = cognate::http::handle(engine, &requests[0]);
    let token = developer(engine).get_open_id_token_for_developer_identity(users.inputs[0].clone());
    let token = token.expect("a known user").token;
    let (message, _) = token.as_str().rsplit_once('.').expect("three parts");
    let (message, sign) = (message.to_owned(), Arc::clone(&key.sign));
    let signs = move |_: &Request<Bytes>| {
        black_box(sign(message.as_bytes()));
        answer.clone()
    };
    let engine = engine.clone();
    let handles = move |request: &Request<Bytes>| cognate::http::handle(&engine, request);
    let target = Target::Throughput(80);
    bench.row(&name, target, ask(Arc::new(handles), &raw), ask(Arc::new(signs), &raw));
}

fn request(body: String) -> Request<Bytes> {
    let request = Request::post("/")
        .header("host", "127.0.0.1")
        .header("content-type", "application/x-amz-json-1.1")
        .header("content-length", body.len())
        .header("x-amz-target", TARGET)
        .header("authorization", AUTHORIZATION);
    request.body(body.into()).expect("a request")
}

fn raw(request: &Request<Bytes>) -> Vec<u8> {
    let mut raw = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in request.headers() {
        raw.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    raw.extend([b"\r\n", &request.body()[..]].concat());
    raw
}

/// Measures the handler behind its own server.
fn ask(handler: Handler, requests: &[Vec<u8>]) -> impl FnMut(u64) -> Duration {
    let mut server = Server::start(handler);
    let mut requests = requests.iter().cycle();
    move |times| {
        let times = usize::try_from(times).expect("few enough");
        let asked: Vec<_> = requests.by_ref().take(times).collect();
        server.ask(&asked)
    }
}

type Handler = Arc<dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// A server that works like the program's. It stops when it is dropped.
struct Server {
    connections: Vec<Connection>,
    _runtime: Runtime,
}

impl Server {
    fn start(handler: Handler) -> Self {
        let runtime = runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket");
                let handler = Arc::clone(&handler);
                let service = service_fn(move |request| answer(Arc::clone(&handler), request));
                // Without a timer, which would close connections during the other side's turns.
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        let connections = (0..CONNECTIONS).map(|_| Connection::open(address)).collect();
        Self { connections, _runtime: runtime }
    }

    /// Sends all requests over all connections, and returns the time until the last answer.
    fn ask(&mut self, requests: &[&Vec<u8>]) -> Duration {
        let share = requests.len().div_ceil(CONNECTIONS);
        let calls: Vec<_> = self.connections.iter_mut().zip(requests.chunks(share)).collect();
        let busy = calls.len();
        timed_with(calls, busy, |(connection, requests)| {
            for request in requests {
                connection.ask(request);
            }
        })
    }
}

async fn answer(
    handler: Handler,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, JoinError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole request").to_bytes();
    let answering = spawn_blocking(move || handler(&Request::from_parts(head, body)));
    Ok(answering.await?.map(Full::new))
}

/// The client's end of a connection.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self(BufReader::new(stream))
    }

    /// Sends a request and reads the whole answer.
    fn ask(&mut self, request: &[u8]) {
        let Self(stream) = self;
        stream.get_mut().write_all(request).expect("sent");
        let (mut line, mut length) = (String::new(), 0);
        stream.read_line(&mut line).expect("an answer");
        assert_eq!(line, "HTTP/1.1 200 OK\r\n");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).expect("a header");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim_end().parse().expect("a number");
            }
        }
        stream.read_exact(&mut vec![0; length]).expect("a body");
    }
}
