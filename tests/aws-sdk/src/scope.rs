//! The credential scope determines account and region, and isolates the pools of each.

use std::error::Error;

use aws_sdk_cognitoidentity::Client;
use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::operation::{
    delete_identity_pool::DeleteIdentityPoolError, describe_identity::DescribeIdentityError,
    describe_identity_pool::DescribeIdentityPoolError,
};
use aws_sdk_cognitoidentity::types::{ErrorCode, UnprocessedIdentityId};
use developer_token::GetOpenIdTokenForDeveloperIdentityError as TokenRefused;
use serde_json::Value;

use crate::check::{Checks, Text};
use crate::scene::{PROVIDER, Scene, World};
use crate::token::verify;

const OWNER: &str = "111111111111";
const STRANGER: &str = "222222222222";

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let client = world.client(OWNER, "us-east-1");
    let request = client.create_identity_pool().identity_pool_name("of one account");
    let request = request.allow_unauthenticated_identities(false).developer_provider_name(PROVIDER);
    let pool = request.send().await?.identity_pool_id;
    let scene = Scene::of(world, client, pool);
    let alice = scene.identity_of("alice").await?;

    let listed = scene.client.list_identity_pools().max_results(60).send().await?;
    let listed: Vec<_> = listed.identity_pools().iter().map(|it| it.identity_pool_id()).collect();
    checks.equal("the owner sees the pool", listed, [Some(&*scene.pool)]);

    let stranger = world.client(STRANGER, "us-east-1");
    exclude(&scene, checks, "another account", &stranger, &alice).await?;
    let elsewhere = world.client(OWNER, "eu-west-1");
    exclude(&scene, checks, "another region", &elsewhere, &alice).await?;
    deny_delete(&scene, checks, &stranger, &alice).await?;
    settle_elsewhere(world, checks, elsewhere).await
}

async fn exclude(
    scene: &Scene,
    checks: &mut Checks,
    who: &str,
    client: &Client,
    alice: &str,
) -> Result<(), Box<dyn Error>> {
    let answer = client.list_identity_pools().max_results(60).send().await?;
    checks.equal(&format!("{who} lists no pools"), answer.identity_pools(), []);

    let text = format!("IdentityPool '{}' not found.", scene.pool);
    let text = Text::Exactly(&text);
    let request = client.describe_identity_pool().identity_pool_id(&scene.pool).send();
    let what = format!("{who} cannot describe the pool");
    let is_expected = DescribeIdentityPoolError::is_resource_not_found_exception;
    scene.refuses(checks, &what, request, is_expected, text).await?;

    let request = client.get_open_id_token_for_developer_identity();
    let request = request.identity_pool_id(&scene.pool).logins(PROVIDER, "alice").send();
    let what = format!("{who} cannot get a token");
    let is_expected = TokenRefused::is_resource_not_found_exception;
    scene.refuses(checks, &what, request, is_expected, text).await?;

    let request = client.delete_identity_pool().identity_pool_id(&scene.pool).send();
    let what = format!("{who} cannot delete the pool");
    let is_expected = DeleteIdentityPoolError::is_resource_not_found_exception;
    scene.refuses(checks, &what, request, is_expected, text).await?;

    let request = client.describe_identity().identity_id(alice).send();
    let what = format!("{who} cannot describe the identity");
    let text = format!("Identity '{alice}' not found.");
    let is_expected = DescribeIdentityError::is_resource_not_found_exception;
    scene.refuses(checks, &what, request, is_expected, Text::Exactly(&text)).await
}

async fn deny_delete(
    scene: &Scene,
    checks: &mut Checks,
    stranger: &Client,
    alice: &str,
) -> Result<(), Box<dyn Error>> {
    let before = scene.picture().await?;
    let answer = stranger.delete_identities().identity_ids_to_delete(alice).send().await?;
    let denied = UnprocessedIdentityId::builder().identity_id(alice);
    let denied = denied.error_code(ErrorCode::AccessDenied).build();
    let what = "another account's DeleteIdentities leaves the identity unprocessed";
    checks.equal(what, answer.unprocessed_identity_ids, Some(vec![denied]));
    checks.equal("and the identity is as before", scene.picture().await?, before);
    Ok(())
}

async fn settle_elsewhere(
    world: &World,
    checks: &mut Checks,
    client: Client,
) -> Result<(), Box<dyn Error>> {
    let request = client.create_identity_pool().identity_pool_name("of another region");
    let request = request.allow_unauthenticated_identities(false).developer_provider_name(PROVIDER);
    let pool = request.send().await?.identity_pool_id;
    checks.that("a pool's id begins with its region", &pool, |id| id.starts_with("eu-west-1:"));
    let scene = Scene::of(world, client, pool);
    let answer = scene.ask_for("alice").send().await?;
    let identity = answer.identity_id.unwrap_or_default();
    let what = "an identity's id begins with its region";
    checks.that(what, &identity, |id| id.starts_with("eu-west-1:"));
    let token = answer.token.unwrap_or_default();
    let claims = verify(&token, &world.server.published_keys()?, &scene.pool)?.claims;
    let arn = claims.get("https://cognito-identity.amazonaws.com/identity-pool-arn");
    let expected =
        format!("arn:aws:cognito-identity:eu-west-1:{OWNER}:identitypool/{}", scene.pool);
    let what = "a token names account and region of its pool";
    checks.equal(what, arn.and_then(Value::as_str), Some(&*expected));
    Ok(())
}
