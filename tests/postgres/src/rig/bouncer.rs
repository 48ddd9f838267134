//! PgBouncer in transaction mode.

use std::fs;
use std::process::{Child, Stdio};

use super::Server;
use super::command::{answer, as_postgres, folder, port, wait_for};

/// A pool of connections in front of a server. A client has a connection of the server for the time
/// of a transaction only.
#[derive(Debug)]
pub(crate) struct Bouncer {
    port: u16,
    process: Child,
}

impl Bouncer {
    pub(crate) fn start(server: &Server) -> Self {
        let (folder, port) = (folder("bouncer"), port());
        fs::write(format!("{folder}/users.txt"), "\"postgres\" \"\"\n").expect("the users");
        let settings = format!(
            "[databases]\n\
             * = host=127.0.0.1 port={}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir = {folder}\n\
             auth_type = trust\n\
             auth_file = {folder}/users.txt\n\
             pool_mode = transaction\n\
             default_pool_size = 8\n\
             max_client_conn = 200\n\
             ignore_startup_parameters = extra_float_digits, options\n",
            server.port(),
        );
        let path = format!("{folder}/pgbouncer.ini");
        fs::write(&path, settings).expect("the settings");
        let log = fs::File::create(format!("{folder}/log")).expect("a log");
        let mut command = as_postgres("/usr/sbin/pgbouncer");
        command.arg(path).stdin(Stdio::null()).stdout(log.try_clone().expect("the log"));
        let process = command.stderr(log).spawn().expect("a process");
        let bouncer = Self { port, process };
        wait_for("PgBouncer", || answer(port, "SELECT 1"));
        bouncer
    }

    /// The URL of a database of the server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?pooler=transaction", self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        self.process.wait().expect("its end");
    }
}
