//! The place of the database that a command asks about.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use cognate::control::Control;
use cognate::http::Guard;
use cognate::store::SledOptions;
use cognate::{Builder, Engine, Journal, Removal};

use crate::commands::client::Client;
use crate::commands::remote::Remote;
use crate::commands::server_url::ServerUrl;
use crate::commands::trouble::Trouble;
use crate::failure::Failure;
use crate::options::{StoreUrl, control_token, key_secret};

/// Exactly one of `--data`, `--store` and `--at`.
#[derive(Debug, Args)]
pub(crate) struct Source {
    #[command(flatten)]
    place: Places,
    /// A file with the secret that seals the private keys of the database.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with = "at",
        help_heading = "Database")]
    key_secret_file: Option<PathBuf>,
    /// A file with the token of the server's control plane: see `serve --control-token-file`.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["data", "store"], help_heading = "Database")]
    token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Places {
    /// The folder of a database that no server has open.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath, help_heading = "Database")]
    data: Option<PathBuf>,
    /// A PostgreSQL database: see `serve --store`.
    #[arg(long, value_name = "URL", help_heading = "Database")]
    store: Option<StoreUrl>,
    /// The address of a running server: `http://HOST:PORT`.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Database")]
    at: Option<ServerUrl>,
}

/// Whether a database is made in a folder that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Refuse,
    Create,
}

impl Source {
    pub(crate) fn open(&self) -> Result<Client, Trouble> {
        self.open_or(Missing::Refuse)
    }

    pub(crate) fn open_or(&self, missing: Missing) -> Result<Client, Trouble> {
        let Places { data, store, at } = &self.place;
        if let Some(url) = at {
            let token = self.token_file.as_deref().map(control_token).transpose()?;
            return Ok(Client::Remote(Remote::new(url.clone(), token)?));
        }
        let engine = match (data, store) {
            (Some(path), _) => self.open_folder(path, missing)?,
            (None, Some(url)) => {
                let store = url.parse("--store")?.open();
                let store = store.map_err(|error| Failure::OpenStore(error.into()))?;
                let engine = self.builder()?.open_shared(store);
                engine.map_err(|error| Failure::OpenStore(error.into()))?
            }
            // The group is required.
            (None, None) => return Err(Failure::NoDatabase(PathBuf::new()).into()),
        };
        Ok(Client::Local(Control::new(&engine, Guard::default()).request_log(false)))
    }

    fn open_folder(&self, path: &PathBuf, missing: Missing) -> Result<Engine, Trouble> {
        if path.to_string_lossy().contains("://") {
            return Err(Failure::DataIsUrl.into());
        }
        if missing == Missing::Refuse && !path.join("sled").join("db").is_file() {
            return Err(Failure::NoDatabase(path.clone()).into());
        }
        let opened = self.builder()?.open_sled(SledOptions::new(path));
        opened.map_err(|source| {
            let is_held = matches!(source, cognate::Error::Locked { .. });
            let path = path.clone();
            if is_held { Trouble::Held(path) } else { Failure::Open { path, source }.into() }
        })
    }

    /// An engine that writes events as a server does, but removes neither old events nor the
    /// remains of deleted pools.
    fn builder(&self) -> Result<Builder, Trouble> {
        let builder = Engine::builder().journal(Journal::keep(u32::MAX)).removal(Removal::Calling);
        Ok(match &self.key_secret_file {
            Some(path) => builder.key_secret(key_secret(path)?),
            None => builder,
        })
    }
}
