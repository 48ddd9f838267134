//! Tokens for developer users: their identities and their claims.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::types::IdentityDescription;
use developer_token::GetOpenIdTokenForDeveloperIdentityError as Refused;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use serde_json::{Value, json};

use crate::check::{Checks, Text};
use crate::scene::{ACCOUNT, NOBODY, PROVIDER, REGION, Scene, World};
use crate::token::{Verified, spliced, verify};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "developer identities").await?;
    read_token(world, &scene, checks).await?;
    shape_token(world, &scene, checks).await?;
    find_identity(&scene, checks).await?;
    refuse_identity(world, &scene, checks).await?;
    refuse_provider(world, &scene, checks).await
}

async fn read_token(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let answer = scene.ask_for("alice").send().await?;
    let (alice, token) = (answer.identity_id.unwrap_or_default(), answer.token.unwrap_or_default());
    let keys = world.server.published_keys()?;
    checks.that("the published keys are RSA keys for RS512 signatures", &keys.keys, |keys| {
        !keys.is_empty() && keys.iter().all(is_rs512_key)
    });
    let header = jsonwebtoken::decode_header(&token)?;
    checks.equal("a token's header says RS512", header.alg, Algorithm::RS512);
    checks.equal("a token's header says JWS", header.typ.as_deref(), Some("JWS"));
    let verified = verify(&token, &keys, &scene.pool);
    let verdict = verified.as_ref().err().map(ToString::to_string);
    checks.equal("a token verifies with a published key", verdict, None);
    let verified = verified?;
    let expected = expected_claims(scene, &alice, "alice");
    checks.equal("a token says who, where and how", verified.timeless_claims(), expected);
    let duration = verified.duration_secs();
    checks.equal("a token is good for 900 seconds by default", duration, Some(900));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let issued = verified.claims.get("iat").and_then(Value::as_u64);
    checks.that("a token was issued now", &issued, |issued| {
        issued.is_some_and(|issued| issued.abs_diff(now) < 60)
    });

    let other = scene.ask_for("bob").send().await?.token.unwrap_or_default();
    let forged = spliced(&token, &other).unwrap_or_default();
    let verdict = verify(&forged, &keys, &scene.pool).err().map(|error| error.to_string());
    let what = "a token under another token's signature does not verify";
    checks.equal(what, verdict.as_deref(), Some("InvalidSignature"));
    Ok(())
}

async fn shape_token(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let alice = scene.identity_of("alice").await?;
    let answer = scene.ask_for("alice").token_duration(3600).send().await?;
    let duration = read(world, scene, answer.token)?.duration_secs();
    checks.equal("a token of 3600 seconds", duration, Some(3600));
    let answer = scene.ask_for("alice").token_duration(86_400).send().await?;
    let duration = read(world, scene, answer.token)?.duration_secs();
    checks.equal("a token of a day", duration, Some(86_400));

    let request = scene.ask_for("alice").principal_tags("team", "red");
    let answer = request.principal_tags("cost center", "42").send().await?;
    let mut expected = expected_claims(scene, &alice, "alice");
    expected["https://aws.amazon.com/tags"] =
        json!({ "principal_tags": { "cost center": ["42"], "team": ["red"] } });
    let claims = read(world, scene, answer.token)?.timeless_claims();
    checks.equal("principal tags are in the token, each in an array", claims, expected);
    let answer = scene.ask_for("alice").send().await?;
    let claims = read(world, scene, answer.token)?.timeless_claims();
    let what = "principal tags are not remembered";
    checks.equal(what, claims, expected_claims(scene, &alice, "alice"));

    let odd = "a:b / \"ü\" \\ 💎";
    let answer = scene.ask_for(odd).send().await?;
    let identity = answer.identity_id.unwrap_or_default();
    let claims = read(world, scene, answer.token)?.timeless_claims();
    let what = "a user with colons, quotes and code points beyond ASCII";
    checks.equal(what, claims, expected_claims(scene, &identity, odd));
    checks.equal("is looked up as such", scene.users_of(&identity).await?, [odd]);
    Ok(())
}

