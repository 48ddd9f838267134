//! A PostgreSQL server.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::command::{
    PACKAGES, answer, as_postgres, family, folder, port, psql, run, signal, wait_for,
};

/// A version of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Debian's.
    Fifteen,
    /// The newer one, from npm.
    Eighteen,
}

impl Version {
    fn program(self, name: &str) -> String {
        match self {
            Self::Fifteen => format!("/usr/lib/postgresql/15/bin/{name}"),
            Self::Eighteen => format!("{PACKAGES}/newer/native/bin/{name}"),
        }
    }
}

/// A cluster of databases, and the server that has it open. The server listens on the loopback
/// device, trusts everybody, and is killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    version: Version,
    data: String,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// A server of its own for a test that stops it or changes its settings.
    pub(crate) fn start(version: Version, settings: &[(&str, &str)]) -> Self {
        let data = folder("server");
        let initdb =
            ["-D", &data, "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", "postgres"];
        run(as_postgres(version.program("initdb")).args(initdb).arg("--no-sync"));
        let port = port();
        let mut server = Self { version, data, port, process: None };
        server.set("port", &port.to_string());
        server.set("listen_addresses", "127.0.0.1");
        server.set("unix_socket_directories", &server.data);
        // The data are in memory.
        server.set("max_wal_size", "96MB");
        server.set("min_wal_size", "32MB");
        server.set("autovacuum_naptime", "5s");
        for (name, value) in settings {
            server.set(name, value);
        }
        server.resume();
        server
    }

    /// The server that tests share if they leave it alone.
    pub(crate) fn shared(version: Version) -> &'static Self {
        static FIFTEEN: OnceLock<Server> = OnceLock::new();
        static EIGHTEEN: OnceLock<Server> = OnceLock::new();
        let server = match version {
            Version::Fifteen => &FIFTEEN,
            Version::Eighteen => &EIGHTEEN,
        };
        server.get_or_init(|| Self::start(version, &[("max_connections", "300")]))
    }

    /// A standby that follows this server.
    pub(crate) fn standby(&self) -> Self {
        let data = folder("standby");
        run(Command::new("chmod").args(["700", &data]));
        let source = format!("host=127.0.0.1 port={} user=postgres", self.port);
        let arguments = ["-D", &data, "--write-recovery-conf", "--checkpoint=fast", "-d", &source];
        run(as_postgres(self.version.program("pg_basebackup")).args(arguments));
        let mut standby = Self { version: self.version, data, port: port(), process: None };
        standby.set("port", &standby.port.to_string());
        standby.set("unix_socket_directories", &standby.data.clone());
        standby.resume();
        standby
    }

    /// Changes a setting for the next start.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let path = format!("{}/postgresql.auto.conf", self.data);
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{before}{name} = '{value}'\n")).expect("the settings");
    }

    /// The rules for clients, instead of trust.
    pub(crate) fn admit(&self, rules: &str) {
        fs::write(format!("{}/pg_hba.conf", self.data), rules).expect("the rules");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server again after it was stopped, and waits until it answers.
    pub(crate) fn resume(&mut self) {
        let log = format!("{}.log", self.data);
        let log = File::options().create(true).append(true).open(log).expect("a log");
        let mut command = as_postgres(self.version.program("postgres"));
        command.args(["-D", &self.data]).stdout(log.try_clone().expect("the log")).stderr(log);
        self.process = Some(command.stdin(Stdio::null()).spawn().expect("a server"));
        wait_for("a server that answers", || {
            let status = self.process.as_mut().expect("a process").try_wait().expect("a status");
            assert!(status.is_none(), "the server has ended:\n{}", self.log());
            answer(self.port, "SELECT 1")
        });
    }

    /// Stops the server as a crash does: without a checkpoint, in the middle of transactions.
    pub(crate) fn crash(&mut self) {
        let arguments = ["-D", &self.data, "-m", "immediate", "-w", "stop"];
        run(as_postgres(self.version.program("pg_ctl")).args(arguments));
        let mut process = self.process.take().expect("a running server");
        process.wait().expect("its end");
    }

    /// Stops all processes of the server, so that it keeps its connections and answers nothing.
    pub(crate) fn freeze(&self) {
        signal("STOP", &self.processes());
    }

    /// Lets a frozen server go on.
    pub(crate) fn thaw(&self) {
        signal("CONT", &self.processes());
    }

    fn processes(&self) -> Vec<u32> {
        family(self.process.as_ref().expect("a running server").id())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(format!("{}.log", self.data)).unwrap_or_default()
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database and returns its name.
    pub(crate) fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("db{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs SQL and returns its rows.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let connection =
            format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port);
        run(&mut psql(&connection, sql))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal("KILL", &family(process.id()));
            process.wait().expect("its end");
        }
        fs::remove_dir_all(&self.data).expect("a folder");
    }
}
