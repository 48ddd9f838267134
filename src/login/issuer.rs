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

/// Known issuers, and emulators of user pools.
#[derive(Debug, Default)]
pub(super) struct Issuers {
    /// Keyed by their names without `https://` and without one final slash.
    known: BTreeMap<String, Issuer>,
    /// The addresses of emulators, without one final slash.
    emulators: Vec<String>,
}

impl Issuers {
    pub(super) fn insert(&mut self, name: &str, issuer: Issuer) {
        let name = name.strip_prefix("https://").unwrap_or(name);
        self.known.insert(without_final_slash(name).to_owned(), issuer);
    }

    pub(super) fn insert_emulator(&mut self, address: &str) {
        self.emulators.push(without_final_slash(address).to_owned());
    }

    fn get(&self, provider: &ProviderName) -> Option<&Issuer> {
        self.known.get(without_final_slash(provider.as_str()))
    }

    /// Returns true if a known emulator names itself so in tokens of the user pool `provider`.
    pub(super) fn is_emulator(
        &self,
        configured: &PublicProvider<'_>,
        provider: &ProviderName,
        issuer: &str,
    ) -> bool {
        let PublicProvider::UserPool(_) = configured else { return false };
        let Some((_, pool)) = provider.as_str().split_once('/') else { return false };
        let address = issuer.strip_suffix(pool).and_then(|rest| rest.strip_suffix('/'));
        address.is_some_and(|address| self.emulators.iter().any(|known| known == address))
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
