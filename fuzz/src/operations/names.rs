//! Names that the operations are about: few of them, so that the same ones meet again.

use arbitrary::{Arbitrary, Unstructured};
use cognate::{IdentityPoolId, Result};

use crate::operations::pool::BOSS;
use crate::scene::{DEVELOPER, OIDC, OIDC_ARN, PROOF, PUBLIC};

/// A user of the developer provider. There are enough for an identity to be full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct User(pub(super) u8);

impl User {
    const FEW: u8 = 4;
    pub(super) const ALL: u8 = 22;

    pub(super) fn name(self) -> String {
        format!("user-{}", self.0)
    }

    /// For every second one the backend names a tag.
    pub(super) fn has_tag(self) -> bool {
        !self.0.is_multiple_of(2)
    }
}

impl<'a> Arbitrary<'a> for User {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        Ok(Self(if byte < 128 { byte % Self::FEW } else { byte % Self::ALL }))
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        u8::size_hint(depth)
    }
}

/// A public provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Provider {
    Supported,
    OpenIdConnect,
}

impl Provider {
    pub(super) const ALL: [Self; 2] = [Self::Supported, Self::OpenIdConnect];

    /// Under which its logins are presented.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Supported => PUBLIC,
            Self::OpenIdConnect => OIDC,
        }
    }

    /// Under which a pool has roles and attributes for it.
    pub(super) fn configured_name(self) -> &'static str {
        match self {
            Self::Supported => PUBLIC,
            Self::OpenIdConnect => OIDC_ARN,
        }
    }
}

/// A user of a public provider, 1 to 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject(pub(super) u8);

impl Subject {
    /// Whose token has a role of its own.
    pub(super) const BOSS: Self = Self(3);

    pub(super) fn name(self) -> String {
        self.0.to_string()
    }

    pub(super) fn token(self) -> String {
        if self == Self::BOSS {
            format!("{PROOF}{};cognito:roles={BOSS};cognito:preferred_role={BOSS}", self.0)
        } else {
            format!("{PROOF}{}", self.0)
        }
    }
}

/// What an identity can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Login {
    User(User),
    Public(Provider, Subject),
}

impl Login {
    pub(super) fn provider(self) -> &'static str {
        match self {
            Self::User(_) => DEVELOPER,
            Self::Public(provider, _) => provider.name(),
        }
    }

    pub(super) fn full_name(self, pool: &IdentityPoolId) -> String {
        match self {
            Self::User(user) => format!("{DEVELOPER}:{pool}:{}", user.name()),
            Self::Public(provider, subject) => format!("{}:{}", provider.name(), subject.name()),
        }
    }
}

/// Up to one login of each public provider, in either order; one in eight times forged.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Logins(u8);

impl Logins {
    pub(super) fn logins(self) -> Vec<(Provider, Subject)> {
        let subjects = [self.0 & 3, self.0 >> 2 & 3].map(Subject);
        let logins = Provider::ALL.into_iter().zip(subjects);
        let mut logins: Vec<_> = logins.filter(|(_, subject)| *subject != Subject(0)).collect();
        if self.0 & 16 != 0 {
            logins.reverse();
        }
        logins
    }

    pub(super) fn all(self) -> Vec<Login> {
        self.logins().into_iter().map(|(provider, of)| Login::Public(provider, of)).collect()
    }

    pub(super) fn are_forged(self) -> bool {
        self.0 >= 224 && !self.logins().is_empty()
    }

    /// Adds them to the input of an operation. Of forged ones only the last is.
    pub(super) fn present<I>(
        self,
        input: Result<I>,
        login: impl Fn(I, &'static str, String) -> Result<I>,
    ) -> Result<I> {
        let mut tokens: Vec<_> =
            self.logins().into_iter().map(|(of, subject)| (of.name(), subject.token())).collect();
        if self.are_forged()
            && let Some((_, token)) = tokens.last_mut()
        {
            token.insert(0, 'x');
        }
        tokens.into_iter().fold(input, |input, (provider, token)| login(input?, provider, token))
    }
}

/// A set of providers: each of the public ones, and the developer provider.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Providers(pub(super) u8);

impl Providers {
    pub(super) fn public(self) -> impl Iterator<Item = Provider> {
        let [supported, oidc] = Provider::ALL;
        [(1, supported), (2, oidc)]
            .into_iter()
            .filter(move |(bit, _)| self.0 & bit != 0)
            .map(|(_, p)| p)
    }

    pub(super) fn has_developer(self) -> bool {
        self.0 >= 240
    }
}

/// One of the identities that have been seen.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Which(pub(super) u8);

/// None, or one of the tokens that were handed out.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Held(u8);

impl Held {
    pub(super) fn of<T>(self, tokens: &[T]) -> Option<&T> {
        let place = usize::from(self.0.checked_sub(128)?).checked_rem(tokens.len())?;
        // The latest one first.
        tokens.iter().rev().nth(place)
    }
}

/// How much a page holds, 1 to 8.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Page(pub(super) u8);

impl Page {
    pub(super) fn size(self) -> i64 {
        i64::from(self.0 % 8) + 1
    }
}
