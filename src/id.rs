//! Accounts, regions, and the ids of pools and identities.

use std::borrow::Cow;

use uuid::Uuid;

use crate::constraint::{Constraint, Pattern, StringShape, Violation, Violations};
use crate::text::text_type;

/// The maximum length of a region, so that `REGION:GUID` still fits the 55 characters of an id.
const REGION_LENGTH_MAX: usize = 18;

text_type! {
    /// The account that owns a pool: 12 digits.
    AccountId at "accountId", StringShape::new(12, 12).matching(&DIGITS)
}

text_type! {
    /// The account that a caller of `GetId` names as the pool's owner: 1 to 15 digits.
    ClaimedAccountId at "accountId", StringShape::new(1, 15).matching(&DIGITS)
}

text_type! {
    /// A region such as `us-east-1`: 1 to 18 characters of `[\w-]`.
    Region at "region", StringShape::new(1, REGION_LENGTH_MAX).matching(&WORD_OR_DASH)
}

text_type! {
    /// The id of an identity, `REGION:GUID`; 1 to 55 characters that match `[\w-]+:[0-9a-f-]+`.
    IdentityId at "identityId", StringShape::new(1, 55).matching(&Pattern::ID)
}

text_type! {
    /// The id of an identity pool, `REGION:GUID`; 1 to 55 characters that match
    /// `[\w-]+:[0-9a-f-]+`.
    IdentityPoolId at "identityPoolId", StringShape::new(1, 55).matching(&Pattern::ID)
}

const DIGITS: Pattern =
    Pattern { text: r"\d+", matches: |v| v.bytes().all(|b| b.is_ascii_digit()) && !v.is_empty() };

const WORD_OR_DASH: Pattern = Pattern {
    text: r"[\w-]+",
    matches: |v| {
        v.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) && !v.is_empty()
    },
};

/// The 128 bits that make an id unique. The region before them only tells where the pool or
/// identity is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(from = "u128", into = "u128")]
pub(crate) struct Guid(pub(crate) [u8; 16]);

impl Guid {
    /// The guid of nothing.
    pub(crate) const NIL: Self = Self([0; 16]);
}

/// The guid as a number. Records write numbers in little-endian order, so a record holds the guid's
/// bytes.
impl From<Guid> for u128 {
    fn from(guid: Guid) -> Self {
        Self::from_le_bytes(guid.0)
    }
}

impl From<u128> for Guid {
    fn from(number: u128) -> Self {
        Self(number.to_le_bytes())
    }
}

impl Guid {
    /// Returns `None` for a text that matches the pattern of an id but that no engine has
    /// generated. Such an id names nothing.
    fn of(id: &str) -> Option<Self> {
        let region = id.len().checked_sub(uuid::fmt::Hyphenated::LENGTH)?;
        let (region, guid) = id.split_at_checked(region)?;
        let uuid = region.ends_with(':').then(|| Uuid::try_parse(guid).ok()).flatten();
        uuid.map(|uuid| Self(uuid.into_bytes()))
    }
}

const ZERO: &str = "000000000000";

impl AccountId {
    /// The account of a request whose credentials name none: `000000000000`. It stands for an
    /// unknown account, so a caller that names any account is taken to mean it.
    pub fn zero() -> Self {
        Self(ZERO.into())
    }

    /// Returns true if `named` may mean this account.
    pub(crate) fn may_be(&self, named: &str) -> bool {
        &*self.0 == named || &*self.0 == ZERO
    }
}

impl From<&AccountId> for ClaimedAccountId {
    fn from(account: &AccountId) -> Self {
        Self(account.0.clone())
    }
}

impl Region {
    /// The partition of the region: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// The domain of the hosts in the partition.
    pub(crate) fn domain(&self) -> &'static str {
        if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    /// The issuer of tokens for the region's pools.
    pub fn token_issuer(&self) -> TokenIssuer {
        match (self.as_str(), self.partition()) {
            (_, "aws") => TokenIssuer::COMMERCIAL,
            ("us-gov-west-1", _) => TokenIssuer::US_GOV_WEST_1,
            (region, _) => {
                let host = ["https://cognito-identity.", region, ".", self.domain()].concat();
                TokenIssuer(Cow::Owned(host))
            }
        }
    }
}

