//! Known issuers with their keys and registered applications.

use std::collections::BTreeMap;

use crate::login::JwkSet;
use crate::name::{ProviderName, without_final_slash};
use crate::state::PublicProvider;

/// An issuer: its keys, and the applications that are registered with it.
///
/// A [`JwkSet`] converts into an issuer without registered applications.
///
/// # Example: an issuer whose tokens are accepted for one application only
///
/// ```
/// use cognate::Engine;
/// use cognate::login::{Issuer, JwkSet, OidcVerifier};
///
/// let keys = JwkSet::from_json(br#"{"keys": []}"#).expect("a key set");
/// let issuer = Issuer::new(keys).client_id("3n4b5v6");
/// let verifier = OidcVerifier::new().issuer("https://tenant.auth0.com/", issuer);
/// Engine::builder().login_verifier(verifier).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Issuer {
    /// `None` if the keys are requested from a callback.
    keys: Option<JwkSet>,
    client_ids: Vec<String>,
}

impl Issuer {
    /// An issuer that signs with one of `keys`.
    pub fn new(keys: JwkSet) -> Self {
        Self { keys: Some(keys), client_ids: Vec::new() }
    }

    /// An issuer whose keys come from [`issuer_keys`](crate::login::OidcVerifier::issuer_keys). Use
    /// it to register applications.
    pub fn without_keys() -> Self {
        Self::default()
    }

    /// Registers an application, like in an OpenID Connect provider of IAM. There may be several.
    ///
    /// The registered applications count only if a pool has the issuer in its
    /// `OpenIdConnectProviderARNs`, because in that case the pool itself names no application. **If
    /// none is registered, the issuer's tokens are accepted for every application.** If the pool
    /// has the issuer as a user pool or in `SupportedLoginProviders`, only the pool decides which
    /// applications are accepted.
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

/// Issuers, keyed by their names without `https://` and without one final slash.
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

    /// The keys that were supplied with an issuer.
    pub(super) fn keys(&self, provider: &ProviderName) -> Option<&JwkSet> {
        self.get(provider)?.keys.as_ref()
    }

    /// The applications that are registered with a provider of IAM. The applications of other
    /// providers are in the pool.
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
