//! Operations read back from their requests.

use std::collections::BTreeMap;

use crate::testkit::generate::CLAIMS;
use crate::testkit::json::Json;
use crate::testkit::names::{
    Caller, Cursor, DeveloperProvider, IdToken, Identity, Pool, Presented, Provider, Role,
    Spelling, Token, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::request::Request;
use crate::testkit::settings::{
    Ambiguous, Attributes, Mapping, Match, Roles, Rule, Settings, Tags,
};

impl Request {
    /// The operation that makes this request, if the model knows one.
    pub(crate) fn parsed(&self) -> Option<Operation> {
        let Json::Object(members) = &self.body else { return None };
        let body = Body(members);
        let operation = match self.caller {
            None => body.public(&self.operation),
            Some(account) => body.signed(&self.operation, Caller::Account(account)),
        };
        operation.filter(|operation| operation.request() == *self)
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
struct Body<'a>(&'a [(String, Json)]);

impl<'a> Body<'a> {
    fn get(self, name: &str) -> Option<&'a Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(text)
    }

    fn number(self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn is_true(self, name: &str) -> bool {
        self.get(name) == Some(&Json::Bool(true))
    }

    fn object(self, name: &str) -> Option<Self> {
        self.get(name).and_then(object)
    }

    fn texts(self, name: &str) -> Vec<&'a str> {
        match self.get(name) {
            Some(Json::List(items)) => items.iter().filter_map(text).collect(),
            _ => Vec::new(),
        }
    }

    fn public(self, operation: &str) -> Option<Operation> {
        let logins = self.logins()?;
        Some(match operation {
            "GetCredentialsForIdentity" => {
                let custom_role = self.text("CustomRoleArn").and_then(role);
                Operation::GetCredentialsForIdentity {
                    identity: self.identity()?,
                    logins,
                    custom_role,
                }
            }
            "GetId" => {
                let account = self.text("AccountId");
                let account = account.and_then(|text| numbered(text, "account"));
                let account = account.and_then(|number| u8::try_from(number).ok());
                Operation::GetId { pool: self.pool()?, account, logins }
            }
            "GetOpenIdToken" => Operation::GetOpenIdToken { identity: self.identity()?, logins },
            "UnlinkIdentity" => {
                let removed = self.texts("LoginsToRemove");
                let of = |name: &&str| {
                    Provider::ALL.into_iter().find(|provider| provider.issuer() == *name)
                };
                let providers = removed.iter().filter_map(of).collect();
                let developer = removed.contains(&DeveloperProvider::Game.name());
                Operation::UnlinkIdentity {
                    identity: self.identity()?,
                    logins,
                    providers,
                    developer,
                }
            }
            _ => return None,
        })
    }

    fn signed(self, operation: &str, caller: Caller) -> Option<Operation> {
        let pool = self.pool().or_else(|| self.resource());
        let max_results = self.number("MaxResults");
        let after = self.text("NextToken").and_then(|text| numbered(text, Cursor::WORD));
        let after = after.map(Cursor);
        Some(match operation {
            "CreateIdentityPool" => {
                Operation::CreateIdentityPool { caller, settings: self.settings()? }
            }
            "DeleteIdentities" => {
                let ids = self.texts("IdentityIdsToDelete").into_iter();
                let identities = ids.map(|id| numbered(id, Identity::WORD).map(Identity));
                Operation::DeleteIdentities {
                    caller,
                    identities: identities.collect::<Option<_>>()?,
                }
            }
            "DescribeIdentity" => {
                Operation::DescribeIdentity { caller, identity: self.identity()? }
            }
            "ListIdentityPools" => {
                Operation::ListIdentityPools { caller, max_results: max_results?, after }
            }
            _ => return self.of_pool(operation, caller, pool?, (max_results, after)),
        })
    }

    fn of_pool(
        self,
        operation: &str,
        caller: Caller,
        pool: Pool,
        (max_results, after): (Option<i64>, Option<Cursor>),
    ) -> Option<Operation> {
        Some(match operation {
            "DeleteIdentityPool" => Operation::DeleteIdentityPool { caller, pool },
            "DescribeIdentityPool" => Operation::DescribeIdentityPool { caller, pool },
            "GetIdentityPoolRoles" => Operation::GetIdentityPoolRoles { caller, pool },
            "GetPrincipalTagAttributeMap" => {
                let provider = self.attributes_of()?;
                Operation::GetPrincipalTagAttributeMap { caller, pool, provider }
            }
            "ListIdentities" => {
                let (max_results, hide_disabled) = (max_results?, self.is_true("HideDisabled"));
                Operation::ListIdentities { caller, pool, max_results, after, hide_disabled }
            }
            "ListTagsForResource" => Operation::ListTagsForResource { caller, pool },
            "SetIdentityPoolRoles" => {
                Operation::SetIdentityPoolRoles { caller, pool, roles: self.roles()? }
            }
            "SetPrincipalTagAttributeMap" => {
                let (provider, attributes) = (self.attributes_of()?, self.attributes()?);
                Operation::SetPrincipalTagAttributeMap { caller, pool, provider, attributes }
            }
            "TagResource" => Operation::TagResource { caller, pool, tags: self.tags("Tags")? },
            "UntagResource" => {
                let keys = self.texts("TagKeys");
                let (first, others) = (tag_number(keys.first()?)?, keys.len().checked_sub(1)?);
                let tags = Tags { first, others: others.try_into().ok()?, value: 0 };
                Operation::UntagResource { caller, pool, tags }
            }
            "UpdateIdentityPool" => {
                Operation::UpdateIdentityPool { caller, pool, settings: self.settings()? }
            }
            _ => return self.of_users(operation, caller, pool, (max_results, after)),
        })
    }

    fn of_users(
        self,
        operation: &str,
        caller: Caller,
        pool: Pool,
        (max_results, after): (Option<i64>, Option<Cursor>),
    ) -> Option<Operation> {
        let provider = self.text("DeveloperProviderName").and_then(developer);
        let of_user = |name| self.text(name).and_then(user);
        let of = of_user("DeveloperUserIdentifier");
        Some(match operation {
            "GetOpenIdTokenForDeveloperIdentity" => {
                let tags = self.object("PrincipalTags").map_or(&[][..], |tags| tags.0);
                let tags = tags.iter().map(|(key, tag)| Some((key.clone(), text(tag)?.to_owned())));
                Operation::GetOpenIdTokenForDeveloperIdentity {
                    caller,
                    pool,
                    identity: self.identity(),
                    logins: self.logins()?,
                    principal_tags: tags.collect::<Option<_>>()?,
                    duration_secs: self.number("TokenDuration"),
                }
            }
            "LookupDeveloperIdentity" => {
                let (identity, user) = (self.identity(), of);
                Operation::LookupDeveloperIdentity {
                    caller,
                    pool,
                    identity,
                    user,
                    max_results,
                    after,
                }
            }
            "MergeDeveloperIdentities" => {
                let provider = provider?;
                let source = of_user("SourceUserIdentifier")?;
                let destination = of_user("DestinationUserIdentifier")?;
                Operation::MergeDeveloperIdentities { caller, pool, provider, source, destination }
            }
            "UnlinkDeveloperIdentity" => {
                let (identity, provider, user) = (self.identity()?, provider?, of?);
                Operation::UnlinkDeveloperIdentity { caller, pool, identity, provider, user }
            }
            _ => return None,
        })
    }

    fn pool(self) -> Option<Pool> {
        numbered(self.text("IdentityPoolId")?, Pool::WORD).map(Pool)
    }

    fn resource(self) -> Option<Pool> {
        let (_, pool) = self.text("ResourceArn")?.rsplit_once('/')?;
        numbered(pool, Pool::WORD).map(Pool)
    }

    fn identity(self) -> Option<Identity> {
        numbered(self.text("IdentityId")?, Identity::WORD).map(Identity)
    }

    fn logins(self) -> Option<Vec<Presented>> {
        let Some(Body(logins)) = self.object("Logins") else { return Some(Vec::new()) };
        logins.iter().map(|(key, token)| presented(key, text(token)?)).collect()
    }

    fn attributes_of(self) -> Option<Provider> {
        let name = self.text("IdentityProviderName")?;
        Provider::ALL.into_iter().find(|provider| provider.attributes_name() == name)
    }

    fn attributes(self) -> Option<Attributes> {
        let is_said = |(name, value): &(&str, Json)| self.get(name) == Some(value);
        let members = |attributes: &Attributes| attributes.request();
        // The last variant that says everything the request says.
        let said =
            self.0.iter().filter(|(name, _)| name.contains("UseDefaults") || name.contains("Tags"));
        let count = said.count();
        Attributes::ALL
            .into_iter()
            .find(|a| members(a).len() == count && members(a).iter().all(is_said))
    }

    fn settings(self) -> Option<Settings> {
        let configured = |provider: &Provider| {
            let mut members = self.0.iter().filter(|(name, _)| name.contains("Provider"));
            members.any(|(_, value)| {
                value.to_string().contains(&Json::text(provider.configured_name()).to_string())
            })
        };
        let classic_flow = self.get("AllowClassicFlow").map(|_| self.is_true("AllowClassicFlow"));
        Some(Settings {
            name: self.text("IdentityPoolName")?.strip_prefix("pool ")?.parse().ok()?,
            guests: self.is_true("AllowUnauthenticatedIdentities"),
            classic_flow,
            developer: self.text("DeveloperProviderName").and_then(developer),
            providers: Provider::ALL.into_iter().filter(configured).collect(),
            tags: self.tags("IdentityPoolTags"),
        })
    }

    fn tags(self, name: &str) -> Option<Tags> {
        let Body(tags) = self.object(name)?;
        let (key, value) = tags.first()?;
        let others = tags.len().checked_sub(1)?.try_into().ok()?;
        Some(Tags { first: tag_number(key)?, others, value: text(value)?.parse().ok()? })
    }

    fn roles(self) -> Option<Roles> {
        let defaults = self.object("Roles")?;
        let of = |name| defaults.text(name).and_then(role);
        let mappings = self.object("RoleMappings").map_or(&[][..], |mappings| mappings.0);
        let mappings = mappings.iter().map(|(name, mapping)| {
            let mut providers = Provider::ALL.into_iter();
            let provider = providers.find(|provider| provider.mapping_name() == *name)?;
            Some((provider, object(mapping)?.mapping()?))
        });
        Some(Roles {
            authenticated: of("authenticated"),
            unauthenticated: of("unauthenticated"),
            mappings: mappings.collect::<Option<BTreeMap<_, _>>>()?,
        })
    }

    fn mapping(self) -> Option<Mapping> {
        let ambiguous = [Ambiguous::AuthenticatedRole, Ambiguous::Deny];
        let ambiguous = named(ambiguous, self.text("AmbiguousRoleResolution")?)?;
        let rules = self.object("RulesConfiguration").and_then(|rules| rules.get("Rules"));
        let rules = match rules {
            Some(Json::List(rules)) => rules.iter().map(|rule| object(rule)?.rule()).collect(),
            _ => Some(Vec::new()),
        };
        Some(Mapping { ambiguous, rules: rules? })
    }

    fn rule(self) -> Option<Rule> {
        let types = [Match::Equals, Match::Contains, Match::StartsWith, Match::NotEqual];
        let claim = self.text("Claim")?;
        Some(Rule {
            claim: CLAIMS.into_iter().find(|known| *known == claim)?,
            match_type: named(types, self.text("MatchType")?)?,
            value: self.text("Value")?.to_owned(),
            role: role(self.text("RoleARN")?)?,
        })
    }
}

fn text(json: &Json) -> Option<&str> {
    if let Json::Text(text) = json { Some(text) } else { None }
}

fn object(json: &Json) -> Option<Body<'_>> {
    if let Json::Object(members) = json { Some(Body(members)) } else { None }
}

