//! Stored logins and verified logins.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::constraint::Violations;
use crate::name::{
    Arn, DeveloperProviderName, DeveloperUserIdentifier, ProviderName, Subject, without_final_slash,
};
use crate::state::{IdentityPool, PublicProvider};

/// The provider whose full login names include the application.
pub(crate) const FACEBOOK: &str = "graph.facebook.com";

/// A stored login: a user at a provider, within one pool.
///
/// One final slash of the provider's name is ignored. New logins are stored without it. Older
/// stored logins may have it; they stay unchanged and equal the login without it.
///
/// It displays as the provider and the subject. A subject may have any characters: those that are
/// not printable are escaped.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Login {
    kind: LoginKind,
    provider: ProviderName,
    subject: Subject,
}

/// The kind of proof for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum LoginKind {
    /// Stated by the pool's owner in a signed call.
    Developer,
    /// Proved by a token of a public provider.
    Public,
}

impl Login {
    pub(crate) fn developer(
        provider: &DeveloperProviderName,
        user: &DeveloperUserIdentifier,
    ) -> Self {
        Self::of(LoginKind::Developer, provider.into(), user.into())
    }

    /// A user of a public provider, without one final slash of the provider's name.
    pub(crate) fn public(provider: &ProviderName, subject: Subject) -> Self {
        Self::of(LoginKind::Public, provider.without_final_slash(), subject)
    }

    /// A login in the spelling in which it is stored.
    pub(crate) fn of(kind: LoginKind, provider: ProviderName, subject: Subject) -> Self {
        Self { kind, provider, subject }
    }

    /// Whether the provider is the developer provider of the pool.
    pub fn is_developer(&self) -> bool {
        self.kind == LoginKind::Developer
    }

    pub(crate) fn kind(&self) -> LoginKind {
        self.kind
    }

    /// The parts that identify the login.
    fn parts(&self) -> (LoginKind, &str, &Subject) {
        (self.kind, without_final_slash(self.provider.as_str()), &self.subject)
    }

    /// The provider.
    pub fn provider(&self) -> &ProviderName {
        &self.provider
    }

    /// The user's id at the provider.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Returns true for two users of one public provider. An identity cannot have both (I3).
    pub(crate) fn rivals(&self, other: &Self) -> bool {
        let ((kind, provider, subject), other) = (self.parts(), other.parts());
        kind == LoginKind::Public && (kind, provider) == (other.0, other.1) && subject != other.2
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.subject.as_str().escape_debug())
    }
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Login {}

impl PartialOrd for Login {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Login {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl Hash for Login {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// A login of a public provider that a [`LoginVerifier`](crate::login::LoginVerifier) has verified.
///
/// Only a verifier creates one, through [`assertion`](Self::assertion). The engine links no other
/// login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogin {
    login: Login,
    /// The full name, if it is not derived from the login.
    amr: Option<String>,
    client_id: Option<String>,
    claims: BTreeMap<String, ClaimValue>,
    roles: Vec<Arn>,
}

/// The value of a claim, as a role mapping rule compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a claim has one value or several")]
pub enum ClaimValue {
    /// A text. Numbers, booleans and objects are kept as JSON.
    One(String),
    /// The elements of an array.
    Many(Vec<String>),
}

impl ClaimValue {
    /// All values. There may be one or several.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

impl From<&str> for ClaimValue {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<String> for ClaimValue {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl From<Vec<String>> for ClaimValue {
    fn from(values: Vec<String>) -> Self {
        Self::Many(values)
    }
}

impl VerifiedLogin {
    /// States that `subject` of `provider` has been authenticated. The calling code is responsible
    /// for that.
    ///
    /// The `amr` claim of a token then names the login as `PROVIDER` and `PROVIDER:SUBJECT`. A
    /// login of Facebook is named as `graph.facebook.com` and `graph.facebook.com:APP:SUBJECT`,
    /// with the pool's application. One final slash of the provider's name is left out.
    ///
    /// # Errors
    ///
    /// Returns an error if the subject violates its constraints.
    pub fn assertion(
        provider: &ProviderName,
        subject: impl TryInto<Subject, Error: Into<Violations>>,
    ) -> Result<Self, Violations> {
        let subject = subject.try_into().map_err(Into::into)?;
        Ok(Self::of(Login::public(provider, subject)))
    }

