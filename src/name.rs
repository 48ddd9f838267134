//! Validated text types: parsed once, never checked again.
//!
//! Each type holds exactly the values that the corresponding shape of the service model accepts.
//! The types parse from text ([`FromStr`](std::str::FromStr), `TryFrom<String>`, `TryFrom<&str>`),
//! display as that text and sort like it. The error is a [`Violations`] with the messages of the
//! service.

use crate::constraint::{Pattern, StringShape, Violations};
use crate::text::text_type;

pub use crate::id::{AccountId, ClaimedAccountId, IdentityId, IdentityPoolId, Region};

text_type! {
    /// An Amazon Resource Name: 20 to 2048 code points.
    Arn at "arn", StringShape::new(20, 2048)
}

text_type! {
    /// The name of a claim in a mapping rule: 1 to 64 code points, none of them a separator or a
    /// control character.
    ClaimName at "claim", StringShape::new(1, 64).matching(&Pattern::CLAIM_NAME)
}

text_type! {
    /// The name under which a backend registers its own users: 1 to 128 characters of `[\w._-]`.
    DeveloperProviderName at "developerProviderName",
    StringShape::new(1, 128).matching(&Pattern::DEVELOPER_PROVIDER)
}

text_type! {
    /// The name that a backend gives to one of its own users: 1 to 1024 code points,
    /// case-sensitive.
    DeveloperUserIdentifier at "developerUserIdentifier", StringShape::new(1, 1024)
}

text_type! {
    /// The name of a pool: 1 to 128 characters of `[\w\s+=,.@-]`. Names are not unique.
    IdentityPoolName at "identityPoolName",
    StringShape::new(1, 128).matching(&Pattern::POOL_NAME)
}

text_type! {
    /// The value that a mapping rule compares a claim with: 1 to 128 code points.
    MappingRuleValue at "value", StringShape::new(1, 128)
}

text_type! {
    /// The value that a login is presented with: the token of a provider, or the developer user
    /// identifier for the developer provider. 1 to 50,000 code points; `Debug` does not show it.
    secret LoginToken at "logins", StringShape::new(1, 50_000)
}

text_type! {
    /// The start of the next page of a listing: 1 to 65,535 code points without white space,
    /// opaque.
    NextToken at "nextToken", StringShape::new(1, 65_535).matching(&Pattern::NOT_SPACE)
}

text_type! {
    /// The key of a principal tag: 1 to 128 code points.
    PrincipalTagKey at "principalTags", StringShape::new(1, 128)
}

text_type! {
    /// The value of a principal tag: 1 to 256 code points.
    PrincipalTagValue at "principalTags", StringShape::new(1, 256)
}

text_type! {
    /// The application that a pool accepts for a public provider: 1 to 128 characters of
    /// `[\w.;_/-]`.
    ProviderAppId at "supportedLoginProviders",
    StringShape::new(1, 128).matching(&Pattern::PROVIDER_APP)
}

text_type! {
    /// The name of a login provider, public or developer: 1 to 128 code points.
    ///
    /// One final slash is ignored when the engine compares the names of public providers:
    /// `tenant.auth0.com/` and `tenant.auth0.com` are the same provider. `==` compares the texts.
    ProviderName at "logins", StringShape::new(1, 128)
}

impl ProviderName {
    /// The provider name of an OpenID Connect issuer: without `https://`, and without one final
    /// slash. Every issuer of Auth0 ends with such a slash.
    ///
    /// # Errors
    ///
    /// Returns an error if the name violates its constraints.
    ///
    /// # Example: an issuer of Auth0
    ///
    /// ```
    /// use cognate::name::ProviderName;
    ///
    /// let name = ProviderName::of_issuer("https://tenant.auth0.com/")?;
    /// assert_eq!(name.as_str(), "tenant.auth0.com");
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn of_issuer(issuer: &str) -> Result<Self, Violations> {
        without_final_slash(issuer.strip_prefix("https://").unwrap_or(issuer)).parse()
    }

    /// The same name without one final slash.
    pub(crate) fn without_final_slash(&self) -> Self {
        Self(without_final_slash(&self.0).into())
    }
}

/// A provider's name without one final slash. A name that ends with two slashes keeps both.
pub(crate) fn without_final_slash(name: &str) -> &str {
    match name.strip_suffix('/') {
        Some(rest) if !rest.is_empty() && !rest.ends_with('/') => rest,
        _ => name,
    }
}

/// Returns true if two names, or two ARNs, are of the same public provider.
pub(crate) fn is_same_provider(one: &str, other: &str) -> bool {
    without_final_slash(one) == without_final_slash(other)
}

