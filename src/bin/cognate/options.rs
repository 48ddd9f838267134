//! The options of `serve`.

mod engine;
mod place;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use cognate::ambient::MovableClock;
use cognate::control::Control;
use cognate::http::{HostName, Origin};
use cognate::name::{AccountId, ProviderName};
use cognate::{Engine, Journal};

use crate::failure::Failure;
use crate::guards::limits::{self, Limits};
use crate::key_sets::HttpUrl;
use crate::{guards, log};

pub(crate) use engine::{control_token, key_secret};
pub(crate) use place::{Place, StoreUrl};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Serve {
    /// The folder of the database. It is created if it is missing.
    #[arg(long, value_name = "PATH", default_value = "./cognate-data", conflicts_with = "store")]
    data: PathBuf,
    /// A PostgreSQL database, which several servers share, instead of a folder:
    /// `postgres://USER@HOST/DATABASE`. Run `cognate migrate` once before. Other users of the
    /// machine can see the arguments of a program, so give a password in `PGPASSWORD` or in
    /// `~/.pgpass`.
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,
    /// The largest number of connections to the PostgreSQL server.
    #[arg(long, value_name = "COUNT", default_value_t = 8, requires = "store",
        value_parser = value_parser!(u16).range(1..=1_000))]
    store_connections: u16,
    /// The address to listen on. Port 0 picks a free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    pub(crate) listen: SocketAddr,
    /// The algorithm that signs tokens. The service uses RS512.
    #[arg(long, value_name = "NAME", value_enum, default_value = "rs512")]
    signing_algorithm: AlgorithmName,
    /// The encoding of the modulus of RSA keys in the key set.
    #[arg(long, value_name = "NAME", value_enum, default_value = "base64url")]
    modulus_encoding: ModulusEncodingName,
    /// The failure that an answered operation survives.
    #[arg(long, value_name = "NAME", value_enum, default_value = "power-loss")]
    durability: DurabilityName,
    /// The days for which the journal keeps the events of identities and pools, or `off` for no
    /// journal. Events that are in the store already then stay.
    #[arg(long, value_name = "off|DAYS", value_parser = journal, default_value = "90")]
    journal: JournalChoice,
    /// A file with the secret that seals the private keys. Use 32 or more random bytes.
    #[arg(long, value_name = "PATH")]
    key_secret_file: Option<PathBuf>,
    /// A file with the previous secret. Keys that it sealed are sealed again with the secret of
    /// `--key-secret-file`. Without that option they are stored unsealed.
    #[arg(long, value_name = "PATH")]
    previous_key_secret_file: Option<PathBuf>,
    /// The key set of an OpenID Connect issuer or a user pool: a JSON file, or a URL with `http://`
    /// or `https://` from which it is fetched when it is needed. Repeat it for further issuers. A
    /// leading `https://` and one final slash of the issuer are ignored.
    #[arg(long, value_name = "ISSUER=FILE|URL", value_parser = key_set, conflicts_with = TRUST)]
    oidc_jwks: Vec<(String, KeySetPlace)>,
    /// The address of an emulator of user pools, as in `http://localhost:9229`. Users of all its
    /// user pools can log in: their keys are fetched from `URL/POOL/.well-known/jwks.json`, else
    /// from `URL/.well-known/jwks.json`. Key sets of `--oidc-jwks` come first.
    #[arg(long, value_name = "URL", value_parser = HttpUrl::folder, conflicts_with = TRUST)]
    user_pools: Option<HttpUrl>,
    /// The address that the emulator of `--user-pools` writes into `iss` of its tokens, if it is
    /// another one. May be repeated.
    #[arg(long, value_name = "URL", value_parser = HttpUrl::folder, requires = "user_pools")]
    user_pools_issuer: Vec<HttpUrl>,
    /// The client id of an application that is registered with an issuer of
    /// `OpenIdConnectProviderARNs`. May be repeated. Without one, the issuer's tokens for every
    /// application are accepted.
    #[arg(long, value_name = "ISSUER=CLIENT", value_parser = pair)]
    oidc_client_id: Vec<(String, String)>,
    /// The time in which an expired token of an issuer of `OpenIdConnectProviderARNs` is still
    /// accepted. The service's guide mentions 300 seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = TRUST)]
    oidc_grace_period: u32,
    /// Accepts logins without verifying their signatures: anyone can log in as anyone. For tests
    /// only.
    #[arg(long)]
    trust_unverified_logins: bool,
    /// The proof that links a developer user to an identity that already has another login.
    #[arg(long, value_name = "NAME", value_enum, default_value = "by-identity-id")]
    developer_linking: LinkingName,
    /// Accepts roles of every account, not only of the pool's own. A pool of account 000000000000
    /// always accepts them.
    #[arg(long)]
    roles_of_any_account: bool,
    /// Lets the tags `_custom_id_` and `ms-custom-id` of `CreateIdentityPool` choose the pool's id:
    /// a GUID, or `REGION:GUID`.
    #[arg(long)]
    pin_ids: bool,
    /// Draws the ids of pools and identities from a seed: the same calls in the same order get the
    /// same ids. Everybody can predict them. For tests only.
    #[arg(long, value_name = "NUMBER")]
    seed_ids: Option<u64>,
    /// Limits calls to the rates that the service documents.
    #[arg(long)]
    throttle: bool,
    /// The account for access key ids that are not account ids. By default they belong to
    /// 000000000000, whose pools accept roles of every account.
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<AccountId>,
    /// A host name to answer besides loopback names. May be repeated. A server that listens on an
    /// address other than loopback answers every name unless this option is given.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<HostName>,
    /// An origin whose pages may call signed operations, besides loopback origins. May be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
    /// A file with the token that clients of the control plane have to send. It is needed for a
    /// server that listens on an address other than loopback: without it, nothing below
    /// `/_cognate/` is answered there but the health.
    #[arg(long, value_name = "PATH")]
    control_token_file: Option<PathBuf>,
    /// Keeps no log of the last calls, which the inspector page shows.
    #[arg(long)]
    no_request_log: bool,
    /// Lets clients move the clock forward: `POST /_cognate/clock`. For tests only.
    #[arg(long)]
    test_clock: bool,
    /// The level of the log on standard error.
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    pub(crate) log: log::Level,
    /// The largest number of open connections. Further ones are answered with 503.
    #[arg(long, value_name = "COUNT", default_value_t = limits::CONNECTIONS_MAX,
        value_parser = value_parser!(u32).range(1..=65_536))]
    connections_max: u32,
    /// The largest number of requests in progress. Further ones are answered with 503.
    #[arg(long, value_name = "COUNT", default_value_t = limits::REQUESTS_MAX,
        value_parser = value_parser!(u32).range(1..=65_536))]
    requests_max: u32,
    /// The time in which a request is answered, from its last byte on. A later one is answered with
    /// 503, and its operation goes on: it counts as in progress until it ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = value_parser!(u32).range(1..=3_600))]
    request_timeout: u32,
    /// The time between a signal to end and the end of new connections. In it `/health/ready`
    /// answers 503, so that a load balancer sends its clients elsewhere.
    #[arg(long, value_name = "SECONDS", default_value_t = 0,
        value_parser = value_parser!(u32).range(..=3_600))]
    drain_period: u32,
}

