//! Names that operations are about: few of them, so that the same ones meet again.
//!
//! What an implementation mints is told by number: [`Identity`]`(3)` is the fourth identity that
//! was seen. What a caller chooses is told by number too: [`User`]`(0)` is always `user-0`.

mod account;
mod provider;

use std::fmt;

pub use account::{Account, Caller};
pub(crate) use account::{cognito_name, cognito_name_abroad, partition};
pub use provider::{IdToken, Provider, Spelling};

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

impl Token {
    /// The last one that names a login that the operation presents too, if there is any.
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
    /// `www.amazon.com`, which is the name of a public provider.
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
            Self::Reserved => "www.amazon.com",
            Self::Invalid => "login game",
        }
    }
}

/// A login: who somebody is at a provider. Public providers know their users by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NumberedLogin {
    /// A user of the pool's developer provider.
    User(User),
    /// A user of a public provider.
    Public(Provider, u8),
}

/// One entry of a `Logins` map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presented {
    /// A user, under the name of a developer provider.
    User(DeveloperProvider, User),
    /// A user of a public provider, with a token.
    Public(Provider, u8, IdToken),
    /// The same under a key that is spelled otherwise.
    Spelled(Spelling, Provider, u8, IdToken),
    /// An assertion of the SAML provider; it proves nothing.
    Saml,
    /// A token of the service itself, under the service's name in the region.
    Cognito(Token),
    /// One whose signature was changed.
    Tampered(Token),
    /// One under the service's name in a region of another partition.
    Abroad(Token),
}

impl Presented {
    /// For a subject: one of a login that an identity has, if any has one; of another provider if
    /// none has one of this.
    pub const LINKED: u8 = u8::MAX;

    /// Its key, with variables for what follows from the region.
    pub(crate) fn key(self) -> String {
        match self {
            Self::User(provider, _) => provider.name().to_owned(),
            Self::Public(provider, ..) => provider.name().to_owned(),
            Self::Spelled(spelling, provider, ..) => spelling.key(provider),
            Self::Saml => Provider::Saml.name().to_owned(),
            Self::Cognito(_) | Self::Tampered(_) => "$cognito".to_owned(),
            Self::Abroad(_) => "$abroad".to_owned(),
        }
    }

    /// The public login that it proves, and whether its token is good.
    pub(crate) fn public(self) -> Option<(NumberedLogin, bool)> {
        match self {
            Self::Public(provider, subject, token)
            | Self::Spelled(Spelling::Slash, provider, subject, token) => {
                Some((NumberedLogin::Public(provider, subject), token.is_good()))
            }
            _ => None,
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

    /// In a script: the account is that of the run, the partition that of the call's region.
    pub(crate) fn arn(self) -> String {
        format!("arn:$partition:iam::$account0:role/{}", self.name())
    }
}

/// The claims of a user's tokens that roles and tags can be about.
pub(crate) fn claims(subject: u8) -> [(&'static str, Vec<String>); 2] {
    let team = format!("team-{}", subject % 2);
    [("sub", vec![subject.to_string()]), ("teams", vec!["all".to_owned(), team])]
}

/// Whether the tokens of a public provider's user name [`Role::Boss`].
pub(crate) fn names_boss(provider: Provider, subject: u8) -> bool {
    provider != Provider::Facebook && subject % 3 == 2
}
