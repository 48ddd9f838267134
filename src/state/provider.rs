//! The public providers that a pool is configured for.

use crate::name::{Arn, ProviderAppId, is_same_provider};
use crate::state::{CognitoIdentityProvider, IdentityPool};

/// The configuration of a pool for a public provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicProvider<'a> {
    /// A provider with a well-known name, such as `accounts.google.com`, and the application whose
    /// tokens are accepted.
    Supported(&'a ProviderAppId),
    /// A user pool, and all its clients whose tokens are accepted.
    UserPool(Vec<&'a CognitoIdentityProvider>),
    /// An OpenID Connect provider of IAM. The provider itself has the list of applications.
    OpenIdConnect(&'a Arn),
    /// A SAML provider of IAM.
    Saml(&'a Arn),
}

impl IdentityPool {
    /// The configuration for the public provider that a login is presented under. Returns `None` if
    /// the pool does not have it.
    ///
    /// A login of an OpenID Connect provider is presented under the issuer without its scheme, one
    /// of a SAML provider under the ARN. One final slash is ignored. If the names of two providers
    /// differ only by that slash, the first provider is returned.
    pub fn public_provider(&self, name: &str) -> Option<PublicProvider<'_>> {
        let user_pools = self.cognito_identity_providers.iter();
        let clients: Vec<_> = user_pools
            .filter(|client| {
                client.provider_name.as_ref().is_some_and(|p| is_same_provider(p.as_str(), name))
            })
            .collect();
        if !clients.is_empty() {
            return Some(PublicProvider::UserPool(clients));
        }
        let mut supported = self.supported_login_providers.iter();
        if let Some((_, app)) = supported.find(|(known, _)| is_same_provider(known.as_str(), name))
        {
            return Some(PublicProvider::Supported(app));
        }
        let mut issuers = self.open_id_connect_provider_arns.iter();
        let is_issuer = |arn: &&Arn| {
            arn.iam_resource(OIDC_PROVIDER).is_some_and(|issuer| is_same_provider(issuer, name))
        };
        if let Some(arn) = issuers.find(is_issuer) {
            return Some(PublicProvider::OpenIdConnect(arn));
        }
        let mut saml = self.saml_provider_arns.iter();
        saml.find(|arn| is_same_provider(arn.as_str(), name)).map(PublicProvider::Saml)
    }
}

/// The part before the issuer in the ARN of an OpenID Connect provider.
pub(crate) const OIDC_PROVIDER: &str = "oidc-provider/";
/// The part before the name in the ARN of a SAML provider.
pub(crate) const SAML_PROVIDER: &str = "saml-provider/";
/// The part before the name in the ARN of a role.
pub(crate) const ROLE: &str = "role/";

impl Arn {
    /// The name after `arn:PARTITION:iam::ACCOUNT:KIND/`.
    pub(crate) fn iam_resource(&self, kind: &str) -> Option<&str> {
        let (_, resource) = self.iam_parts()?;
        resource.strip_prefix(kind).filter(|name| !name.is_empty())
    }

    /// The account in an ARN of IAM.
    pub(crate) fn iam_account(&self) -> Option<&str> {
        self.iam_parts().map(|(account, _)| account)
    }

    fn iam_parts(&self) -> Option<(&str, &str)> {
        let mut parts = self.as_str().splitn(6, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
        let of_iam = arn == "arn" && partition.starts_with("aws") && service == "iam";
        (of_iam && region.is_empty() && digits).then_some((account, resource))
    }
}
