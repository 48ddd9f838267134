//! A database with four identities of a seed, two of them merged by a call.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use serde_json::json;
use tempfile::TempDir;

use crate::program::{Server, path};

pub(crate) const POOL: &str = "us-east-1:11111111-1111-4111-8111-111111111111";
pub(crate) const ALICE: &str = "us-east-1:a11ce000-0000-4000-8000-000000000000";
pub(crate) const BOB: &str = "us-east-1:b0b00000-0000-4000-8000-000000000000";
pub(crate) const NOBODY: &str = "us-east-1:00b0d000-0000-4000-8000-000000000000";
/// The merge at Alice.
pub(crate) const MERGE: &str = "us-east-1:a11ce000-0000-4000-8000-000000000000/2";
/// The caller that owns the pool.
pub(crate) const OWNER: &str = "123456789012/us-east-1";

/// What a run of the program gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs the program with arguments.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

/// The same with bytes on its standard input stream.
pub(crate) fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = Command::new(path());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut errors = child.stderr.take().expect("a pipe");
    thread::scope(|scope| {
        // The program may end before it has read everything.
        scope.spawn(move || drop(stdin.write_all(input)));
        let errors = scope.spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let output = child.wait_with_output().expect("an end");
        Ran {
            status: output.status.code(),
            output: String::from_utf8(output.stdout).expect("text"),
            errors: errors.join().expect("no panic").expect("text"),
        }
    })
}

/// A yes without complaints.
#[track_caller]
pub(crate) fn yes(arguments: &[&str]) -> String {
    let ran = run(arguments);
    assert_eq!((ran.status, ran.errors.as_str()), (Some(0), ""), "{arguments:?} {}", ran.output);
    ran.output
}

pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// A folder without a database.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// The identities of the seed.
    pub(crate) fn seeded() -> Self {
        let scene = Self::empty();
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/seed.jsonl");
        yes(&["import", "--data", &scene.data(), seed.to_str().expect("text")]);
        scene
    }

    /// Bob merged into Alice. Also the token of an answer.
    pub(crate) fn merged() -> (Self, Server, String) {
        let scene = Self::seeded();
        let server = scene.serve(&[]);
        let merge = json!({
            "IdentityPoolId": POOL,
            "DeveloperProviderName": "login.game",
            "SourceUserIdentifier": "bob",
            "DestinationUserIdentifier": "alice",
        });
        assert_eq!(server.call("MergeDeveloperIdentities", &merge).text("IdentityId"), ALICE);
        let login = json!({"IdentityPoolId": POOL, "Logins": {"login.game": "alice"}});
        let answer = server.call("GetOpenIdTokenForDeveloperIdentity", &login);
        let token = scene.write("token", &answer.text("Token"));
        (scene, server, token)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as an argument.
    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("text").to_owned()
    }

    /// The folder of the database.
    pub(crate) fn data(&self) -> String {
        self.name("data")
    }

    /// Writes a file, and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("a file");
        self.name(name)
    }

    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        Server::start(&self.path("data"), options)
    }
}

/// The address of a server, for `--at`.
pub(crate) fn at(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// A call of the owner that explains the merge of Bob into a user.
pub(crate) fn explain_merge(source: &[&str], into: &str, more: &[&str]) -> Ran {
    let body = json!({
        "IdentityPoolId": POOL,
        "DeveloperProviderName": "login.game",
        "SourceUserIdentifier": "bob",
        "DestinationUserIdentifier": into,
    });
    let body = body.to_string();
    let call = ["explain", "MergeDeveloperIdentities", "--as", OWNER, "--body", &body];
    run(&[&call, source, more].concat())
}
