//! A PostgreSQL server of Debian on loopback.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use postgres::{Client, NoTls};
use tempfile::TempDir;

/// A running server, which is stopped when this is dropped.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("allowed");
        let own = folder.path().join("server");
        fs::create_dir(&own).expect("a folder");
        run(Command::new("chown").arg("postgres").arg(&own));
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let server = Self { folder, programs: programs(), port };
        let data = server.data();
        run(server.command("initdb").args(["--locale=C", "-A", "trust", "-D"]).arg(&data));
        let options = format!(
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}'",
            own.display()
        );
        let log = own.join("log");
        run(server
            .command("pg_ctl")
            .args(["start", "--wait", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(log)
            .args(["-o", &options]));
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("connects")
    }

    /// Takes the work out of the measurement that the server would do in the background.
    pub(crate) fn settle(&self) {
        let mut client = self.connect();
        client.batch_execute("VACUUM ANALYZE").expect("vacuums");
        client.batch_execute("CHECKPOINT").expect("writes");
        thread::sleep(Duration::from_millis(500));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("server/data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(self.programs.join(program));
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        run(self.command("pg_ctl").args(["stop", "--wait", "-m", "immediate", "-D"]).arg(data));
    }
}

/// The newest installed version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.expect("PostgreSQL is needed: install Debian's package `postgresql`");
    let newest = versions.map(|version| version.expect("readable").path()).max();
    newest.expect("a version").join("bin")
}

fn run(command: &mut Command) {
    let output = command.output().expect("starts");
    let name = Path::new(command.get_program()).display();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {text}");
}
