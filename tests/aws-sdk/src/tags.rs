//! `TagResource`, `UntagResource` and `ListTagsForResource`.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use aws_sdk_cognitoidentity::operation::{
    list_tags_for_resource::ListTagsForResourceError as ListRefused,
    tag_resource::TagResourceError as TagRefused,
    untag_resource::UntagResourceError as UntagRefused,
};

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{ACCOUNT, NOBODY, REGION, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "tags").await?;
    let arn = arn_of(ACCOUNT, &scene.pool);
    change(&scene, checks, &arn).await?;
    refuse_resources(world, &scene, checks, &arn).await?;
    refuse_tags(&scene, checks, &arn).await
}

async fn change(scene: &Scene, checks: &mut Checks, arn: &str) -> Result<(), Box<dyn Error>> {
    checks.equal("a pool without tags lists none", list(scene, arn).await?, map(&[]));
    let request = scene.client.tag_resource().resource_arn(arn);
    request.tags("team", "red").tags("cost center", "42").send().await?;
    let expected = map(&[("team", "red"), ("cost center", "42")]);
    checks.equal("tags are listed as they were added", &list(scene, arn).await?, &expected);
    let tags = scene.picture().await?.pool.tags;
    checks.equal("and the pool is described with them", tags, Some(expected));

    let request = scene.client.tag_resource().resource_arn(arn);
    request.tags("team", "").tags("Team", "blue").tags("größe_.:/=+-@", "ü").send().await?;
    let expected =
        map(&[("team", ""), ("Team", "blue"), ("cost center", "42"), ("größe_.:/=+-@", "ü")]);
    let what = "an equal key is overwritten, and letter case tells keys apart";
    checks.equal(what, &list(scene, arn).await?, &expected);

    let request = scene.client.update_identity_pool().identity_pool_id(&scene.pool);
    let request = request.identity_pool_name("tags").allow_unauthenticated_identities(false);
    request.send().await?;
    let what = "tags survive an update that leaves them out";
    checks.equal(what, &list(scene, arn).await?, &expected);

    let request = scene.client.untag_resource().resource_arn(arn);
    request.tag_keys("Team").tag_keys("cost center").tag_keys("absent").send().await?;
    let expected = map(&[("team", ""), ("größe_.:/=+-@", "ü")]);
    let what = "untagging removes tags, and passes over a key that is not there";
    checks.equal(what, &list(scene, arn).await?, &expected);
    Ok(())
}

async fn refuse_resources(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
    arn: &str,
) -> Result<(), Box<dyn Error>> {
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let text = Text::Exactly(&text);
    let unknown = arn_of(ACCOUNT, NOBODY);
    let request = scene.client.tag_resource().resource_arn(&unknown).tags("a", "b").send();
    let what = "tagging an unknown pool is a ResourceNotFoundException";
    let is_expected = TagRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = scene.client.untag_resource().resource_arn(&unknown).tag_keys("a").send();
    let what = "untagging an unknown pool is a ResourceNotFoundException";
    let is_expected = UntagRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = scene.client.list_tags_for_resource().resource_arn(&unknown).send();
    let what = "the tags of an unknown pool are a ResourceNotFoundException";
    let is_expected = ListRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    let stranger = world.client("222222222222", REGION);
    let text = format!("IdentityPool '{}' not found.", scene.pool);
    let text = Text::Exactly(&text);
    let others = arn_of("222222222222", &scene.pool);
    for (who, arn) in [("the owner's", arn), ("another account's", &others)] {
        let request = stranger.tag_resource().resource_arn(arn).tags("a", "b").send();
        let what = format!("another account cannot tag the pool by {who} ARN");
        let is_expected = TagRefused::is_resource_not_found_exception;
        scene.refuses(checks, &what, request, is_expected, text).await?;
    }

    for (what, malformed) in [
        ("a role", "arn:aws:iam::123456789012:role/user".to_owned()),
        ("a text", "identitypool/us-east-1:none".to_owned()),
        ("an ARN without a pool", "arn:aws:cognito-identity:us-east-1:123456789012:".to_owned()),
        ("a user pool", arn.replace("cognito-identity", "cognito-idp")),
    ] {
        let request = scene.client.list_tags_for_resource().resource_arn(malformed).send();
        let what = format!("the tags of {what} are an InvalidParameterException");
        let is_expected = ListRefused::is_invalid_parameter_exception;
        scene.refuses(checks, &what, request, is_expected, Text::Unspecified).await?;
    }

    let request = scene.client.list_tags_for_resource().resource_arn("arn:aws").send();
    let length = "Member must have length greater than or equal to 20";
    let text = Text::Violations(&[Broken("'arn:aws'", "resourceArn", length)]);
    let what = "an ARN of less than 20 characters is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;
    let request = scene.client.tag_resource().send();
    let text = Text::Violations(&[
        Broken("null", "resourceArn", "Member must not be null"),
        Broken("null", "tags", "Member must not be null"),
    ]);
    let what = "tagging nothing with nothing is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn refuse_tags(scene: &Scene, checks: &mut Checks, arn: &str) -> Result<(), Box<dyn Error>> {
    let is_expected = TagRefused::is_invalid_parameter_exception;
    for (key, value) in [("aws:team", "red"), ("AWS:team", "red"), ("a#b", "red"), ("a", "<red>")] {
        let request = scene.client.tag_resource().resource_arn(arn).tags(key, value).send();
        let what = format!("the tag {key}={value} is an InvalidParameterException");
        scene.refuses(checks, &what, request, is_expected, Text::Unspecified).await?;
    }
    let long = "ü".repeat(129);
    let request = scene.client.tag_resource().resource_arn(arn).tags(long, "red").send();
    let what = "a key of 129 code points is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, Text::Unspecified).await?;
    let request = scene.client.tag_resource().resource_arn(arn).tags("a", "ü".repeat(257)).send();
    let what = "a value of 257 code points is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, Text::Unspecified).await?;

    let have = list(scene, arn).await?.len();
    let more: HashMap<_, _> =
        (have..50).map(|number| (format!("tag{number}"), "ü".repeat(256))).collect();
    scene.client.tag_resource().resource_arn(arn).set_tags(Some(more)).send().await?;
    checks.equal("a pool takes fifty tags", list(scene, arn).await?.len(), 50);
    let request = scene.client.tag_resource().resource_arn(arn).tags("one more", "red").send();
    let what = "a fifty-first tag is refused";
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await
}

async fn list(scene: &Scene, arn: &str) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let answer = scene.client.list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.ok_or("an answer without Tags")?.into_iter().collect())
}

fn arn_of(account: &str, pool: &str) -> String {
    format!("arn:aws:cognito-identity:{REGION}:{account}:identitypool/{pool}")
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