async fn find_identity(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let carol = scene.identity_of("carol").await?;
    let fresh = scene.describe(&carol).await?;
    let expected = IdentityDescription::builder()
        .identity_id(&carol)
        .logins(PROVIDER)
        .set_creation_date(fresh.creation_date)
        .set_last_modified_date(fresh.creation_date)
        .build();
    checks.equal("DescribeIdentity answers a fresh identity", &fresh, &expected);
    checks.that("and knows when it was made", &fresh.creation_date, Option::is_some);

    let before = scene.picture().await?;
    checks.equal("the same user has the same identity", scene.identity_of("carol").await?, &*carol);
    let answer = scene.ask_for("carol").identity_id(&carol).send().await?;
    let what = "the same user with the same IdentityId";
    checks.equal(what, answer.identity_id(), Some(&*carol));
    checks.equal("asking again changes nothing", scene.picture().await?, before);

    let other = scene.identity_of("Carol").await?;
    checks.that("letter case tells users apart", &other, |other| *other != carol);

    let answer = scene.ask_for("carol@work").identity_id(&carol).send().await?;
    let what = "a new user is linked to the given identity";
    checks.equal(what, answer.identity_id(), Some(&*carol));
    let users = scene.users_of(&carol).await?;
    checks.equal("which then has both users", users, ["carol", "carol@work"]);
    checks.equal("the new user has that identity", scene.identity_of("carol@work").await?, &*carol);
    let logins = scene.describe(&carol).await?.logins.unwrap_or_default();
    checks.equal("its provider is described once", logins, [PROVIDER]);
    Ok(())
}

async fn refuse_identity(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let alice = scene.identity_of("alice").await?;
    scene.identity_of("bob").await?;
    let request = scene.ask_for("bob").identity_id(&alice).send();
    let text = "This developer user identifier is already registered with Cognito.";
    let what = "a user of another identity is a DeveloperUserAlreadyRegisteredException";
    let is_expected = Refused::is_developer_user_already_registered_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(text)).await?;

    let request = scene.ask_for("dave").identity_id(NOBODY).send();
    let text = format!("Identity '{NOBODY}' not found.");
    let what = "an unknown IdentityId is a ResourceNotFoundException";
    let is_expected = Refused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let elsewhere = Scene::new(world, "another pool").await?;
    let stranger = elsewhere.identity_of("alice").await?;
    checks.that("a user has another identity in another pool", &stranger, |id| *id != alice);
    let request = scene.ask_for("dave").identity_id(&stranger).send();
    let text = format!("Identity '{stranger}' not found.");
    let what = "an IdentityId of another pool is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = scene.ask_for("dave").identity_pool_id(NOBODY).send();
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let what = "an unknown pool is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await
}

async fn refuse_provider(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let is_expected = Refused::is_invalid_parameter_exception;
    let text =
        Text::Exactly("This identity pool does not support the specified developer provider");
    let request = scene.ask().logins("login.other", "dave").send();
    let what = "a wrong developer provider is an InvalidParameterException";
    scene.refuses(checks, what, request, is_expected, text).await?;

    let client = world.client(ACCOUNT, REGION);
    let created = client.create_identity_pool().identity_pool_name("without a developer provider");
    let pool = created.allow_unauthenticated_identities(true).send().await?.identity_pool_id;
    let bare = Scene::of(world, client, pool);
    let request = bare.ask_for("dave").send();
    let what = "any developer provider is one too if the pool has none";
    bare.refuses(checks, what, request, is_expected, text).await
}

fn expected_claims(scene: &Scene, identity: &str, user: &str) -> Value {
    let pool = &scene.pool;
    json!({
        "sub": identity,
        "aud": pool,
        "amr": ["authenticated", PROVIDER, format!("{PROVIDER}:{pool}:{user}")],
        "iss": "https://cognito-identity.amazonaws.com",
        "https://cognito-identity.amazonaws.com/identity-pool-arn":
            format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}"),
    })
}

fn is_rs512_key(key: &Jwk) -> bool {
    key.common.key_algorithm == Some(KeyAlgorithm::RS512)
        && key.common.public_key_use == Some(PublicKeyUse::Signature)
        && key.common.key_id.is_some()
        && matches!(key.algorithm, AlgorithmParameters::RSA(_))
}

fn read(world: &World, scene: &Scene, token: Option<String>) -> Result<Verified, Box<dyn Error>> {
    verify(&token.unwrap_or_default(), &world.server.published_keys()?, &scene.pool)
}
