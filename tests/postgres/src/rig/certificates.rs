//! Certificates for TLS, made by openssl.

use std::fs;
use std::process::Command;

use super::command::{folder, give_to_postgres, run};

/// An authority that signs certificates of servers.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: String,
}

/// A certificate with its key, as paths of files.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
}

const CURVE: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = folder("authority");
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-days", "2", "-subj", "/CN=an authority"]).args(CURVE);
        command.args(["-keyout", "ca.key", "-out", "ca.crt"]).current_dir(&folder);
        run(&mut command);
        Self { folder }
    }

    /// The path of the authority's own certificate.
    pub(crate) fn root(&self) -> String {
        format!("{}/ca.crt", self.folder)
    }

    /// A certificate for a server with this name: `DNS:localhost` or `IP:127.0.0.1`.
    pub(crate) fn certify(&self, name: &str) -> Certificate {
        let file = name.replace([':', '.'], "-");
        let path = |extension| format!("{}/{file}.{extension}", self.folder);
        let (key, request, chain) = (path("key"), path("csr"), path("crt"));
        let extension = path("ext");
        fs::write(&extension, format!("subjectAltName={name}\n")).expect("a file");
        let mut command = Command::new("openssl");
        command.args(["req", "-new", "-subj", "/CN=a server"]).args(CURVE);
        run(command.args(["-keyout", &key, "-out", &request]));
        let mut command = Command::new("openssl");
        command.args(["x509", "-req", "-days", "2", "-in", &request, "-out", &chain]);
        command.args(["-extfile", &extension, "-CA", "ca.crt", "-CAkey", "ca.key"]);
        run(command.arg("-CAcreateserial").current_dir(&self.folder));
        give_to_postgres(&self.folder);
        Certificate { chain, key }
    }
}
