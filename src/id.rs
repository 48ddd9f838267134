//! Who owns what: accounts, regions, and the ids of pools and identities.

use uuid::Uuid;

use crate::constraint::{Constraint, Pattern, StringShape, Violation, Violations};
use crate::text::text_type;

/// The longest region for which `REGION:GUID` still fits the 55 characters of an id.
const REGION_LENGTH_MAX: usize = 18;

text_type! {
    /// The account that owns a pool: 12 digits.
    AccountId at "accountId", StringShape::new(12, 12).matching(&DIGITS)
}

text_type! {
    /// The account that a caller of `GetId` takes for a pool's owner: 1 to 15 digits.
    ClaimedAccountId at "accountId", StringShape::new(1, 15).matching(&DIGITS)
}

text_type! {
    /// A region such as `us-east-1`: 1 to 18 of `[\w-]`.
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

/// The 128 bits that make an id unique; the region in front of them only says where it lives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(from = "u128", into = "u128")]
pub(crate) struct Guid(pub(crate) [u8; 16]);

/// The number that records, whose numbers are little-endian, write as the guid's bytes.
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
    /// `None` for text that fits the pattern of an id but was never minted: it names nothing.
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
    /// account that nobody has named, so whatever names one is taken to mean it.
    pub fn zero() -> Self {
        Self(ZERO.into())
    }

    /// Whether what names this account may mean it.
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
    /// The partition that the region lies in: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// What the two kinds of id have in common.
macro_rules! region_and_guid {
    ($name:ident) => {
        impl $name {
            pub(crate) fn new(region: &Region, guid: Guid) -> Self {
                Self::within(region.as_str(), guid)
            }

            /// In a region whose shape was looked at.
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

            /// `None` for an id that was never minted and so names nothing.
            pub(crate) fn guid(&self) -> Option<Guid> {
                Guid::of(&self.0)
            }

            /// The region that the id names.
            ///
            /// # Errors
            ///
            /// A region that is longer than any id that was minted here can hold.
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
    /// As [`new`](Self::new), in a region that is not yet known to be one.
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
    fn an_id_reads_back_as_it_was_minted() {
        let region: Region = "eu-west-1".parse().expect("a region");
        let guid = Guid([0xab; 16]);
        let id = IdentityPoolId::new(&region, guid);
        assert_eq!(id.as_str(), "eu-west-1:abababab-abab-abab-abab-abababababab");
        assert_eq!(id.guid(), Some(guid));
        assert_eq!(id.region(), Ok(region));
    }
}
