//! What each operation takes and returns, under the service's own names.
//!
//! Members are typed, so an input holds nothing that its constraints forbid. A setter takes the
//! type itself or text that parses into it, and names the member where it does not.

mod developer;
mod identities;
mod pools;
mod public;
mod roles;
mod tags;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::ambient::Timestamp;
use crate::constraint::{Constraint, Violation, Violations};
use crate::error::{Error, Result};
use crate::login::Logins;
use crate::name::{LoginToken, ProviderName};

pub(crate) use developer::PRINCIPAL_TAGS_MAX;
pub use developer::{
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenForDeveloperIdentityOutput,
    LookupDeveloperIdentityInput, LookupDeveloperIdentityOutput, MergeDeveloperIdentitiesInput,
    MergeDeveloperIdentitiesOutput, UnlinkDeveloperIdentityInput,
};
pub use identities::{
    DeleteIdentitiesInput, DeleteIdentitiesOutput, DescribeIdentityInput, IdentityDescription,
    ListIdentitiesInput, ListIdentitiesOutput, UnprocessedIdentityErrorCode, UnprocessedIdentityId,
};
pub(crate) use pools::LOGIN_PROVIDERS_MAX;
pub use pools::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, DescribeIdentityPoolInput, GuestAccess,
    IdentityPoolShortDescription, ListIdentityPoolsInput, ListIdentityPoolsOutput,
    UpdateIdentityPoolInput,
};
pub use public::{
    GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput, GetIdInput, GetIdOutput,
    GetOpenIdTokenInput, GetOpenIdTokenOutput, UnlinkIdentityInput,
};
pub use roles::{
    GetIdentityPoolRolesInput, GetIdentityPoolRolesOutput, GetPrincipalTagAttributeMapInput,
    GetPrincipalTagAttributeMapOutput, SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput,
    SetPrincipalTagAttributeMapOutput,
};
pub use tags::{
    ListTagsForResourceInput, ListTagsForResourceOutput, TagResourceInput, UntagResourceInput,
};

/// The setter of the operations whose answers come in pages.
macro_rules! paged {
    ($input:ident) => {
        impl $input {
            /// The page that follows the one that gave this token.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn next_token(
                mut self,
                token: impl TryInto<NextToken, Error: Into<Error>>,
            ) -> Result<Self> {
                self.next_token = Some(member("nextToken", token)?);
                Ok(self)
            }
        }
    };
}
use paged;

/// The operations that take nothing but a pool's id.
macro_rules! by_pool {
    ($(#[$doc:meta])* $input:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $input {
            pub(crate) identity_pool_id: IdentityPoolId,
        }

        impl $input {
            /// The pool.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn new(id: impl TryInto<IdentityPoolId, Error: Into<Error>>) -> Result<Self> {
                Ok(Self { identity_pool_id: member("identityPoolId", id)? })
            }
        }
    };
}

use by_pool;

/// The setter of the operations that take logins.
macro_rules! takes_logins {
    ($(#[$doc:meta])* $input:ident) => {
        impl $input {
            $(#[$doc])*
            ///
            /// At most 10; another one of the same provider replaces the first.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn login(
                mut self,
                provider: impl TryInto<ProviderName, Error: Into<Error>>,
                token: impl TryInto<LoginToken, Error: Into<Error>>,
            ) -> Result<Self> {
                $crate::op::present(&mut self.logins, provider, token)?;
                Ok(self)
            }
        }
    };
}
use takes_logins;

fn present(
    logins: &mut Logins,
    provider: impl TryInto<ProviderName, Error: Into<Error>>,
    token: impl TryInto<LoginToken, Error: Into<Error>>,
) -> Result<()> {
    const NAME: &str = "logins";
    // What is too long for a provider is likely to be a token, in the wrong place.
    let provider = member(NAME, provider).map_err(Error::without_excess)?;
    logins.present(provider, member(NAME, token)?);
    if logins.iter().len() > Logins::LENGTH_MAX {
        return Err(too_many_entries(NAME, logins.to_string(), Logins::LENGTH_MAX).into());
    }
    Ok(())
}

/// A member of the type itself or of text that parses into it.
fn member<T, V>(name: &str, value: V) -> Result<T>
where
    V: TryInto<T, Error: Into<Error>>,
{
    value.try_into().map_err(|error| error.into().at(name))
}

/// Adds an entry to a map that takes at most `max`.
fn insert<K: Ord + Display, V: Display>(
    name: &str,
    map: &mut BTreeMap<K, V>,
    (key, value): (K, V),
    max: usize,
) -> Result<()> {
    map.insert(key, value);
    if map.len() <= max {
        return Ok(());
    }
    let shown: Vec<_> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Err(too_many_entries(name, format!("{{{}}}", shown.join(", ")), max).into())
}

/// Reads a map that takes at most `MAX` entries.
fn at_most<'de, const MAX: usize, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let map = BTreeMap::deserialize(deserializer)?;
    if map.len() <= MAX { Ok(map) } else { Err(D::Error::invalid_length(map.len(), &"fewer")) }
}

fn too_many_entries(name: &str, shown: String, max: usize) -> Violations {
    Violations::one(Violation::new(Some(shown), name, Constraint::LengthAtMost(max)))
}

/// Epoch seconds with milliseconds, as the service writes dates: `1538078988.077`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn epoch_seconds<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_arithmetic,
        reason = "the wire wants a fraction, and milliseconds stay exact for 285,000 years"
    )]
    serializer.serialize_f64(moment.as_millis() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_epoch_seconds_with_milliseconds() {
        for (millis, json) in
            [(1_538_078_988_077, "1538078988.077"), (1_000, "1.0"), (1, "0.001"), (0, "0.0")]
        {
            let mut written = Vec::new();
            let mut serializer = serde_json::Serializer::new(&mut written);
            epoch_seconds(&Timestamp::from_millis(millis), &mut serializer).expect("a number");
            assert_eq!(String::from_utf8(written).as_deref(), Ok(json));
        }
    }
}
