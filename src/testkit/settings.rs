//! Settings of a pool: its providers, its roles, the claims that become tags, and its own tags.

use std::collections::BTreeMap;

use crate::testkit::json::Json;
use crate::testkit::names::{DeveloperProvider, Provider, Role};

/// The settings of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The pool's name, as the number of one of a few names.
    pub name: u8,
    /// `AllowUnauthenticatedIdentities`
    pub guests: bool,
    /// `AllowClassicFlow`
    pub classic_flow: Option<bool>,
    /// `DeveloperProviderName`
    pub developer: Option<DeveloperProvider>,
    /// The public providers, without duplicates.
    pub providers: Vec<Provider>,
    /// `IdentityPoolTags`
    pub tags: Option<Tags>,
}

impl Settings {
    /// The pool's name.
    pub(crate) fn pool_name(&self) -> String {
        format!("pool {}", self.name)
    }

    pub(crate) fn has(&self, provider: Provider) -> bool {
        self.providers.contains(&provider)
    }

    pub(crate) fn request(&self) -> Vec<(&'static str, Json)> {
        let mut members = vec![
            ("IdentityPoolName", Json::Text(self.pool_name())),
            ("AllowUnauthenticatedIdentities", Json::Bool(self.guests)),
        ];
        members.extend(self.classic_flow.map(|allow| ("AllowClassicFlow", Json::Bool(allow))));
        members.extend(self.configuration());
        let developer = self.developer.map(DeveloperProvider::name).map(Json::text);
        members.extend(developer.map(|name| ("DeveloperProviderName", name)));
        members.extend(self.tags.map(|tags| ("IdentityPoolTags", tags.json())));
        members
    }

    /// The members that configure public providers.
    fn configuration(&self) -> Vec<(&'static str, Json)> {
        let (mut supported, mut issuers) = (Vec::new(), Vec::new());
        let (mut user_pools, mut saml) = (Vec::new(), Vec::new());
        for provider in &self.providers {
            let name = provider.configured_name();
            let client = Json::text(provider.first_client());
            match provider {
                Provider::Google | Provider::Facebook => supported.push((name, client)),
                Provider::OpenIdConnect | Provider::Auth0 => issuers.push(Json::text(name)),
                Provider::Saml => saml.push(Json::text(name)),
                Provider::UserPool => user_pools.extend(provider.clients().iter().map(|client| {
                    let client = Json::text(*client);
                    Json::object([("ProviderName", Json::text(name)), ("ClientId", client)])
                })),
            }
        }
        let supported = (!supported.is_empty()).then(|| Json::object(supported));
        let supported = supported.map(|logins| ("SupportedLoginProviders", logins));
        let lists = [
            ("OpenIdConnectProviderARNs", issuers),
            ("CognitoIdentityProviders", user_pools),
            ("SamlProviderARNs", saml),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        supported.into_iter().chain(lists.map(|(name, list)| (name, Json::List(list)))).collect()
    }
}

/// The behaviour of a role mapping for users who match none of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ambiguous {
    /// The user gets the authenticated role.
    AuthenticatedRole,
    /// The user gets no role.
    Deny,
}

/// The comparison of a claim in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the service's own words")]
pub enum Match {
    Equals,
    Contains,
    StartsWith,
    NotEqual,
}

/// A rule of a role mapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// The claim's name.
    pub claim: &'static str,
    /// The comparison.
    pub match_type: Match,
    /// The value to compare with.
    pub value: String,
    /// The role for a match.
    pub role: Role,
}

/// A role mapping. Without rules it is of type `Token`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// `AmbiguousRoleResolution`
    pub ambiguous: Ambiguous,
    /// `RulesConfiguration`
    pub rules: Vec<Rule>,
}

/// The roles of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Roles {
    /// The role of authenticated identities.
    pub authenticated: Option<Role>,
    /// The role of guests.
    pub unauthenticated: Option<Role>,
    /// The role mappings of providers.
    pub mappings: BTreeMap<Provider, Mapping>,
}

impl Roles {
    pub(crate) fn request(&self) -> Vec<(&'static str, Json)> {
        let defaults =
            [("authenticated", self.authenticated), ("unauthenticated", self.unauthenticated)];
        let defaults = defaults.into_iter().filter_map(|(name, role)| Some((name, arn(role?))));
        let mut members = vec![("Roles", Json::object(defaults))];
        if !self.mappings.is_empty() {
            let mappings = self.mappings.iter();
            let mappings = mappings.map(|(of, mapping)| (of.mapping_name(), mapping.json()));
            members.push(("RoleMappings", Json::object(mappings)));
        }
        members
    }

