//! The operations with their parameters, and how each reads as a request.

use std::fmt;

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

    /// The logins that it presents.
    pub(crate) fn logins(&self) -> &[Presented] {
        match self {
            Self::GetCredentialsForIdentity { logins, .. }
            | Self::GetId { logins, .. }
            | Self::GetOpenIdToken { logins, .. }
            | Self::GetOpenIdTokenForDeveloperIdentity { logins, .. }
            | Self::UnlinkIdentity { logins, .. } => logins,
            _ => &[],
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
        let (caller, Members(members)) = self.members();
        let operation = self.name().to_owned();
        Request { caller: caller.map(Caller::account), operation, body: Json::object(members) }
    }

    fn members(&self) -> (Option<Caller>, Members) {
        const POOL: &str = "IdentityPoolId";
        const IDENTITY: &str = "IdentityId";
        let none = Members::default;
        match self {
            Self::CreateIdentityPool { caller, settings } => {
                (Some(*caller), none().all(settings.request()))
            }
            Self::DeleteIdentities { caller, identities } => {
                (Some(*caller), none().list("IdentityIdsToDelete", identities))
            }
            Self::DeleteIdentityPool { caller, pool }
            | Self::DescribeIdentityPool { caller, pool }
            | Self::GetIdentityPoolRoles { caller, pool } => {
                (Some(*caller), none().text(POOL, pool))
            }
            Self::DescribeIdentity { caller, identity } => {
                (Some(*caller), none().text(IDENTITY, identity))
            }
            Self::GetCredentialsForIdentity { identity, logins, custom_role } => {
                let members = none().text(IDENTITY, identity).some_logins(logins);
                (None, members.texts("CustomRoleArn", custom_role.map(Role::arn)))
            }
            Self::GetId { pool, account, logins } => {
                let claimed = account.map(|number| format!("$account{number}"));
                (None, none().texts("AccountId", claimed).text(POOL, pool).some_logins(logins))
            }
            Self::GetOpenIdToken { identity, logins } => {
                (None, none().text(IDENTITY, identity).some_logins(logins))
            }
            Self::GetOpenIdTokenForDeveloperIdentity {
                caller,
                pool,
                identity,
                logins,
                principal_tags,
                duration_secs,
            } => {
                let members = none().text(POOL, pool).texts(IDENTITY, *identity).logins(logins);
                let tags = principal_tags.iter().map(|(key, value)| (key, Json::text(value)));
                let tags = (!principal_tags.is_empty()).then(|| Json::object(tags));
                let members = members.all(tags.map(|tags| ("PrincipalTags", tags)));
                (Some(*caller), members.numbers("TokenDuration", *duration_secs))
            }
            Self::GetPrincipalTagAttributeMap { caller, pool, provider } => {
                (Some(*caller), none().text(POOL, pool).attributes_of(*provider))
            }
            Self::ListIdentities { caller, pool, max_results, after, hide_disabled } => {
                let members = none().text(POOL, pool).page(Some(*max_results), *after);
                let hide = hide_disabled.then_some(("HideDisabled", Json::Bool(true)));
                (Some(*caller), members.all(hide))
            }
            Self::ListIdentityPools { caller, max_results, after } => {
                (Some(*caller), none().page(Some(*max_results), *after))
            }
            Self::ListTagsForResource { caller, pool } => {
                (Some(*caller), none().resource(*caller, *pool))
            }
            Self::LookupDeveloperIdentity { caller, pool, identity, user, max_results, after } => {
                let members = none().text(POOL, pool).texts(IDENTITY, *identity);
                let members = members.texts("DeveloperUserIdentifier", *user);
                (Some(*caller), members.page(*max_results, *after))
            }
            Self::MergeDeveloperIdentities { caller, pool, provider, source, destination } => {
                let members = none().text("SourceUserIdentifier", source);
                let members = members.text("DestinationUserIdentifier", destination);
                let members = members.text("DeveloperProviderName", provider.name());
                (Some(*caller), members.text(POOL, pool))
            }
            Self::SetIdentityPoolRoles { caller, pool, roles } => {
                (Some(*caller), none().text(POOL, pool).all(roles.request()))
            }
            Self::SetPrincipalTagAttributeMap { caller, pool, provider, attributes } => {
                let members = none().text(POOL, pool).attributes_of(*provider);
                (Some(*caller), members.all(attributes.request()))
            }
            Self::TagResource { caller, pool, tags } => {
                (Some(*caller), none().resource(*caller, *pool).all([("Tags", tags.json())]))
            }
            Self::UnlinkDeveloperIdentity { caller, pool, identity, provider, user } => {
                let members = none().text(IDENTITY, identity).text(POOL, pool);
                let members = members.text("DeveloperProviderName", provider.name());
                (Some(*caller), members.text("DeveloperUserIdentifier", user))
            }
            Self::UnlinkIdentity { identity, logins, providers, developer } => {
                let developer = developer.then_some(DeveloperProvider::Game.name());
                let names = providers.iter().map(|provider| provider.issuer()).chain(developer);
                let members = none().text(IDENTITY, identity).logins(logins);
                (None, members.list("LoginsToRemove", names))
            }
            Self::UntagResource { caller, pool, tags } => {
                (Some(*caller), none().resource(*caller, *pool).list("TagKeys", tags.keys()))
            }
            Self::UpdateIdentityPool { caller, pool, settings } => {
                (Some(*caller), none().text(POOL, pool).all(settings.request()))
            }
        }
    }
}

