//! Exports, imports and seeds: a database, or a part of it, as a file of JSON lines.
//!
//! These are the options and reports of [`Admin::export`](crate::Admin::export),
//! [`Admin::import`](crate::Admin::import) and [`Admin::seed`](crate::Admin::seed). The guide
//! specifies the format, with an example.

mod error;
mod file;
mod history;
pub(crate) mod line;
mod options;
mod read;
mod write;

pub use error::{ExchangeError, ImportFault};
pub(crate) use file::open_regular;
pub use file::replace_file;
pub(crate) use history::{ImportedHistory, is_told_by};
pub use options::{Export, Exported, Import, Imported, Progress};
pub(crate) use options::{ExportScope, Reporter};
pub(crate) use read::{LineReader, tail_counts};
pub(crate) use write::LineWriter;

/// The number of lines after which an export tells its progress, and an import commits.
pub(crate) const STEP: u64 = 256;
