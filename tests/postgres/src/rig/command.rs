//! Programs of the rig, and patience with them.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The folder for the data of all servers, which `alone` mounts.
pub(crate) const DATA: &str = "/mnt";
/// The packages that `run` installs.
pub(crate) const PACKAGES: &str = "/mnt/packages";

/// The deadline of a step that prepares a test. Machines are noisy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A port of the loopback device, below those that the kernel gives to clients.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A command that runs as the user of PostgreSQL, which refuses to run as root.
pub(crate) fn as_postgres(program: impl AsRef<Path>) -> Command {
    let users = fs::read_to_string("/etc/passwd").expect("the users of this machine");
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("user postgres");
    let mut ids = user.split(':').skip(2).map(|id| id.parse().expect("a number"));
    let (user, group) = (ids.next().expect("a user"), ids.next().expect("a group"));
    let mut command = Command::new(program.as_ref());
    command.uid(user).gid(group).current_dir(DATA).env("HOME", DATA);
    command
}

/// A new folder that belongs to the user of PostgreSQL.
pub(crate) fn folder(name: &str) -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    assert!(Path::new(PACKAGES).exists(), "start the tests with `tests/postgres/run`");
    let path =
        format!("{DATA}/{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    fs::create_dir(&path).expect("a folder");
    give_to_postgres(&path);
    path
}

pub(crate) fn give_to_postgres(path: &str) {
    run(Command::new("chown").args(["-R", "postgres:postgres", path]));
}

/// The output of a program that must succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out
}

/// Waits until `ready` has a result.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(result) = ready() {
            return result;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a signal to processes. They may have ended.
pub(crate) fn signal(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    let killed = Command::new("kill").arg(format!("-{signal}")).args(processes).output();
    killed.expect("`kill` runs");
}

/// A process and all its descendants.
pub(crate) fn family(process: u32) -> Vec<u32> {
    let listed = run(Command::new("ps").args(["-A", "-o", "pid=,ppid="]));
    let mut pairs = listed.lines().map(|line| {
        let mut numbers = line.split_whitespace().map(|number| number.parse().expect("a number"));
        (numbers.next().expect("a process"), numbers.next().expect("its parent"))
    });
    let pairs: Vec<(u32, u32)> = pairs.by_ref().collect();
    let mut family = vec![process];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(own, _)| own));
        next += 1;
    }
    family
}

/// The command that runs SQL and prints its rows, without decoration.
pub(crate) fn psql(connection: &str, sql: &str) -> Command {
    let mut command = Command::new("/usr/lib/postgresql/15/bin/psql");
    command.env("PGCONNECT_TIMEOUT", "10");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", sql]);
    command
}

/// Whether a server on this port runs SQL, and what the SQL returns.
pub(crate) fn answer(port: u16, sql: &str) -> Option<String> {
    let connection = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let output = psql(&connection, sql).output().expect("psql runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
