//! `LookupDeveloperIdentity`, in both directions and in pages.

use std::error::Error;

use aws_sdk_cognitoidentity::operation::lookup_developer_identity::{
    LookupDeveloperIdentityError as Refused,
    builders::LookupDeveloperIdentityFluentBuilder as AskLookup,
};

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{NOBODY, Scene, World};

const USERS: [&str; 3] = ["anna", "anna@home", "anna@work"];

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "lookup").await?;
    let anna = scene.identity_of(USERS[0]).await?;
    // Not in alphabetical order, so that the order of the pages is the server's own.
    for user in [USERS[2], USERS[1]] {
        scene.ask_for(user).identity_id(&anna).send().await?;
    }
    let otto = scene.identity_of("otto").await?;

    find(&scene, checks, &anna, &otto).await?;
    let by_identity = scene.lookup().identity_id(&anna);
    page(checks, "a lookup by identity", by_identity, &anna).await?;
    let by_user = scene.lookup().developer_user_identifier(USERS[1]);
    page(checks, "a lookup by user", by_user, &anna).await?;
    refuse(&scene, checks, &anna).await
}

async fn find(
    scene: &Scene,
    checks: &mut Checks,
    anna: &str,
    otto: &str,
) -> Result<(), Box<dyn Error>> {
    for (user, identity, users) in [(USERS[1], anna, &USERS[..]), ("otto", otto, &["otto"])] {
        let answer = scene.lookup().developer_user_identifier(user).send().await?;
        let what = format!("a lookup of {user} finds the identity");
        checks.equal(&what, answer.identity_id(), Some(identity));
        let what = format!("a lookup of {user} finds all users of that identity");
        checks.equal(&what, sorted(answer.developer_user_identifier_list), users);
        checks.equal(&format!("a lookup of {user} is one page"), answer.next_token, None);
    }
    let answer = scene.lookup().identity_id(anna).send().await?;
    let what = "a lookup by identity answers the identity";
    checks.equal(what, answer.identity_id(), Some(anna));
    let what = "a lookup by identity finds all its users";
    checks.equal(what, sorted(answer.developer_user_identifier_list), USERS);

    let request = scene.lookup().identity_id(anna).developer_user_identifier(USERS[2]);
    let answer = request.send().await?;
    let what = "a lookup of identity and user answers the identity";
    checks.equal(what, answer.identity_id(), Some(anna));
    let what = "a lookup of identity and user answers that user alone";
    checks.equal(what, answer.developer_user_identifier_list(), [USERS[2]]);
    Ok(())
}

async fn page(
    checks: &mut Checks,
    what: &str,
    request: AskLookup,
    identity: &str,
) -> Result<(), Box<dyn Error>> {
    let whole = request.clone().send().await?.developer_user_identifier_list.unwrap_or_default();
    let mut sizes = Vec::new();
    let mut identities = Vec::new();
    let mut users = Vec::new();
    let mut next_token = None;
    loop {
        let page = request.clone().max_results(2).set_next_token(next_token).send().await?;
        sizes.push(page.developer_user_identifier_list().len());
        identities.extend(page.identity_id);
        users.extend(page.developer_user_identifier_list.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() || sizes.len() > 2 {
            break;
        }
    }
    checks.equal(&format!("{what} fills pages of two"), sizes, [2, 1]);
    checks.equal(&format!("{what} names the identity on each page"), identities, [identity; 2]);
    checks.equal(&format!("{what} keeps its order in pages"), users, whole);
    Ok(())
}

async fn refuse(scene: &Scene, checks: &mut Checks, anna: &str) -> Result<(), Box<dyn Error>> {
    let request = scene.lookup().identity_id(anna).developer_user_identifier("otto").send();
    let text = format!(
        "The specified developer user identifier is not associated with identity '{anna}'."
    );
    let what = "an identity and a user of another are a ResourceConflictException";
    let is_expected = Refused::is_resource_conflict_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = scene.lookup().identity_id(NOBODY).send();
    let text = format!("Identity '{NOBODY}' not found.");
    let what = "an unknown identity is a ResourceNotFoundException";
    let is_expected = Refused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = scene.lookup().developer_user_identifier("Anna").send();
    let text = Text::Exactly("Developer user identifier 'Anna' not found.");
    let what = "an unknown user is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, text).await?;

    let request = scene.lookup().identity_pool_id(NOBODY).identity_id(anna).send();
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let what = "a lookup in an unknown pool is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let text = Text::Exactly("Either IdentityId or DeveloperUserIdentifier must be provided.");
    let what = "a lookup of nothing is an InvalidParameterException";
    let is_expected = Refused::is_invalid_parameter_exception;
    scene.refuses(checks, what, scene.lookup().send(), is_expected, text).await?;

    let request = scene.lookup().identity_id(anna).next_token("nonsense").send();
    let what = "a lookup with a NextToken never given out is an InvalidParameterException";
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await?;

    let request = scene.lookup().identity_id(anna).max_results(61).send();
    let text = Text::Violations(&[Broken(
        "'61'",
        "maxResults",
        "Member must have value less than or equal to 60",
    )]);
    let what = "a lookup of 61 at once is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

fn sorted(users: Option<Vec<String>>) -> Vec<String> {
    let mut users = users.unwrap_or_default();
    users.sort_unstable();
    users
}
