//! Names that operations are about: few of them, so that the same ones meet again.
//!
//! What an implementation mints is told by number: [`Identity`]`(3)` is the fourth identity that
//! was seen. What a caller chooses is told by number too: [`User`]`(0)` is always `user-0`.

use std::fmt;

/// An account in a region: whose credentials a signed call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Which account. Roles are of account 0.
    pub number: u8,
    /// Which region.
    pub region: u8,
}

impl Account {
    /// The first account in the first region.
    pub const FIRST: Self = Self { number: 0, region: 0 };

    /// The region's name.
    pub fn region_name(self) -> &'static str {
        if self.region.is_multiple_of(2) { "us-east-1" } else { "eu-west-1" }
    }
}

/// Whose credentials a signed call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caller {
    /// The owner of the pool or identity that the operation is about.
    Owner,
    /// This account.
    Account(Account),
}

impl Caller {
    /// The account; that of the owner is filled in when an operation is performed.
    pub(crate) fn account(self) -> Account {
        match self {
            Self::Account(account) => account,
            Self::Owner => Account::FIRST,
        }
    }
}

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident, $word:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u16);

        impl $name {
            /// None that was seen.
            pub const UNKNOWN: Self = Self(u16::MAX);

            pub(crate) const WORD: &str = $word;

            /// One of `known`, if there is any; the unknown one stays unknown.
            pub(crate) fn among(self, known: usize) -> Self {
                let known = u16::try_from(known).unwrap_or(u16::MAX);
                match self.0.checked_rem(known) {
                    Some(number) if self != Self::UNKNOWN => Self(number),
                    _ => Self::UNKNOWN,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "${}{}", Self::WORD, self.0)
            }
        }
    )*};
}

numbered! {
    /// A pool, by the order in which pools were seen.
    Pool, "pool";
    /// An identity, by the order in which identities were seen.
    Identity, "identity";
    /// An OpenID token, by the order in which tokens were handed out.
    Token, "token";
    /// A `NextToken`, by the order in which they were handed out.
    Cursor, "cursor";
}

impl Identity {
    /// The one that has the logins, token or user that the operation names too, if any has.
    pub const OF_LOGINS: Self = Self(u16::MAX - 1);
}

impl Cursor {
    /// The last one of the listing that the operation reads, if there is any.
    pub const LAST: Self = Self(u16::MAX - 1);
}

/// A user of a developer provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User(pub u8);

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user-{}", self.0)
    }
}

/// The name of a developer provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeveloperProvider {
    /// `login.game`
    Game,
    /// `login.shop`
    Shop,
    /// `graph.facebook.com`, which is the name of a public provider.
    Reserved,
    /// `login game`, which is no name.
    Invalid,
}

impl DeveloperProvider {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Game => "login.game",
            Self::Shop => "login.shop",
            Self::Reserved => "graph.facebook.com",
            Self::Invalid => "login game",
        }
    }
}

/// A public provider, whose users prove themselves with OpenID Connect tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `accounts.google.com`, in `SupportedLoginProviders`.
    Google,
    /// `id.example.com`, in `OpenIdConnectProviderARNs`.
    OpenIdConnect,
    /// A user pool, in `CognitoIdentityProviders`.
    UserPool,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Google, Self::OpenIdConnect, Self::UserPool];

    /// The key of its logins.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "accounts.google.com",
            Self::OpenIdConnect => "id.example.com",
            Self::UserPool => "cognito-idp.us-east-1.amazonaws.com/us-east-1_game",
        }
    }

    /// The application that its tokens are for.
    pub fn client(self) -> &'static str {
        match self {
            Self::Google => "game.apps.googleusercontent.com",
            Self::OpenIdConnect => "game",
            Self::UserPool => "4game4client",
        }
    }

    /// How attribute maps name it.
    pub(crate) fn attributes_name(self) -> &'static str {
        match self {
            Self::OpenIdConnect => "arn:aws:iam::123456789012:oidc-provider/id.example.com",
            Self::Google | Self::UserPool => self.name(),
        }
    }

    /// How role mappings name it.
    pub(crate) fn mapping_name(self) -> String {
        match self {
            Self::UserPool => format!("{}:{}", self.name(), self.client()),
            Self::Google | Self::OpenIdConnect => self.attributes_name().to_owned(),
        }
    }
}

/// A login: who somebody is at a provider. Public providers know their users by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Login {
    /// A user of the pool's developer provider.
    User(User),
    /// A user of a public provider.
    Public(Provider, u8),
}

/// A token of a public provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdToken {
    /// As the provider made it.
    Genuine,
    /// Made a little later for the same user.
    Refreshed,
    /// Its time is over.
    Expired,
    /// Signed with another key.
    Forged,
    /// Made for another application.
    ForAnotherClient,
    /// Made by another issuer.
    OfAnotherIssuer,
    /// Without `sub`.
    WithoutSubject,
    /// No token at all.
    Garbage,
}

impl IdToken {
    /// Whether a pool that has the provider accepts it.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Genuine | Self::Refreshed)
    }
}

/// One entry of a `Logins` map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presented {
    /// A user, under the name of a developer provider.
    User(DeveloperProvider, User),
    /// A user of a public provider, with a token.
    Public(Provider, u8, IdToken),
    /// A token of the service itself, under `cognito-identity.amazonaws.com`.
    Cognito(Token),
    /// One whose signature was changed.
    Tampered(Token),
}

impl Presented {
    /// Its key.
    pub fn key(self) -> &'static str {
        match self {
            Self::User(provider, _) => provider.name(),
            Self::Public(provider, ..) => provider.name(),
            Self::Cognito(_) | Self::Tampered(_) => "cognito-identity.amazonaws.com",
        }
    }
}

/// An IAM role of account 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The usual role of an authenticated identity.
    Player,
    /// The usual role of a guest.
    Guest,
    /// One that rules grant.
    Moderator,
    /// One that rules grant, and that the tokens of every third user of a public provider name.
    Boss,
}

impl Role {
    /// The last part of its ARN.
    pub fn name(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Guest => "guest",
            Self::Moderator => "moderator",
            Self::Boss => "boss",
        }
    }

    /// In a script: the account is that of the run.
    pub(crate) fn arn(self) -> String {
        format!("arn:aws:iam::$account0:role/{}", self.name())
    }
}

/// The claims of a user's tokens that roles and tags can be about.
pub(crate) fn claims(subject: u8) -> [(&'static str, Vec<String>); 2] {
    let team = format!("team-{}", subject % 2);
    [("sub", vec![subject.to_string()]), ("teams", vec!["all".to_owned(), team])]
}

/// Whether the tokens of a public provider's user name [`Role::Boss`].
pub(crate) fn is_boss(subject: u8) -> bool {
    subject % 3 == 2
}
