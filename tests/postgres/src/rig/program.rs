//! The program `cognate`, which `run` builds.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::command::{PATIENCE, signal};

fn program() -> Command {
    let path = env::var_os("COGNATE_PROGRAM").expect("start the tests with `tests/postgres/run`");
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command of the program that must succeed, and returns its output.
pub(crate) fn cognate(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let errors = text(output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}: {errors}", output.status);
    assert_eq!(errors, "", "{arguments:?}");
    text(output.stdout)
}

/// `cognate serve` over a shared store; dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Program {
    process: Child,
    /// `127.0.0.1:PORT`
    address: String,
    log: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts a server and waits until it listens.
    pub(crate) fn serve(url: &str, options: &[&str]) -> Self {
        let mut command = program();
        command.args(["serve", "--signing-algorithm", "eddsa", "--listen", "127.0.0.1:0"]);
        let mut process = command.args(["--store", url]).args(options).spawn().expect("a server");
        let mut errors = process.stderr.take().expect("a pipe");
        let log = thread::spawn(move || {
            let mut log = String::new();
            errors.read_to_string(&mut log).expect("a log");
            log
        });
        let output = process.stdout.take().expect("a pipe");
        let line = BufReader::new(output).lines().next().expect("a line").expect("text");
        let address = line.strip_prefix("cognate is listening on http://").expect("an address");
        Self { process, address: address.to_owned(), log: Some(log) }
    }

    /// The status and the body of the answer to a request.
    pub(crate) fn send(&self, line: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\
             {headers}\r\n{body}"
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.send(&format!("GET {path}"), "", "")
    }

    /// Performs an operation with credentials.
    pub(crate) fn call(&self, operation: &str, body: &str) -> (u16, String) {
        let headers = format!(
            "x-amz-target: AWSCognitoIdentityService.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/\
             cognito-identity/aws4_request, SignedHeaders=host, Signature=0\r\n"
        );
        self.send("POST /", &headers, body)
    }

    /// Ends the server, which must succeed, and returns its log.
    pub(crate) fn stop(mut self) -> String {
        signal("TERM", &[self.process.id()]);
        let status = self.process.wait().expect("a status");
        let log = self.log.take().expect("a log").join().expect("text");
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
