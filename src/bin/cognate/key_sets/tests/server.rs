//! A server that follows a script.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::key_sets::HttpUrl;

/// The behaviour of a server toward requests for a path.
#[derive(Clone)]
pub(super) enum Script {
    Answer(u16, String),
    Redirect(String),
    /// Waits before the answer.
    Slow(Duration, String),
    Cut,
}

/// A server that follows a script for each path. It notes the paths of requests.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    scripts: Arc<Mutex<HashMap<String, Script>>>,
    pub(super) paths: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self { url, scripts: Arc::default(), paths: Arc::default() };
        let serving = server.clone();
        // Ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = serving.clone();
                thread::spawn(move || serving.answer(stream));
            }
        });
        server
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut head = BufReader::new(stream.try_clone().expect("a stream")).lines();
        let line = head.next().expect("a request").expect("text");
        while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let path = line.split(' ').nth(1).expect("a path").to_owned();
        self.paths.lock().push(path.clone());
        let script = self.scripts.lock().get(&path).cloned();
        let (status, headers, body) = match script {
            None => (404, String::new(), "{}".to_owned()),
            Some(Script::Answer(status, body)) => (status, String::new(), body),
            Some(Script::Redirect(to)) => (302, format!("location: {to}\r\n"), String::new()),
            Some(Script::Slow(time, body)) => {
                thread::sleep(time);
                (200, String::new(), body)
            }
            Some(Script::Cut) => return,
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
        // The client closes the connection in the middle of an answer that is too long.
        let _ = stream.write_all(answer.as_bytes());
    }

    pub(super) fn does(&self, path: &str, script: Script) {
        self.scripts.lock().insert(path.to_owned(), script);
    }

    /// Serves a set of `count` keys at a path.
    pub(super) fn has_keys(&self, path: &str, count: usize) {
        self.does(path, Script::Answer(200, key_set(count)));
    }

    pub(super) fn requests(&self) -> usize {
        self.paths.lock().len()
    }

    pub(super) fn url(&self, path: &str) -> HttpUrl {
        format!("{}{path}", self.url).parse().expect("a URL")
    }
}

pub(super) fn key_set(count: usize) -> String {
    let mut keys = String::new();
    for kid in 0..count {
        let comma = if kid == 0 { "" } else { "," };
        let key =
            r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        write!(keys, r#"{comma}{{"kid":"{kid}",{key}}}"#).expect("a text takes it");
    }
    format!(r#"{{"keys":[{keys}]}}"#)
}
