//! Create, describe, update, list and delete pools.

mod list;
mod update;

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_cognitoidentity::Client;
use aws_sdk_cognitoidentity::operation::create_identity_pool::CreateIdentityPoolError;
use aws_sdk_cognitoidentity::operation::delete_identity_pool::DeleteIdentityPoolError;
use aws_sdk_cognitoidentity::operation::describe_identity::DescribeIdentityError;
use aws_sdk_cognitoidentity::operation::describe_identity_pool::DescribeIdentityPoolError;
use aws_sdk_cognitoidentity::operation::update_identity_pool::UpdateIdentityPoolError;
use aws_sdk_cognitoidentity::types::CognitoIdentityProvider;

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{Pool, REGION, World};

/// An account that only this story uses, so that its list of pools is known.
const LISTING_ACCOUNT: &str = "333333333333";
const OIDC_ARN: &str = "arn:aws:iam::333333333333:oidc-provider/login.example.com";
const SAML_ARN: &str = "arn:aws:iam::333333333333:saml-provider/staff";

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let client = world.client(LISTING_ACCOUNT, REGION);
    let full = create_full(&client, checks).await?;
    let bare = create_bare(&client, checks).await?;
    refuse_to_create(&client, checks).await?;
    list::tell(&client, checks, &full, &bare).await?;
    update::tell(&client, checks, &full, &bare).await?;
    delete(&client, checks, &full, &bare).await
}

async fn create_full(client: &Client, checks: &mut Checks) -> Result<Pool, Box<dyn Error>> {
    let user_pool = CognitoIdentityProvider::builder()
        .provider_name("cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123456")
        .client_id("1example23456789")
        .server_side_token_check(true)
        .build();
    let created = client
        .create_identity_pool()
        .identity_pool_name("full pool")
        .allow_unauthenticated_identities(true)
        .allow_classic_flow(false)
        .supported_login_providers("graph.facebook.com", "7346241598935552")
        .developer_provider_name("login.full")
        .open_id_connect_provider_arns(OIDC_ARN)
        .cognito_identity_providers(user_pool.clone())
        .saml_provider_arns(SAML_ARN)
        .identity_pool_tags("team", "red")
        .send()
        .await?;
    let created = Pool::from(created);
    checks.that("a pool's id is REGION:GUID", &created.id, |id| is_region_and_guid(id));
    let expected = Pool {
        id: created.id.clone(),
        name: "full pool".to_owned(),
        guests: true,
        classic_flow: Some(false),
        login_providers: Some(map("graph.facebook.com", "7346241598935552")),
        developer_provider: Some("login.full".to_owned()),
        oidc_provider_arns: Some(vec![OIDC_ARN.to_owned()]),
        user_pools: Some(vec![user_pool]),
        saml_provider_arns: Some(vec![SAML_ARN.to_owned()]),
        tags: Some(map("team", "red")),
    };
    checks.equal("CreateIdentityPool answers every member that was given", &created, &expected);
    let described = describe(client, &created.id).await?;
    checks.equal("DescribeIdentityPool answers the same", &described, &expected);
    Ok(created)
}

async fn create_bare(client: &Client, checks: &mut Checks) -> Result<Pool, Box<dyn Error>> {
    let request = client.create_identity_pool().identity_pool_name("bare pool");
    let created = Pool::from(request.allow_unauthenticated_identities(false).send().await?);
    let expected = Pool {
        id: created.id.clone(),
        name: "bare pool".to_owned(),
        tags: Some(BTreeMap::new()),
        ..Pool::default()
    };
    checks.equal("CreateIdentityPool omits every member that was not given", &created, &expected);
    let described = describe(client, &created.id).await?;
    checks.equal("DescribeIdentityPool omits them as well", &described, &expected);
    Ok(created)
}

