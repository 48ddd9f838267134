//! `SetIdentityPoolRoles` and `GetIdentityPoolRoles`, and their effects.

mod choice;

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use aws_sdk_cognitoidentity::operation::get_identity_pool_roles::GetIdentityPoolRolesError;
use aws_sdk_cognitoidentity::operation::set_identity_pool_roles::{
    SetIdentityPoolRolesError as Refused, builders::SetIdentityPoolRolesFluentBuilder as AskRoles,
};
use aws_sdk_cognitoidentity::types::{
    AmbiguousRoleResolutionType as Ambiguous, MappingRule, MappingRuleMatchType as Match,
    RoleMapping, RoleMappingType, RulesConfigurationType,
};

use crate::anyone::{GUEST_ROLE, USER_ROLE};
use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::issuer::{GOOGLE, OIDC_ARN, USER_POOL};
use crate::scene::{NOBODY, Roles, Scene, World};

const ADMIN_ROLE: &str = "arn:aws:iam::123456789012:role/admin";

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "roles").await?;
    replace(world, &scene, checks).await?;
    refuse_mappings(world, &scene, checks).await?;
    refuse_roles(&scene, checks).await?;
    choice::tell(world, checks).await
}

async fn replace(world: &World, scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let bare = Scene::new(world, "without roles").await?;
    let ask = bare.client.get_identity_pool_roles().identity_pool_id(&bare.pool);
    let answer = ask.send().await?;
    let what = "GetIdentityPoolRoles answers the pool's id";
    checks.equal(what, answer.identity_pool_id(), Some(&*bare.pool));
    checks.equal("a pool without roles has no mappings either", answer.role_mappings, None);
    let none = answer.roles.unwrap_or_default();
    checks.that("a pool without roles has no roles", &none, HashMap::is_empty);

    let mut expected = Roles { defaults: defaults(), mappings: BTreeMap::new() };
    checks.equal("roles are answered as they were set", &scene.picture().await?.roles, &expected);

    let client = world.issuers.user_pool.client;
    let user_pool = format!("{USER_POOL}:{client}");
    let rule = rule("department", Match::StartsWith, "Sales", ADMIN_ROLE)?;
    let by_rules = by_rules(Ambiguous::Deny, [rule])?;
    let by_token = by_token(Some(Ambiguous::AuthenticatedRole))?;
    let request = ask_roles(scene).roles("authenticated", USER_ROLE);
    let request = request.role_mappings(&user_pool, by_token.clone());
    let request = request.role_mappings(GOOGLE, by_rules.clone());
    request.role_mappings(OIDC_ARN, by_rules.clone()).send().await?;
    expected.defaults.remove("unauthenticated");
    expected.mappings.insert(user_pool, by_token);
    expected.mappings.insert(GOOGLE.to_owned(), by_rules.clone());
    expected.mappings.insert(OIDC_ARN.to_owned(), by_rules);
    let what = "mappings are answered as they were set, and a role that was left out is gone";
    checks.equal(what, &scene.picture().await?.roles, &expected);

    scene.set_default_roles().await?;
    expected = Roles { defaults: defaults(), mappings: BTreeMap::new() };
    let what = "mappings that were left out are gone";
    checks.equal(what, &scene.picture().await?.roles, &expected);
    ask_roles(scene).set_roles(Some([].into())).send().await?;
    checks.equal("no roles clear all", scene.picture().await?.roles, Roles::default());
    scene.set_default_roles().await
}

