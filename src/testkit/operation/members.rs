//! Requests of operations: their members in JSON.

use std::fmt;

use crate::testkit::json::Json;
use crate::testkit::names::{
    Account, Caller, Cursor, DeveloperProvider, Pool, Presented, Provider, Role, Token,
};
use crate::testkit::operation::Operation;
use crate::testkit::request::Request;

impl Operation {
    /// The request, with variables for numbered names.
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
        // An unknown account calls with ARNs of another account.
        let is_known = caller.number != Account::NOT_KNOWN;
        let (region, account) = (caller.region_name(), if is_known { caller.number } else { 0 });
        let head = format!("arn:$partition:cognito-identity:{region}:$account{account}");
        self.text("ResourceArn", format!("{head}:identitypool/{pool}"))
    }
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
