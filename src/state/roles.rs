//! The roles of a pool, and how one of them is chosen.

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

/// Whom a pool's default role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum RoleType {
    /// Who has logged in.
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

/// How the role of a provider's users is chosen.
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
    /// Where the role comes from.
    #[serde(rename = "Type")]
    pub mapping_type: RoleMappingType,
    /// What happens when no role, or more than one, is found; required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous_role_resolution: Option<AmbiguousRoleResolution>,
    /// The rules; required for [`RoleMappingType::Rules`], and for no other type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_configuration: Option<RulesConfiguration>,
}

impl RoleMapping {
    /// The most rules of one mapping. The service model allows 400; the quota is lower.
    pub const RULES_MAX: usize = 25;

    /// The role that the token names: `cognito:preferred_role`, or one of `cognito:roles`.
    pub fn token(ambiguous: AmbiguousRoleResolution) -> Self {
        Self {
            mapping_type: RoleMappingType::Token,
            ambiguous_role_resolution: Some(ambiguous),
            rules_configuration: None,
        }
    }

    /// The role of the first rule that a claim of the token satisfies.
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

/// Where the role of a mapping comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum RoleMappingType {
    /// From the token.
    Token,
    /// From rules over the token's claims.
    Rules,
}

impl RoleMappingType {
    /// In the order in which a message lists them.
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

/// What happens when a mapping finds no role, or more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these two")]
pub enum AmbiguousRoleResolution {
    /// The pool's authenticated role is taken.
    AuthenticatedRole,
    /// The call is refused.
    Deny,
}

impl AmbiguousRoleResolution {
    /// In the order in which a message lists them.
    pub(crate) const NAMES: &[&str] = &["AuthenticatedRole", "Deny"];
}

/// The rules of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RulesConfiguration {
    /// In the order in which they are tried; 1 to 25 of them.
    pub rules: Vec<MappingRule>,
}

/// A role for whoever has a claim of a certain value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MappingRule {
    /// The claim's name.
    pub claim: ClaimName,
    /// How the claim is compared.
    pub match_type: MatchType,
    /// What the claim is compared with.
    pub value: MappingRuleValue,
    /// The role.
    #[serde(rename = "RoleARN")]
    pub role_arn: Arn,
}

impl MappingRule {
    /// The role `role_arn` for whoever has a `claim` that compares with `value`.
    ///
    /// # Errors
    ///
    /// A member that does not fit its shape.
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

/// How a rule compares a claim, with regard to case.
///
/// Of a claim with several values one is enough to match; `NotEqual` wants all of them to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these four")]
pub enum MatchType {
    /// The claim is the value.
    Equals,
    /// The value is part of the claim.
    Contains,
    /// The claim begins with the value.
    StartsWith,
    /// The claim is there and is not the value.
    NotEqual,
}

impl MatchType {
    /// In the order in which a message lists them.
    pub(crate) const NAMES: &[&str] = &["Contains", "Equals", "NotEqual", "StartsWith"];
}
