//! `DescribeIdentity`, `ListIdentities` and `DeleteIdentities`.

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_cognitoidentity::operation::describe_identity::DescribeIdentityError;
use aws_sdk_cognitoidentity::operation::list_identities::ListIdentitiesError;
use aws_sdk_cognitoidentity::types::IdentityDescription;

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{NOBODY, PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "identities").await?;
    let alice = scene.identity_of("alice").await?;
    let bob = scene.identity_of("bob").await?;
    let carol = scene.identity_of("carol").await?;
    let merge = scene.client.merge_developer_identities().identity_pool_id(&scene.pool);
    let merge = merge.developer_provider_name(PROVIDER).source_user_identifier("bob");
    merge.destination_user_identifier("alice").send().await?;

    let everyone = [&*alice, &*bob, &*carol];
    page(&scene, checks, "ListIdentities", None, &everyone).await?;
    page(&scene, checks, "ListIdentities with HideDisabled=false", Some(false), &everyone).await?;
    let enabled = [&*alice, &*carol];
    page(&scene, checks, "ListIdentities with HideDisabled", Some(true), &enabled).await?;
    refuse(&scene, checks).await?;
    delete(&scene, checks, &alice, &carol).await
}

/// Reads pages of one identity, and checks that they list exactly the expected identities as
/// described.
async fn page(
    scene: &Scene,
    checks: &mut Checks,
    what: &str,
    hide_disabled: Option<bool>,
    expected: &[&str],
) -> Result<(), Box<dyn Error>> {
    let ask = || {
        let request = scene.client.list_identities().identity_pool_id(&scene.pool);
        request.set_hide_disabled(hide_disabled)
    };
    let mut sizes = Vec::new();
    let mut pools = BTreeSet::new();
    let mut paged = Vec::new();
    let mut next_token = None;
    loop {
        let page = ask().max_results(1).set_next_token(next_token).send().await?;
        sizes.push(page.identities().len());
        pools.extend(page.identity_pool_id);
        paged.extend(page.identities.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() || sizes.len() > expected.len() {
            break;
        }
    }
    checks.equal(&format!("{what} fills pages of one"), sizes, vec![1; expected.len()]);
    let pool = BTreeSet::from([scene.pool.clone()]);
    checks.equal(&format!("{what} names the pool on each page"), pools, pool);
    let mut described = Vec::new();
    for identity in expected {
        described.push(scene.describe(identity).await?);
    }
    let what_described = format!("{what} finds what DescribeIdentity describes");
    checks.equal(&what_described, sorted(paged.clone()), sorted(described));
    let whole = ask().max_results(60).send().await?;
    checks.equal(&format!("{what} keeps its order in pages"), whole.identities(), paged);
    checks.equal(&format!("{what} ends without a NextToken"), whole.next_token, None);
    Ok(())
}

async fn refuse(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let request = scene.client.describe_identity().identity_id(NOBODY).send();
    let text = format!("Identity '{NOBODY}' not found.");
    let what = "describing an unknown identity is a ResourceNotFoundException";
    let is_expected = DescribeIdentityError::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let ask = || scene.client.list_identities().max_results(1);
    let request = ask().identity_pool_id(NOBODY).send();
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let what = "listing an unknown pool is a ResourceNotFoundException";
    let is_expected = ListIdentitiesError::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = ask().identity_pool_id(&scene.pool).next_token("nonsense").send();
    let what = "listing from a NextToken never given out is an InvalidParameterException";
    let is_expected = ListIdentitiesError::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await?;

    let request = ask().identity_pool_id(&scene.pool).max_results(0).send();
    let text = Text::Violations(&[Broken(
        "'0'",
        "maxResults",
        "Member must have value greater than or equal to 1",
    )]);
    let what = "a page of no identities is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let none = Some(Vec::new());
    let request = scene.client.delete_identities().set_identity_ids_to_delete(none).send();
    let text = Text::Violations(&[Broken(
        "'[]'",
        "identityIdsToDelete",
        "Member must have length greater than or equal to 1",
    )]);
    let what = "deleting no identities is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn delete(
    scene: &Scene,
    checks: &mut Checks,
    alice: &str,
    carol: &str,
) -> Result<(), Box<dyn Error>> {
    let before = scene.picture().await?;
    let mut request = scene.client.delete_identities();
    for identity in [carol, NOBODY, carol] {
        request = request.identity_ids_to_delete(identity);
    }
    let unprocessed = request.send().await?.unprocessed_identity_ids;
    checks.equal("DeleteIdentities leaves nothing unprocessed", unprocessed, Some(Vec::new()));
    let answer = scene.client.describe_identity().identity_id(carol).send().await;
    let text = format!("Identity '{carol}' not found.");
    let is_expected = DescribeIdentityError::is_resource_not_found_exception;
    let what = "a deleted identity cannot be described";
    checks.refused(what, answer, is_expected, Text::Exactly(&text));
    let mut expected = before;
    expected.identities.retain(|identity| identity.identity_id() != Some(carol));
    expected.users.remove(carol);
    checks.equal("the other identities are as before", scene.picture().await?, expected);

    let fresh = scene.identity_of("carol").await?;
    checks.that("its user is free and gets a new identity", &fresh, |fresh| *fresh != carol);
    checks.equal("and the other user keeps the old one", scene.identity_of("bob").await?, alice);
    Ok(())
}

fn sorted(mut identities: Vec<IdentityDescription>) -> Vec<IdentityDescription> {
    identities.sort_by(|a, b| a.identity_id.cmp(&b.identity_id));
    identities
}
