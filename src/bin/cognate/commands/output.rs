//! The output of a command: JSON, or lines for a person.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use cognate::ambient::Timestamp;
use serde_json::Value;

use crate::commands::trouble::Trouble;

/// The answer of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
}

impl Verdict {
    pub(crate) fn yes_if(is_yes: bool) -> Self {
        if is_yes { Self::Yes } else { Self::No }
    }
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Form {
    /// Prints the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Form {
    /// Prints an answer as JSON, or as `lines` tells it.
    pub(crate) fn print(
        self,
        answer: &Value,
        lines: impl FnOnce() -> String,
    ) -> Result<(), Trouble> {
        let text = if self.json { format!("{answer:#}\n") } else { lines() };
        print(&text)
    }
}

/// Prints lines. Colours are left out unless a terminal shows them.
pub(crate) fn print(text: &str) -> Result<(), Trouble> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Trouble::Print)
}

/// The verdict word in front of an answer, in green or red.
pub(crate) fn coloured(verdict: Verdict, text: &str) -> String {
    let colour = match verdict {
        Verdict::Yes => 32,
        Verdict::No => 31,
    };
    format!("\x1b[1;{colour}m{text}\x1b[0m")
}

/// Rows with aligned columns, two spaces apart.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A text of the engine, which may quote strangers: characters that a terminal would obey are
/// escaped, apart from the ends of lines.
pub(crate) fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}

/// A text of a stranger on one line: characters that a terminal would obey are escaped.
pub(crate) fn shown(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\'' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}

/// A text member of an object, as it is shown.
pub(crate) fn text(of: &Value, member: &str) -> String {
    match of.get(member) {
        Some(Value::String(text)) => shown(text),
        Some(Value::Null) | None => String::new(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            shown(&other.to_string())
        }
    }
}

/// The entries of a list, or none.
pub(crate) fn entries<'v>(of: &'v Value, member: &str) -> &'v [Value] {
    of.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A date of epoch seconds, with milliseconds, in UTC.
pub(crate) fn date(of: &Value, member: &str) -> String {
    let seconds = of.get(member).map(ToString::to_string).unwrap_or_default();
    let (whole, parts) = seconds.split_once('.').unwrap_or((&seconds, ""));
    let millis = format!("{whole}{parts:0<3.3}").parse().ok();
    millis.map_or(seconds.clone(), |millis| Timestamp::from_millis(millis).to_string())
}

/// An identity, as lines.
pub(crate) fn identity(of: &Value) -> String {
    let logins = entries(of, "Logins").iter().enumerate().map(|(at, login)| {
        let name = if at == 0 { "logins" } else { "" };
        let login = format!("{}  {}", text(login, "Provider"), text(login, "Subject"));
        vec![name.to_owned(), login]
    });
    let rows = [
        vec![text(of, "IdentityId"), text(of, "State")],
        vec!["pool".to_owned(), text(of, "IdentityPoolId")],
        vec!["created".to_owned(), date(of, "CreationDate")],
        vec!["modified".to_owned(), date(of, "LastModifiedDate")],
        vec!["revision".to_owned(), text(of, "Revision")],
    ];
    let (head, rest) = rows.split_at(1);
    let rest: Vec<_> = rest.iter().cloned().chain(logins).collect();
    table(head) + &indented(&table(&rest))
}

/// The lines, two columns to the right.
pub(crate) fn indented(lines: &str) -> String {
    lines.lines().fold(String::new(), |mut text, line| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "  {line}");
        text
    })
}

/// A number of things.
pub(crate) fn count(of: &Value, member: &str, one: &str, many: &str) -> String {
    let number = match of.get(member) {
        Some(Value::Array(list)) => list.len().to_string(),
        _ => text(of, member),
    };
    let noun = if number == "1" { one } else { many };
    format!("{number} {noun}")
}

/// Whether progress is shown: somebody watches, and nothing else is printed there.
pub(crate) fn is_watched(is_to_stdout: bool) -> bool {
    let is_printed_there = is_to_stdout && io::stdout().is_terminal();
    io::stderr().is_terminal() && !is_printed_there
}