/// The members of a request.
#[derive(Default)]
struct Members(Vec<(&'static str, Json)>);

impl Members {
    fn all(mut self, members: impl IntoIterator<Item = (&'static str, Json)>) -> Self {
        self.0.extend(members);
        self
    }

    fn text(self, name: &'static str, value: impl fmt::Display) -> Self {
        self.texts(name, Some(value))
    }

    fn texts(self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        self.all(value.map(|value| (name, Json::text(value))))
    }

    fn numbers(self, name: &'static str, value: Option<i64>) -> Self {
        self.all(value.map(|value| (name, Json::Number(value))))
    }

    fn list(self, name: &'static str, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        self.all([(name, Json::List(values.into_iter().map(Json::text).collect()))])
    }

    fn logins(self, logins: &[Presented]) -> Self {
        let map = logins.iter().map(|login| (login.key(), Json::Text(token(*login))));
        self.all([("Logins", Json::object(map))])
    }

    fn some_logins(self, logins: &[Presented]) -> Self {
        if logins.is_empty() { self } else { self.logins(logins) }
    }

    fn page(self, max_results: Option<i64>, after: Option<Cursor>) -> Self {
        self.numbers("MaxResults", max_results).texts("NextToken", after)
    }

    fn attributes_of(self, provider: Provider) -> Self {
        self.text("IdentityProviderName", provider.attributes_name())
    }

    fn resource(self, caller: Caller, pool: Pool) -> Self {
        let caller = caller.account();
        // An account that is not known calls with ARNs of another.
        let is_known = caller.number != Account::NOT_KNOWN;
        let (region, account) = (caller.region_name(), if is_known { caller.number } else { 0 });
        let head = format!("arn:$partition:cognito-identity:{region}:$account{account}");
        self.text("ResourceArn", format!("{head}:identitypool/{pool}"))
    }
}

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

fn token(login: Presented) -> String {
    match login {
        Presented::User(_, user) => user.to_string(),
        Presented::Public(provider, subject, token)
        | Presented::Spelled(_, provider, subject, token) => {
            format!("$login.{provider:?}.{subject}.{token:?}")
        }
        // `<samlp:Response/>`
        Presented::Saml => "PHNhbWxwOlJlc3BvbnNlLz4=".to_owned(),
        Presented::Cognito(token) | Presented::Abroad(token) => token.to_string(),
        Presented::Tampered(Token(number)) => format!("$tampered{number}"),
    }
}
