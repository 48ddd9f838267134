//! The operations with their parameters, and how each reads as a request.

use crate::testkit::json::Json;
use crate::testkit::names::{
    Account, Caller, Cursor, DeveloperProvider, Identity, Pool, Presented, Provider, Role, Token,
    User,
};
use crate::testkit::request::Request;
use crate::testkit::settings::{Attributes, Roles, Settings, Tags};

/// An operation of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the members are the service's, in its own words")]
pub enum Operation {
    CreateIdentityPool {
        caller: Caller,
        settings: Settings,
    },
    DeleteIdentities {
        caller: Caller,
        identities: Vec<Identity>,
    },
    DeleteIdentityPool {
        caller: Caller,
        pool: Pool,
    },
    DescribeIdentity {
        caller: Caller,
        identity: Identity,
    },
    DescribeIdentityPool {
        caller: Caller,
        pool: Pool,
    },
    GetCredentialsForIdentity {
        identity: Identity,
        logins: Vec<Presented>,
        custom_role: Option<Role>,
    },
    GetId {
        pool: Pool,
        account: Option<u8>,
        logins: Vec<Presented>,
    },
    GetIdentityPoolRoles {
        caller: Caller,
        pool: Pool,
    },
    GetOpenIdToken {
        identity: Identity,
        logins: Vec<Presented>,
    },
    GetOpenIdTokenForDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Option<Identity>,
        logins: Vec<Presented>,
        principal_tags: Vec<(String, String)>,
        duration_secs: Option<i64>,
    },
    GetPrincipalTagAttributeMap {
        caller: Caller,
        pool: Pool,
        provider: Provider,
    },
    ListIdentities {
        caller: Caller,
        pool: Pool,
        max_results: i64,
        after: Option<Cursor>,
        hide_disabled: bool,
    },
    ListIdentityPools {
        caller: Caller,
        max_results: i64,
        after: Option<Cursor>,
    },
    ListTagsForResource {
        caller: Caller,
        pool: Pool,
    },
    LookupDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Option<Identity>,
        user: Option<User>,
        max_results: Option<i64>,
        after: Option<Cursor>,
    },
    MergeDeveloperIdentities {
        caller: Caller,
        pool: Pool,
        provider: DeveloperProvider,
        source: User,
        destination: User,
    },
    SetIdentityPoolRoles {
        caller: Caller,
        pool: Pool,
        roles: Roles,
    },
    SetPrincipalTagAttributeMap {
        caller: Caller,
        pool: Pool,
        provider: Provider,
        attributes: Attributes,
    },
    TagResource {
        caller: Caller,
        pool: Pool,
        tags: Tags,
    },
    UnlinkDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Identity,
        provider: DeveloperProvider,
        user: User,
    },
    UnlinkIdentity {
        identity: Identity,
        logins: Vec<Presented>,
        providers: Vec<Provider>,
        developer: bool,
    },
    UntagResource {
        caller: Caller,
        pool: Pool,
        tags: Tags,
    },
    UpdateIdentityPool {
        caller: Caller,
        pool: Pool,
        settings: Settings,
    },
}

