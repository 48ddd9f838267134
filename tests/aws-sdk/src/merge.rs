//! `MergeDeveloperIdentities`: two users permanently become one identity.

use std::error::Error;
use std::time::Duration;

use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::operation::merge_developer_identities::{
    MergeDeveloperIdentitiesError as Refused,
    builders::MergeDeveloperIdentitiesFluentBuilder as AskMerge,
};
use aws_sdk_cognitoidentity::types::IdentityDescription;
use developer_token::GetOpenIdTokenForDeveloperIdentityError as TokenRefused;

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{NOBODY, PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "merge").await?;
    let alice = scene.identity_of("alice").await?;
    let bob = scene.identity_of("bob").await?;
    merge(&scene, checks, &alice, &bob).await?;
    refuse_disabled(&scene, checks, &bob).await?;
    refuse(&scene, checks).await?;
    fill(&scene, checks, &alice).await
}

async fn merge(
    scene: &Scene,
    checks: &mut Checks,
    alice: &str,
    bob: &str,
) -> Result<(), Box<dyn Error>> {
    let before = scene.describe(bob).await?;
    // Dates are stored in milliseconds, and this one must be later than the last.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let answer = ask(scene, "bob", "alice").send().await?;
    let what = "a merge answers the destination's identity";
    checks.equal(what, answer.identity_id(), Some(alice));
    checks.equal("the destination keeps its identity", scene.identity_of("alice").await?, alice);
    checks.equal("the source moves to that identity", scene.identity_of("bob").await?, alice);
    let what = "the merged identity has both users";
    checks.equal(what, scene.users_of(alice).await?, ["alice", "bob"]);
    checks.equal("the emptied identity has none", scene.users_of(bob).await?, [""; 0]);

    let merged = scene.describe(alice).await?;
    checks.that("the merged identity was modified", &merged, is_modified);
    checks.equal("the merged identity names its provider once", merged.logins(), [PROVIDER]);
    let emptied = scene.describe(bob).await?;
    checks.that("the emptied identity was modified", &emptied, is_modified);
    let what = "the emptied identity is described as disabled";
    checks.equal(what, emptied.logins(), ["DISABLED"]);
    let what = "the emptied identity keeps its date of creation";
    checks.equal(what, emptied.creation_date, before.creation_date);

    let before = scene.picture().await?;
    let answer = ask(scene, "bob", "alice").send().await?;
    checks.equal("a second merge answers the same", answer.identity_id(), Some(alice));
    checks.equal("a second merge changes nothing", scene.picture().await?, before);
    Ok(())
}

async fn refuse_disabled(
    scene: &Scene,
    checks: &mut Checks,
    bob: &str,
) -> Result<(), Box<dyn Error>> {
    let request = scene.ask_for("dave").identity_id(bob).send();
    let text = format!("Access to Identity '{bob}' is forbidden.");
    let what = "a new user for a disabled identity is a NotAuthorizedException";
    let is_expected = TokenRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await
}

async fn refuse(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    scene.identity_of("carol").await?;
    let is_expected = Refused::is_resource_not_found_exception;
    let text = Text::Exactly("Developer user identifier 'nobody' not found.");
    let request = ask(scene, "nobody", "alice").send();
    let what = "a merge of an unknown source is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = ask(scene, "carol", "nobody").send();
    let what = "a merge into an unknown destination is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, text).await?;

    let request = ask(scene, "carol", "alice").identity_pool_id(NOBODY).send();
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let what = "a merge in an unknown pool is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = ask(scene, "carol", "alice").developer_provider_name("login.other").send();
    let text =
        Text::Exactly("This identity pool does not support the specified developer provider");
    let what = "a merge for a wrong provider is an InvalidParameterException";
    let is_expected = Refused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    let request = ask(scene, "", "alice").developer_provider_name("a b").send();
    let text = Text::Violations(&[
        Broken("''", "sourceUserIdentifier", "Member must have length greater than or equal to 1"),
        Broken(
            "'a b'",
            "developerProviderName",
            r"Member must satisfy regular expression pattern: [\w._-]+",
        ),
    ]);
    let what = "a merge with two broken constraints reports both";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn fill(scene: &Scene, checks: &mut Checks, alice: &str) -> Result<(), Box<dyn Error>> {
    for number in 3..=20 {
        scene.ask_for(&format!("alice{number}")).identity_id(alice).send().await?;
    }
    checks.equal("an identity takes twenty users", scene.users_of(alice).await?.len(), 20);
    let text = Text::Exactly("The number of linked logins cannot exceed 20.");
    let request = scene.ask_for("alice21").identity_id(alice).send();
    let what = "a twenty-first user is a ResourceConflictException";
    let is_expected = TokenRefused::is_resource_conflict_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = ask(scene, "carol", "alice").send();
    let what = "a merge to twenty-one users is a ResourceConflictException";
    scene.refuses(checks, what, request, Refused::is_resource_conflict_exception, text).await
}

fn ask(scene: &Scene, source: &str, destination: &str) -> AskMerge {
    scene
        .client
        .merge_developer_identities()
        .identity_pool_id(&scene.pool)
        .developer_provider_name(PROVIDER)
        .source_user_identifier(source)
        .destination_user_identifier(destination)
}

fn is_modified(identity: &IdentityDescription) -> bool {
    identity.creation_date.is_some() && identity.last_modified_date > identity.creation_date
}
