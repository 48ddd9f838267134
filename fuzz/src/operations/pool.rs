//! How the pool is set: roles, the claims that become tags, and its own tags.

use arbitrary::Arbitrary;
use cognate::{
    AmbiguousRoleResolution, Arn, GetIdentityPoolRolesInput, GetPrincipalTagAttributeMapInput,
    ListTagsForResourceInput, MappingRule, MatchType, Result, RoleMapping, RoleType,
    SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput, TAGS_MAX, TagResourceInput,
    UntagResourceInput,
};

use crate::operations::World;
use crate::operations::names::{Login, Provider, Providers, Subject};
use crate::scene::DEVELOPER;

const PLAYER: &str = "arn:aws:iam::123456789012:role/player";
const GUEST: &str = "arn:aws:iam::123456789012:role/guest";
const FIRST: &str = "arn:aws:iam::123456789012:role/first";
pub(super) const BOSS: &str = "arn:aws:iam::123456789012:role/boss";
const FOREIGN: &str = "arn:aws:iam::210987654321:role/player";

/// Two bits say which default roles there are, and two for each provider how it is mapped. One in
/// four times a role is of another account, which is refused.
#[derive(Debug, Clone, Copy, Default, Arbitrary)]
pub(super) struct Roles(u8);

/// How a provider's users get their role.
#[derive(Debug, Clone, Copy)]
enum Mapping {
    /// From the token, or refused.
    Token,
    /// By the rules: the first user is `FIRST` and may be `BOSS`, the second is neither, the third
    /// is `BOSS`.
    Rules(AmbiguousRoleResolution),
}

impl Roles {
    fn is_foreign(self) -> bool {
        self.0 >= 192
    }

    fn default(self, role_type: RoleType) -> Option<&'static str> {
        match role_type {
            RoleType::Authenticated if self.is_foreign() => Some(FOREIGN),
            RoleType::Authenticated => (self.0 & 1 != 0).then_some(PLAYER),
            RoleType::Unauthenticated => (self.0 & 2 != 0).then_some(GUEST),
        }
    }

    fn mapping(self, provider: Provider) -> Option<Mapping> {
        let bits = match provider {
            Provider::Supported => self.0 >> 2 & 3,
            Provider::OpenIdConnect => self.0 >> 4 & 3,
        };
        match bits {
            0 => None,
            1 => Some(Mapping::Token),
            2 => Some(Mapping::Rules(AmbiguousRoleResolution::Deny)),
            _ => Some(Mapping::Rules(AmbiguousRoleResolution::AuthenticatedRole)),
        }
    }

    pub(super) fn has_mappings(self) -> bool {
        Provider::ALL.into_iter().any(|provider| self.mapping(provider).is_some())
    }

    /// The role of a session; `None` if there can be none. `custom` asks for `BOSS`.
    ///
    /// Of the logins that a token names nobody knows the claims.
    pub(super) fn role(
        self,
        named: &[Login],
        logins: &[(Provider, Subject)],
        is_guest: bool,
        custom: bool,
    ) -> Option<&'static str> {
        if is_guest {
            return self.default(RoleType::Unauthenticated);
        }
        let authenticated = self.default(RoleType::Authenticated);
        let named = named.iter().filter_map(|login| match login {
            Login::User(_) => None,
            Login::Public(provider, _) => Some((*provider, None)),
        });
        let used =
            named.chain(logins.iter().map(|(provider, subject)| (*provider, Some(*subject))));
        let mut mapped = used.filter_map(|(of, subject)| Some((self.mapping(of)?, subject)));
        // Roles that a token names count where a mapping, a user pool or a SAML provider says so.
        let Some((mapping, subject)) = mapped.next() else { return authenticated };
        match (mapping, subject, custom) {
            (_, Some(Subject::BOSS), _) | (Mapping::Rules(_), Some(Subject(1)), true) => Some(BOSS),
            (Mapping::Rules(_), Some(Subject(1)), false) => Some(FIRST),
            (Mapping::Rules(AmbiguousRoleResolution::AuthenticatedRole), _, false) => authenticated,
            _ => None,
        }
    }
}

impl Mapping {
    fn of_pool(self) -> RoleMapping {
        let rule = |match_type, value, role| MappingRule::new("sub", match_type, value, role);
        match self {
            Self::Token => RoleMapping::token(AmbiguousRoleResolution::Deny),
            Self::Rules(ambiguous) => {
                let first = rule(MatchType::Equals, "1", FIRST).expect("a rule");
                let others = rule(MatchType::NotEqual, "2", BOSS).expect("a rule");
                RoleMapping::rules(ambiguous, [first, others])
            }
        }
    }
}

/// Which claims of a provider become tags.
#[derive(Debug, Clone, Copy, Default, Arbitrary)]
pub(super) struct Attributes(u8);

impl Attributes {
    fn are_defaults(self) -> bool {
        self.0 % 4 == 1
    }

    /// The key of each tag with the name of its claim. Only `sub` is a claim of every token.
    pub(super) fn claims(self) -> &'static [(&'static str, &'static str)] {
        match self.0 % 4 {
            0 => &[],
            1 => &[("client", "aud"), ("username", "sub")],
            2 => &[("user", "sub")],
            _ => &[("kind", "none"), ("who", "sub")],
        }
    }
}

/// Up to sixteen keys of tags that follow each other, and sometimes the pool of another account. A
/// key of sixty or more is refused.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Keys(u8, u8);

impl Keys {
    fn keys(self) -> impl Iterator<Item = String> {
        let first = self.0 % 64;
        (first..=first + self.1 % 16)
            .map(|n| if n < 60 { format!("tag-{n}") } else { format!("!{n}") })
    }