impl Operation {
    /// The service's name for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateIdentityPool { .. } => "CreateIdentityPool",
            Self::DeleteIdentities { .. } => "DeleteIdentities",
            Self::DeleteIdentityPool { .. } => "DeleteIdentityPool",
            Self::DescribeIdentity { .. } => "DescribeIdentity",
            Self::DescribeIdentityPool { .. } => "DescribeIdentityPool",
            Self::GetCredentialsForIdentity { .. } => "GetCredentialsForIdentity",
            Self::GetId { .. } => "GetId",
            Self::GetIdentityPoolRoles { .. } => "GetIdentityPoolRoles",
            Self::GetOpenIdToken { .. } => "GetOpenIdToken",
            Self::GetOpenIdTokenForDeveloperIdentity { .. } => "GetOpenIdTokenForDeveloperIdentity",
            Self::GetPrincipalTagAttributeMap { .. } => "GetPrincipalTagAttributeMap",
            Self::ListIdentities { .. } => "ListIdentities",
            Self::ListIdentityPools { .. } => "ListIdentityPools",
            Self::ListTagsForResource { .. } => "ListTagsForResource",
            Self::LookupDeveloperIdentity { .. } => "LookupDeveloperIdentity",
            Self::MergeDeveloperIdentities { .. } => "MergeDeveloperIdentities",
            Self::SetIdentityPoolRoles { .. } => "SetIdentityPoolRoles",
            Self::SetPrincipalTagAttributeMap { .. } => "SetPrincipalTagAttributeMap",
            Self::TagResource { .. } => "TagResource",
            Self::UnlinkDeveloperIdentity { .. } => "UnlinkDeveloperIdentity",
            Self::UnlinkIdentity { .. } => "UnlinkIdentity",
            Self::UntagResource { .. } => "UntagResource",
            Self::UpdateIdentityPool { .. } => "UpdateIdentityPool",
        }
    }

    /// What it is about: its names, to be replaced.
    pub(crate) fn names_mut(&mut self) -> Names<'_> {
        let mut names = Names::default();
        match self {
            Self::CreateIdentityPool { caller, .. } => names.caller = Some(caller),
            Self::DescribeIdentity { caller, identity } => {
                names.caller = Some(caller);
                names.identities.push(identity);
            }
            Self::DeleteIdentities { caller, identities } => {
                names.caller = Some(caller);
                names.identities.extend(identities);
            }
            Self::DeleteIdentityPool { caller, pool }
            | Self::DescribeIdentityPool { caller, pool }
            | Self::GetIdentityPoolRoles { caller, pool }
            | Self::GetPrincipalTagAttributeMap { caller, pool, .. }
            | Self::ListTagsForResource { caller, pool }
            | Self::MergeDeveloperIdentities { caller, pool, .. }
            | Self::SetIdentityPoolRoles { caller, pool, .. }
            | Self::SetPrincipalTagAttributeMap { caller, pool, .. }
            | Self::TagResource { caller, pool, .. }
            | Self::UntagResource { caller, pool, .. }
            | Self::UpdateIdentityPool { caller, pool, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
            }
            Self::GetCredentialsForIdentity { identity, logins, .. }
            | Self::GetOpenIdToken { identity, logins }
            | Self::UnlinkIdentity { identity, logins, .. } => {
                names.identities.push(identity);
                names.logins = Some(logins);
            }
            Self::GetId { pool, logins, .. } => {
                (names.pool, names.logins) = (Some(pool), Some(logins));
            }
            Self::GetOpenIdTokenForDeveloperIdentity { caller, pool, identity, logins, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.logins = Some(logins);
                names.identities.extend(identity);
            }
            Self::ListIdentities { caller, pool, after, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.cursor = after.as_mut();
            }
            Self::ListIdentityPools { caller, after, .. } => {
                names.caller = Some(caller);
                names.cursor = after.as_mut();
            }
            Self::LookupDeveloperIdentity { caller, pool, identity, user, after, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.identities.extend(identity);
                (names.user, names.cursor) = (*user, after.as_mut());
            }
            Self::UnlinkDeveloperIdentity { caller, pool, identity, user, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.identities.push(identity);
                names.user = Some(*user);
            }
        }
        names
    }

    /// The request, with variables for what is told by number.
    pub(crate) fn request(&self) -> Request {
        let (caller, members) = self.members();
        let body = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Request { caller, operation: self.name().to_owned(), body: Json::object(body) }
    }

    #[expect(clippy::too_many_lines, reason = "a line for each member of each operation")]
    fn members(&self) -> (Option<Account>, Members) {
        let pool_id = |pool: &Pool| ("IdentityPoolId", some(pool));
        let identity_id = |identity: &Identity| ("IdentityId", some(identity));
        let after = |cursor: &Option<Cursor>| ("NextToken", cursor.map(Json::text));
        let max_results = |size: i64| ("MaxResults", Some(Json::Number(size)));
        match self {
            Self::CreateIdentityPool { caller, settings } => {
                (account(caller), settings.request().into_iter().map(present).collect())
            }
            Self::DeleteIdentities { caller, identities } => {
                let ids = Json::List(identities.iter().map(Json::text).collect());
                (account(caller), vec![("IdentityIdsToDelete", Some(ids))])
            }
            Self::DeleteIdentityPool { caller, pool }
            | Self::DescribeIdentityPool { caller, pool }
            | Self::GetIdentityPoolRoles { caller, pool } => (account(caller), vec![pool_id(pool)]),
            Self::DescribeIdentity { caller, identity } => {
                (account(caller), vec![identity_id(identity)])
            }
            Self::GetCredentialsForIdentity { identity, logins, custom_role } => {
                let role = custom_role.map(role_arn).map(Json::Text);
                (None, vec![identity_id(identity), presented(logins), ("CustomRoleArn", role)])
            }
            Self::GetId { pool, account, logins } => {
                let claimed = account.map(|number| Json::Text(format!("$account{number}")));
                (None, vec![("AccountId", claimed), pool_id(pool), presented(logins)])
            }
            Self::GetOpenIdToken { identity, logins } => {
                (None, vec![identity_id(identity), presented(logins)])
            }
            Self::GetOpenIdTokenForDeveloperIdentity {
                caller,
                pool,
                identity,
                logins,
                principal_tags,
                duration_secs,
            } => {
                let tags = principal_tags.iter().map(|(key, value)| (key, Json::text(value)));
                let tags = (!principal_tags.is_empty()).then(|| Json::object(tags));
                let members = vec![
                    pool_id(pool),
                    ("IdentityId", identity.map(Json::text)),
                    ("Logins", Some(login_map(logins))),
                    ("PrincipalTags", tags),
                    ("TokenDuration", duration_secs.map(Json::Number)),
                ];
                (account(caller), members)
            }
            Self::GetPrincipalTagAttributeMap { caller, pool, provider } => {
                let name = ("IdentityProviderName", some(provider.attributes_name()));
                (account(caller), vec![pool_id(pool), name])
            }
            Self::ListIdentities { caller, pool, max_results: size, after: cursor, .. } => {
                let hide = ("HideDisabled", self.hides_disabled().then_some(Json::Bool(true)));
                let members = vec![pool_id(pool), max_results(*size), after(cursor), hide];
                (account(caller), members)
            }
            Self::ListIdentityPools { caller, max_results: size, after: cursor } => {
                (account(caller), vec![max_results(*size), after(cursor)])
            }
            Self::ListTagsForResource { caller, pool } => {
                (account(caller), vec![resource(caller, pool)])
            }
            Self::LookupDeveloperIdentity { caller, pool, identity, user, max_results, after } => {
                let members = vec![
                    pool_id(pool),
                    ("IdentityId", identity.map(Json::text)),
                    ("DeveloperUserIdentifier", user.map(Json::text)),
                    ("MaxResults", max_results.map(Json::Number)),
                    ("NextToken", after.map(Json::text)),
                ];
                (account(caller), members)
            }
            Self::MergeDeveloperIdentities { caller, pool, provider, source, destination } => {
                let members = vec![
                    ("SourceUserIdentifier", some(source)),
                    ("DestinationUserIdentifier", some(destination)),
                    ("DeveloperProviderName", some(provider.name())),
                    pool_id(pool),
                ];
                (account(caller), members)
            }
            Self::SetIdentityPoolRoles { caller, pool, roles } => {
                let mut members = vec![pool_id(pool)];
                members.extend(roles.request().into_iter().map(present));
                (account(caller), members)
            }
            Self::SetPrincipalTagAttributeMap { caller, pool, provider, attributes } => {
                let name = ("IdentityProviderName", some(provider.attributes_name()));
                let mut members = vec![pool_id(pool), name];
                members.extend(attributes.request().into_iter().map(present));
                (account(caller), members)
            }
            Self::TagResource { caller, pool, tags } => {
                (account(caller), vec![resource(caller, pool), ("Tags", Some(tags.json()))])
            }
            Self::UnlinkDeveloperIdentity { caller, pool, identity, provider, user } => {
                let members = vec![
                    identity_id(identity),
                    pool_id(pool),
                    ("DeveloperProviderName", some(provider.name())),
                    ("DeveloperUserIdentifier", some(user)),
                ];
                (account(caller), members)
            }
            Self::UnlinkIdentity { identity, logins, providers, developer } => {
                let developer = developer.then_some(DeveloperProvider::Game.name());
                let names = providers.iter().map(|provider| provider.name()).chain(developer);
                let names = Json::List(names.map(Json::text).collect());
                let members = vec![
                    identity_id(identity),
                    ("Logins", Some(login_map(logins))),
                    ("LoginsToRemove", Some(names)),
                ];
                (None, members)
            }
            Self::UntagResource { caller, pool, tags } => {
                let keys = Json::List(tags.keys().map(Json::Text).collect());
                (account(caller), vec![resource(caller, pool), ("TagKeys", Some(keys))])
            }
            Self::UpdateIdentityPool { caller, pool, settings } => {
                let mut members = vec![pool_id(pool)];
                members.extend(settings.request().into_iter().map(present));
                (account(caller), members)
            }
        }
    }

    fn hides_disabled(&self) -> bool {
        matches!(self, Self::ListIdentities { hide_disabled: true, .. })
    }
}

