//! Opens the engine that the options describe.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cognate::ambient::{MovableClock, SeededIds};
use cognate::login::{Issuer, JwkSet, OidcVerifier, UnverifiedLogins};
use cognate::store::{Durability, PostgresStore, SledOptions};
use cognate::token::{ModulusEncoding, SigningAlgorithm};
use cognate::{Builder, DeveloperLinking, Engine, RoleAccounts, Throttling};
use tracing::warn;

use crate::failure::Failure;
use crate::guards::warn_of_others;
use crate::key_sets::KeySets;
use crate::options::{
    AlgorithmName, DurabilityName, JournalChoice, KeySetPlace, LinkingName, ModulusEncodingName,
    Serve, StoreUrl,
};

impl Serve {
    /// Opens the engine, and the store if it is shared.
    pub(crate) fn open(
        &self,
        clock: Option<&MovableClock>,
    ) -> Result<(Engine, Option<Arc<PostgresStore>>), Failure> {
        let mut builder = Engine::builder().signing_algorithm(match self.signing_algorithm {
            AlgorithmName::Rs512 => SigningAlgorithm::Rs512,
            AlgorithmName::Es256 => SigningAlgorithm::Es256,
            AlgorithmName::EdDsa => SigningAlgorithm::EdDsa,
        });
        if let Some(clock) = clock {
            warn!("clients can move the clock");
            builder = builder.clock(clock.clone());
        }
        if let JournalChoice::Kept(journal) = self.journal {
            builder = builder.journal(journal);
        }
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
            warn!("the signatures of logins are not verified: anyone can log in as anyone");
            let verifier = UnverifiedLogins::trust_everyone();
            builder
                .login_verifier(issuers.fold(verifier, |v, (name, issuer)| v.issuer(name, issuer)))
        } else {
            let grace_period = Duration::from_secs(self.oidc_grace_period.into());
            let verifier = OidcVerifier::new().grace_period(grace_period);
            let verifier = self.with_fetched_keys(verifier)?;
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
        builder = builder.pinned_ids(self.pin_ids);
        if let Some(seed) = self.seed_ids {
            builder = builder.ids(SeededIds::new(seed));
        }
        if self.roles_of_any_account {
            builder = builder.role_accounts(RoleAccounts::Any);
        }
        if self.throttle {
            builder = builder.throttling(Throttling::DocumentedRates);
        }
        match &self.store {
            Some(url) => self.open_shared(builder, url),
            None => Ok((self.open_folder(builder)?, None)),
        }
    }

    fn open_folder(&self, builder: Builder) -> Result<Engine, Failure> {
        let path = &self.data;
        if path.to_string_lossy().contains("://") {
            return Err(Failure::DataIsUrl);
        }
        let database = SledOptions::new(path).durability(match self.durability {
            DurabilityName::PowerLoss => Durability::PowerLoss,
            DurabilityName::ProcessKill => Durability::ProcessKill,
            DurabilityName::Relaxed => Durability::Relaxed,
        });
        let opened = builder.open_sled(database);
        let engine = opened.map_err(|source| Failure::Open { path: path.clone(), source })?;
        warn_of_others(path, "the database");
        Ok(engine)
    }

    fn open_shared(
        &self,
        builder: Builder,
        url: &StoreUrl,
    ) -> Result<(Engine, Option<Arc<PostgresStore>>), Failure> {
        const CALL_MAX: Duration = Duration::from_secs(10);

        let options = url
            .parse("--store")?
            .connections(self.store_connections.into())
            .timeout(CALL_MAX.min(self.request_time_max()))
            .relaxed(self.durability == DurabilityName::Relaxed);
        let opened = options.open().map_err(|error| Failure::OpenStore(error.into()));
        let store = Arc::new(opened?);
        let engine = builder.open_shared(Arc::clone(&store));
        let engine = engine.map_err(|error| Failure::OpenStore(error.into()))?;
        Ok((engine, Some(store)))
    }

    /// Lets the verifier fetch the keys whose URLs the options name.
    fn with_fetched_keys(&self, verifier: OidcVerifier) -> Result<OidcVerifier, Failure> {
        let issuers = self.oidc_jwks.iter().filter_map(|(name, place)| match place {
            KeySetPlace::File(_) => None,
            KeySetPlace::Url(url) => Some((name.clone(), url.clone())),
        });
        let issuers: Vec<_> = issuers.collect();
        if issuers.is_empty() && self.user_pools.is_none() {
            return Ok(verifier);
        }
        for url in issuers.iter().map(|(_, url)| url).chain(&self.user_pools) {
            if url.is_open_to_others() {
                warn!("keys are fetched without TLS: whoever is between can log in as anyone");
            }
        }
        let keys = Arc::new(KeySets::new(issuers, self.user_pools.clone()));
        keys.prefetch().map_err(Failure::Start)?;
        let verifier = verifier.issuer_keys(keys);
        let emulators = self.user_pools.iter().chain(&self.user_pools_issuer);
        Ok(emulators.fold(verifier, |verifier, url| verifier.user_pools_at(url.to_string())))
    }

    /// The issuers named in the options, each with its keys and its clients.
    fn issuers(&self) -> Result<BTreeMap<&str, Issuer>, Failure> {
        let mut issuers: BTreeMap<&str, Issuer> = BTreeMap::new();
        for (name, place) in &self.oidc_jwks {
            let issuer = match place {
                KeySetPlace::File(file) => Issuer::new(key_set(file).map_err(|source| {
                    let (issuer, file) = (name.clone(), file.clone());
                    Failure::KeySet { issuer, file, source }
                })?),
                KeySetPlace::Url(_) => Issuer::without_keys(),
            };
            if issuers.insert(name, issuer).is_some() {
                return Err(Failure::IssuerTwice(name.clone()));
            }
        }
        for name in issuers.keys() {
            if !self.oidc_client_id.iter().any(|(known, _)| known == name) {
                warn!("{name} has no registered client: as an IAM provider it takes every client");
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

pub(crate) fn key_secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = fs::read(path);
    let secret = read.map_err(|source| Failure::KeySecret { path: path.to_owned(), source })?;
    if secret.is_empty() {
        return Err(Failure::KeySecretEmpty(path.to_owned()));
    }
    warn_of_others(path, "the key secret");
    Ok(secret)
}

/// The first line of a file.
pub(crate) fn control_token(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::ControlToken { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    let token = text.lines().next().map(str::trim).filter(|token| !token.is_empty());
    let empty = || failed(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty"));
    let token = token.ok_or_else(empty)?.to_owned();
    warn_of_others(path, "the token of the control plane");
    Ok(token)
}

fn key_set(file: &str) -> Result<JwkSet, Box<dyn Error>> {
    let keys = JwkSet::from_json(fs::read(file)?)?;
    if keys.is_empty() { Err("none of its keys can verify a token".into()) } else { Ok(keys) }
}