    fn value(self) -> String {
        (self.0 / 64).to_string()
    }

    fn is_foreign(self) -> bool {
        self.1 >= 216
    }
}

impl World {
    pub(super) fn set_roles(&mut self, roles: Roles) -> Result<()> {
        let mut input = SetIdentityPoolRolesInput::new(&self.pool)?;
        for role_type in [RoleType::Authenticated, RoleType::Unauthenticated] {
            if let Some(role) = roles.default(role_type) {
                input = input.role(role_type, role)?;
            }
        }
        for provider in Provider::ALL {
            if let Some(mapping) = roles.mapping(provider) {
                input = input.role_mapping(provider.configured_name(), mapping.of_pool())?;
            }
        }
        let set = self.aws.set_identity_pool_roles(input);
        assert_eq!(set.is_ok(), !roles.is_foreign(), "{roles:?}: {set:?}");
        set?;
        self.memory.roles = roles;
        self.get_roles()
    }

    pub(super) fn get_roles(&mut self) -> Result<()> {
        let input = GetIdentityPoolRolesInput::new(&self.pool)?;
        let found = self.aws.get_identity_pool_roles(input)?;
        let roles = self.memory.roles;
        for role_type in [RoleType::Authenticated, RoleType::Unauthenticated] {
            let role = found.roles.get(&role_type).map(Arn::as_str);
            assert_eq!(role, roles.default(role_type), "{role_type:?}");
        }
        let mappings = found.role_mappings.into_iter();
        let mappings: Vec<_> = mappings.map(|(name, of)| (name.as_str().to_owned(), of)).collect();
        let known = Provider::ALL.into_iter().filter_map(|provider| {
            let mapping = roles.mapping(provider)?.of_pool();
            Some((provider.configured_name().to_owned(), mapping))
        });
        assert_eq!(mappings, known.collect::<Vec<_>>());
        Ok(())
    }

    /// Of a set of providers only the first counts; without any it is the developer provider, which
    /// has no tokens.
    pub(super) fn set_attributes(&mut self, of: Providers, attributes: Attributes) -> Result<()> {
        let provider = of.public().next();
        let name = provider.map_or(DEVELOPER, Provider::configured_name);
        let mut input = SetPrincipalTagAttributeMapInput::new(&self.pool, name)?;
        if attributes.are_defaults() {
            input = input.use_defaults(true);
        } else {
            for (key, claim) in attributes.claims() {
                input = input.principal_tag(*key, *claim)?;
            }
        }
        let set = self.aws.set_principal_tag_attribute_map(input);
        assert_eq!(set.is_ok(), provider.is_some(), "{of:?}: {set:?}");
        set?;
        self.memory.attributes.extend(provider.map(|provider| (provider, attributes)));
        self.get_attributes(of)
    }

    pub(super) fn get_attributes(&mut self, of: Providers) -> Result<()> {
        let provider = of.public().next();
        let name = provider.map_or(DEVELOPER, Provider::configured_name);
        let input = GetPrincipalTagAttributeMapInput::new(&self.pool, name)?;
        let found = self.aws.get_principal_tag_attribute_map(input);
        assert_eq!(found.is_ok(), provider.is_some(), "{of:?}: {found:?}");
        let found = found?;
        let known = provider.and_then(|of| self.memory.attributes.get(&of).copied());
        let known = known.unwrap_or_default();
        assert_eq!(found.use_defaults, known.are_defaults());
        let claims = found.principal_tags.unwrap_or_default();
        let claims: Vec<_> = claims.iter().map(|(key, of)| (key.as_str(), of.as_str())).collect();
        assert_eq!(claims, if known.are_defaults() { &[] } else { known.claims() });
        Ok(())
    }

    pub(super) fn tag(&mut self, keys: Keys) -> Result<()> {
        let mut tags = self.memory.tags.clone();
        tags.extend(keys.keys().map(|key| (key, keys.value())));
        let mut input = TagResourceInput::new(self.arn(keys))?;
        for key in keys.keys() {
            input = input.tag(key, keys.value())?;
        }
        let tagged = self.aws.tag_resource(input);
        let is_legal = tags.len() <= TAGS_MAX && !keys.keys().any(|key| key.starts_with('!'));
        assert_eq!(tagged.is_ok(), is_legal && !keys.is_foreign(), "{keys:?}: {tagged:?}");
        tagged?;
        self.memory.tags = tags;
        self.list_tags()
    }

    pub(super) fn untag(&mut self, keys: Keys) -> Result<()> {
        let mut input = UntagResourceInput::new(self.arn(keys))?;
        for key in keys.keys() {
            input = input.tag_key(key)?;
        }
        let untagged = self.aws.untag_resource(input);
        assert_eq!(untagged.is_ok(), !keys.is_foreign(), "{keys:?}: {untagged:?}");
        untagged?;
        keys.keys().for_each(|key| drop(self.memory.tags.remove(&key)));
        self.list_tags()
    }

    pub(super) fn list_tags(&mut self) -> Result<()> {
        let input = ListTagsForResourceInput::new(self.aws.identity_pool_arn(&self.pool))?;
        let found = self.aws.list_tags_for_resource(input)?.tags;
        let found = found.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let known = self.memory.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        assert!(found.eq(known), "{:?}", self.memory.tags);
        Ok(())
    }

    /// The pool's, or one that names another account.
    fn arn(&self, keys: Keys) -> Arn {
        let arn = self.aws.identity_pool_arn(&self.pool);
        if keys.is_foreign() {
            arn.as_str().replace("123456789012", "210987654321").parse().expect("an ARN")
        } else {
            arn
        }
    }
}
