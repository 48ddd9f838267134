//! The log: lines on standard error that never block a request.
//!
//! One thread writes the lines. While it is blocked, because nobody reads the other end of a pipe,
//! lines are buffered up to a limit. Further lines are lost, and their number is logged once
//! writing works again. (The crate `tracing-appender` counts lost lines too, but does not report
//! them, and prints to standard output when it ends.)

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// The amount of detail in the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    /// Nothing.
    Off,
    /// Failures of the server.
    Error,
    /// Also warnings, and a line for each request.
    Info,
    /// Also connections, and the address, path, size and waiting time of each request.
    Debug,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
        }
    }
}

/// Starts to log all traced events, and panics.
pub(crate) fn start(level: Level) -> io::Result<()> {
    thread::Builder::new().name("cognate-log".to_owned()).spawn(|| LOG.write_out())?;
    tracing_subscriber::fmt()
        .with_writer(|| &LOG)
        .with_max_level(LevelFilter::from(level))
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false)
        .init();
    panic::set_hook(Box::new(|panicked| {
        // Leave out the panic's message: it can contain a record.
        let place = panicked.location().map(ToString::to_string);
        error!(place, "a thread panicked");
    }));
    Ok(())
}

/// Writes a line at every level.
pub(crate) fn say(line: &str) {
    LOG.push(format!("{line}\n").as_bytes());
}

/// Waits until all lines are written, but no longer than `patience`.
pub(crate) fn finish(patience: Duration) {
    LOG.flush(patience);
}

static LOG: Log = Log { pending: Mutex::new(Pending::new()), changed: Condvar::new() };

/// In bytes: about a thousand lines.
const PENDING_MAX: usize = 256 * 1024;

struct Log {
    pending: Mutex<Pending>,
    changed: Condvar,
}

struct Pending {
    lines: Vec<u8>,
    /// The number of lines that did not fit or could not be written.
    lost: u64,
    is_writing: bool,
}

impl Pending {
    const fn new() -> Self {
        Self { lines: Vec::new(), lost: 0, is_writing: false }
    }
}

impl Log {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut pending = self.pending();
        if pending.lines.len().saturating_add(line.len()) > PENDING_MAX {
            pending.lost = pending.lost.saturating_add(1);
        } else {
            pending.lines.extend_from_slice(line);
        }
        drop(pending);
        self.changed.notify_all();
    }

    fn write_out(&self) {
        let mut output = io::stderr();
        let mut pending = self.pending();
        loop {
            while pending.lines.is_empty() {
                pending = self.changed.wait(pending).unwrap_or_else(PoisonError::into_inner);
            }
            let mut lines = std::mem::take(&mut pending.lines);
            let mut lost = std::mem::take(&mut pending.lost);
            pending.is_writing = true;
            drop(pending);
            let taken = lines.split(|byte| *byte == b'\n').count().saturating_sub(1);
            if lost > 0 {
                // The lost lines came after those in the buffer.
                lines.extend_from_slice(report(lost).as_bytes());
            }
            if output.write_all(&lines).is_ok() {
                lost = 0;
            } else {
                lost = lost.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            }
            pending = self.pending();
            pending.lost = pending.lost.saturating_add(lost);
            pending.is_writing = false;
            self.changed.notify_all();
        }
    }

    fn flush(&self, patience: Duration) {
        let is_busy = |pending: &mut Pending| pending.is_writing || !pending.lines.is_empty();
        drop(self.changed.wait_timeout_while(self.pending(), patience, is_busy));
    }
}

fn report(lost: u64) -> String {
    let mut time = String::new();
    // Report the loss even if the time cannot be formatted.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    format!("{time}  WARN {lost} log lines were lost because they could not be written in time\n")
}

/// Takes one line at a time: tracing writes whole lines.
impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
