//! Claims of tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::constraint::{Constraint, Violation, Violations};
use crate::id::{IdentityId, IdentityPoolId, TokenIssuer};
use crate::name::{Arn, is_same_provider};
use crate::state::{
    FACEBOOK, Identity, IdentityPool, Login, OIDC_PROVIDER, Pool, PrincipalTags, VerifiedLogin,
};

/// The validity of a token: 1 to 86,400 seconds.
///
/// # Example: one hour, and more than one day
///
/// ```
/// use std::time::Duration;
/// use cognate::token::TokenDuration;
///
/// let hour = TokenDuration::try_from(Duration::from_secs(3600))?;
/// assert_eq!(hour.as_secs(), 3600);
/// assert!(TokenDuration::try_from(86_401).is_err());
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct TokenDuration(u32);

impl TokenDuration {
    pub(crate) const SECS_MIN: i64 = 1;
    pub(crate) const SECS_MAX: i64 = 86_400;

    /// The default of `GetOpenIdTokenForDeveloperIdentity`: 900 seconds.
    pub const DEVELOPER_DEFAULT: Self = Self(900);

    /// The duration of the tokens of `GetOpenIdToken`: 600 seconds.
    pub(crate) const CLASSIC_FLOW: Self = Self(600);

    /// The duration in seconds.
    pub const fn as_secs(self) -> u64 {
        self.0 as u64
    }
}

impl TryFrom<i64> for TokenDuration {
    type Error = Violations;

    fn try_from(secs: i64) -> Result<Self, Violations> {
        let failed = match secs {
            ..Self::SECS_MIN => Constraint::ValueAtLeast(Self::SECS_MIN),
            Self::SECS_MIN..=Self::SECS_MAX => {
                return Ok(Self(u32::try_from(secs).unwrap_or(u32::MAX)));
            }
            _ => Constraint::ValueAtMost(Self::SECS_MAX),
        };
        Err(Violations::one(Violation::new(Some(secs.to_string()), "tokenDuration", failed)))
    }
}

impl TryFrom<Duration> for TokenDuration {
    type Error = Violations;

    fn try_from(duration: Duration) -> Result<Self, Violations> {
        Self::try_from(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
    }
}

/// The first entry in the `amr` of an authenticated identity.
pub(crate) const AUTHENTICATED: &str = "authenticated";

/// The claims of a token. The engine creates them, or reads them from a token that it has verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    sub: IdentityId,
    aud: IdentityPoolId,
    amr: Vec<String>,
    #[serde(
        rename = "https://aws.amazon.com/tags",
        serialize_with = "principal_tags",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    tags: PrincipalTags,
    iss: TokenIssuer,
    /// This URL is a namespace, not a host. No source tells its form in other partitions.
    #[serde(
        rename = "https://cognito-identity.amazonaws.com/identity-pool-arn",
        skip_serializing_if = "Option::is_none"
    )]
    pool_arn: Option<String>,
    exp: u64,
    iat: u64,
}

impl Claims {
    /// The claims of an identity for which the logins `used` were presented, in that order (I10).
    pub(crate) fn new(
        pool: &Pool,
        identity: IdentityId,
        used: &[VerifiedLogin],
        tags: PrincipalTags,
        duration: TokenDuration,
        now: Timestamp,
    ) -> Self {
        let iat = now.as_secs();
        Self {
            sub: identity,
            aud: pool.id().clone(),
            amr: amr(&pool.settings, used),
            tags,
            iss: pool.region.token_issuer(),
            pool_arn: (!used.is_empty()).then(|| pool.arn().as_str().to_owned()),
            exp: iat.saturating_add(duration.as_secs()),
            iat,
        }
    }

    /// The claims of a verified token: its signature is valid, and its issuer is the one of the
    /// pool's region.
    pub(crate) fn verified(
        iss: TokenIssuer,
        (sub, aud): (IdentityId, IdentityPoolId),
        amr: Vec<String>,
        tags: PrincipalTags,
        pool_arn: Option<String>,
        (iat, exp): (u64, u64),
    ) -> Self {
        Self { sub, aud, amr, tags, iss, pool_arn, exp, iat }
    }

    /// `sub`: the identity.
    pub fn identity_id(&self) -> &IdentityId {
        &self.sub
    }

    /// `aud`: the pool of the identity.
    pub fn identity_pool_id(&self) -> &IdentityPoolId {
        &self.aud
    }

    /// `amr`: either `unauthenticated`, or `authenticated` followed by the provider and the full
    /// name of each presented login.
    pub fn amr(&self) -> &[String] {
        &self.amr
    }

