//! Tags of a principal, and the claims that they come from.

use std::collections::BTreeMap;

use crate::name::{PrincipalTagKey, PrincipalTagValue};

/// The tags of a principal, by key; a call takes at most 50.
pub type PrincipalTags = BTreeMap<PrincipalTagKey, PrincipalTagValue>;

/// Which claims of a provider's tokens become tags of the principal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AttributeMap {
    pub(crate) use_defaults: bool,
    /// The name of a claim for the key of each tag.
    pub(crate) principal_tags: Option<PrincipalTags>,
}

/// The tags of `UseDefaults`, each with its claim.
const DEFAULTS: [(&str, &str); 2] = [("client", "aud"), ("username", "sub")];

impl AttributeMap {
    /// The key of each tag with the name of its claim.
    pub(crate) fn claims(&self) -> Vec<(&str, &str)> {
        if self.use_defaults {
            return DEFAULTS.to_vec();
        }
        let own = self.principal_tags.iter().flatten();
        own.map(|(key, claim)| (key.as_str(), claim.as_str())).collect()
    }
}
