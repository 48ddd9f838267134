//! Tags of a principal, and the claims that they are made from.

use std::collections::BTreeMap;

use crate::name::{PrincipalTagKey, PrincipalTagValue};

/// The tags of a principal, by key. A call accepts at most 50.
pub type PrincipalTags = BTreeMap<PrincipalTagKey, PrincipalTagValue>;

/// The claims of a provider's tokens that become tags of the principal. It maps the key of each tag
/// to the name of a claim. A provider without any such claim has no map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttributeMap {
    /// The map of `UseDefaults`.
    Defaults,
    /// A map that the pool's owner has set. It is never empty.
    Own(PrincipalTags),
}

/// The tags of `UseDefaults`, each with its claim.
const DEFAULTS: [(&str, &str); 2] = [("client", "aud"), ("username", "sub")];

impl AttributeMap {
    /// The map for these settings. The defaults replace `own`. Without either, there is no map.
    pub(crate) fn new(use_defaults: bool, own: PrincipalTags) -> Option<Self> {
        if use_defaults {
            return Some(Self::Defaults);
        }
        (!own.is_empty()).then_some(Self::Own(own))
    }

    /// Returns true if this is the map of `UseDefaults`.
    pub(crate) fn uses_defaults(&self) -> bool {
        *self == Self::Defaults
    }

    /// The name of a claim for each tag key.
    pub(crate) fn principal_tags(&self) -> PrincipalTags {
        let typed = |(key, claim): (&str, &str)| {
            let key = PrincipalTagKey::try_from(key).ok()?;
            Some((key, PrincipalTagValue::try_from(claim).ok()?))
        };
        match self {
            Self::Defaults => DEFAULTS.into_iter().filter_map(typed).collect(),
            Self::Own(own) => own.clone(),
        }
    }
}