    /// Returns true if the token was issued for an authenticated identity.
    pub fn is_authenticated(&self) -> bool {
        self.amr.first().is_some_and(|first| first == AUTHENTICATED)
    }

    /// `https://aws.amazon.com/tags`: the tags of the principal.
    pub fn principal_tags(&self) -> &PrincipalTags {
        &self.tags
    }

    /// `iss`: the issuer in the pool's region.
    pub fn issuer(&self) -> &TokenIssuer {
        &self.iss
    }

    /// The ARN of the pool. Only tokens of authenticated identities have it.
    pub fn identity_pool_arn(&self) -> Option<&str> {
        self.pool_arn.as_deref()
    }

    /// `exp`: the expiry time, in epoch seconds. The token is no longer valid in that second.
    pub fn expires_at(&self) -> u64 {
        self.exp
    }

    /// `iat`: the time of issue, in epoch seconds.
    pub fn issued_at(&self) -> u64 {
        self.iat
    }
}

/// Either `unauthenticated`, or `authenticated` followed by the provider and the full name of each
/// login.
pub(crate) fn amr(pool: &IdentityPool, used: &[VerifiedLogin]) -> Vec<String> {
    if used.is_empty() {
        return vec!["unauthenticated".to_owned()];
    }
    let pairs = used.iter().flat_map(|login| amr_pair(pool, login));
    std::iter::once(AUTHENTICATED.to_owned()).chain(pairs).collect()
}

/// The two entries of a login in `amr`: its provider and its full name.
pub(crate) fn amr_pair(pool: &IdentityPool, login: &VerifiedLogin) -> [String; 2] {
    [login.login().provider().as_str().to_owned(), login.amr(pool)]
}

/// The logins in `amr` that the identity still has, in the order of the token. Each item is the
/// provider, the full name and the login. Logins that the identity has lost since are left out.
pub(crate) fn named_logins<'a>(
    amr: &'a [String],
    identity: &'a Identity,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Login)> {
    let pairs = amr.iter().skip(1).zip(amr.iter().skip(2)).step_by(2);
    pairs.filter_map(|(provider, full)| {
        let login = identity.logins().find(|login| {
            is_same_provider(login.provider().as_str(), provider)
                && is_full_name((provider, full), login, identity.pool())
        })?;
        Some((provider.as_str(), full.as_str(), login))
    })
}

/// Returns true if `amr` names a login that the identity still has.
pub(crate) fn names_login_of(amr: &[String], identity: &Identity) -> bool {
    named_logins(amr, identity).next().is_some()
}

/// Returns true if `full` is the full name of a login. It accepts every form that verifiers write,
/// after the name of the provider.
fn is_full_name((provider, full): (&str, &str), login: &Login, pool: &IdentityPoolId) -> bool {
    let subject = login.subject().as_str();
    if login.is_developer() {
        return full == format!("{provider}:{pool}:{subject}");
    }
    subject_in(full, provider) == Some(subject)
}

/// The subject in a full name: `PROVIDER:SUBJECT`, `PROVIDER:CognitoSignIn:SUBJECT` for a user
/// pool, `PROVIDER:APP:SUBJECT` for Facebook (its application ids have no colon), or
/// `ARN:OIDC:SUBJECT` with an ARN of the provider.
fn subject_in<'a>(full: &'a str, provider: &str) -> Option<&'a str> {
    if let Some(subject) = full.strip_prefix(provider).and_then(|rest| rest.strip_prefix(':')) {
        if is_same_provider(provider, FACEBOOK) {
            return Some(subject.split_once(':').map_or(subject, |(_, user)| user));
        }
        let is_user_pool = provider.starts_with("cognito-idp.");
        let of_user_pool = subject.strip_prefix("CognitoSignIn:").filter(|_| is_user_pool);
        return Some(of_user_pool.unwrap_or(subject));
    }
    let (arn, subject) = full.split_once(":OIDC:")?;
    let arn = Arn::try_from(arn).ok()?;
    let issuer = arn.iam_resource(OIDC_PROVIDER)?;
    is_same_provider(issuer, provider).then_some(subject)
}

/// `{"principal_tags":{"<key>":["<value>"]}}`: each value is an array with one element.
fn principal_tags<S: Serializer>(tags: &PrincipalTags, serializer: S) -> Result<S::Ok, S::Error> {
    let arrays: BTreeMap<_, _> = tags.iter().map(|(key, value)| (key, [value])).collect();
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("principal_tags", &arrays)?;
    map.end()
}

#[cfg(test)]
mod tests;
