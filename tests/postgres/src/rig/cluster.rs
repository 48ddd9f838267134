//! Three servers that Patroni keeps replicated, one of them its leader.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::command::{
    PACKAGES, answer, as_postgres, family, folder, port, psql, run, signal, wait_for,
};

/// A cluster in synchronous mode: a commit waits for one standby.
#[derive(Debug)]
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    registry: Child,
}

#[derive(Debug)]
struct Node {
    name: String,
    settings: String,
    data: String,
    port: u16,
    agent_port: u16,
    agent: Option<Child>,
}

/// The time without a sign of life after which a leader is replaced.
const TTL_SECS: u32 = 10;

impl Cluster {
    /// The only cluster, whole and synchronous, for one test at a time.
    pub(crate) fn lend() -> MutexGuard<'static, Self> {
        static CLUSTER: OnceLock<Mutex<Cluster>> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(|| Mutex::new(Self::start()));
        // A test that failed has left a cluster that can still be repaired.
        let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster.repair();
        cluster
    }

    fn start() -> Self {
        let (folder, client, peer) = (folder("etcd"), port(), port());
        let (client, peer) =
            (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        let log = File::create(format!("{folder}.log")).expect("a log");
        let mut command = as_postgres("/usr/bin/etcd");
        command.args(["--name", "etcd", "--data-dir", &folder]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("etcd={peer}")]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the log")).stderr(log);
        let registry = command.spawn().expect("etcd");
        let nodes = (1..=3).map(|number| Node::new(number, &client)).collect();
        Self { nodes, registry }
    }

    /// Starts the nodes that do not run, and waits until there is a leader with a synchronous
    /// standby and one more.
    fn repair(&mut self) {
        for node in &mut self.nodes {
            node.start();
        }
        wait_for("a leader with two standbys", || {
            let members = self.nodes[self.try_leader()?].members()?;
            let count = |what: &str| members.matches(what).count();
            let is_whole = count(r#""role": "leader""#) == 1
                && count(r#""role": "sync_standby""#) == 1
                && count(r#""state": "streaming""#) == 2;
            is_whole.then_some(())
        });
    }

    /// The URL of a database on whichever node is the leader.
    pub(crate) fn url(&self, database: &str) -> String {
        let hosts: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        let hosts = hosts.join(",");
        format!("postgres://postgres@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// Creates an empty database.
    pub(crate) fn create_database(&self, name: &str) {
        let leader = &self.nodes[self.leader()];
        let connection =
            format!("host=127.0.0.1 port={} user=postgres dbname=postgres", leader.port);
        run(&mut psql(&connection, &format!("CREATE DATABASE {name}")));
    }

    fn try_leader(&self) -> Option<usize> {
        let is_leader = |node: &Node| {
            answer(node.port, "SELECT pg_is_in_recovery()").is_some_and(|answer| answer == "f")
        };
        self.nodes.iter().position(is_leader)
    }

    fn leader(&self) -> usize {
        wait_for("a leader", || self.try_leader())
    }

    /// Kills the leader's PostgreSQL and its Patroni, and returns once another node leads.
    pub(crate) fn kill_leader(&mut self) {
        let leader = self.leader();
        self.nodes[leader].kill();
        wait_for("another leader", || self.try_leader().filter(|new| *new != leader));
    }

    /// Makes another node the leader, as before maintenance.
    pub(crate) fn switch_over(&self) {
        let leader = self.leader();
        let node = &self.nodes[leader];
        let arguments = ["switchover", "cognate", "--leader", &node.name, "--force"];
        run(python("patronictl").args(["-c", &node.settings]).args(arguments));
        wait_for("another leader", || self.try_leader().filter(|new| *new != leader));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::kill);
        let _ = self.registry.kill();
        self.registry.wait().expect("its end");
    }
}

impl Node {
    fn new(number: u8, registry: &str) -> Self {
        let (data, name) = (folder("node"), format!("node{number}"));
        let (port, agent_port) = (port(), port());
        let registry = registry.trim_start_matches("http://");
        let text = format!(
            "scope: cognate
name: {name}
restapi: {{listen: '127.0.0.1:{agent_port}', connect_address: '127.0.0.1:{agent_port}'}}
etcd3: {{host: '{registry}'}}
bootstrap:
  dcs:
    ttl: {TTL_SECS}
    loop_wait: 2
    retry_timeout: 3
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 100, wal_log_hints: 'on', max_wal_size: 96MB, min_wal_size: 32MB}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, {{auth: trust}}, no-sync]
  pg_hba: [local all all trust, host all all 127.0.0.1/32 trust,
           host replication all 127.0.0.1/32 trust]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: {data}/data
  bin_dir: /usr/lib/postgresql/15/bin
  pgpass: {data}/pgpass
  authentication:
    superuser: {{username: postgres}}
    replication: {{username: replicator}}
    rewind: {{username: postgres}}
  parameters: {{unix_socket_directories: {data}}}
"
        );
        let settings = format!("{data}/patroni.yml");
        fs::write(&settings, text).expect("the settings");
        Self { name, settings, data, port, agent_port, agent: None }
    }

    fn start(&mut self) {
        if self.agent.is_some() {
            return;
        }
        let log = format!("{}.log", self.data);
        let log = File::options().create(true).append(true).open(log).expect("a log");
        let mut command = python("patroni");
        command.arg(&self.settings).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("the log")).stderr(log);
        self.agent = Some(command.spawn().expect("Patroni"));
    }

    /// The members of the cluster, as the agent describes them in JSON.
    fn members(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.agent_port)).ok()?;
        stream.write_all(b"GET /cluster HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn kill(&mut self) {
        let Some(mut agent) = self.agent.take() else { return };
        signal("KILL", &[agent.id()]);
        agent.wait().expect("its end");
        let file = format!("{}/data/postmaster.pid", self.data);
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Some(server) = text.lines().next().and_then(|line| line.parse().ok()) {
            signal("KILL", &family(server));
        }
    }
}

fn python(program: &str) -> Command {
    let folder = format!("{PACKAGES}/patroni/bin");
    let mut command = as_postgres(format!("{folder}/python"));
    command.arg(format!("{folder}/{program}")).env("LC_ALL", "C.UTF-8");
    command
}