    /// A user of a pool's developer provider, stated in a signed call.
    pub(crate) fn developer(
        provider: &DeveloperProviderName,
        user: &DeveloperUserIdentifier,
    ) -> Self {
        Self::of(Login::developer(provider, user))
    }

    /// A login that is known to be genuine, without any information from its token.
    pub(crate) fn of(login: Login) -> Self {
        Self { login, amr: None, client_id: None, claims: BTreeMap::new(), roles: Vec::new() }
    }

    /// Sets another full name for the `amr` claim: `ARN:OIDC:SUBJECT` for an OpenID Connect
    /// provider of IAM, or `PROVIDER:CognitoSignIn:SUBJECT` for a user pool.
    ///
    /// The part after Facebook's name is read as `APP:SUBJECT` if it has a colon.
    ///
    /// A token of the engine gives access to the identity by the full names in it. A full name of
    /// any other form appears in the token but gives no access, because it does not tell where the
    /// subject begins.
    #[must_use]
    pub fn amr_entry(mut self, entry: impl Into<String>) -> Self {
        self.amr = Some(entry.into());
        self
    }

    /// Sets the application that the token was issued for. Role mappings of a user pool use it.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Adds a claim of the token, for role mappings and principal tags. If a name occurs more than
    /// once, the last claim counts.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<ClaimValue>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Adds a role that the provider grants itself, such as a SAML assertion does. There may be
    /// several.
    #[must_use]
    pub fn role(mut self, role: Arn) -> Self {
        self.roles.push(role);
        self
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    pub(crate) fn claims(&self) -> &BTreeMap<String, ClaimValue> {
        &self.claims
    }

    /// The roles that the provider grants.
    pub(crate) fn roles(&self) -> &[Arn] {
        &self.roles
    }

    /// The login in its stored form.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The full name in the `amr` claim of a token for `pool`.
    pub(crate) fn amr(&self, pool: &IdentityPool) -> String {
        let Login { kind, provider, subject } = &self.login;
        let pool_id = &pool.identity_pool_id;
        match (&self.amr, kind) {
            (Some(amr), _) => amr.clone(),
            (None, LoginKind::Developer) => {
                [provider.as_str(), ":", pool_id.as_str(), ":", subject.as_str()].concat()
            }
            (None, LoginKind::Public) => match pool.public_provider(provider.as_str()) {
                // Observed for Facebook. Nothing is known about other providers.
                Some(PublicProvider::Supported(app)) if provider.as_str() == FACEBOOK => {
                    [provider.as_str(), ":", app.as_str(), ":", subject.as_str()].concat()
                }
                _ => [provider.as_str(), ":", subject.as_str()].concat(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;
    use crate::ambient::Timestamp;
    use crate::state::{Identity, LinkConflict};

    /// A stored login, in any spelling.
    fn kept(provider: &str, subject: &str) -> Login {
        let (provider, subject) = (provider.parse().unwrap(), subject.parse().unwrap());
        Login { kind: LoginKind::Public, provider, subject }
    }

    #[test]
    fn a_final_slash_is_no_part_of_a_login() {
        let (bare, slash, two) = (kept("a", "1"), kept("a/", "1"), kept("a//", "1"));
        assert_eq!(bare, slash);
        assert_ne!(bare, two);
        let all = [bare.clone(), slash.clone(), two.clone(), kept("a/", "2")];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 3);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 3);
        assert!(bare.rivals(&kept("a/", "2")) && slash.rivals(&kept("a", "2")));
        assert!(!bare.rivals(&slash) && !two.rivals(&kept("a", "2")));
        let named = VerifiedLogin::assertion(&"a/".parse().unwrap(), "1").unwrap();
        assert_eq!(named.login().provider().as_str(), "a");
    }

    /// The store may hold two spellings of a login. An identity that gains the second one keeps its
    /// own.
    #[test]
    fn an_identity_has_a_login_once() {
        let now = Timestamp::from_millis(1);
        let id = "us-east-1:0-f".parse().unwrap();
        let mut identity = Identity::guest(id, "us-east-1:1-e".parse().unwrap(), now);
        identity.link([kept("a/", "1")], now).unwrap();
        identity.link([kept("a", "1"), kept("b", "1")], now).unwrap();
        let names: Vec<_> = identity.logins().map(|login| login.provider().as_str()).collect();
        assert_eq!(names, ["a/", "b"]);
        let refused = identity.link([kept("a", "2")], now);
        assert_eq!(refused, Err(LinkConflict::AnotherUserOfTheProvider(kept("a", "2"))));
    }
}
