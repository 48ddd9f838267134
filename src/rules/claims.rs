//! What a token says.

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

/// How long a token is valid: 1 to 86,400 seconds.
///
/// # Example: an hour, and more than a day
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

    /// What `GetOpenIdTokenForDeveloperIdentity` gives where nothing is asked for: 900 seconds.
    pub const DEVELOPER_DEFAULT: Self = Self(900);

    /// What `GetOpenIdToken` gives: 600 seconds.
    pub(crate) const CLASSIC_FLOW: Self = Self(600);

    /// Seconds.
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

/// What the `amr` of an authenticated identity begins with.
pub(crate) const AUTHENTICATED: &str = "authenticated";

/// The claims of a token: made by the engine, or read from a token that it has verified.
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
    /// No source tells the name of this claim in other partitions; it is a namespace, not a host.
    #[serde(
        rename = "https://cognito-identity.amazonaws.com/identity-pool-arn",
        skip_serializing_if = "Option::is_none"
    )]
    pool_arn: Option<String>,
    exp: u64,
    iat: u64,
}

impl Claims {
    /// The claims of an identity for which `used` were presented, in that order (I10).
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

    /// The claims of a token whose signature has been verified and whose issuer is that of its
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

    /// `aud`: the identity's pool.
    pub fn identity_pool_id(&self) -> &IdentityPoolId {
        &self.aud
    }

    /// `amr`: `unauthenticated`, or `authenticated` and for each login that was presented its
    /// provider and its full name.
    pub fn amr(&self) -> &[String] {
        &self.amr
    }

    /// Whether the token was made for somebody who had logged in.
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

    /// The pool's ARN, in tokens of authenticated identities.
    pub fn identity_pool_arn(&self) -> Option<&str> {
        self.pool_arn.as_deref()
    }

    /// `exp`: the first second, since the epoch, in which the token is no longer valid.
    pub fn expires_at(&self) -> u64 {
        self.exp
    }

    /// `iat`: the second, since the epoch, in which the token was issued.
    pub fn issued_at(&self) -> u64 {
        self.iat
    }
}

/// `unauthenticated`, or `authenticated` and for each login its provider and its full name.
pub(crate) fn amr(pool: &IdentityPool, used: &[VerifiedLogin]) -> Vec<String> {
    if used.is_empty() {
        return vec!["unauthenticated".to_owned()];
    }
    let pairs = used.iter().flat_map(|login| amr_pair(pool, login));
    std::iter::once(AUTHENTICATED.to_owned()).chain(pairs).collect()
}

/// What `amr` says of a login: its provider and its full name.
pub(crate) fn amr_pair(pool: &IdentityPool, login: &VerifiedLogin) -> [String; 2] {
    [login.login().provider().as_str().to_owned(), login.amr(pool)]
}

/// The pairs of the `amr` of a token for an identity that name logins which the identity has, in
/// the order of the token: the provider, the full name, and the login. A login that the identity
/// has given up since is not among them.
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

/// Whether the `amr` of a token for an identity names a login that the identity has.
pub(crate) fn names_login_of(amr: &[String], identity: &Identity) -> bool {
    named_logins(amr, identity).next().is_some()
}

/// Whether `full` is the full name of a login, in any of the forms in which verifiers write it,
/// behind its provider's name.
fn is_full_name((provider, full): (&str, &str), login: &Login, pool: &IdentityPoolId) -> bool {
    let subject = login.subject().as_str();
    if login.is_developer() {
        return full == format!("{provider}:{pool}:{subject}");
    }
    subject_in(full, provider) == Some(subject)
}

/// The subject in `PROVIDER:SUBJECT`, `PROVIDER:CognitoSignIn:SUBJECT` of a user pool,
/// `PROVIDER:APP:SUBJECT` of Facebook, whose applications have no colon, or `ARN:OIDC:SUBJECT` with
/// an ARN of the provider.
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

/// `{"principal_tags":{"<key>":["<value>"]}}`: each value is an array of one.
fn principal_tags<S: Serializer>(tags: &PrincipalTags, serializer: S) -> Result<S::Ok, S::Error> {
    let arrays: BTreeMap<_, _> = tags.iter().map(|(key, value)| (key, [value])).collect();
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("principal_tags", &arrays)?;
    map.end()
}

#[cfg(test)]
mod tests;
