//! A verified token, as the trust policy of a role sees it.

use crate::rules::claims::Claims;

/// The caller of `AssumeRoleWithWebIdentity` with a token of this engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    claims: Claims,
}

impl WebIdentity {
    pub(crate) fn new(claims: Claims) -> Self {
        Self { claims }
    }

    /// The federated principal of the trust policy: `cognito-identity.amazonaws.com`, or the name
    /// of the [token issuer](crate::token::TokenIssuer) in the pool's region.
    pub fn provider(&self) -> &str {
        self.claims.issuer().provider_name()
    }

    /// The claims of the token. Its principal tags become the tags of the session. If there are
    /// any, the policy must allow `sts:TagSession`.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The values of a condition key of the policy: `PROVIDER:aud` is the pool, `PROVIDER:sub` the
    /// identity, and `PROVIDER:amr` has several values. `aws:FederatedProvider` and
    /// `aws:RequestTag/KEY` are supported too. Keys are case-insensitive. The result is empty for a
    /// key that the request does not have.
    pub fn condition_values(&self, key: &str) -> Vec<&str> {
        const REQUEST_TAG: &str = "aws:RequestTag/";
        if key.eq_ignore_ascii_case("aws:FederatedProvider") {
            return vec![self.provider()];
        }
        if let Some((head, tag)) = key.split_at_checked(REQUEST_TAG.len())
            && head.eq_ignore_ascii_case(REQUEST_TAG)
        {
            let mut tags = self.claims.principal_tags().iter();
            let found = tags.find(|(known, _)| known.as_str().eq_ignore_ascii_case(tag));
            return found.map(|(_, value)| value.as_str()).into_iter().collect();
        }
        let Some((provider, claim)) = key.rsplit_once(':') else { return Vec::new() };
        if !provider.eq_ignore_ascii_case(self.provider()) {
            return Vec::new();
        }
        match claim.to_ascii_lowercase().as_str() {
            "aud" => vec![self.claims.identity_pool_id().as_str()],
            "sub" => vec![self.claims.identity_id().as_str()],
            "amr" => self.claims.amr().iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
