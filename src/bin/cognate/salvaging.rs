//! The commands `salvage` and `accept-salvage`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use cognate::store::SledOptions;

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Salvage {
    /// The folder of the damaged database. Its files stay as they are.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The folder of the new database. It must not exist.
    #[arg(long, value_name = "PATH")]
    into: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptSalvage {
    /// The folder of the salvaged database.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
}

pub(crate) fn salvage(options: &Salvage) -> Result<(), Failure> {
    let Salvage { data, into } = options;
    let salvaged = SledOptions::new(data).salvage(into);
    let salvaged = salvaged.map_err(|source| Failure::Salvage { path: data.clone(), source })?;
    writeln!(io::stdout(), "{salvaged}").map_err(Failure::Print)
}

pub(crate) fn accept(options: AcceptSalvage) -> Result<(), Failure> {
    let path = options.data;
    let accepted = SledOptions::new(&path).accept_salvage();
    accepted.map_err(|source| Failure::Open { path, source })
}
