//! The command `accept-salvage`.

use std::path::PathBuf;

use clap::Args;
use cognate::store::SledOptions;

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct AcceptSalvage {
    /// The folder of the salvaged database.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
}

pub(crate) fn accept(options: AcceptSalvage) -> Result<(), Failure> {
    let path = options.data;
    let accepted = SledOptions::new(&path).accept_salvage();
    accepted.map_err(|source| Failure::Open { path, source })
}
