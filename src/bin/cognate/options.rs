//! The options of `serve`.

mod engine;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use cognate::http::{Guard, HostName, Origin};
use cognate::name::{AccountId, ProviderName};

use crate::guards::limits::{self, Limits};
use crate::{guards, log};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The folder of the database; it is made if it is missing.
    #[arg(long, value_name = "PATH", default_value = "./cognate-data")]
    data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    pub(crate) listen: SocketAddr,
    /// How tokens are signed; the service signs with RS512.
    #[arg(long, value_name = "NAME", value_enum, default_value = "rs512")]
    signing_algorithm: AlgorithmName,
    /// How the key set writes the modulus of RSA keys.
    #[arg(long, value_name = "NAME", value_enum, default_value = "base64url")]
    modulus_encoding: ModulusEncodingName,
    /// What an answered operation survives.
    #[arg(long, value_name = "NAME", value_enum, default_value = "power-loss")]
    durability: DurabilityName,
    /// A file whose bytes are the secret that seals the private keys: random, 32 or more of them.
    #[arg(long, value_name = "PATH")]
    key_secret_file: Option<PathBuf>,
    /// A file with the secret before this one: keys that it sealed are sealed with the secret of
    /// `--key-secret-file`, or without one are no longer sealed.
    #[arg(long, value_name = "PATH")]
    previous_key_secret_file: Option<PathBuf>,
    /// The key set of an OpenID Connect issuer or a user pool, a file in JSON; may be repeated,
    /// once for each issuer. Neither `https://` nor one final slash of an issuer counts.
    #[arg(long, value_name = "ISSUER=FILE", value_parser = pair, conflicts_with = TRUST)]
    oidc_jwks: Vec<(String, String)>,
    /// An application that is registered with an issuer of `OpenIdConnectProviderARNs`; may be
    /// repeated. Without one the issuer's tokens for every application are accepted.
    #[arg(long, value_name = "ISSUER=CLIENT", value_parser = pair)]
    oidc_client_id: Vec<(String, String)>,
    /// How long after its end a token of an issuer of `OpenIdConnectProviderARNs` is accepted; the
    /// service's guide speaks of 300 seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = TRUST)]
    oidc_grace_period: u32,
    /// Accepts logins without looking at their signatures: anybody can be anybody. For tests only.
    #[arg(long)]
    trust_unverified_logins: bool,
    /// What links a backend's user to an identity that another login has opened.
    #[arg(long, value_name = "NAME", value_enum, default_value = "by-identity-id")]
    developer_linking: LinkingName,
    /// Accepts roles of every account, not of the pool's own only. A pool of account 000000000000
    /// takes them in any case.
    #[arg(long)]
    roles_of_any_account: bool,
    /// Limits calls to the service's documented rates.
    #[arg(long)]
    throttle: bool,
    /// The account of access key ids that are not account ids. Without it they stand for
    /// 000000000000, whose pools take roles of every account.
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<AccountId>,
    /// A host name that is answered beside loopback names; may be repeated. A server that listens
    /// elsewhere than on loopback answers every name unless one is given.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<HostName>,
    /// An origin whose pages may perform signed operations, beside loopback origins; may be
    /// repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
    /// What is logged, to the standard error stream.
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    pub(crate) log: log::Level,
    /// How many connections can be open; further ones are answered with 503.
    #[arg(long, value_name = "COUNT", default_value_t = limits::CONNECTIONS_MAX,
        value_parser = value_parser!(u32).range(1..=65_536))]
    connections_max: u32,
    /// How many requests can be in progress; further ones are answered with 503.
    #[arg(long, value_name = "COUNT", default_value_t = limits::REQUESTS_MAX,
        value_parser = value_parser!(u32).range(1..=65_536))]
    requests_max: u32,
}

/// The flag that makes key sets useless.
const TRUST: &str = "trust_unverified_logins";

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let form = "an issuer, `=`, and a value are expected";
    let (issuer, value) =
        text.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or(form)?;
    let issuer = ProviderName::of_issuer(issuer).map_err(|_| form)?;
    Ok((issuer.as_str().to_owned(), value.to_owned()))
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    text.parse().map_err(|_| "an account id of twelve digits is expected")
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
    /// As RFC 7518 asks: base64url without padding.
    #[value(name = "base64url")]
    Base64Url,
    /// As the service was seen to write it: plain base64 with a leading zero byte and padding.
    Base64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityName {
    /// A power cut.
    PowerLoss,
    /// A killed process.
    ProcessKill,
    /// Neither.
    Relaxed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LinkingName {
    /// The identity's id, as the API reference says.
    ByIdentityId,
    /// One of the identity's logins beside the user, as was seen at the service.
    ByLinkedLogin,
}

impl Serve {
    /// The guard of the requests of a server that is bound to this address.
    pub(crate) fn guard(&self, bound: SocketAddr) -> Guard {
        guards::of_requests(bound, &self.allow_host, &self.allow_origin)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.connections_max, self.requests_max)
    }
}
