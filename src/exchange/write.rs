//! Writing of lines.

use std::io::{BufWriter, Write};

use ring::digest::{Context, SHA256};
use serde::Serialize;

use crate::exchange::line::{EndLine, FirstLine, Line};
use crate::exchange::{ExchangeError, Exported};

/// Writes the lines of an export, counts them and digests them.
pub(crate) struct LineWriter<W: Write> {
    out: BufWriter<W>,
    digest: Context,
    line: Vec<u8>,
    end: EndLine,
}

impl<W: Write> LineWriter<W> {
    pub(crate) fn begin(out: W, first: &FirstLine) -> Result<Self, ExchangeError> {
        let end = EndLine { pools: 0, identities: 0, events: 0, sha256: String::new() };
        let (out, digest) = (BufWriter::new(out), Context::new(&SHA256));
        let mut writer = Self { out, digest, line: Vec::new(), end };
        writer.put(first)?;
        Ok(writer)
    }

    pub(crate) fn write(&mut self, line: &Line) -> Result<(), ExchangeError> {
        self.end.count(line);
        self.put(line)
    }

    /// The number of pools, identities and events so far.
    pub(crate) fn done(&self) -> u64 {
        self.end.sum()
    }

    pub(crate) fn finish(mut self) -> Result<Exported, ExchangeError> {
        self.end.sha256 = hex(self.digest.clone());
        self.put(&Line::End(self.end.clone()))?;
        self.out.flush()?;
        let EndLine { pools, identities, events, sha256 } = self.end;
        Ok(Exported { pools, identities, events, sha256 })
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), ExchangeError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(std::io::Error::from)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        Ok(self.out.write_all(&self.line)?)
    }
}

impl EndLine {
    pub(crate) fn count(&mut self, line: &Line) {
        match line {
            Line::Pool(_) => self.pools = self.pools.saturating_add(1),
            Line::Identity(_) => self.identities = self.identities.saturating_add(1),
            Line::Event(_) => self.events = self.events.saturating_add(1),
            Line::SigningKey(_) | Line::SessionKey(_) | Line::End(_) => {}
        }
    }

    /// The number of pools, identities and events.
    pub(crate) fn sum(&self) -> u64 {
        self.pools.saturating_add(self.identities).saturating_add(self.events)
    }
}

/// The digest of what was read or written so far, in hexadecimal.
pub(super) fn hex(digest: Context) -> String {
    use std::fmt::Write as _;

    let digest = digest.finish();
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let written = write!(hex, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a string");
        hex
    })
}
