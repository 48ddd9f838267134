mod asking;
mod assuming;
mod signatures;
mod signer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::ambient::Timestamp;
use crate::engine::Developer;
use crate::id::IdentityPoolId;
use crate::operation::{
    AmbiguousRoleResolution, CreateIdentityPoolInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, GuestAccess, MappingRule,
    MatchType, RoleMapping, RoleType, SetIdentityPoolRolesInput,
};
use crate::part::from_fn;
use crate::state::SigningAlgorithm;

use signer::encoded;

/// 2015-08-30T12:36:00Z
const NOON: u64 = 1_440_938_160_000;
const DATE: &str = "20150830T123600Z";
const GOOGLE: &str = "accounts.google.com";

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// An engine with two pools, each with roles of its own.
struct World {
    engine: Engine,
    aws: Developer,
    clock: Arc<AtomicU64>,
    pool: IdentityPoolId,
    other: IdentityPoolId,
}

impl World {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(crate::Builder) -> crate::Builder) -> Self {
        let clock = Arc::new(AtomicU64::new(NOON));
        let hand = Arc::clone(&clock);
        let builder = Engine::builder()
            .signing_algorithm(SigningAlgorithm::EdDsa)
            .clock(from_fn(move || Timestamp::from_millis(hand.load(Ordering::Relaxed))));
        let engine = configure(builder).in_memory().expect("an engine");
        let account = "123456789012".parse().expect("an account");
        let aws = engine.developer(account, "us-east-1".parse().expect("a region"));
        let (pool, other) = (create_pool(&aws, ""), create_pool(&aws, "other-"));
        Self { engine, aws, clock, pool, other }
    }

    fn pass(&self, secs: u64) {
        self.clock.fetch_add(secs * 1_000, Ordering::Relaxed);
    }

    fn user_token(&self, pool: &IdentityPoolId, user: &str) -> String {
        let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins("login.game", user);
        let answer = self.aws.get_open_id_token_for_developer_identity(input).expect("a token");
        answer.token.as_str().to_owned()
    }

    fn guest_token(&self) -> String {
        let guest = self.engine.public().get_id(GetIdInput::new(&self.pool)).expect("a guest");
        let input = GetOpenIdTokenInput::new(&guest.identity_id);
        self.engine.public().get_open_id_token(input).expect("a token").token.as_str().to_owned()
    }

    /// The status, and the body.
    fn send(&self, request: &Request<Bytes>) -> (u16, String) {
        let id = "0-1".parse().expect("an id");
        let reply = perform(&self.engine, request, Some(&id));
        let body = String::from_utf8(reply.body).expect("text");
        assert_eq!(reply.fault.is_none(), reply.status == 200, "{body}");
        assert!(body.contains("<RequestId>0-1</RequestId>"), "{body}");
        (reply.status, body)
    }

    fn post(&self, form: &str) -> (u16, String) {
        let request = Request::post("/").body(Bytes::copy_from_slice(form.as_bytes()));
        self.send(&request.expect("a request"))
    }
}

fn create_pool(aws: &Developer, prefix: &str) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name("login.game")
        .supported_login_providers(GOOGLE, "app");
    let pool = aws.create_identity_pool(input).expect("a pool").identity_pool_id;
    set_roles(aws, &pool, prefix);
    pool
}

/// Sets a role for guests, one for users, and one of a mapping rule.
fn set_roles(aws: &Developer, pool: &IdentityPoolId, prefix: &str) {
    let named = |name: &str| role(&format!("{prefix}{name}"));
    let rule = MappingRule::new("role", MatchType::Equals, "captain", named("captain").as_str());
    let rule = rule.expect("a rule");
    let mapping = RoleMapping::rules(AmbiguousRoleResolution::AuthenticatedRole, [rule]);
    let input = SetIdentityPoolRolesInput::new(pool)
        .roles(RoleType::Authenticated, named("player").as_str())
        .roles(RoleType::Unauthenticated, named("guest").as_str());
    let input = if prefix.is_empty() { input } else { input.role_mappings(GOOGLE, mapping) };
    aws.set_identity_pool_roles(input).expect("roles");
}

/// A form with these parameters; `-` stands for one that is missing.
fn form(parameters: &[(&str, &str)]) -> String {
    let present = parameters.iter().filter(|(_, value)| *value != "-");
    let pairs = present.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The text of an element that occurs once.
fn member<'a>(body: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {body}"));
    rest.split_once(&format!("</{name}>")).expect("an end").0
}

/// The status, the code and the message of a refusal.
fn refusal_of((status, body): (u16, String)) -> (u16, String, String) {
    assert!(body.starts_with(&format!("<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>")), "{body}");
    (status, member(&body, "Code").to_owned(), member(&body, "Message").replace("&apos;", "'"))
}

#[test]
fn a_request_names_an_action_and_the_version() {
    let world = World::new();
    let missing = "The request is missing an action or a required parameter.";
    for (form, code, message) in [
        ("", "MissingAction", missing),
        ("Version=2011-06-15", "MissingAction", missing),
        ("action=GetCallerIdentity&Version=2011-06-15", "MissingAction", missing),
        (
            "Action=&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation  for version 2011-06-15",
        ),
        (
            "Action=AssumeRole&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation AssumeRole for version 2011-06-15",
        ),
        (
            "Action=getcalleridentity&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation getcalleridentity for version 2011-06-15",
        ),
        (
            "Action=GetCallerIdentity",
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
        ),
        (
            "Action=GetCallerIdentity&Version=2010-05-08",
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version 2010-05-08",
        ),
        (
            "Action=GetUser&Action=GetCallerIdentity&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation GetUser for version 2011-06-15",
        ),
    ] {
        let refused = refusal_of(world.post(form));
        assert_eq!(refused, (400, code.to_owned(), message.to_owned()), "{form}");
    }
    let long = format!("Action={}&Version={}", "<".repeat(9_999), "v".repeat(9_999));
    assert!(world.post(&long).1.len() < 1_000);
}

#[test]
fn no_body_is_too_odd() {
    let world = World::new();
    for body in [&b"\xff\xfe"[..], b"%", b"=", b"&&&&", b"Action=%ff%00&Version=\x00"] {
        let request = Request::post("/").body(Bytes::from_static(body)).expect("a request");
        assert_eq!(world.send(&request).0, 400, "{body:?}");
    }
}