async fn refuse_mappings(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let is_expected = Refused::is_invalid_parameter_exception;
    let ask = |provider: &str, mapping: RoleMapping| {
        ask_roles(scene).roles("authenticated", USER_ROLE).role_mappings(provider, mapping)
    };
    let client = world.issuers.user_pool.client;
    let url = format!("https://{USER_POOL}:{client}");
    let other = format!("{USER_POOL}:other");
    for provider in ["graph.facebook.com", USER_POOL, &url, &other] {
        let request = ask(provider, by_token(Some(Ambiguous::Deny))?).send();
        let text = format!(
            "({provider}) is not a valid RoleMapping ProviderName or is not a configured provider."
        );
        let what = format!("a role mapping for {provider} is an InvalidParameterException");
        scene.refuses(checks, &what, request, is_expected, Text::Exactly(&text)).await?;
    }

    let request = ask(GOOGLE, by_token(None)?).send();
    let text = Text::Exactly("AmbiguousRoleResolution is required for role mapping of type Token.");
    let what = "a mapping that does not say what else is an InvalidParameterException";
    scene.refuses(checks, what, request, is_expected, text).await?;

    let mapping = RoleMapping::builder().r#type(RoleMappingType::Rules);
    let mapping = mapping.ambiguous_role_resolution(Ambiguous::Deny).build()?;
    let request = ask(GOOGLE, mapping).send();
    let text = Text::Exactly("RulesConfiguration is required for role mapping of type Rules.");
    let what = "a mapping by rules without rules is an InvalidParameterException";
    scene.refuses(checks, what, request, is_expected, text).await?;

    let rules: Vec<_> = (0..26)
        .map(|number| rule("sub", Match::Equals, &number.to_string(), ADMIN_ROLE))
        .collect::<Result<_, _>>()?;
    let what = "a mapping with twenty-five rules is accepted";
    let accepted = ask(GOOGLE, by_rules(Ambiguous::Deny, rules[..25].to_vec())?).send().await;
    checks.that(what, &accepted, Result::is_ok);
    scene.set_default_roles().await?;
    let request = ask(GOOGLE, by_rules(Ambiguous::Deny, rules)?).send();
    let what = "a mapping with twenty-six rules is refused";
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await?;

    let mapping = RoleMapping::builder().r#type("Guess".into());
    let mapping = mapping.ambiguous_role_resolution(Ambiguous::Deny).build()?;
    let request = ask(GOOGLE, mapping).send();
    let what = "a mapping of an unknown type is a ValidationException";
    let text = Text::Around(
        "1 validation error detected: Value 'Guess' at 'roleMappings.",
        "failed to satisfy constraint: Member must satisfy enum value set: [Rules, Token]",
    );
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn refuse_roles(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let request = ask_roles(scene).identity_pool_id(NOBODY).roles("authenticated", USER_ROLE);
    let what = "roles for an unknown pool are a ResourceNotFoundException";
    let is_expected = Refused::is_resource_not_found_exception;
    scene.refuses(checks, what, request.send(), is_expected, Text::Exactly(&text)).await?;
    let request = scene.client.get_identity_pool_roles().identity_pool_id(NOBODY).send();
    let what = "the roles of an unknown pool are a ResourceNotFoundException";
    let is_expected = GetIdentityPoolRolesError::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    for role in ["arn:aws:iam::999999999999:role/user", "arn:aws:iam::123456789012:user/alice"] {
        let request = ask_roles(scene).roles("authenticated", role).send();
        let text = format!("Access to Role '{role}' is forbidden.");
        let what = format!("{role} as a role is a NotAuthorizedException");
        let is_expected = Refused::is_not_authorized_exception;
        scene.refuses(checks, &what, request, is_expected, Text::Exactly(&text)).await?;
    }

    let text = Text::Violations(&[Broken("null", "roles", "Member must not be null")]);
    let what = "a call without roles is a ValidationException";
    scene.refuses(checks, what, ask_roles(scene).send(), is_validation_exception, text).await?;
    let request = ask_roles(scene).roles("admin", USER_ROLE).send();
    let shown = format!("'{{admin={USER_ROLE}}}'");
    let text = Text::Violations(&[Broken(
        &shown,
        "roles",
        "Map keys must satisfy constraint: [Member must have length less than or equal to 128, \
         Member must have length greater than or equal to 1, Member must satisfy regular \
         expression pattern: (un)?authenticated]",
    )]);
    let what = "a role for nobody is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;
    let request = ask_roles(scene).roles("authenticated", "short").send();
    let what = "a role of less than 20 characters is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, Text::Unspecified).await
}

impl Scene {
    /// Sets the pool's two roles, and removes all mappings.
    async fn set_default_roles(&self) -> Result<(), Box<dyn Error>> {
        let roles = defaults().into_iter().collect();
        ask_roles(self).set_roles(Some(roles)).send().await?;
        Ok(())
    }
}

fn defaults() -> BTreeMap<String, String> {
    [("authenticated", USER_ROLE), ("unauthenticated", GUEST_ROLE)]
        .map(|(key, role)| (key.to_owned(), role.to_owned()))
        .into()
}

fn ask_roles(scene: &Scene) -> AskRoles {
    scene.client.set_identity_pool_roles().identity_pool_id(&scene.pool)
}

fn rule(claim: &str, by: Match, value: &str, role: &str) -> Result<MappingRule, Box<dyn Error>> {
    let made = MappingRule::builder().claim(claim).match_type(by).value(value).role_arn(role);
    Ok(made.build()?)
}

fn by_rules(
    ambiguous: Ambiguous,
    rules: impl IntoIterator<Item = MappingRule>,
) -> Result<RoleMapping, Box<dyn Error>> {
    let rules = RulesConfigurationType::builder().set_rules(Some(rules.into_iter().collect()));
    let mapping = RoleMapping::builder().r#type(RoleMappingType::Rules);
    let mapping = mapping.ambiguous_role_resolution(ambiguous).rules_configuration(rules.build()?);
    Ok(mapping.build()?)
}

fn by_token(ambiguous: Option<Ambiguous>) -> Result<RoleMapping, Box<dyn Error>> {
    let mapping = RoleMapping::builder().r#type(RoleMappingType::Token);
    Ok(mapping.set_ambiguous_role_resolution(ambiguous).build()?)
}
