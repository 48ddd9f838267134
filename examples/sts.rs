//! `AssumeRoleWithWebIdentity` for tokens of the engine: a role's trust policy decides.
//!
//! The engine verifies the token and supplies the values of the policy's condition keys. The part
//! of IAM's policy language that trust policies for identity pools use is at the end. The small STS
//! of the module `sts` needs no policies: it compares the token with the roles of its pool.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::BTreeMap;
use std::error::Error;

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, GetIdInput, GetOpenIdTokenForDeveloperIdentityInput,
    GetOpenIdTokenInput, GuestAccess,
};
use cognate::token::{SigningAlgorithm, WebIdentity};
use cognate::{Developer, Engine};
use serde::Deserialize;
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ACCOUNT: &str = "123456789012";

fn main() -> Result<()> {
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    let aws = engine.developer(ACCOUNT.parse()?, "us-east-1".parse()?);
    let (game, other) = (create_pool(&aws, "game")?, create_pool(&aws, "other")?);
    let role = Role { name: "Player", trust_policy: serde_json::from_value(trust_policy(&game))? };

    for (caller, token) in [
        ("a player", user_token(&aws, &game)?),
        ("a user of another pool", user_token(&aws, &other)?),
        ("a guest", guest_token(&engine, &game)?),
    ] {
        println!("{caller}");
        let provider = "cognito-identity.amazonaws.com";
        for key in ["aud", "amr"].map(|claim| format!("{provider}:{claim}")) {
            let values = engine.web_identity(&token)?.condition_values(&key).join(", ");
            println!("    {key}  {values}");
        }
        match assume_role_with_web_identity(&engine, &role, &token, "session-1") {
            Ok(arn) => println!("    accepted  {arn}"),
            Err(refused) => println!("    refused   {refused}"),
        }
    }
    Ok(())
}

struct Role {
    name: &'static str,
    trust_policy: TrustPolicy,
}

/// The ARN of the assumed role. An STS would then make credentials for it.
fn assume_role_with_web_identity(
    engine: &Engine,
    role: &Role,
    token: &str,
    session: &str,
) -> Result<String> {
    let caller = engine.web_identity(token)?;
    if !role.trust_policy.allows(&caller) {
        return Err("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity".into());
    }
    Ok(format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/{session}", role.name))
}

/// The policy for authenticated identities of one pool, as the console writes it.
fn trust_policy(pool: &IdentityPoolId) -> serde_json::Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": "cognito-identity.amazonaws.com" },
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {
                "StringEquals": { "cognito-identity.amazonaws.com:aud": pool },
                "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
            },
        }],
    })
}

fn create_pool(aws: &Developer, name: &str) -> Result<IdentityPoolId> {
    let input = CreateIdentityPoolInput::new(name, GuestAccess::Allowed);
    let input = input.developer_provider_name("login.game");
    Ok(aws.create_identity_pool(input)?.identity_pool_id)
}

fn user_token(aws: &Developer, pool: &IdentityPoolId) -> Result<String> {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins("login.game", "alice");
    Ok(aws.get_open_id_token_for_developer_identity(input)?.token.as_str().to_owned())
}

fn guest_token(engine: &Engine, pool: &IdentityPoolId) -> Result<String> {
    let guest = engine.public().get_id(GetIdInput::new(pool))?.identity_id;
    let token = engine.public().get_open_id_token(GetOpenIdTokenInput::new(&guest))?.token;
    Ok(token.as_str().to_owned())
}

/// A policy with any other member does not parse: a condition must never be ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TrustPolicy {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Principal,
    action: OneOrMany,
    #[serde(default)]
    condition: BTreeMap<Operator, BTreeMap<String, OneOrMany>>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Principal {
    federated: OneOrMany,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    #[serde(rename = "ForAnyValue:StringEquals")]
    AnyEquals,
    #[serde(rename = "ForAnyValue:StringLike")]
    AnyLike,
    StringEquals,
    StringLike,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl TrustPolicy {
    fn allows(&self, caller: &WebIdentity) -> bool {
        let applies = |effect: Effect| {
            self.statement.iter().any(|it| it.effect == effect && it.applies_to(caller))
        };
        applies(Effect::Allow) && !applies(Effect::Deny)
    }
}

impl Statement {
    fn applies_to(&self, caller: &WebIdentity) -> bool {
        let covers = |action: &str| self.action.any(|listed| listed == action);
        let tags = !caller.claims().principal_tags().is_empty();
        self.principal.federated.any(|provider| provider == caller.provider())
            && covers("sts:AssumeRoleWithWebIdentity")
            && (!tags || self.effect == Effect::Deny || covers("sts:TagSession"))
            && self.condition.iter().all(|(operator, keys)| {
                keys.iter().all(|(key, wanted)| {
                    let mut values = caller.condition_values(key).into_iter();
                    values.any(|value| wanted.any(|wanted| operator.holds(wanted, value)))
                })
            })
    }
}

impl Operator {
    fn holds(&self, wanted: &str, value: &str) -> bool {
        match self {
            Self::AnyEquals | Self::StringEquals => wanted == value,
            Self::AnyLike | Self::StringLike => is_like(wanted, value),
        }
    }
}

/// Whether a value matches a pattern. Each `*` stands for any text.
fn is_like(pattern: &str, value: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == value };
    value.strip_prefix(head).is_some_and(|rest| {
        let mut ends = (0..=rest.len()).filter_map(|start| rest.get(start..));
        ends.any(|end| is_like(tail, end))
    })
}

impl OneOrMany {
    fn any(&self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(text) => holds(text),
            Self::Many(texts) => texts.iter().any(|text| holds(text)),
        }
    }
}
