//! Public providers, their tokens, and the keys that the tokens are presented under.

/// A public provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `accounts.google.com`, in `SupportedLoginProviders`.
    Google,
    /// `id.example.com`, in `OpenIdConnectProviderARNs`.
    OpenIdConnect,
    /// A user pool, in `CognitoIdentityProviders`.
    UserPool,
    /// `game.eu.auth0.com`, in `OpenIdConnectProviderARNs`. Its issuer ends with a slash.
    Auth0,
    /// `graph.facebook.com`, in `SupportedLoginProviders`. Its access tokens are opaque.
    Facebook,
    /// A SAML provider, in `SamlProviderARNs`. This kit has no assertions for it.
    Saml,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 6] = [
        Self::Google,
        Self::OpenIdConnect,
        Self::UserPool,
        Self::Auth0,
        Self::Facebook,
        Self::Saml,
    ];

    /// The providers whose users have OpenID Connect tokens.
    pub const ISSUERS: [Self; 4] = [Self::Google, Self::OpenIdConnect, Self::UserPool, Self::Auth0];

    /// The key of its logins. In an ARN, `$partition` stands for the partition of the call's
    /// region.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "accounts.google.com",
            Self::OpenIdConnect => "id.example.com",
            Self::UserPool => "cognito-idp.us-east-1.amazonaws.com/us-east-1_game",
            Self::Auth0 => "game.eu.auth0.com",
            Self::Facebook => "graph.facebook.com",
            Self::Saml => "arn:$partition:iam::123456789012:saml-provider/office",
        }
    }

    /// Its `iss` without `https://`.
    pub fn issuer(self) -> &'static str {
        match self {
            Self::Auth0 => "game.eu.auth0.com/",
            _ => self.name(),
        }
    }

    /// The applications that its tokens are issued for. Role mappings are for the first one.
    pub fn clients(self) -> &'static [&'static str] {
        match self {
            Self::Google => &["game.apps.googleusercontent.com"],
            Self::OpenIdConnect | Self::Saml => &["game"],
            Self::UserPool => &["4game4client", "4game4tv"],
            Self::Auth0 => &["4auth0game"],
            Self::Facebook => &["7346241598935552"],
        }
    }

    /// The application that a user signs in with: every third user takes the last one.
    pub(crate) fn client_of(self, subject: u8) -> &'static str {
        let [first, .., last] = self.clients() else { return self.first_client() };
        if subject.is_multiple_of(3) { last } else { first }
    }

    /// The application of role mappings.
    pub(crate) fn first_client(self) -> &'static str {
        self.clients().first().copied().unwrap_or_default()
    }

    /// The name in a pool: the issuer, unchanged.
    pub(crate) fn configured_name(self) -> &'static str {
        match self {
            Self::Auth0 => "arn:$partition:iam::123456789012:oidc-provider/game.eu.auth0.com/",
            _ => self.attributes_name(),
        }
    }

    /// The name in attribute maps: without a final slash.
    pub(crate) fn attributes_name(self) -> &'static str {
        match self {
            Self::OpenIdConnect => "arn:$partition:iam::123456789012:oidc-provider/id.example.com",
            Self::Auth0 => "arn:$partition:iam::123456789012:oidc-provider/game.eu.auth0.com",
            _ => self.name(),
        }
    }

    /// The name in role mappings.
    pub(crate) fn mapping_name(self) -> String {
        match self {
            Self::UserPool => format!("{}:{}", self.name(), self.first_client()),
            _ => self.attributes_name().to_owned(),
        }
    }
}

/// A token of a public provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdToken {
    /// The token as the provider issues it.
    Genuine,
    /// A token issued a little later for the same user.
    Refreshed,
    /// A token whose `iss` ends with a slash if the provider's does not, and the other way round.
    OtherSlash,
    /// An expired token.
    Expired,
    /// A token signed with another key.
    Forged,
    /// A token for another application.
    ForAnotherClient,
    /// A token of another issuer.
    OfAnotherIssuer,
    /// A token whose `iss` ends with two slashes.
    TwoSlashes,
    /// A token without `sub`.
    WithoutSubject,
    /// A text that is not a token.
    Garbage,
}

impl IdToken {
    pub(crate) const ALL: [Self; 10] = [
        Self::Genuine,
        Self::Refreshed,
        Self::OtherSlash,
        Self::Expired,
        Self::Forged,
        Self::ForAnotherClient,
        Self::OfAnotherIssuer,
        Self::TwoSlashes,
        Self::WithoutSubject,
        Self::Garbage,
    ];

    /// Returns true if a pool that has the provider accepts the token.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Genuine | Self::Refreshed | Self::OtherSlash)
    }
}

/// A spelling of a key that differs from the provider's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spelling {
    /// With a final slash. It names the same provider.
    Slash,
    /// With two final slashes. It names no provider.
    TwoSlashes,
    /// With a typing error, or in another region for a user pool.
    Wrong,
}

impl Spelling {
    /// The key of a provider's logins in this spelling.
    pub fn key(self, provider: Provider) -> String {
        match (self, provider) {
            (Self::Slash, _) => format!("{}/", provider.name()),
            (Self::TwoSlashes, _) => format!("{}//", provider.name()),
            (Self::Wrong, Provider::Google) => "accounts.gogle.com".to_owned(),
            (Self::Wrong, Provider::OpenIdConnect) => "id.example.org".to_owned(),
            (Self::Wrong, Provider::UserPool) => {
                "cognito-idp.eu-west-1.amazonaws.com/us-east-1_game".to_owned()
            }
            (Self::Wrong, Provider::Auth0) => "game.us.auth0.com".to_owned(),
            (Self::Wrong, Provider::Facebook) => "graph.facebok.com".to_owned(),
            (Self::Wrong, Provider::Saml) => format!("{}s", provider.name()),
        }
    }
}