/// The issuer of tokens for the pools of a region, and its name as a provider.
///
/// | region | [`provider_name`](Self::provider_name) |
/// | --- | --- |
/// | us-gov-west-1 | `cognito-identity-us-gov.amazonaws.com` |
/// | other regions of GovCloud | `cognito-identity.REGION.amazonaws.com` |
/// | regions of China | `cognito-identity.REGION.amazonaws.com.cn` |
/// | all others | `cognito-identity.amazonaws.com` |
///
/// Source: the user guide of GovCloud, the AWS SDK for Android, and public reports.
///
/// # Example: a region of China
///
/// ```
/// let region: cognate::name::Region = "cn-north-1".parse()?;
/// let issuer = region.token_issuer();
/// assert_eq!(issuer.as_str(), "https://cognito-identity.cn-north-1.amazonaws.com.cn");
/// assert_eq!(issuer.provider_name(), "cognito-identity.cn-north-1.amazonaws.com.cn");
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct TokenIssuer(Cow<'static, str>);

impl TokenIssuer {
    const SCHEME: &str = "https://";

    /// The issuer of the commercial regions.
    pub(crate) const COMMERCIAL: Self =
        Self(Cow::Borrowed("https://cognito-identity.amazonaws.com"));

    const US_GOV_WEST_1: Self =
        Self(Cow::Borrowed("https://cognito-identity-us-gov.amazonaws.com"));

    /// The claim `iss`: `https://`, followed by the provider name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that tokens are presented under. It is the key of a `Logins` map, and the federated
    /// principal in the trust policy of a role.
    pub fn provider_name(&self) -> &str {
        self.0.strip_prefix(Self::SCHEME).unwrap_or(&self.0)
    }

    /// Returns true if `name` is the provider name of the tokens of any region.
    pub(crate) fn is_provider_name(name: &str) -> bool {
        let is_of = |region: &str| {
            let region = region.parse::<Region>();
            region.is_ok_and(|region| region.token_issuer().provider_name() == name)
        };
        let region = name.strip_prefix("cognito-identity.").and_then(|rest| rest.split_once('.'));
        [Self::COMMERCIAL, Self::US_GOV_WEST_1].iter().any(|known| known.provider_name() == name)
            || region.is_some_and(|(region, _)| is_of(region))
    }

    /// Returns true if `iss` is the issuer of the tokens of any region.
    pub(crate) fn is_issuer(iss: &str) -> bool {
        iss.strip_prefix(Self::SCHEME).is_some_and(Self::is_provider_name)
    }
}

/// The common parts of the two kinds of ids.
macro_rules! region_and_guid {
    ($name:ident) => {
        impl $name {
            pub(crate) fn new(region: &Region, guid: Guid) -> Self {
                Self::within(region.as_str(), guid)
            }

            /// An id in a region that has already been checked.
            fn within(region: &str, guid: Guid) -> Self {
                let mut buffer = Uuid::encode_buffer();
                let guid = Uuid::from_bytes(guid.0).hyphenated().encode_lower(&mut buffer);
                let length = region.len().saturating_add(guid.len()).saturating_add(1);
                let mut id = String::with_capacity(length);
                id.push_str(region);
                id.push(':');
                id.push_str(guid);
                Self(id.into())
            }

            /// Returns `None` for an id that no engine has generated. Such an id names nothing.
            pub(crate) fn guid(&self) -> Option<Guid> {
                Guid::of(&self.0)
            }

            /// The region that the id names.
            ///
            /// # Errors
            ///
            /// Returns an error if the region is longer than in any id that an engine generates.
            pub fn region(&self) -> Result<Region, Violations> {
                self.0.split_once(':').map_or_else(
                    || Err(Violations::one(Violation::new(None, "region", Constraint::NotNull))),
                    |(region, _)| region.parse(),
                )
            }
        }
    };
}

region_and_guid!(IdentityId);
region_and_guid!(IdentityPoolId);

impl IdentityId {
    /// Like [`new`](Self::new), for a region that has not been checked yet.
    pub(crate) fn in_region(region: &str, guid: Guid) -> Result<Self, Violations> {
        Region::SHAPE.check(region, "region")?;
        Ok(Self::within(region, guid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hyphenated_guid_names_something() {
        for (id, names) in [
            ("us-east-1:9539224f-5cd4-4923-a426-d6078ef34b7a", true),
            ("us-east-1:79eafc1d-bfed-c52b-0000-000000000000", true),
            ("us-east-1:9539224f5cd44923a426d6078ef34b7a", false),
            ("us-east-1:9539224f-5cd4-4923-a426-d6078ef34b7", false),
            ("us-east-1:-", false),
        ] {
            let parsed: IdentityId = id.parse().expect("fits the pattern");
            assert_eq!(parsed.guid().is_some(), names, "{id}");
        }
    }

    #[test]
    fn tokens_are_presented_under_a_name_of_their_region() {
        for (region, name) in [
            ("us-east-1", "cognito-identity.amazonaws.com"),
            ("us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
            ("us-gov-east-1", "cognito-identity.us-gov-east-1.amazonaws.com"),
            ("cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
            ("cn-northwest-1", "cognito-identity.cn-northwest-1.amazonaws.com.cn"),
            // In neither GovCloud nor China.
            ("cn", "cognito-identity.amazonaws.com"),
            ("us-gov", "cognito-identity.amazonaws.com"),
        ] {
            let issuer = region.parse::<Region>().expect("a region").token_issuer();
            assert_eq!(issuer.provider_name(), name, "{region}");
            assert_eq!(issuer.as_str(), format!("https://{name}"), "{region}");
            assert!(TokenIssuer::is_provider_name(name) && TokenIssuer::is_issuer(issuer.as_str()));
        }
        for other in [
            "",
            "cognito-identity.",
            "cognito-identity.amazonaws.com.cn",
            "cognito-identity.us-east-1.amazonaws.com",
            "cognito-identity.us-gov-west-1.amazonaws.com",
            "cognito-identity.us-gov-east-1.amazonaws.com.cn",
            "cognito-identity.cn-north-1.amazonaws.com",
            "cognito-identity.cn-north-1.amazonaws.com.cn.cn",
            "cognito-identity.not a region.amazonaws.com",
            "cognito-idp.amazonaws.com",
        ] {
            assert!(!TokenIssuer::is_provider_name(other), "{other}");
        }
        for other in ["cognito-identity.amazonaws.com", "http://cognito-identity.amazonaws.com"] {
            assert!(!TokenIssuer::is_issuer(other), "{other}");
        }
    }

    #[test]
    fn an_id_reads_back_as_it_was_minted() {
        let region: Region = "eu-west-1".parse().expect("a region");
        let guid = Guid([0xab; 16]);
        let id = IdentityPoolId::new(&region, guid);
        assert_eq!(id.as_str(), "eu-west-1:abababab-abab-abab-abab-abababababab");
        assert_eq!(id.guid(), Some(guid));
        assert_eq!(id.region(), Ok(region));
    }
}