    /// Returns true if any roles are named.
    pub(crate) fn names_any(&self) -> bool {
        let rules = self.mappings.values().any(|mapping| !mapping.rules.is_empty());
        self.authenticated.is_some() || self.unauthenticated.is_some() || rules
    }
}

impl Mapping {
    fn json(&self) -> Json {
        let ambiguous = ("AmbiguousRoleResolution", Json::Text(format!("{:?}", self.ambiguous)));
        if self.rules.is_empty() {
            return Json::object([("Type", Json::text("Token")), ambiguous]);
        }
        let rules = Json::List(self.rules.iter().map(Rule::json).collect());
        let rules = ("RulesConfiguration", Json::object([("Rules", rules)]));
        Json::object([("Type", Json::text("Rules")), ambiguous, rules])
    }
}

impl Rule {
    fn json(&self) -> Json {
        Json::object([
            ("Claim", Json::text(self.claim)),
            ("MatchType", Json::Text(format!("{:?}", self.match_type))),
            ("Value", Json::text(&self.value)),
            ("RoleARN", arn(self.role)),
        ])
    }
}

fn arn(role: Role) -> Json {
    Json::Text(role.arn())
}

/// The claims of a provider's tokens that become tags of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Attributes {
    /// No claims: an empty map, which removes the existing one.
    #[default]
    Nothing,
    /// No claims: no map at all, with the same effect.
    Absent,
    /// The defaults: `client` is `aud`, and `username` is `sub`.
    Defaults,
    /// The defaults, with a map that is ignored.
    DefaultsBesideMap,
    /// `user` is `sub`.
    Implementation,
    /// `kind` is a claim that no token has, and `team` is a claim with several values.
    Useless,
    /// Claims of every type of JSON.
    Typed,
    /// Two claims that are too long together.
    Long,
}

impl Attributes {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Absent,
        Self::Defaults,
        Self::DefaultsBesideMap,
        Self::Implementation,
        Self::Useless,
        Self::Typed,
        Self::Long,
    ];

    /// The key of each tag with the name of its claim.
    pub(crate) fn claims(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nothing | Self::Absent => &[],
            Self::Defaults | Self::DefaultsBesideMap => &[("client", "aud"), ("username", "sub")],
            Self::Implementation => &[("user", "sub")],
            Self::Useless => &[("kind", "nothing"), ("team", "teams")],
            Self::Long => &[("motto", "motto"), ("story", "story")],
            Self::Typed => &[
                ("floor", "address"),
                ("level", "level"),
                ("name", "nickname"),
                ("scores", "scores"),
                ("seat", "seats"),
                ("staff", "staff"),
            ],
        }
    }

    pub(crate) fn request(self) -> Vec<(&'static str, Json)> {
        let beside = [("user", Json::text("sub"))];
        let map = match self {
            Self::Absent | Self::Defaults => None,
            Self::DefaultsBesideMap => Some(Json::object(beside)),
            Self::Nothing | Self::Implementation | Self::Useless | Self::Typed | Self::Long => {
                Some(self.map())
            }
        };
        let map = map.map(|map| ("PrincipalTags", map));
        [("UseDefaults", Json::Bool(self.are_defaults()))].into_iter().chain(map).collect()
    }

    pub(crate) fn are_defaults(self) -> bool {
        matches!(self, Self::Defaults | Self::DefaultsBesideMap)
    }

    /// The map of the pool after the change.
    pub(crate) fn map(self) -> Json {
        Json::object(self.claims().iter().map(|(key, claim)| (*key, Json::text(claim))))
    }
}

/// Tags of a pool with consecutive keys. Keys from 60 on are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tags {
    /// The first key.
    pub first: u8,
    /// The number of further keys.
    pub others: u8,
    /// The value of all tags.
    pub value: u8,
}

impl Tags {
    /// The first key that is refused.
    pub(crate) const ILLEGAL: u8 = 60;

    pub(crate) fn numbers(self) -> impl Iterator<Item = u8> {
        (self.first..=self.first.saturating_add(self.others)).take(u8::MAX.into())
    }

    pub(crate) fn keys(self) -> impl Iterator<Item = String> {
        self.numbers().map(tag_key)
    }

    pub(crate) fn json(self) -> Json {
        Json::object(self.keys().map(|key| (key, Json::text(self.value))))
    }
}

fn tag_key(number: u8) -> String {
    if number < Tags::ILLEGAL { format!("tag-{number}") } else { format!("!{number}") }
}
