//! Accounts and regions, and names that depend on a region.

/// An account in a region. The credentials of a signed call belong to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The number of the account. Roles belong to account 0.
    pub number: u8,
    /// The index in [`REGIONS`](Self::REGIONS).
    pub region: u8,
}

impl Account {
    /// The first account in the first region.
    pub const FIRST: Self = Self { number: 0, region: 0 };

    /// The number of account `000000000000`, which stands for an unknown account.
    pub const NOT_KNOWN: u8 = u8::MAX;

    /// Regions of every partition.
    pub const REGIONS: [&str; 5] =
        ["us-east-1", "eu-west-1", "us-gov-east-1", "us-gov-west-1", "cn-north-1"];

    /// The region's name.
    pub fn region_name(self) -> &'static str {
        let regions = Self::REGIONS.iter().cycle();
        regions.copied().nth(self.region.into()).unwrap_or_default()
    }
}

/// The account whose credentials a signed call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caller {
    /// The owner of the pool or identity in the operation.
    Owner,
    /// This account.
    Account(Account),
}

impl Caller {
    /// The account. The owner is filled in when an operation is performed.
    pub(crate) fn account(self) -> Account {
        match self {
            Self::Account(account) => account,
            Self::Owner => Account::FIRST,
        }
    }
}

/// The provider name of the service's own tokens in a region.
pub(crate) fn cognito_name(region: &str) -> String {
    match region {
        "us-gov-west-1" => "cognito-identity-us-gov.amazonaws.com".to_owned(),
        "us-gov-east-1" => format!("cognito-identity.{region}.amazonaws.com"),
        _ if region.starts_with("cn-") => format!("cognito-identity.{region}.amazonaws.com.cn"),
        _ => "cognito-identity.amazonaws.com".to_owned(),
    }
}

/// The provider name of the service's own tokens in a region of another partition.
pub(crate) fn cognito_name_abroad(region: &str) -> String {
    cognito_name(if partition(region) == "aws" { "us-gov-west-1" } else { "us-east-1" })
}

/// The partition in the ARNs of a region.
pub(crate) fn partition(region: &str) -> &'static str {
    match region.split('-').collect::<Vec<_>>().as_slice() {
        ["cn", ..] => "aws-cn",
        ["us", "gov", ..] => "aws-us-gov",
        _ => "aws",
    }
}
