//! `SetPrincipalTagAttributeMap` and `GetPrincipalTagAttributeMap`, and the tags in tokens.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_cognitoidentity::operation::{
    get_credentials_for_identity::GetCredentialsForIdentityError as CredentialsRefused,
    get_principal_tag_attribute_map::{
        GetPrincipalTagAttributeMapError as GetRefused, GetPrincipalTagAttributeMapOutput,
        builders::GetPrincipalTagAttributeMapFluentBuilder as AskMap,
    },
    set_principal_tag_attribute_map::{
        SetPrincipalTagAttributeMapError as SetRefused, SetPrincipalTagAttributeMapOutput,
        builders::SetPrincipalTagAttributeMapFluentBuilder as AskSet,
    },
};
use serde_json::{Value, json};

use crate::anyone::COGNITO;
use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::issuer::{GOOGLE, Issuer, OIDC_ARN, USER_POOL};
use crate::scene::{NOBODY, Scene, World};

/// An attribute map. Two operations answer it in two types with the same members.
#[derive(Debug, Clone, PartialEq)]
struct Map {
    pool: Option<String>,
    provider: Option<String>,
    defaults: Option<bool>,
    tags: Option<HashMap<String, String>>,
}

macro_rules! map_from {
    ($($output:ty),*) => {$(
        impl From<$output> for Map {
            fn from(map: $output) -> Self {
                Self {
                    pool: map.identity_pool_id,
                    provider: map.identity_provider_name,
                    defaults: map.use_defaults,
                    tags: map.principal_tags,
                }
            }
        }
    )*};
}

map_from!(GetPrincipalTagAttributeMapOutput, SetPrincipalTagAttributeMapOutput);

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "attributes").await?;
    replace(&scene, checks).await?;
    tag_tokens(world, &scene, checks).await?;
    limit_length(world, &scene, checks).await?;
    refuse(&scene, checks).await
}

async fn replace(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    for provider in [USER_POOL, GOOGLE, OIDC_ARN] {
        let mut expected = Map {
            pool: Some(scene.pool.clone()),
            provider: Some(provider.to_owned()),
            defaults: Some(false),
            tags: None,
        };
        not_found(scene, checks, provider, "that was never set").await?;

        let request = ask_set(scene, provider).principal_tags("team", "custom:team");
        let request = request.principal_tags("cost center", "https://example.com/cost");
        let set = Map::from(request.use_defaults(false).send().await?);
        expected.tags =
            Some(tags(&[("team", "custom:team"), ("cost center", "https://example.com/cost")]));
        let what = format!("SetPrincipalTagAttributeMap of {provider} answers what was set");
        checks.equal(&what, &set, &expected);
        let found = Map::from(ask_map(scene, provider).send().await?);
        let what = format!("GetPrincipalTagAttributeMap of {provider} answers the same");
        checks.equal(&what, &found, &expected);

        ask_set(scene, provider).principal_tags("team", "group").send().await?;
        let found = Map::from(ask_map(scene, provider).send().await?);
        let what = format!("a map of {provider} is replaced as a whole");
        checks.equal(&what, found.tags, Some(tags(&[("team", "group")])));
    }

    // Terraform deletes a map in this way.
    let none = Some(HashMap::new());
    let request = ask_set(scene, GOOGLE).use_defaults(true).set_principal_tags(none);
    let set = request.send().await?;
    checks.equal("a map can be given back to the defaults", set.use_defaults, Some(true));
    let found = ask_map(scene, GOOGLE).send().await?;
    checks.equal("and is answered as such", found.use_defaults, Some(true));
    let defaults = Some(tags(&[("client", "aud"), ("username", "sub")]));
    checks.equal("with the tags of the defaults", found.principal_tags, defaults.clone());
    let request = ask_set(scene, GOOGLE).use_defaults(true).principal_tags("team", "group");
    let set = request.send().await?.principal_tags;
    checks.equal("the defaults come instead of a map beside them", set, defaults);
    let removed = ask_set(scene, OIDC_ARN).use_defaults(false).send().await?;
    let what = "a map without defaults and tags is answered so";
    checks.equal(what, (removed.use_defaults, removed.principal_tags), (Some(false), None));
    not_found(scene, checks, OIDC_ARN, "that was removed").await
}

async fn not_found(
    scene: &Scene,
    checks: &mut Checks,
    provider: &str,
    which: &str,
) -> Result<(), Box<dyn Error>> {
    let request = ask_map(scene, provider).send();
    let what = format!("a map of {provider} {which} is a ResourceNotFoundException");
    let is_expected = GetRefused::is_resource_not_found_exception;
    scene.refuses(checks, &what, request, is_expected, Text::Unspecified).await
}

