//! The program as a child process, and a minimal client of HTTP/1.1.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A signature of requests, which must not appear in logs.
pub(crate) const SIGNATURE: &str =
    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
/// Longer than anything in these tests takes, but shorter than a test runner waits.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A server; dropping it kills the process.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    output: Mutex<Receiver<String>>,
    errors: Option<ChildStderr>,
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) fn start(data: &Path, options: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", data, options)
    }

    /// The same on another address.
    pub(crate) fn listening(listen: &str, data: &Path, options: &[&str]) -> Self {
        let mut server = Self::spawn(serve(":", data, listen, options));
        server.read_log();
        server
    }

    /// The same after commands of a shell, such as `ulimit`.
    pub(crate) fn start_after(commands: &str, data: &Path, options: &[&str]) -> Self {
        let mut server = Self::start_unread(commands, data, options);
        server.read_log();
        server
    }

    /// The same, but with an unread log.
    pub(crate) fn start_unread(commands: &str, data: &Path, options: &[&str]) -> Self {
        Self::spawn(serve(commands, data, "127.0.0.1:0", options))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program");
        let (output, errors) = (child.stdout.take().expect("a pipe"), child.stderr.take());
        let (line_out, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut found = BufReader::new(output).lines().map_while(Result::ok);
            found.all(|line| line_out.send(line).is_ok())
        });
        let output = Mutex::new(lines);
        let mut server = Self { child, address: String::new(), output, errors, log: None };
        let line =
            server.output.get_mut().expect("no panic").recv_timeout(WAIT_MAX).expect("a line");
        let address = line.strip_prefix("cognate is listening on http://").expect("the address");
        address.clone_into(&mut server.address);
        server
    }

    /// Starts reading the log.
    pub(crate) fn read_log(&mut self) {
        let errors = self.errors.take().expect("nobody reads it yet");
        self.log = Some(thread::spawn(move || io::read_to_string(errors).expect("text")));
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &process]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits for the end. Returns the exit status, the rest of the output, and the log.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>, String) {
        let begun = now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            assert!(begun.elapsed() < WAIT_MAX, "the process does not end");
            thread::sleep(Duration::from_millis(5));
        };
        if self.log.is_none() {
            self.read_log();
        }
        let log = self.log.take().expect("not waited for before").join().expect("a log");
        (status, self.output.lock().expect("no panic").iter().collect(), log)
    }

    /// Stops the server in the regular way, and returns its log.
    pub(crate) fn stop(self) -> String {
        self.terminate();
        let (status, printed, log) = self.wait();
        assert_eq!((status.code(), printed), (Some(0), Vec::new()), "{log}");
        log
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(WAIT_MAX)).expect("a timeout");
        stream
    }

    /// Sends a request on a connection of its own.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).expect("an answer")
    }

    /// The same. Fails if the server drops the connection.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut stream = self.connect();
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        Answer::try_read(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", b"")
    }

    /// Performs an operation with credentials.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Answer {
        self.send("POST", "/", &signed(operation), input.to_string().as_bytes())
    }

    /// Performs an operation without credentials.
    pub(crate) fn ask(&self, operation: &str, input: &Value) -> Answer {
        self.send("POST", "/", &target(operation), input.to_string().as_bytes())
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a process takes is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program: that of the variable `COGNATE_PROGRAM`, or else the one that was built with the tests.
pub(crate) fn path() -> OsString {
    env::var_os("COGNATE_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_cognate").into())
}

/// Runs the program with options that make it end by itself.
pub(crate) fn run(data: &Path, listen: &str, options: &[&str]) -> Output {
    serve(":", data, listen, options).output().expect("the program")
}

/// Runs the program with these arguments alone. Returns its status, its output and its errors.
pub(crate) fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(path());
    let output = command.args(arguments).stdin(Stdio::null()).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn serve(commands: &str, data: &Path, listen: &str, options: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"{commands}; exec "$@""#), "sh"]).arg(path());
    command.args(["serve", "--signing-algorithm", "eddsa", "--listen", listen, "--data"]);
    command.arg(data).args(options);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn target(operation: &str) -> String {
    format!("x-amz-target: AWSCognitoIdentityService.{operation}\r\n")
}

pub(crate) fn signed(operation: &str) -> String {
    signed_by("123456789012", operation)
}

/// The same with another access key id.
pub(crate) fn signed_by(key_id: &str, operation: &str) -> String {
    let scope = format!("{key_id}/20260101/us-east-1/cognito-identity/aws4_request");
    let target = target(operation);
    format!(
        "{target}authorization: AWS4-HMAC-SHA256 Credential={scope}, \
         SignedHeaders=host;x-amz-date, Signature={SIGNATURE}\r\n"
    )
}

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads an answer and the end of the connection.
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        Self::try_read(stream).expect("an answer")
    }

    fn try_read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (head, body) = (head.to_owned(), body.to_owned());
        Ok(Self { status: status.expect("a status"), head, body })
    }

    /// Reads one answer from a connection that stays open.
    pub(crate) fn read_one(stream: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a head");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("text");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer = Self { status: status.expect("a status"), head, body: String::new() };
        let length = answer.header("content-length").expect("a length").parse();
        let mut body = vec![0; length.expect("a number")];
        stream.read_exact(&mut body).expect("a body");
        answer.body = String::from_utf8(body).expect("text");
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// A text member of the JSON body.
    pub(crate) fn text(&self, member: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()[member].as_str().expect("a text").to_owned()
    }
}