/// The number in `$WORDnumber`.
fn numbered(text: &str, word: &str) -> Option<u16> {
    text.strip_prefix('$')?.strip_prefix(word)?.parse().ok()
}

fn named<T: std::fmt::Debug>(all: impl IntoIterator<Item = T>, name: &str) -> Option<T> {
    all.into_iter().find(|one| format!("{one:?}") == name)
}

fn role(arn: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role.arn() == arn)
}

fn user(name: &str) -> Option<User> {
    name.strip_prefix("user-")?.parse().ok().map(User)
}

fn developer(name: &str) -> Option<DeveloperProvider> {
    DeveloperProvider::ALL.into_iter().find(|provider| provider.name() == name)
}

fn tag_number(key: &str) -> Option<u8> {
    key.strip_prefix("tag-").or_else(|| key.strip_prefix('!'))?.parse().ok()
}

fn presented(key: &str, token: &str) -> Option<Presented> {
    if let Some(login) = token.strip_prefix("$login.") {
        let [provider, subject, kind] = login.split('.').collect::<Vec<_>>().try_into().ok()?;
        let (provider, kind) = (named(Provider::ALL, provider)?, named(IdToken::ALL, kind)?);
        let subject = subject.parse().ok()?;
        let spelled = [Spelling::Slash, Spelling::TwoSlashes, Spelling::Wrong];
        let spelled = spelled.map(|spelling| Presented::Spelled(spelling, provider, subject, kind));
        let mut all = [Presented::Public(provider, subject, kind)].into_iter().chain(spelled);
        return all.find(|login| login.key() == key);
    }
    if let Some(number) = numbered(token, "tampered") {
        return Some(Presented::Tampered(Token(number)));
    }
    if let Some(token) = numbered(token, Token::WORD).map(Token) {
        return [Presented::Cognito(token), Presented::Abroad(token)]
            .into_iter()
            .find(|l| l.key() == key);
    }
    match developer(key) {
        Some(provider) => Some(Presented::User(provider, user(token)?)),
        None => Some(Presented::Saml),
    }
}
