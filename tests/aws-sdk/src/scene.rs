//! Shared parts of the stories: clients, a pool for each story, and snapshots of the server's data.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::path::Path;

use aws_credential_types::Credentials;
use aws_sdk_cognitoidentity::config::retry::RetryConfig;
use aws_sdk_cognitoidentity::config::{
    BehaviorVersion, Builder as ConfigBuilder, Region, SharedHttpClient,
};
use aws_sdk_cognitoidentity::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::operation::{
    create_identity_pool::CreateIdentityPoolOutput,
    describe_identity_pool::DescribeIdentityPoolOutput,
    get_identity_pool_roles::GetIdentityPoolRolesOutput,
    lookup_developer_identity::builders::LookupDeveloperIdentityFluentBuilder as AskLookup,
    update_identity_pool::UpdateIdentityPoolOutput,
};
use aws_sdk_cognitoidentity::types::{CognitoIdentityProvider, IdentityDescription, RoleMapping};
use aws_sdk_cognitoidentity::{Client, Config};
use developer_token::builders::GetOpenIdTokenForDeveloperIdentityFluentBuilder as AskToken;

use crate::check::{Checks, Text};
use crate::issuer::Issuers;
use crate::server::{Folder, Server};

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
/// The developer provider of a [`Scene`]'s pool.
pub const PROVIDER: &str = "login.game";
/// An identity id that was never assigned.
pub const NOBODY: &str = "us-east-1:00000000-0000-4000-8000-000000000000";
/// More pages than any pool here fills.
const PAGES_MAX: u32 = 10;

/// A running server, the issuers that it knows, and SDK clients for it.
pub struct World {
    pub server: Server,
    pub issuers: Issuers,
    http_client: SharedHttpClient,
}

impl World {
    pub fn start(binary: &Path, folder: &Folder, issuers: Issuers) -> Result<Self, Box<dyn Error>> {
        let server = Server::start(binary, folder, &issuers)?;
        let http_client = aws_smithy_http_client::Builder::new().build_http();
        Ok(Self { server, issuers, http_client })
    }

    /// A client that signs for an account and a region. The server reads both from the signature.
    pub fn client(&self, account: &str, region: &str) -> Client {
        let credentials = Credentials::new(account, "secret", None, None, "checks");
        Client::from_conf(self.config(region).credentials_provider(credentials).build())
    }

    /// A client that has no credentials.
    pub fn anyone(&self) -> Client {
        Client::from_conf(self.config(REGION).allow_no_auth().build())
    }

    /// A client of the STS, with or without credentials.
    pub fn sts(&self, credentials: Option<Credentials>) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.server.url())
            .http_client(self.http_client.clone())
            .region(Region::new(REGION))
            .retry_config(RetryConfig::disabled());
        let config = match credentials {
            Some(credentials) => config.credentials_provider(credentials),
            None => config.allow_no_auth(),
        };
        aws_sdk_sts::Client::from_conf(config.build())
    }

    fn config(&self, region: &str) -> ConfigBuilder {
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.server.url())
            .http_client(self.http_client.clone())
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
    }
}

/// A pool for one story, with the developer provider [`PROVIDER`].
#[derive(Debug)]
pub struct Scene {
    pub client: Client,
    /// A client without credentials.
    pub anyone: Client,
    pub pool: String,
}

impl Scene {
    pub async fn new(world: &World, name: &str) -> Result<Self, Box<dyn Error>> {
        let client = world.client(ACCOUNT, REGION);
        let request = client.create_identity_pool().identity_pool_name(name);
        let request = request.allow_unauthenticated_identities(false);
        let pool = request.developer_provider_name(PROVIDER).send().await?.identity_pool_id;
        Ok(Self::of(world, client, pool))
    }

    /// The scene of an existing pool, with its owner's client.
    pub fn of(world: &World, client: Client, pool: String) -> Self {
        Self { client, anyone: world.anyone(), pool }
    }

    /// A request for a token from this pool, without logins.
    pub fn ask(&self) -> AskToken {
        self.client.get_open_id_token_for_developer_identity().identity_pool_id(&self.pool)
    }

    /// A request for a developer user's token.
    pub fn ask_for(&self, user: &str) -> AskToken {
        self.ask().logins(PROVIDER, user)
    }

    /// The identity of a developer user, created if the user is new.
    pub async fn identity_of(&self, user: &str) -> Result<String, Box<dyn Error>> {
        let answer = self.ask_for(user).send().await?;
        answer.identity_id.ok_or_else(|| "an answer without an IdentityId".into())
    }

    /// A lookup in this pool, without an identity or a user.
    pub fn lookup(&self) -> AskLookup {
        self.client.lookup_developer_identity().identity_pool_id(&self.pool)
    }

