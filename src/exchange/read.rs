//! Reading of lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use ring::digest::{Context, SHA256};
use serde::Deserialize;

use crate::exchange::error::malformed;
use crate::exchange::line::{EndLine, FirstLine, Line, VERSION};
use crate::exchange::write::hex;
use crate::exchange::{ExchangeError, ImportFault};

/// The longest line, in bytes, with its end.
const LINE_LENGTH_MAX: usize = 16 << 20;

/// Reads the lines of a file one by one. At the end it compares counts and digest.
pub(crate) struct LineReader<R> {
    from: BufReader<R>,
    first: FirstLine,
    /// The number of the last line that was read.
    number: u64,
    line: Vec<u8>,
    digest: Context,
    counted: EndLine,
    has_ended: bool,
}

impl<R: Read> LineReader<R> {
    /// Reads the first line.
    pub(crate) fn begin(from: R) -> Result<Self, ExchangeError> {
        let counted = EndLine { pools: 0, identities: 0, events: 0, sha256: String::new() };
        let mut reader = Self {
            from: BufReader::new(from),
            first: FirstLine::Seed { version: VERSION },
            number: 0,
            line: Vec::new(),
            digest: Context::new(&SHA256),
            counted,
            has_ended: false,
        };
        if !reader.read()? {
            return Err(ExchangeError::Line { line: 1, fault: ImportFault::Empty });
        }
        reader.first = first_line(reader.text()).map_err(|fault| reader.fault(fault))?;
        reader.take_whole()?;
        Ok(reader)
    }

    pub(crate) fn first(&self) -> &FirstLine {
        &self.first
    }

    /// The number of the last line that was read.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The number of pools, identities and events so far.
    pub(crate) fn done(&self) -> u64 {
        self.counted.sum()
    }

    /// The number of identities and of events so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counted.identities, self.counted.events)
    }

    /// A fault of the last line that was read.
    pub(crate) fn fault(&self, fault: ImportFault) -> ExchangeError {
        ExchangeError::Line { line: self.number, fault }
    }

    /// The next line. `None` at the end, which is checked: every line before counts only if the end
    /// is reached.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, ExchangeError> {
        loop {
            if !self.read()? {
                return if self.has_ended || !self.first.is_export() {
                    Ok(None)
                } else {
                    Err(self.fault(ImportFault::Cut))
                };
            }
            let is_blank = self.line.iter().all(u8::is_ascii_whitespace);
            if is_blank && !self.first.is_export() {
                continue;
            }
            if self.has_ended {
                return Err(self.fault(ImportFault::AfterEnd));
            }
            let line = serde_json::from_slice(self.text());
            let line = line.map_err(|error| self.fault(malformed(&error)))?;
            if let Line::End(end) = &line {
                self.check_end(end)?;
            } else {
                self.take_whole()?;
                self.counted.count(&line);
                return Ok(Some(line));
            }
        }
    }

    /// The line without its end.
    fn text(&self) -> &[u8] {
        self.line.strip_suffix(b"\n").unwrap_or(&self.line)
    }

    /// Digests a line that ends as it should.
    fn take_whole(&mut self) -> Result<(), ExchangeError> {
        if self.first.is_export() && !self.line.ends_with(b"\n") {
            return Err(self.fault(ImportFault::Cut));
        }
        self.digest.update(&self.line);
        Ok(())
    }

    fn check_end(&mut self, end: &EndLine) -> Result<(), ExchangeError> {
        let counts = |end: &EndLine| (end.pools, end.identities, end.events);
        if counts(end) != counts(&self.counted) {
            return Err(self.fault(ImportFault::WrongCounts));
        }
        if end.sha256 != hex(self.digest.clone()) {
            return Err(self.fault(ImportFault::WrongDigest));
        }
        self.take_whole()?;
        // The digest does not cover the line itself.
        if self.first.is_export() {
            let written = serde_json::to_vec(&Line::End(end.clone())).map_err(io::Error::from)?;
            if self.text() != written {
                return Err(self.fault(ImportFault::WrongDigest));
            }
        }
        self.has_ended = true;
        Ok(())
    }

    /// Reads the bytes of the next line with its end. False at the end of the file.
    fn read(&mut self) -> Result<bool, ExchangeError> {
        self.line.clear();
        let longest = u64::try_from(LINE_LENGTH_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let length = (&mut self.from).take(longest).read_until(b'\n', &mut self.line)?;
        if length > 0 {
            self.number = self.number.saturating_add(1);
        }
        if length > LINE_LENGTH_MAX {
            return Err(self.fault(ImportFault::TooLong));
        }
        Ok(length > 0)
    }
}

/// The kind and the version of a file, whatever else its first line has.
#[derive(Deserialize)]
struct Kind {
    cognate: String,
    version: u32,
}

fn first_line(line: &[u8]) -> Result<FirstLine, ImportFault> {
    let is_utf_16 = line.starts_with(&[0xfe, 0xff])
        || line.starts_with(&[0xff, 0xfe])
        || line.iter().take(2).any(|byte| *byte == 0);
    if is_utf_16 || line.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(ImportFault::NotUtf8);
    }
    let kind: Kind = serde_json::from_slice(line).map_err(|error| {
        if error.is_data() { ImportFault::NotAnExchange } else { malformed(&error) }
    })?;
    match kind.version {
        _ if !matches!(kind.cognate.as_str(), "export" | "seed") => Err(ImportFault::NotAnExchange),
        0 => Err(ImportFault::NotAnExchange),
        VERSION => serde_json::from_slice(line).map_err(|error| malformed(&error)),
        version => Err(ImportFault::Newer { version }),
    }
}

/// The number of pools, identities and events that the last line of a file tells, if it has one.
/// Leaves the file as it was opened.
pub(crate) fn tail_counts(file: &mut File) -> io::Result<Option<u64>> {
    const TAIL: u64 = 512;

    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let tail = tail.strip_suffix(b"\n").unwrap_or(&tail);
    let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match serde_json::from_slice(last) {
        Ok(Line::End(end)) => Some(end.sum()),
        Ok(_) | Err(_) => None,
    })
}
