//! An engine with a pool, and calls of it in few words.

use cognate::login::UnverifiedLogins;
use cognate::name::{IdentityId, IdentityPoolId, Region};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, GuestAccess, ListIdentitiesInput,
    LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput, RoleType,
    SetIdentityPoolRolesInput, UnlinkDeveloperIdentityInput,
};
use cognate::store::Store;
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Error, Removal, Result};

/// The pool's developer provider.
pub(crate) const GAME: &str = "login.game";
/// A public provider of the pool. Any text is a token, and means a user of its own.
pub(crate) const FACEBOOK: &str = "graph.facebook.com";

/// An engine and a pool of it.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) engine: Engine,
    pub(crate) aws: Developer,
    pub(crate) pool: IdentityPoolId,
}

pub(crate) fn engine(store: impl Store + 'static) -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    // The thread that removes deleted pools would send requests that the tests count or cut.
    let builder = builder.removal(Removal::Calling);
    let builder = builder.login_verifier(UnverifiedLogins::trust_everyone());
    builder.open_shared(store).expect("an engine")
}

pub(crate) fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().expect("an account"), region())
}

pub(crate) fn region() -> Region {
    "us-east-1".parse().expect("a region")
}

impl Scene {
    /// An engine with a new pool.
    pub(crate) fn new(store: impl Store + 'static) -> Self {
        let engine = engine(store);
        let aws = developer(&engine);
        let pool = new_pool(&aws);
        Self { engine, aws, pool }
    }

    /// Another engine with the same pool.
    pub(crate) fn beside(&self, store: impl Store + 'static) -> Self {
        Self::at(engine(store), self.pool.clone())
    }

    /// An engine with a pool that exists.
    pub(crate) fn at(engine: Engine, pool: IdentityPoolId) -> Self {
        let aws = developer(&engine);
        Self { engine, aws, pool }
    }

    fn token_input(&self, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
        GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool).logins(GAME, user)
    }

    /// The identity of a developer user, who is registered if necessary.
    pub(crate) fn resolve(&self, user: &str) -> Result<IdentityId> {
        self.aws.resolve_developer_identity(self.token_input(user))
    }

    /// A token of a developer user, who is registered if necessary, and its identity.
    pub(crate) fn token(&self, user: &str) -> Result<(IdentityId, String)> {
        let output = self.aws.get_open_id_token_for_developer_identity(self.token_input(user))?;
        Ok((output.identity_id, output.token.as_str().to_owned()))
    }

    /// Links a developer user to an identity.
    pub(crate) fn link(&self, user: &str, identity: &IdentityId) -> Result<IdentityId> {
        let input = self.token_input(user).identity_id(identity);
        Ok(self.aws.get_open_id_token_for_developer_identity(input)?.identity_id)
    }

    pub(crate) fn unlink(&self, user: &str, identity: &IdentityId) -> Result<()> {
        self.aws.unlink_developer_identity(UnlinkDeveloperIdentityInput::new(
            &self.pool, identity, GAME, user,
        ))
    }

    pub(crate) fn merge(&self, source: &str, destination: &str) -> Result<IdentityId> {
        let input = MergeDeveloperIdentitiesInput::new(&self.pool, GAME, source, destination);
        Ok(self.aws.merge_developer_identities(input)?.identity_id)
    }

    /// The identity of a developer user, if there is one.
    pub(crate) fn lookup(&self, user: &str) -> Result<Option<IdentityId>> {
        let input = LookupDeveloperIdentityInput::new(&self.pool).developer_user_identifier(user);
        match self.aws.lookup_developer_identity(input) {
            Ok(output) => Ok(Some(output.identity_id)),
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The developer users of an identity.
    pub(crate) fn users(&self, identity: &IdentityId) -> Vec<String> {
        let input = LookupDeveloperIdentityInput::new(&self.pool).identity_id(identity);
        let output = self.aws.lookup_developer_identity(input).expect("an identity");
        let users = output.developer_user_identifier_list.iter();
        let mut users: Vec<_> = users.map(|user| user.as_str().to_owned()).collect();
        users.sort();
        users
    }

    pub(crate) fn guest(&self) -> Result<IdentityId> {
        Ok(self.engine.public().get_id(GetIdInput::new(&self.pool))?.identity_id)
    }

    /// The identity of a user of the public provider, who gets one if necessary.
    pub(crate) fn visitor(&self, user: &str) -> Result<IdentityId> {
        let input = GetIdInput::new(&self.pool).logins(FACEBOOK, user);
        Ok(self.engine.public().get_id(input)?.identity_id)
    }

    /// A token for a user of the public provider.
    pub(crate) fn visitor_token(&self, identity: &IdentityId, user: &str) -> Result<String> {
        let input = GetOpenIdTokenInput::new(identity).logins(FACEBOOK, user);
        Ok(self.engine.public().get_open_id_token(input)?.token.as_str().to_owned())
    }

    /// Credentials for a guest, or for a user of a provider.
    pub(crate) fn credentials(
        &self,
        identity: &IdentityId,
        login: Option<(&str, &str)>,
    ) -> Result<IdentityId> {
        let mut input = GetCredentialsForIdentityInput::new(identity);
        if let Some((provider, token)) = login {
            input = input.logins(provider, token);
        }
        Ok(self.engine.public().get_credentials_for_identity(input)?.identity_id)
    }

    /// The first page of identities.
    pub(crate) fn page(&self) -> Vec<IdentityId> {
        let output = self.aws.list_identities(ListIdentitiesInput::new(&self.pool, 60));
        let identities = output.expect("a page").identities;
        identities.into_iter().map(|identity| identity.identity_id).collect()
    }

    /// Deletes identities. Returns how many were left out.
    pub(crate) fn delete(&self, identities: &[IdentityId]) -> Result<usize> {
        let output = self.aws.delete_identities(DeleteIdentitiesInput::new(identities))?;
        Ok(output.unprocessed_identity_ids.len())
    }

    /// Fails if the store violates an invariant.
    pub(crate) fn check(&self) {
        assert_eq!(self.engine.check().expect("a readable store"), []);
    }
}

/// A pool that accepts guests, developer users and users of the public provider.
pub(crate) fn new_pool(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "7346241598935552");
    let pool = aws.create_identity_pool(input).expect("a pool").identity_pool_id;
    let role = |name| format!("arn:aws:iam::123456789012:role/{name}");
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .roles(RoleType::Authenticated, role("player").as_str())
        .roles(RoleType::Unauthenticated, role("guest").as_str());
    aws.set_identity_pool_roles(roles).expect("roles");
    pool
}
