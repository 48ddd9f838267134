//! Tags of a principal, and the claims that they come from.

use std::collections::BTreeMap;

use crate::name::{PrincipalTagKey, PrincipalTagValue};

/// The tags of a principal, by key; a call takes at most 50.
pub type PrincipalTags = BTreeMap<PrincipalTagKey, PrincipalTagValue>;

/// Which claims of a provider's tokens become tags of the principal: the name of a claim for the
/// key of each tag. A provider none of whose claims do has no map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttributeMap {
    /// That of `UseDefaults`.
    Defaults,
    /// One of the pool's owner, not empty.
    Own(PrincipalTags),
}

/// The tags of `UseDefaults`, each with its claim.
const DEFAULTS: [(&str, &str); 2] = [("client", "aud"), ("username", "sub")];

impl AttributeMap {
    /// The map that these settings ask for. The defaults come instead of `own`; without either
    /// there is no map.
    pub(crate) fn new(use_defaults: bool, own: PrincipalTags) -> Option<Self> {
        if use_defaults {
            return Some(Self::Defaults);
        }
        (!own.is_empty()).then_some(Self::Own(own))
    }

    /// Whether it is that of `UseDefaults`.
    pub(crate) fn uses_defaults(&self) -> bool {
        *self == Self::Defaults
    }

    /// The name of a claim for the key of each tag.
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