type Members = Vec<(&'static str, Option<Json>)>;

/// Parts of an operation that name something.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) caller: Option<&'a mut Caller>,
    pub(crate) pool: Option<&'a mut Pool>,
    pub(crate) identities: Vec<&'a mut Identity>,
    pub(crate) logins: Option<&'a mut Vec<Presented>>,
    pub(crate) user: Option<User>,
    pub(crate) cursor: Option<&'a mut Cursor>,
}

pub(crate) fn role_arn(role: Role) -> String {
    format!("arn:aws:iam::$account0:role/{}", role.name())
}

fn account(caller: &Caller) -> Option<Account> {
    Some(match caller {
        Caller::Account(account) => *account,
        Caller::Owner => Account::FIRST,
    })
}

fn some(value: impl std::fmt::Display) -> Option<Json> {
    Some(Json::text(value))
}

fn present((name, value): (&'static str, Json)) -> (&'static str, Option<Json>) {
    (name, Some(value))
}

fn presented(logins: &[Presented]) -> (&'static str, Option<Json>) {
    ("Logins", (!logins.is_empty()).then(|| login_map(logins)))
}

fn login_map(logins: &[Presented]) -> Json {
    Json::object(logins.iter().map(|login| (login.key(), Json::Text(token(*login)))))
}

fn token(login: Presented) -> String {
    match login {
        Presented::User(_, user) => user.to_string(),
        Presented::Public(provider, subject, token) => {
            format!("$login.{provider:?}.{subject}.{token:?}")
        }
        Presented::Cognito(token) => token.to_string(),
        Presented::Tampered(Token(number)) => format!("$tampered{number}"),
    }
}

fn resource(caller: &Caller, pool: &Pool) -> (&'static str, Option<Json>) {
    let caller = account(caller).unwrap_or(Account::FIRST);
    let (region, account) = (caller.region_name(), caller.number);
    let head = format!("arn:aws:cognito-identity:{region}:$account{account}");
    ("ResourceArn", Some(Json::Text(format!("{head}:identitypool/{pool}"))))
}
