//! Roles of a pool and the settings that choose one of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::constraint::Violations;
use crate::name::{Arn, ClaimName, MappingRuleValue, ProviderName};

/// The roles of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PoolRoles {
    pub(crate) defaults: BTreeMap<RoleType, Arn>,
    pub(crate) mappings: BTreeMap<ProviderName, RoleMapping>,
}

/// The kind of identity that a default role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum RoleType {
    /// Authenticated identities.
    Authenticated,
    /// Guests.
    Unauthenticated,
}

impl fmt::Display for RoleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authenticated => "authenticated",
            Self::Unauthenticated => "unauthenticated",
        })
    }
}

/// The rule for choosing the role of a provider's users.
///
/// # Example: one role for the sales department, the authenticated role for all others
///
/// ```
/// use cognate::operation::{AmbiguousRoleResolution, MappingRule, MatchType, RoleMapping};
///
/// let sales = MappingRule::new(
///     "custom:dept",
///     MatchType::Equals,
///     "Sales",
///     "arn:aws:iam::123456789012:role/sales",
/// )?;
/// let mapping = RoleMapping::rules(AmbiguousRoleResolution::AuthenticatedRole, [sales]);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RoleMapping {
    /// The source of the role.
    #[serde(rename = "Type")]
    pub mapping_type: RoleMappingType,
    /// The behaviour if no role, or more than one, is found. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous_role_resolution: Option<AmbiguousRoleResolution>,
    /// The rules. Required for [`RoleMappingType::Rules`], and not allowed for the other type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_configuration: Option<RulesConfiguration>,
}

impl RoleMapping {
    /// The maximum number of rules of a mapping. The service model allows 400; the quota is lower.
    pub const RULES_MAX: usize = 25;

    /// Takes the role that the token names: `cognito:preferred_role`, or one of `cognito:roles`.
    pub fn token(ambiguous: AmbiguousRoleResolution) -> Self {
        Self {
            mapping_type: RoleMappingType::Token,
            ambiguous_role_resolution: Some(ambiguous),
            rules_configuration: None,
        }
    }

    /// Takes the role of the first rule that a claim of the token matches.
    pub fn rules(
        ambiguous: AmbiguousRoleResolution,
        rules: impl IntoIterator<Item = MappingRule>,
    ) -> Self {
        let rules = rules.into_iter().collect();
        Self {
            mapping_type: RoleMappingType::Rules,
            ambiguous_role_resolution: Some(ambiguous),
            rules_configuration: Some(RulesConfiguration { rules }),
        }
    }
}

/// The source of a mapping's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum RoleMappingType {
    /// The token.
    Token,
    /// Rules over the token's claims.
    Rules,
}

impl RoleMappingType {
    /// In the order of the service's error messages.
    pub(crate) const NAMES: &[&str] = &["Rules", "Token"];
}

impl fmt::Display for RoleMappingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "Token",
            Self::Rules => "Rules",
        })
    }
}

/// The behaviour if a mapping finds no role, or more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum AmbiguousRoleResolution {
    /// The user gets the pool's authenticated role.
    AuthenticatedRole,
    /// The call is refused.
    Deny,
}

impl AmbiguousRoleResolution {
    /// In the order of the service's error messages.
    pub(crate) const NAMES: &[&str] = &["AuthenticatedRole", "Deny"];
}

/// The rules of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RulesConfiguration {
    /// The rules, in the order in which they are tried: 1 to 25.
    pub rules: Vec<MappingRule>,
}

/// A role for users with a certain value of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MappingRule {
    /// The claim's name.
    pub claim: ClaimName,
    /// The comparison.
    pub match_type: MatchType,
    /// The value to compare with.
    pub value: MappingRuleValue,
    /// The role.
    #[serde(rename = "RoleARN")]
    pub role_arn: Arn,
}

impl MappingRule {
    /// Gives the role `role_arn` to users whose `claim` matches `value`.
    ///
    /// # Errors
    ///
    /// Returns an error if a member violates its constraints.
    pub fn new(
        claim: impl TryInto<ClaimName, Error: Into<Violations>>,
        match_type: MatchType,
        value: impl TryInto<MappingRuleValue, Error: Into<Violations>>,
        role_arn: impl TryInto<Arn, Error: Into<Violations>>,
    ) -> Result<Self, Violations> {
        Ok(Self {
            claim: claim.try_into().map_err(Into::into)?,
            match_type,
            value: value.try_into().map_err(Into::into)?,
            role_arn: role_arn.try_into().map_err(|error| error.into().at("roleARN"))?,
        })
    }
}

/// The comparison of a claim with the value of a rule. It is case-sensitive.
///
/// A claim with several values matches if one of them does. For `NotEqual` all of them must differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these four")]
pub enum MatchType {
    /// The claim equals the value.
    Equals,
    /// The claim contains the value.
    Contains,
    /// The claim begins with the value.
    StartsWith,
    /// The claim exists and differs from the value.
    NotEqual,
}

impl MatchType {
    /// In the order of the service's error messages.
    pub(crate) const NAMES: &[&str] = &["Contains", "Equals", "NotEqual", "StartsWith"];
}
