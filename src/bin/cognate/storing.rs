//! The commands `migrate` and `copy`.

use std::io::{self, Write};

use clap::Args;
use cognate::store::{SledOptions, Store, copy};

use crate::failure::Failure;
use crate::options::{Place, StoreUrl};

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The PostgreSQL database: see `serve --store`.
    #[arg(long, value_name = "URL")]
    store: StoreUrl,
}

#[derive(Debug, Args)]
pub(crate) struct CopyStore {
    /// The folder of the database to copy, or the URL of the PostgreSQL database.
    #[arg(long, value_name = "PATH|URL")]
    from: Place,
    /// The folder of the new database, or the URL of a migrated PostgreSQL database without
    /// records.
    #[arg(long, value_name = "PATH|URL")]
    to: Place,
}

pub(crate) fn migrate(options: &Migrate) -> Result<(), Failure> {
    let migrated = options.store.parse("--store")?.migrate().map_err(Failure::Migrate)?;
    let before = migrated.before.map_or("none".to_owned(), |level| level.to_string());
    let after = migrated.after;
    writeln!(io::stdout(), "level before: {before}\nlevel after: {after}").map_err(Failure::Print)
}

pub(crate) fn copy_store(options: &CopyStore) -> Result<(), Failure> {
    if let Place::Folder(path) = &options.from
        && !path.join("sled").join("db").is_file()
    {
        return Err(Failure::NoDatabase(path.clone()));
    }
    let from = open(&options.from, "--from")?;
    let to = open(&options.to, "--to")?;
    let copied = copy(&from, &to).map_err(Failure::Copy)?;
    let digits = |text, byte: &u8| format!("{text}{byte:02x}");
    let digest = copied.digest.iter().fold(String::new(), digits);
    let entries = copied.entries;
    writeln!(io::stdout(), "entries: {entries}\nSHA-256 digest: {digest}").map_err(Failure::Print)
}

fn open(place: &Place, option: &'static str) -> Result<Box<dyn Store>, Failure> {
    match place {
        Place::Folder(path) => match SledOptions::new(path).open() {
            Ok(store) => Ok(Box::new(store)),
            Err(error) => Err(Failure::Open { path: path.clone(), source: error.into() }),
        },
        Place::Server(url) => match url.parse(option)?.open() {
            Ok(store) => Ok(Box::new(store)),
            Err(error) => Err(Failure::OpenStore(error.into())),
        },
    }
}
