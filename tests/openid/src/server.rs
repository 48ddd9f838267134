//! The server as a child process, and a minimal HTTP client.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io};

use openidconnect::http::{Request, Response};
use serde_json::Value;

const WAIT_MAX: Duration = Duration::from_secs(30);

/// A running server with an empty folder. Dropping it ends the process and removes the folder.
pub struct Server {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Server {
    /// Starts `binary serve` and waits until it prints its address.
    pub fn start(binary: &Path, options: &[&str]) -> Result<Self, Box<dyn Error>> {
        let folder = env::temp_dir().join(format!("cognate-openid-test-{}", process::id()));
        fs::create_dir(&folder)?;
        let child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let child = child.inspect_err(|_| remove(&folder));
        let mut server = Self { child: child?, folder, address: String::new() };
        let output = server.child.stdout.take().ok_or("the server has no standard output")?;
        let line = BufReader::new(output).lines().next().ok_or("the server ended")??;
        let (_, address) = line.split_once("http://").ok_or("the server named no address")?;
        address.clone_into(&mut server.address);
        Ok(server)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Performs an operation for an account in a region.
    pub fn call(
        &self,
        region: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Box<dyn Error>> {
        let headers = format!(
            "x-amz-target: AWSCognitoIdentityService.{operation}\r\n\
             content-type: application/x-amz-json-1.1\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=123456789012/20260101/{region}/cognito-identity/aws4_request, \
             SignedHeaders=host, Signature=00\r\n"
        );
        let (status, body) = self.send("POST", "/", &headers, &input.to_string())?;
        if status != 200 {
            return Err(format!("{operation} was answered with {status}: {body}").into());
        }
        Ok(serde_json::from_str(&body)?)
    }

    /// Sends a request of `openidconnect` to this server instead of the service's host.
    pub fn fetch(&self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, io::Error> {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let (status, body) = self.send(method, path, "", "")?;
        let response =
            Response::builder().status(status).header("content-type", "application/json");
        response.body(body.into_bytes()).map_err(io::Error::other)
    }

    /// The status and the body of an answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, String), io::Error> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("an answer without a status"))?;
        Ok((status, body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    // A folder that cannot be removed stays. The checks have their result already.
    let _ = fs::remove_dir_all(folder);
}
