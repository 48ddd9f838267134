//! The options of `serve`, and the engine that they describe.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use cognate::http::{Guard, HostName, Origin};
use cognate::{
    AccountId, DeveloperLinking, Durability, Engine, Issuer, JwkSet, ModulusEncoding, OidcVerifier,
    ProviderName, RoleAccounts, SigningAlgorithm, SledOptions, Throttling, UnverifiedLogins,
};
use tracing::warn;

use crate::{Failure, limits, log, permissions};

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
    pub(crate) connections_max: u32,
    /// How many requests can be in progress; further ones are answered with 503.
    #[arg(long, value_name = "COUNT", default_value_t = limits::REQUESTS_MAX,
        value_parser = value_parser!(u32).range(1..=65_536))]
    pub(crate) requests_max: u32,
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
    /// Opens the engine.
    pub(crate) fn open(&self) -> Result<Engine, Failure> {
        let mut builder = Engine::builder().signing_algorithm(match self.signing_algorithm {
            AlgorithmName::Rs512 => SigningAlgorithm::Rs512,
            AlgorithmName::Es256 => SigningAlgorithm::Es256,
            AlgorithmName::EdDsa => SigningAlgorithm::EdDsa,
        });
        builder = builder.modulus_encoding(match self.modulus_encoding {
            ModulusEncodingName::Base64Url => ModulusEncoding::Base64Url,
            ModulusEncodingName::Base64 => ModulusEncoding::Base64,
        });
        if let Some(path) = &self.key_secret_file {
            builder = builder.key_secret(key_secret(path)?);
        }
        if let Some(path) = &self.previous_key_secret_file {
            builder = builder.previous_key_secret(key_secret(path)?);
        }
        let issuers = self.issuers()?.into_iter();
        builder = if self.trust_unverified_logins {
            warn!("the signatures of logins are not verified: anybody can be anybody");
            let verifier = UnverifiedLogins::trust_everyone();
            builder
                .login_verifier(issuers.fold(verifier, |v, (name, issuer)| v.issuer(name, issuer)))
        } else {
            let grace_period = Duration::from_secs(self.oidc_grace_period.into());
            let verifier = OidcVerifier::new().grace_period(grace_period);
            builder
                .login_verifier(issuers.fold(verifier, |v, (name, issuer)| v.issuer(name, issuer)))
        };
        if let Some(account) = &self.account {
            builder = builder.default_account(account.clone());
        }
        builder = builder.developer_linking(match self.developer_linking {
            LinkingName::ByIdentityId => DeveloperLinking::ByIdentityId,
            LinkingName::ByLinkedLogin => DeveloperLinking::ByLinkedLogin,
        });
        if self.roles_of_any_account {
            builder = builder.role_accounts(RoleAccounts::Any);
        }
        if self.throttle {
            builder = builder.throttling(Throttling::DocumentedRates);
        }
        let path = &self.data;
        let database = SledOptions::new(path).durability(match self.durability {
            DurabilityName::PowerLoss => Durability::PowerLoss,
            DurabilityName::ProcessKill => Durability::ProcessKill,
            DurabilityName::Relaxed => Durability::Relaxed,
        });
        let opened = builder.open_sled(database);
        let engine = opened.map_err(|source| Failure::Open { path: path.clone(), source })?;
        permissions::warn_of_others(path, "the database");
        Ok(engine)
    }

    /// The guard of the server that listens on this address.
    pub(crate) fn guard(&self, bound: SocketAddr) -> Guard {
        let guard = Guard::bound_to(bound.ip());
        let guard = self.allow_host.iter().cloned().fold(guard, Guard::allow_host);
        self.allow_origin.iter().cloned().fold(guard, Guard::allow_origin)
    }

    /// The issuers that are named, each with its keys and its clients.
    fn issuers(&self) -> Result<BTreeMap<&str, Issuer>, Failure> {
        let mut issuers: BTreeMap<&str, Issuer> = BTreeMap::new();
        for (name, file) in &self.oidc_jwks {
            let keys = key_set(file).map_err(|source| {
                let (issuer, file) = (name.clone(), file.clone());
                Failure::KeySet { issuer, file, source }
            })?;
            if issuers.insert(name, Issuer::new(keys)).is_some() {
                return Err(Failure::IssuerTwice(name.clone()));
            }
        }
        for name in issuers.keys() {
            if !self.oidc_client_id.iter().any(|(known, _)| known == name) {
                warn!(
                    "{name} has no registered client: as a provider of IAM it logs in for every one"
                );
            }
        }
        for (name, client) in &self.oidc_client_id {
            let known = match issuers.remove(name.as_str()) {
                Some(known) => known,
                None if self.trust_unverified_logins => Issuer::without_keys(),
                None => return Err(Failure::IssuerUnknown(name.clone())),
            };
            issuers.insert(name, known.client_id(client));
        }
        Ok(issuers)
    }
}

fn key_secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = fs::read(path);
    let secret = read.map_err(|source| Failure::KeySecret { path: path.to_owned(), source })?;
    if secret.is_empty() {
        return Err(Failure::KeySecretEmpty(path.to_owned()));
    }
    permissions::warn_of_others(path, "the key secret");
    Ok(secret)
}

fn key_set(file: &str) -> Result<JwkSet, Box<dyn Error>> {
    let keys = JwkSet::from_json(fs::read(file)?)?;
    if keys.is_empty() { Err("none of its keys can verify a token".into()) } else { Ok(keys) }
}
