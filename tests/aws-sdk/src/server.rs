//! The server as a child process, its folder and its published keys.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use jsonwebtoken::jwk::JwkSet;

use crate::issuer::Issuers;

const START_MAX: Duration = Duration::from_mins(1);
const STOP_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// An empty folder that is removed when this value is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn create() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("cognate-aws-sdk-test-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Files that cannot be removed stay in the temporary folder. The checks have their result
        // already.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server; dropping it kills the process.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts `binary serve` and waits until it prints its address.
    pub fn start(
        binary: &Path,
        folder: &Folder,
        issuers: &Issuers,
    ) -> Result<Self, Box<dyn Error>> {
        let child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .args(issuers.all().iter().map(|issuer| issuer.option(folder)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let mut server = Self { child, address: String::new() };
        let output = server.child.stdout.take().ok_or("the server has no standard output")?;
        let (found, address) = mpsc::channel();
        // The thread reads to the end, so that the server never blocks on a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    // Nobody receives after the first address.
                    let _ = found.send(address);
                }
            }
        });
        server.address = address
            .recv_timeout(START_MAX)
            .map_err(|_| "the server ended or fell silent before it said where it listens")?;
        Ok(server)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The keys that the server publishes.
    pub fn published_keys(&self) -> Result<JwkSet, Box<dyn Error>> {
        Ok(serde_json::from_str(&self.get("/.well-known/jwks_uri")?)?)
    }

    /// Ends the server with SIGTERM. Returns `None` if it still runs after ten seconds.
    pub fn stop(mut self) -> Result<Option<ExitStatus>, Box<dyn Error>> {
        let process_id = self.child.id().to_string();
        if !Command::new("kill").args(["-TERM", &process_id]).status()?.success() {
            return Err("cannot send SIGTERM to the server".into());
        }
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(POLL);
        }
        Ok(None)
    }

    fn get(&self, path: &str) -> Result<String, Box<dyn Error>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(STOP_MAX))?;
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("GET {path} was answered with {head}").into());
        }
        Ok(body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    let address = rest.split_whitespace().next()?;
    address.starts_with("127.0.0.1:").then(|| address.to_owned())
}