async fn tag_tokens(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuers = &world.issuers;
    let more = json!({ "custom:team": "red", "level": 7, "empty": "", "list": ["a", "b"] });
    ask_set(scene, USER_POOL)
        .principal_tags("team", "custom:team")
        .principal_tags("user", "sub")
        .principal_tags("absent", "nowhere")
        .send()
        .await?;
    let found = tags_of(world, scene, &issuers.user_pool, &more).await?;
    let what = "mapped claims are in the token, each in an array, and missing ones are not";
    checks.equal(what, found, json!({ "team": ["red"], "user": ["alice"] }));
    let found = tags_of(world, scene, &issuers.oidc, &more).await?;
    checks.equal("the map of one provider is not another's", found, Value::Null);

    ask_set(scene, OIDC_ARN).principal_tags("squad", "custom:team").send().await?;
    let found = tags_of(world, scene, &issuers.oidc, &more).await?;
    let what = "the map of an OpenID Connect provider is named by its ARN";
    checks.equal(what, found, json!({ "squad": ["red"] }));

    let found = tags_of(world, scene, &issuers.google, &more).await?;
    let what = "the defaults are client and username";
    checks.equal(what, found, json!({ "client": [issuers.google.client], "username": ["alice"] }));

    let request = scene.ask_for("dora").principal_tags("team", "blue");
    let answer = request.send().await?;
    let claims = scene.read(world, answer.token.clone())?;
    let found = claims["https://aws.amazon.com/tags"]["principal_tags"].clone();
    checks.equal("a developer's tags are not mapped", found, json!({ "team": ["blue"] }));
    let identity = answer.identity_id.unwrap_or_default();
    let token = answer.token.unwrap_or_default();
    let answer = scene.ask_credentials(&identity).logins(COGNITO, token).send().await?;
    let what = "a developer's token with tags is good for credentials";
    checks.that(what, &answer.credentials, Option::is_some);
    Ok(())
}

async fn limit_length(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuer = &world.issuers.user_pool;
    let set = ask_set(scene, USER_POOL).principal_tags("a", "first");
    set.principal_tags("b", "second").send().await?;
    let alice = scene.known(issuer, "alice").await?;
    let ask = |length: usize| {
        let mut claims = issuer.claims("alice");
        claims["first"] = "x".repeat(229).into();
        claims["second"] = "y".repeat(length).into();
        let token = issuer.sign(&claims)?;
        Ok::<_, Box<dyn Error>>(scene.ask_credentials(&alice).logins(USER_POOL, token))
    };
    let answer = ask(229)?.send().await?;
    let what = "mapped tags of 460 bytes are good for credentials";
    checks.that(what, &answer.credentials, Option::is_some);
    let request = ask(230)?.send();
    let text = Text::Exactly(
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    );
    let what = "mapped tags of 461 bytes are refused as the pool's configuration";
    let is_expected = CredentialsRefused::is_invalid_identity_pool_configuration_exception;
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn refuse(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let kept = Map::from(ask_map(scene, USER_POOL).send().await?);
    for provider in ["graph.facebook.com", "login.example.com"] {
        let request = ask_set(scene, provider).use_defaults(true).send();
        let what = format!("a map for {provider} is an InvalidParameterException");
        let is_expected = SetRefused::is_invalid_parameter_exception;
        scene.refuses(checks, &what, request, is_expected, Text::Unspecified).await?;
        let request = ask_map(scene, provider).send();
        let what = format!("the map of {provider} is a ResourceNotFoundException");
        let is_expected = GetRefused::is_resource_not_found_exception;
        scene.refuses(checks, &what, request, is_expected, Text::Unspecified).await?;
    }
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let text = Text::Exactly(&text);
    let request = ask_set(scene, USER_POOL).identity_pool_id(NOBODY).send();
    let what = "a map for an unknown pool is a ResourceNotFoundException";
    let is_expected = SetRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = ask_map(scene, USER_POOL).identity_pool_id(NOBODY).send();
    let what = "the map of an unknown pool is a ResourceNotFoundException";
    let is_expected = GetRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    let many = (0..51).map(|number| (format!("tag{number}"), "sub".to_owned())).collect();
    let request = ask_set(scene, USER_POOL).set_principal_tags(Some(many)).send();
    let what = "a map of fifty-one tags is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, Text::Unspecified).await?;
    let request = ask_set(scene, "").send();
    let text = Text::Violations(&[Broken(
        "''",
        "identityProviderName",
        "Member must have length greater than or equal to 1",
    )]);
    let what = "a map for a provider without a name is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;
    let found = Map::from(ask_map(scene, USER_POOL).send().await?);
    checks.equal("after all refusals the map is as before", found, kept);
    Ok(())
}

/// The principal tags in the service's token, for a user whose own token has these additional
/// claims.
async fn tags_of(
    world: &World,
    scene: &Scene,
    issuer: &Issuer,
    more: &Value,
) -> Result<Value, Box<dyn Error>> {
    let identity = scene.known(issuer, "alice").await?;
    let mut claims = issuer.claims("alice");
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let request = scene.ask_token(&identity).logins(issuer.name, issuer.sign(&claims)?);
    let claims = scene.read(world, request.send().await?.token)?;
    Ok(claims["https://aws.amazon.com/tags"]["principal_tags"].clone())
}

fn ask_map(scene: &Scene, provider: &str) -> AskMap {
    let request = scene.client.get_principal_tag_attribute_map().identity_pool_id(&scene.pool);
    request.identity_provider_name(provider)
}

fn ask_set(scene: &Scene, provider: &str) -> AskSet {
    let request = scene.client.set_principal_tag_attribute_map().identity_pool_id(&scene.pool);
    request.identity_provider_name(provider)
}

fn tags(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
