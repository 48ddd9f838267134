//! What is known of issuers: their keys, and the applications that are registered with them.

use std::collections::BTreeMap;

use crate::login::JwkSet;
use crate::name::{ProviderName, without_final_slash};
use crate::state::PublicProvider;

/// What a verifier knows of an issuer: its keys, and the applications that are registered for it.
///
/// A [`JwkSet`] alone becomes an issuer with no application registered.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Issuer {
    /// `None` where they are asked for.
    keys: Option<JwkSet>,
    client_ids: Vec<String>,
}

impl Issuer {
    /// An issuer that signs with one of `keys`.
    pub fn new(keys: JwkSet) -> Self {
        Self { keys: Some(keys), client_ids: Vec::new() }
    }

    /// An issuer whose keys [`issuer_keys`](crate::login::OidcVerifier::issuer_keys) gives: to
    /// register its applications.
    pub fn without_keys() -> Self {
        Self::default()
    }

    /// Registers an application, as one does with an OpenID Connect provider of IAM; there may be
    /// several.
    ///
    /// It counts only where a pool has the issuer by its `OpenIdConnectProviderARNs`, because there
    /// the pool itself names no application. **With none registered, the issuer's tokens for every
    /// application are then accepted.** Where the pool has the issuer as a user pool or in
    /// `SupportedLoginProviders`, the pool alone says which applications are accepted.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_ids.push(client_id.into());
        self
    }
}

impl From<JwkSet> for Issuer {
    fn from(keys: JwkSet) -> Self {
        Self::new(keys)
    }
}

/// Issuers by their names without `https://`, and without one final slash.
#[derive(Debug, Default)]
pub(super) struct Issuers(BTreeMap<String, Issuer>);

impl Issuers {
    pub(super) fn insert(&mut self, name: &str, issuer: Issuer) {
        let name = name.strip_prefix("https://").unwrap_or(name);
        self.0.insert(without_final_slash(name).to_owned(), issuer);
    }

    fn get(&self, provider: &ProviderName) -> Option<&Issuer> {
        self.0.get(without_final_slash(provider.as_str()))
    }

    /// The keys that were given with an issuer.
    pub(super) fn keys(&self, provider: &ProviderName) -> Option<&JwkSet> {
        self.get(provider)?.keys.as_ref()
    }

    /// The applications that are registered with a provider of IAM; other providers have theirs in
    /// the pool.
    pub(super) fn registered(
        &self,
        configured: &PublicProvider<'_>,
        provider: &ProviderName,
    ) -> &[String] {
        match (configured, self.get(provider)) {
            (PublicProvider::OpenIdConnect(_), Some(issuer)) => &issuer.client_ids,
            _ => &[],
        }
    }
}