    /// The developer users of an identity, sorted.
    pub async fn users_of(&self, identity: &str) -> Result<Vec<String>, Box<dyn Error>> {
        let answer = self.lookup().identity_id(identity).max_results(60).send().await?;
        let mut users = answer.developer_user_identifier_list.unwrap_or_default();
        users.sort_unstable();
        Ok(users)
    }

    pub async fn describe(&self, identity: &str) -> Result<IdentityDescription, Box<dyn Error>> {
        let answer = self.client.describe_identity().identity_id(identity).send().await?;
        Ok(IdentityDescription::builder()
            .set_identity_id(answer.identity_id)
            .set_logins(answer.logins)
            .set_creation_date(answer.creation_date)
            .set_last_modified_date(answer.last_modified_date)
            .build())
    }

    /// All contents of the pool.
    pub async fn picture(&self) -> Result<Picture, Box<dyn Error>> {
        let request = self.client.describe_identity_pool().identity_pool_id(&self.pool);
        let pool = Pool::from(request.send().await?);
        let request = self.client.get_identity_pool_roles().identity_pool_id(&self.pool);
        let roles = Roles::from(request.send().await?);
        let mut identities = Vec::new();
        let mut users = BTreeMap::new();
        let mut next_token = None;
        for _ in 0..PAGES_MAX {
            let request = self.client.list_identities().identity_pool_id(&self.pool);
            let request = request.max_results(60).set_next_token(next_token);
            let page = request.send().await?;
            for identity in page.identities.unwrap_or_default() {
                let id = identity.identity_id.clone().unwrap_or_default();
                users.insert(id.clone(), self.users_of(&id).await?);
                identities.push(identity);
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(Picture { pool, roles, identities, users });
            }
        }
        Err("ListIdentities does not come to an end".into())
    }

    /// Checks that a request is refused and leaves the pool unchanged.
    pub async fn refuses<T: Debug, E: ProvideErrorMetadata + Debug>(
        &self,
        checks: &mut Checks,
        what: &str,
        request: impl Future<Output = Result<T, SdkError<E>>>,
        is_expected: fn(&E) -> bool,
        text: Text<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let before = self.picture().await?;
        checks.refused(what, request.await, is_expected, text);
        checks.equal(&format!("{what}: nothing changed"), self.picture().await?, before);
        Ok(())
    }
}

/// The contents of a pool: its settings, its roles, its identities and their developer users.
#[derive(Debug, PartialEq)]
pub struct Picture {
    pub pool: Pool,
    pub roles: Roles,
    pub identities: Vec<IdentityDescription>,
    pub users: BTreeMap<String, Vec<String>>,
}

/// The roles of a pool and its role mappings. Absent and empty are the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roles {
    pub defaults: BTreeMap<String, String>,
    pub mappings: BTreeMap<String, RoleMapping>,
}

impl From<GetIdentityPoolRolesOutput> for Roles {
    fn from(answer: GetIdentityPoolRolesOutput) -> Self {
        Self {
            defaults: answer.roles.into_iter().flatten().collect(),
            mappings: answer.role_mappings.into_iter().flatten().collect(),
        }
    }
}

/// An identity pool. Three operations answer it in three types with the same members.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pool {
    pub id: String,
    pub name: String,
    pub guests: bool,
    pub classic_flow: Option<bool>,
    pub login_providers: Option<BTreeMap<String, String>>,
    pub developer_provider: Option<String>,
    pub oidc_provider_arns: Option<Vec<String>>,
    pub user_pools: Option<Vec<CognitoIdentityProvider>>,
    pub saml_provider_arns: Option<Vec<String>>,
    pub tags: Option<BTreeMap<String, String>>,
}

macro_rules! pool_from {
    ($($output:ty),*) => {$(
        impl From<$output> for Pool {
            fn from(pool: $output) -> Self {
                Self {
                    id: pool.identity_pool_id,
                    name: pool.identity_pool_name,
                    guests: pool.allow_unauthenticated_identities,
                    classic_flow: pool.allow_classic_flow,
                    login_providers: pool.supported_login_providers.map(BTreeMap::from_iter),
                    developer_provider: pool.developer_provider_name,
                    oidc_provider_arns: pool.open_id_connect_provider_arns,
                    user_pools: pool.cognito_identity_providers,
                    saml_provider_arns: pool.saml_provider_arns,
                    tags: pool.identity_pool_tags.map(BTreeMap::from_iter),
                }
            }
        }
    )*};
}

pool_from!(CreateIdentityPoolOutput, DescribeIdentityPoolOutput, UpdateIdentityPoolOutput);
