//! Tokens over HTTP from the program, compared with a server that only signs.

use std::env;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::name::IdentityPoolId;
use cognate::token::SigningAlgorithm;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::task::{JoinError, spawn_blocking};

use crate::floor::{RawKey, Sign};
use crate::measure::{AtLeast, Bench, timed_with};
use crate::tokens::{TARGET, body};
use crate::{Databases, Users};

/// The number of persistent connections, each with one request at a time.
const CONNECTIONS: usize = 64;
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=123456789012/20260101/us-east-1/cognito-identity/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

/// The program opens the database, so nothing else may have it open.
pub(crate) fn all(bench: &mut Bench, databases: &Databases, users: &Users, key: &RawKey) {
    let name = format!("token by HTTP, {}", key.algorithm.as_str());
    if key.algorithm == SigningAlgorithm::Es256 || !bench.wants(&name) {
        return;
    }
    let requests: Vec<_> =
        users.numbers.iter().map(|user| request(&databases.pool, *user)).collect();
    let algorithm = key.algorithm.as_str().to_ascii_lowercase();
    let program = Program::start(&databases.engine, &["--signing-algorithm", &algorithm]);
    let answer = Connection::open(program.address).ask(&requests[0]);
    let signing = Signing::start(&key.sign, answer);
    bench.row(&name, AtLeast(80), ask(program.address, &requests), ask(signing.address, &requests));
}

/// `GetId` of a known login by HTTP from a program with the request log, compared with one without.
pub(crate) fn request_log(bench: &mut Bench) {
    const NAME: &str = "GetId by HTTP, request log";
    if !bench.wants(NAME) {
        return;
    }
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [logging, plain] = [&[][..], &["--no-request-log"]];
    let start = |folder: &TempDir, options: &[&str]| {
        let program =
            Program::start(folder.path(), &[&["--trust-unverified-logins"], options].concat());
        let requests = known_login(&mut Connection::open(program.address));
        (program, requests)
    };
    let (logging, logged) = start(&folders[0], logging);
    let (plain, unlogged) = start(&folders[1], plain);
    bench.row(NAME, AtLeast(95), ask(logging.address, &logged), ask(plain.address, &unlogged));
}

/// Creates a pool and registers a user of a public provider. Returns the call that finds it.
fn known_login(connection: &mut Connection) -> Vec<Vec<u8>> {
    let provider = "accounts.google.com";
    let created = connection.ask(&call(
        "AWSCognitoIdentityService.CreateIdentityPool",
        &format!(
            r#"{{"IdentityPoolName":"bench","AllowUnauthenticatedIdentities":false,
                "SupportedLoginProviders":{{"{provider}":"app"}}}}"#
        ),
    ));
    let created = String::from_utf8(created).expect("text");
    let pool = created.split("IdentityPoolId\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let claims = format!(
        r#"{{"iss":"https://{provider}","aud":"app","sub":"108937264","exp":4102444800,
            "iat":1700000000,"email":"{}"}}"#,
        "a".repeat(400)
    );
    let part = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let token =
        [part(br#"{"alg":"RS256","kid":"1"}"#), part(claims.as_bytes()), part(&[7; 256])].join(".");
    let known = call(
        "AWSCognitoIdentityService.GetId",
        &format!(
            r#"{{"IdentityPoolId":"{}","Logins":{{"{provider}":"{token}"}}}}"#,
            pool.expect("an id")
        ),
    );
    connection.ask(&known);
    vec![known]
}

fn request(pool: &IdentityPoolId, user: usize) -> Vec<u8> {
    call(TARGET, &body(pool, user))
}

fn call(target: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.1\r\n\
         content-length: {length}\r\nx-amz-target: {target}\r\n\
         authorization: {AUTHORIZATION}\r\n\r\n"
    );
    (head + body).into_bytes()
}

/// Measures the server at an address.
fn ask(address: SocketAddr, requests: &[Vec<u8>]) -> impl FnMut(u64) -> Duration {
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| Connection::open(address)).collect();
    let mut requests = requests.iter().cycle();
    move |times| {
        let times = usize::try_from(times).expect("few enough");
        let asked: Vec<_> = requests.by_ref().take(times).collect();
        let share = asked.len().div_ceil(CONNECTIONS);
        let calls: Vec<_> = connections.iter_mut().zip(asked.chunks(share)).collect();
        let busy = calls.len();
        timed_with(calls, busy, |(connection, requests)| {
            for request in requests {
                black_box(connection.ask(request));
            }
        })
    }
}

/// `cognate serve` with its default options. It stops when it is dropped.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(database: &Path, options: &[&str]) -> Self {
        // On Unix cargo replaces itself with the program, so the child is the program.
        let mut child = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["run", "--quiet", "--release", "--locked", "--features", "server"])
            .args(["--bin", "cognate", "--manifest-path"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .args(["--", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(database)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("cargo");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("text");
        let address = line.trim_end().strip_prefix("cognate is listening on http://");
        let address = address.expect("the program listens").parse().expect("an address");
        Self { child, address }
    }
}

/// A killed program would leave a database that takes long to open.
impl Drop for Program {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(asked.expect("kill").success(), "the program runs");
        assert!(self.child.wait().expect("a child").success(), "it closes the database");
    }
}

/// A server that signs a message for each request, and returns the same answer. It stops when it is
/// dropped.
struct Signing {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Signing {
    fn start(sign: &Sign, answer: Vec<u8>) -> Self {
        let token = answer.rsplit(|byte| *byte == b'"').nth(1).expect("a token at the end");
        let last = token.iter().rposition(|byte| *byte == b'.').expect("three parts");
        let (message, sign) = (token[..last].to_vec(), Arc::clone(sign));
        let answer = Bytes::from(answer);
        let signs: Handler = Arc::new(move |_: Request<Bytes>| {
            black_box(sign(&message));
            Response::new(answer.clone())
        });
        let runtime = runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket");
                let signs = Arc::clone(&signs);
                let service = service_fn(move |request| answer_by(Arc::clone(&signs), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, _runtime: runtime }
    }
}

type Handler = Arc<dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// Handles the request on a thread that may block, as the program does.
async fn answer_by(
    handler: Handler,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, JoinError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole request").to_bytes();
    let answering = spawn_blocking(move || handler(Request::from_parts(head, body)));
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

    /// Sends a request and returns the body of the answer.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
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
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("a body");
        body
    }
}
