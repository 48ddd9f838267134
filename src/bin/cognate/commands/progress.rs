//! The progress of an export or an import, by the bytes that pass.

use std::io::{self, Read, Write};

/// Counts the bytes and lines that pass, keeps the last line, and shows the progress.
pub(crate) struct Meter<T> {
    through: T,
    is_shown: bool,
    total: Option<u64>,
    bytes: u64,
    lines: u64,
    drawn: u64,
    last: Vec<u8>,
}

/// The number of bytes between two drawings.
const STEP: u64 = 1 << 18;

/// The longest last line that is kept: that of an export is shorter.
const LINE_MAX: usize = 1024;

impl<T> Meter<T> {
    /// `total` is the number of bytes at the end, if it is known.
    pub(crate) fn new(through: T, is_shown: bool, total: Option<u64>) -> Self {
        Self { through, is_shown, total, bytes: 0, lines: 0, drawn: 0, last: Vec::new() }
    }

    /// The last line.
    pub(crate) fn last_line(&self) -> &[u8] {
        self.last.strip_suffix(b"\n").unwrap_or(&self.last)
    }

    fn count(&mut self, passed: &[u8]) {
        let length = u64::try_from(passed.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
        for line in passed.split_inclusive(|byte| *byte == b'\n') {
            if self.last.ends_with(b"\n") {
                self.last.clear();
            }
            let room = LINE_MAX.saturating_sub(self.last.len());
            self.last.extend(line.iter().take(room));
            if line.ends_with(b"\n") {
                self.lines = self.lines.saturating_add(1);
                if !self.last.ends_with(b"\n") {
                    // Cut.
                    self.last = b"\n".to_vec();
                }
            }
        }
        if self.is_shown && self.bytes.saturating_sub(self.drawn) >= STEP {
            self.drawn = self.bytes;
            self.draw();
        }
    }

    fn draw(&self) {
        const STEPS: u64 = 25;

        let done = format!("{} lines, {} MiB", self.lines, self.bytes >> 20);
        let part =
            |of: u64| self.bytes.min(self.total?).saturating_mul(of).checked_div(self.total?);
        let line = match (part(STEPS), part(100)) {
            (Some(filled), Some(percent)) => {
                let bar = (0..STEPS).map(|step| if step < filled { '━' } else { '·' });
                format!("{} {percent:3} %  {done}", bar.collect::<String>())
            }
            _ => done,
        };
        // Progress is no reason to fail.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }
}

impl<T> Drop for Meter<T> {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl<T: Write> Write for Meter<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.through.write(bytes)?;
        self.count(bytes.get(..length).unwrap_or(bytes));
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.through.flush()
    }
}

impl<T: Read> Read for Meter<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.through.read(into)?;
        self.count(into.get(..length).unwrap_or_default());
        Ok(length)
    }
}