async fn refuse_to_create(client: &Client, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let before = names(client).await?;
    let request = || client.create_identity_pool().allow_unauthenticated_identities(false);

    let answer =
        request().identity_pool_name("a pool").developer_provider_name("Bruce Wayne").send();
    let pattern = r"Member must satisfy regular expression pattern: [\w._-]+";
    let text = Text::Violations(&[Broken("'Bruce Wayne'", "developerProviderName", pattern)]);
    let what = "a developer provider with a space is a ValidationException";
    checks.refused(what, answer.await, is_validation_exception, text);

    let answer = request().identity_pool_name("pool#name").developer_provider_name("a b").send();
    let text = Text::Violations(&[
        Broken(
            "'pool#name'",
            "identityPoolName",
            r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
        ),
        Broken(
            "'a b'",
            "developerProviderName",
            r"Member must satisfy regular expression pattern: [\w._-]+",
        ),
    ]);
    let what = "two broken constraints are reported at once";
    checks.refused(what, answer.await, is_validation_exception, text);

    let text = Text::Violations(&[Broken("null", "identityPoolName", "Member must not be null")]);
    let what = "a pool without a name is a ValidationException";
    checks.refused(what, request().send().await, is_validation_exception, text);

    let user_pool = CognitoIdentityProvider::builder().provider_name("nonsense").client_id("a");
    let answer = request().identity_pool_name("a pool");
    let answer = answer.cognito_identity_providers(user_pool.build()).send().await;
    let what = "a user pool of another form is an InvalidParameterException";
    let is_expected = CreateIdentityPoolError::is_invalid_parameter_exception;
    checks.refused(what, answer, is_expected, Text::Exactly("Invalid Cognito Identity Provider"));

    checks.equal("the refused pools do not exist", names(client).await?, before);
    Ok(())
}

async fn delete(
    client: &Client,
    checks: &mut Checks,
    full: &Pool,
    bare: &Pool,
) -> Result<(), Box<dyn Error>> {
    let request = client.get_open_id_token_for_developer_identity().identity_pool_id(&full.id);
    let identity =
        request.logins("login.full", "alice").send().await?.identity_id.unwrap_or_default();
    checks.that("an identity lives in the pool", &identity, |id| is_region_and_guid(id));

    client.delete_identity_pool().identity_pool_id(&full.id).send().await?;
    let text = format!("IdentityPool '{}' not found.", full.id);
    let text = Text::Exactly(&text);
    let answer = client.describe_identity_pool().identity_pool_id(&full.id).send().await;
    let is_expected = DescribeIdentityPoolError::is_resource_not_found_exception;
    checks.refused("a deleted pool cannot be described", answer, is_expected, text);
    let answer = client.delete_identity_pool().identity_pool_id(&full.id).send().await;
    let is_expected = DeleteIdentityPoolError::is_resource_not_found_exception;
    checks.refused("a deleted pool cannot be deleted again", answer, is_expected, text);
    let answer = client.update_identity_pool().identity_pool_id(&full.id).identity_pool_name("a");
    let answer = answer.allow_unauthenticated_identities(false).send().await;
    let is_expected = UpdateIdentityPoolError::is_resource_not_found_exception;
    checks.refused("a deleted pool cannot be updated", answer, is_expected, text);
    let answer = client.describe_identity().identity_id(&identity).send().await;
    let what = "its identities went with it";
    let text = format!("Identity '{identity}' not found.");
    let is_expected = DescribeIdentityError::is_resource_not_found_exception;
    checks.refused(what, answer, is_expected, Text::Exactly(&text));

    let expected = map(&bare.id, &bare.name);
    checks.equal("the other pool is still listed", names(client).await?, expected);
    Ok(())
}

async fn describe(client: &Client, id: &str) -> Result<Pool, Box<dyn Error>> {
    Ok(Pool::from(client.describe_identity_pool().identity_pool_id(id).send().await?))
}

async fn names(client: &Client) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let answer = client.list_identity_pools().max_results(60).send().await?;
    let pools = answer.identity_pools.unwrap_or_default().into_iter();
    let name = |name: Option<String>| name.unwrap_or_default();
    Ok(pools.map(|pool| (name(pool.identity_pool_id), name(pool.identity_pool_name))).collect())
}

fn map(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

fn is_region_and_guid(id: &str) -> bool {
    let Some(guid) = id.strip_prefix("us-east-1:") else {
        return false;
    };
    let lengths: Vec<_> = guid.split('-').map(str::len).collect();
    let is_hex = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    lengths == [8, 4, 4, 4, 12] && guid.chars().all(is_hex)
}