/// The flag that makes key sets useless.
const TRUST: &str = "trust_unverified_logins";

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let form = "expected an issuer, `=` and a value";
    let (issuer, value) =
        text.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or(form)?;
    let issuer = ProviderName::of_issuer(issuer).map_err(|_| form)?;
    Ok((issuer.as_str().to_owned(), value.to_owned()))
}

/// The place of a key set.
#[derive(Debug, Clone)]
enum KeySetPlace {
    File(String),
    Url(HttpUrl),
}

fn key_set(text: &str) -> Result<(String, KeySetPlace), &'static str> {
    let (issuer, place) = pair(text)?;
    if !HttpUrl::is_meant(&place) {
        return Ok((issuer, KeySetPlace::File(place)));
    }
    Ok((issuer, KeySetPlace::Url(place.parse()?)))
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    text.parse().map_err(|_| "expected an account id of twelve digits")
}

#[derive(Debug, Clone, Copy)]
enum JournalChoice {
    Off,
    Kept(Journal),
}

fn journal(text: &str) -> Result<JournalChoice, &'static str> {
    if text == "off" {
        return Ok(JournalChoice::Off);
    }
    let days = text.parse::<NonZeroU32>().map_err(|_| "expected `off`, or a number of days")?;
    Ok(JournalChoice::Kept(Journal::keep(days.get())))
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AlgorithmName {
    Rs512,
    Es256,
    #[value(name = "eddsa")]
    EdDsa,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModulusEncodingName {
    /// As RFC 7518 requires: base64url without padding.
    #[value(name = "base64url")]
    Base64Url,
    /// As observed at the service: base64 with a leading zero byte and padding.
    Base64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DurabilityName {
    /// A power failure.
    PowerLoss,
    /// The death of the process.
    ProcessKill,
    /// Neither.
    Relaxed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LinkingName {
    /// The identity's id, as the API reference says.
    ByIdentityId,
    /// One of the identity's logins, presented with the user, as observed at the service.
    ByLinkedLogin,
}

impl Serve {
    /// The endpoint of a server that is bound to this address.
    pub(crate) fn control(
        &self,
        engine: &Engine,
        bound: SocketAddr,
        clock: Option<MovableClock>,
    ) -> Result<Control, Failure> {
        let guard = guards::of_requests(bound, &self.allow_host, &self.allow_origin);
        let is_local = guard.is_local();
        let control = Control::new(engine, guard).request_log(!self.no_request_log);
        let control = match clock {
            Some(clock) => control.clock(move |by| clock.advance(by)),
            None => control,
        };
        Ok(match &self.control_token_file {
            Some(path) => control.token(&control_token(path)?),
            None if is_local => control,
            None => control.locked(),
        })
    }

    /// The clock that clients may move, if they may.
    pub(crate) fn test_clock(&self) -> Option<MovableClock> {
        self.test_clock.then(MovableClock::default)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.connections_max, self.requests_max)
    }

    pub(crate) fn request_time_max(&self) -> Duration {
        Duration::from_secs(self.request_timeout.into())
    }

    pub(crate) fn drain_period(&self) -> Duration {
        Duration::from_secs(self.drain_period.into())
    }
}