text_type! {
    /// The id of a request, for the journal: 1 to 64 code points without white space. A request id
    /// of the service is a UUID.
    RequestId at "requestId", StringShape::new(1, 64).matching(&Pattern::NOT_SPACE)
}

text_type! {
    /// The name that the caller of `AssumeRoleWithWebIdentity` gives to a session: 2 to 64
    /// characters of `[\w+=,.@-]`.
    RoleSessionName at "roleSessionName",
    StringShape::new(2, 64).matching(&Pattern::ROLE_SESSION_NAME)
}

impl RoleSessionName {
    /// The name of every session of `GetCredentialsForIdentity`.
    pub(crate) fn of_credentials() -> Self {
        Self("CognitoIdentityCredentials".into())
    }
}

text_type! {
    /// The user's id at a provider: an OpenID Connect `sub`, or a developer user identifier. 1 to
    /// 1024 code points, case-sensitive. It is never a token: a refreshed token of the same user
    /// has the same subject.
    Subject at "subject", StringShape::new(1, 1024)
}

text_type! {
    /// The key of a pool's tag: 1 to 128 code points.
    TagKey at "identityPoolTags", StringShape::new(1, 128)
}

text_type! {
    /// The value of a pool's tag: 0 to 256 code points.
    TagValue at "identityPoolTags", StringShape::new(0, 256)
}

text_type! {
    /// The client of a user pool whose tokens a pool accepts: 1 to 128 characters of `[\w_]`.
    UserPoolClientId at "clientId", StringShape::new(1, 128).matching(&Pattern::USER_POOL_CLIENT)
}

text_type! {
    /// A user pool as a login provider: `cognito-idp.REGION.amazonaws.com/POOL`, or in China
    /// `cognito-idp.REGION.amazonaws.com.cn/POOL`. 1 to 128 characters of `[\w._:/-]`.
    UserPoolProviderName at "providerName",
    StringShape::new(1, 128).matching(&Pattern::USER_POOL_PROVIDER)
}

impl Arn {
    /// `arn:PARTITION:cognito-identity:REGION:ACCOUNT:identitypool/REGION:GUID`.
    pub(crate) fn of_pool(account: &AccountId, region: &Region, id: &IdentityPoolId) -> Self {
        let (partition, account) = (region.partition(), account.as_str());
        let (region, id) = (region.as_str(), id.as_str());
        let service = ["arn:", partition, ":cognito-identity:", region, ":", account];
        Self([service.concat().as_str(), ":identitypool/", id].concat().into())
    }
}

impl From<&DeveloperProviderName> for ProviderName {
    fn from(name: &DeveloperProviderName) -> Self {
        Self(name.0.clone())
    }
}

impl From<&UserPoolProviderName> for ProviderName {
    fn from(name: &UserPoolProviderName) -> Self {
        Self(name.0.clone())
    }
}

impl From<&DeveloperUserIdentifier> for Subject {
    fn from(user: &DeveloperUserIdentifier) -> Self {
        Self(user.0.clone())
    }
}

impl From<&Subject> for DeveloperUserIdentifier {
    fn from(subject: &Subject) -> Self {
        Self(subject.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_token_is_not_shown() {
        let token: LoginToken = "eyJhbGciOi".parse().expect("fits its shape");
        assert!(!format!("{token:?}").contains("eyJ"));
        let refused = "x".repeat(50_001).parse::<LoginToken>().expect_err("too long").to_string();
        assert!(!refused.contains("xx"), "{refused}");
    }

    #[test]
    fn one_final_slash_does_not_tell_providers_apart() {
        for (name, bare) in [
            ("a", "a"),
            ("a/", "a"),
            ("a//", "a//"),
            ("a///", "a///"),
            ("a/b/", "a/b"),
            ("/", "/"),
            ("//", "//"),
            ("/a", "/a"),
            ("", ""),
        ] {
            assert_eq!(without_final_slash(name), bare, "{name}");
            assert_eq!(without_final_slash(bare), bare, "{name}, twice");
        }
        let of = |issuer| ProviderName::of_issuer(issuer).map(|name| name.as_str().to_owned());
        assert_eq!(of("https://a/").as_deref(), Ok("a"));
        assert_eq!(of("http://a").as_deref(), Ok("http://a"));
        assert!(of("https://").is_err() && of("").is_err());
        assert!(of(&format!("https://{}/", "a".repeat(128))).is_ok());
    }

    #[test]
    fn the_shape_of_a_subject_is_that_of_a_developer_user_identifier() {
        // The two types convert into each other without a check.
        let (a, b) = (Subject::SHAPE, DeveloperUserIdentifier::SHAPE);
        assert_eq!((a.length_min, a.length_max), (b.length_min, b.length_max));
        assert!(a.pattern.is_none() && b.pattern.is_none());
    }
}
