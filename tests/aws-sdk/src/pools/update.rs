//! `UpdateIdentityPool`: omitted settings are reset, with two exceptions.

use std::error::Error;

use aws_sdk_cognitoidentity::Client;
use aws_sdk_cognitoidentity::operation::update_identity_pool::UpdateIdentityPoolError;

use super::{describe, map};
use crate::check::{Checks, Text};
use crate::scene::Pool;

pub async fn tell(
    client: &Client,
    checks: &mut Checks,
    full: &Pool,
    bare: &Pool,
) -> Result<(), Box<dyn Error>> {
    let request = |pool: &Pool| client.update_identity_pool().identity_pool_id(&pool.id);

    let answer = request(full)
        .identity_pool_name("renamed pool")
        .allow_unauthenticated_identities(false)
        .supported_login_providers("www.amazon.com", "amzn1.application.188a56d8")
        .send()
        .await?;
    let expected = Pool {
        id: full.id.clone(),
        name: "renamed pool".to_owned(),
        login_providers: Some(map("www.amazon.com", "amzn1.application.188a56d8")),
        developer_provider: full.developer_provider.clone(),
        tags: full.tags.clone(),
        ..Pool::default()
    };
    let what = "UpdateIdentityPool resets what is left out, but for developer provider and tags";
    checks.equal(what, &Pool::from(answer), &expected);
    let described = describe(client, &full.id).await?;
    checks.equal("DescribeIdentityPool answers the updated pool", &described, &expected);

    let other =
        request(full).identity_pool_name("renamed again").developer_provider_name("login.other");
    let answer = other.allow_unauthenticated_identities(true).send().await;
    let text = "Developer provider name cannot be changed once it has been set.";
    let what = "another developer provider is an InvalidParameterException";
    let is_expected = UpdateIdentityPoolError::is_invalid_parameter_exception;
    checks.refused(what, answer, is_expected, Text::Exactly(text));
    let described = describe(client, &full.id).await?;
    checks.equal(&format!("{what}: nothing changed"), &described, &expected);

    let later =
        request(bare).identity_pool_name("bare pool").allow_unauthenticated_identities(false);
    let answer = Pool::from(later.developer_provider_name("login.later").send().await?);
    let expected = Pool { developer_provider: Some("login.later".to_owned()), ..bare.clone() };
    checks.equal("a developer provider can be set later", &answer, &expected);
    let described = describe(client, &bare.id).await?;
    checks.equal("and is described from then on", &described, &expected);
    Ok(())
}
