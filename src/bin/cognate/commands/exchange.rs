//! The commands `export` and `import`.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use cognate::exchange::replace_file;
use cognate::name::{AccountId, IdentityPoolId, Region};
use serde_json::Value;

use crate::commands::client::Client;
use crate::commands::output::{Form, Verdict, count, is_watched};
use crate::commands::parse;
use crate::commands::progress::Meter;
use crate::commands::source::{Missing, Source};
use crate::commands::trouble::Trouble;

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    source: Source,
    /// The file to write. It is replaced as a whole once the export is complete. Without a file,
    /// the standard output stream gets the lines.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Only this pool.
    #[arg(long, value_name = "ID", value_parser = parse::<IdentityPoolId>,
        conflicts_with = "account")]
    pool: Option<IdentityPoolId>,
    /// Only the pools of this account.
    #[arg(long, value_name = "ID", value_parser = parse::<AccountId>)]
    account: Option<AccountId>,
    /// Also the events of the journal.
    #[arg(long)]
    history: bool,
    /// Also the keys for tokens and sessions, which must be sealed.
    #[arg(long, conflicts_with_all = ["pool", "account"])]
    keys: bool,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    source: Source,
    /// The export or seed to read. `-` reads the standard input stream.
    #[arg(value_name = "FILE|-", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Adds the identities of a seed without pools to this pool.
    #[arg(long, value_name = "ID", value_parser = parse::<IdentityPoolId>,
        conflicts_with_all = ["account", "region"])]
    pool: Option<IdentityPoolId>,
    /// The account of pools of a seed that name none.
    #[arg(long, value_name = "ID", value_parser = parse::<AccountId>)]
    account: Option<AccountId>,
    /// The region of pools of a seed that have no id.
    #[arg(long, value_name = "NAME", value_parser = parse::<Region>)]
    region: Option<Region>,
    #[command(flatten)]
    form: Form,
}

pub(crate) fn export(command: &Export) -> Result<Verdict, Trouble> {
    let client = command.source.open()?;
    let Some(path) = &command.file else {
        let out = BufWriter::new(io::stdout().lock());
        command.write(&client, out, is_watched(true))?;
        return Ok(Verdict::Yes);
    };
    let end =
        replace_file(path, |file| command.write(&client, BufWriter::new(file), is_watched(false)))?;
    command.form.print(&end, || {
        let pools = count(&end, "pools", "pool", "pools");
        let identities = count(&end, "identities", "identity", "identities");
        let events = count(&end, "events", "event", "events");
        format!("exported {pools}, {identities}, {events}\n")
    })?;
    Ok(Verdict::Yes)
}

impl Export {
    /// Writes the lines, and returns the counts in the last one.
    fn write(&self, client: &Client, out: impl Write, is_shown: bool) -> Result<Value, Trouble> {
        let mut members = Vec::new();
        members.extend(self.pool.as_ref().map(|pool| ("IdentityPoolId", pool.as_str())));
        members.extend(self.account.as_ref().map(|account| ("AccountId", account.as_str())));
        members.extend(self.history.then_some(("History", "true")));
        members.extend(self.keys.then_some(("Keys", "true")));
        let mut meter = Meter::new(out, is_shown, None);
        client.export(&members, &mut meter)?;
        meter.flush().map_err(Trouble::Print)?;
        let end: Value = serde_json::from_slice(meter.last_line()).unwrap_or_default();
        end.get("end").cloned().ok_or(Trouble::Cut)
    }
}

pub(crate) fn import(command: &Import) -> Result<Verdict, Trouble> {
    let Import { file, pool, account, region, .. } = command;
    let (from, length) = open(file)?;
    // A pool that exists is in a database that exists.
    let missing = if pool.is_some() { Missing::Refuse } else { Missing::Create };
    let client = command.source.open_or(missing)?;
    let mut members = Vec::new();
    members.extend(pool.as_ref().map(|pool| ("IdentityPoolId", pool.as_str())));
    members.extend(account.as_ref().map(|account| ("AccountId", account.as_str())));
    members.extend(region.as_ref().map(|region| ("Region", region.as_str())));
    let imported = client.import(&members, Meter::new(from, is_watched(false), length))?;
    command.form.print(&imported, || {
        let identities = count(&imported, "Identities", "identity", "identities");
        if pool.is_some() {
            return format!("imported {identities}\n");
        }
        let pools = count(&imported, "IdentityPoolIds", "pool", "pools");
        let events = count(&imported, "Events", "event", "events");
        format!("imported {pools}, {identities}, {events}\n")
    })?;
    Ok(Verdict::Yes)
}

/// A file to read, with its length if it has one.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Trouble> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let failed = |error| Trouble::Read(path.display().to_string(), error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), length))
}
