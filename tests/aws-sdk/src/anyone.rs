//! A pool that has every kind of provider, and calls that need no credentials.

use std::error::Error;

use aws_sdk_cognitoidentity::operation::get_credentials_for_identity as credentials;
use aws_sdk_cognitoidentity::operation::{
    get_id::builders::GetIdFluentBuilder as AskId,
    get_open_id_token::builders::GetOpenIdTokenFluentBuilder as AskToken,
    unlink_identity::builders::UnlinkIdentityFluentBuilder as AskUnlink,
};
use aws_sdk_cognitoidentity::types::CognitoIdentityProvider;
use credentials::builders::GetCredentialsForIdentityFluentBuilder as AskCredentials;
use serde_json::Value;

use crate::issuer::{GOOGLE, Issuer, OIDC_ARN, USER_POOL};
use crate::scene::{ACCOUNT, PROVIDER, REGION, Scene, World};
use crate::token::verify;

/// The role of authenticated identities.
pub const USER_ROLE: &str = "arn:aws:iam::123456789012:role/user";
/// The role of guests.
pub const GUEST_ROLE: &str = "arn:aws:iam::123456789012:role/guest";
/// The provider name for tokens of the service itself.
pub const COGNITO: &str = "cognito-identity.amazonaws.com";

impl Scene {
    /// Creates a pool for one story. It accepts all issuers, allows guests and has both roles.
    pub async fn open(world: &World, name: &str) -> Result<Self, Box<dyn Error>> {
        let client = world.client(ACCOUNT, REGION);
        let user_pool = CognitoIdentityProvider::builder()
            .provider_name(USER_POOL)
            .client_id(world.issuers.user_pool.client)
            .build();
        let created = client
            .create_identity_pool()
            .identity_pool_name(name)
            .allow_unauthenticated_identities(true)
            .developer_provider_name(PROVIDER)
            .cognito_identity_providers(user_pool)
            .supported_login_providers(GOOGLE, world.issuers.google.client)
            .open_id_connect_provider_arns(OIDC_ARN)
            .send()
            .await?;
        let scene = Self::of(world, client, created.identity_pool_id);
        let request = scene.client.set_identity_pool_roles().identity_pool_id(&scene.pool);
        let request =
            request.roles("authenticated", USER_ROLE).roles("unauthenticated", GUEST_ROLE);
        request.send().await?;
        Ok(scene)
    }

    pub fn ask_id(&self) -> AskId {
        self.anyone.get_id().identity_pool_id(&self.pool)
    }

    pub fn ask_token(&self, identity: &str) -> AskToken {
        self.anyone.get_open_id_token().identity_id(identity)
    }

    pub fn ask_credentials(&self, identity: &str) -> AskCredentials {
        self.anyone.get_credentials_for_identity().identity_id(identity)
    }

    pub fn ask_unlink(&self, identity: &str) -> AskUnlink {
        self.anyone.unlink_identity().identity_id(identity)
    }

    /// A new guest.
    pub async fn guest(&self) -> Result<String, Box<dyn Error>> {
        let answer = self.ask_id().send().await?;
        answer.identity_id.ok_or_else(|| "an answer without an IdentityId".into())
    }

    /// The identity of an issuer's user, created if the user is new.
    pub async fn known(&self, issuer: &Issuer, user: &str) -> Result<String, Box<dyn Error>> {
        let answer = self.ask_id().logins(issuer.name, issuer.token(user)?).send().await?;
        answer.identity_id.ok_or_else(|| "an answer without an IdentityId".into())
    }

    /// The providers in the description of an identity, sorted.
    pub async fn providers_of(&self, identity: &str) -> Result<Vec<String>, Box<dyn Error>> {
        let mut providers = self.describe(identity).await?.logins.unwrap_or_default();
        providers.sort_unstable();
        Ok(providers)
    }

    /// The claims of a token that the service issued for this pool, without the times.
    pub fn read(&self, world: &World, token: Option<String>) -> Result<Value, Box<dyn Error>> {
        let token = token.ok_or("an answer without a token")?;
        Ok(verify(&token, &world.server.published_keys()?, &self.pool)?.timeless_claims())
    }
}
