//! The account that a signed request on the wire acts for.

use cognate::RoleAccounts;
use cognate::ambient::Timestamp;
use cognate::credentials::{Credentials, SessionToken};
use cognate::name::{AccountId, IdentityPoolId, Region};
use cognate::operation::{
    CreateIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput, GuestAccess, RoleType,
    SetIdentityPoolRolesInput,
};
use cognate::wire::{self, Context};
use serde_json::Value;

use crate::support::{NOON, REGION, World, developer, parse, target};

const OWNER: &str = "111111111111";
const UNRECOGNIZED: &str =
    "UnrecognizedClientException: The security token included in the request is invalid.";
const MISSING: &str = "MissingAuthenticationTokenException: Missing Authentication Token";
const EXPIRED: &str =
    "ExpiredTokenException: The security token included in the request is expired";

/// An access key id and a session token.
type Presented<'a> = (&'a str, Option<&'a str>);

fn context((key, token): Presented<'_>) -> Context {
    let scope = format!("20260101/{REGION}/cognito-identity/aws4_request");
    let header = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, Signature=0");
    Context::from_authorization(Some(&header)).with_session_token(token)
}

/// The account of the only listed pool, or the refusal. Each account has one pool, named after it.
fn account(world: &World, presented: Presented<'_>) -> String {
    account_of(world, &context(presented))
}

fn account_of(world: &World, context: &Context) -> String {
    let body = br#"{"MaxResults": 1}"#;
    let target = target("ListIdentityPools");
    let reply = wire::call(&world.engine, context, &target, body);
    if let Some(fault) = reply.fault {
        return format!("{}: {}", fault.name(), fault.message());
    }
    let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
    reply["IdentityPools"][0]["IdentityPoolName"].as_str().unwrap_or("none").to_owned()
}

fn pool(world: &World, account: &str) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new(account, GuestAccess::Allowed);
    let aws = developer(&world.engine, account, REGION);
    aws.create_identity_pool(input).expect("created").identity_pool_id
}

fn guest_credentials(world: &World, owner: &str, pool: &IdentityPoolId, role: &str) -> Credentials {
    let roles = SetIdentityPoolRolesInput::new(pool).roles(RoleType::Unauthenticated, role);
    let aws = developer(&world.engine, owner, REGION);
    aws.set_identity_pool_roles(roles).expect("set");
    let public = world.engine.public();
    let guest = public.get_id(GetIdInput::new(pool)).expect("a guest");
    let input = GetCredentialsForIdentityInput::new(&guest.identity_id);
    public.get_credentials_for_identity(input).expect("credentials").credentials
}

#[test]
fn a_key_that_is_no_account_means_the_default_account() {
    let named: AccountId = parse("222222222222");
    for (world, default) in [
        (World::new(), "000000000000"),
        (World::with(|builder| builder.default_account(named)), "222222222222"),
    ] {
        for account in ["000000000000", "222222222222", OWNER] {
            pool(&world, account);
        }
        for (key, expected) in [
            ("test", default),
            ("AKIAIOSFODNN7EXAMPLE", default),
            ("11111111111", default),
            ("1111111111111", default),
            ("1111111111 1", default),
            (OWNER, OWNER),
            ("000000000000", "000000000000"),
        ] {
            assert_eq!(account(&world, (key, None)), expected, "{key}");
            // A foreign session token makes no difference.
            for foreign in ["test", "", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4", "é"]
            {
                assert_eq!(account(&world, (key, Some(foreign))), expected, "{key} {foreign}");
            }
        }
    }
}

#[test]
fn credentials_mean_the_account_of_their_role() {
    let world = World::with(|builder| builder.role_accounts(RoleAccounts::Any));
    let own = pool(&world, OWNER);
    let elsewhere = "333333333333";
    pool(&world, elsewhere);
    for owner in [OWNER, elsewhere] {
        let role = format!("arn:aws:iam::{owner}:role/service/guest");
        let made = guest_credentials(&world, OWNER, &own, &role);
        let presented = (made.access_key_id.as_str(), Some(made.session_token.as_str()));
        assert_eq!(account(&world, presented), owner);
    }
    // An invalid account id is not guessed.
    let made = guest_credentials(&world, OWNER, &own, "arn:aws:iam::1:role/service/guest");
    let presented = (made.access_key_id.as_str(), Some(made.session_token.as_str()));
    assert_eq!(account(&world, presented), UNRECOGNIZED);
}

#[test]
fn a_session_token_of_the_engine_belongs_to_its_key_and_ends() {
    let world = World::new();
    let own = pool(&world, OWNER);
    let role = format!("arn:aws:iam::{OWNER}:role/guest");
    let made = guest_credentials(&world, OWNER, &own, &role);
    let other = guest_credentials(&world, OWNER, &own, &role);
    let (key, token) = (made.access_key_id.as_str(), made.session_token.as_str());
    let forged = {
        let mut forged = token.to_owned();
        let last = if forged.ends_with("AA==") { "BA==" } else { "AA==" };
        forged.replace_range(forged.len() - 4.., last);
        forged
    };
    for (presented, expected) in [
        ((key, Some(token)), OWNER),
        ((other.access_key_id.as_str(), Some(token)), UNRECOGNIZED),
        (("test", Some(token)), UNRECOGNIZED),
        ((OWNER, Some(token)), UNRECOGNIZED),
        ((key, Some(&forged)), UNRECOGNIZED),
        ((OWNER, Some(&forged)), UNRECOGNIZED),
        // Without its token the key is not recognized as the engine's.
        ((key, None), "none"),
    ] {
        assert_eq!(account(&world, presented), expected, "{presented:?}");
    }

    // A public operation ignores the session token.
    let body = format!(r#"{{"IdentityPoolId":"{own}"}}"#);
    let forged = context((OWNER, Some(&forged)));
    let reply = wire::call(&world.engine, &forged, &target("GetId"), body.as_bytes());
    assert_eq!(reply.status, 200);

    world.clock.set(made.expiration.as_millis() - 1);
    assert_eq!(account(&world, (key, Some(token))), OWNER);
    world.clock.set(made.expiration.as_millis());
    assert_eq!(account(&world, (key, Some(token))), EXPIRED);
    assert!(Timestamp::from_millis(NOON) < made.expiration);
}

/// The key that sealed the token is deleted, but the token is still recognized as the engine's.
#[test]
fn a_session_token_of_a_key_that_is_gone_is_not_foreign() {
    let world = World::new();
    let own = pool(&world, OWNER);
    let made = guest_credentials(&world, OWNER, &own, &format!("arn:aws:iam::{OWNER}:role/guest"));
    let presented = (made.access_key_id.as_str(), Some(made.session_token.as_str()));
    world.engine.rotate_session_key().expect("rotated");
    assert_eq!(account(&world, presented), OWNER);
    world.clock.set(made.expiration.as_millis() + 12 * 3_600_000);
    world.engine.rotate_session_key().expect("rotated");
    assert_eq!(account(&world, presented), UNRECOGNIZED);
}

#[test]
fn a_context_tells_what_its_headers_state() {
    let region: Region = parse(REGION);
    let game = context(("AKIAGAME", Some("token")));
    let account: AccountId = parse(OWNER);
    for (context, signed, key, account, region, token) in [
        (Context::anonymous(), false, None, None, None, None),
        (Context::from_authorization(None), false, None, None, None, None),
        (Context::from_authorization(Some("Bearer eyJ")), false, None, None, None, None),
        (context((OWNER, None)), true, Some(OWNER), Some(&account), Some(&region), None),
        (game.clone(), true, Some("AKIAGAME"), None, Some(&region), Some("token")),
        (
            game.with_account(account.clone()),
            true,
            Some("AKIAGAME"),
            Some(&account),
            Some(&region),
            Some("token"),
        ),
        (
            Context::signed(account.clone(), region.clone()),
            true,
            None,
            Some(&account),
            Some(&region),
            None,
        ),
    ] {
        assert_eq!(context.is_signed(), signed, "{context:?}");
        assert_eq!(context.access_key_id(), key);
        assert_eq!(context.account().as_ref(), account, "{context:?}");
        assert_eq!(context.region(), region);
        assert_eq!(context.session_token().map(SessionToken::as_str), token);
    }
    assert!(Context::anonymous().is_anonymous());
    assert!(!Context::from_authorization(Some("Bearer eyJ")).is_anonymous());
    assert!(!context((OWNER, None)).is_anonymous());
}

#[test]
fn an_account_is_named_for_signed_requests_only() {
    for context in [Context::anonymous(), Context::from_authorization(Some("Bearer eyJ"))] {
        assert_eq!(context.clone().with_account(parse(OWNER)), context);
    }
}

/// Each of these accounts is also the one that the operation acts for.
#[test]
fn the_acting_account_is_that_of_the_operation() {
    let world = World::new();
    let own = pool(&world, OWNER);
    pool(&world, "000000000000");
    pool(&world, "222222222222");
    let made = guest_credentials(&world, OWNER, &own, &format!("arn:aws:iam::{OWNER}:role/guest"));
    let (key, token) = (made.access_key_id.as_str(), made.session_token.as_str());
    let named: AccountId = parse("222222222222");
    for (context, expected) in [
        (context((OWNER, None)), OWNER),
        (context(("test", None)), "000000000000"),
        (context(("test", Some("foreign"))), "000000000000"),
        (context((key, Some(token))), OWNER),
        (context(("test", Some(token))), UNRECOGNIZED),
        (context(("test", None)).with_account(named.clone()), named.as_str()),
        (context((OWNER, None)).with_account(named.clone()), named.as_str()),
        (context((key, Some(token))).with_account(named.clone()), named.as_str()),
        (context(("test", Some(token))).with_account(named.clone()), named.as_str()),
        (Context::signed(named.clone(), parse(REGION)), named.as_str()),
        (Context::anonymous(), MISSING),
        (Context::from_authorization(Some("Bearer eyJ")), UNRECOGNIZED),
    ] {
        let told = context.acting_account(&world.engine);
        let told = told.map_or_else(|fault| fault.to_string(), |account| account.to_string());
        assert_eq!(told, expected, "{context:?}");
        assert_eq!(account_of(&world, &context), expected, "{context:?}");
    }
}

#[test]
fn a_context_tells_the_session_of_the_engine() {
    let world = World::new();
    let own = pool(&world, OWNER);
    let made = guest_credentials(&world, OWNER, &own, &format!("arn:aws:iam::{OWNER}:role/guest"));
    let (key, token) = (made.access_key_id.as_str(), made.session_token.as_str());
    let session = |context: &Context| match context.session(&world.engine) {
        Ok(session) => session.map_or("none".to_owned(), |own| own.secret_key.as_str().to_owned()),
        Err(fault) => fault.to_string(),
    };
    for (context, expected) in [
        (context((key, Some(token))), made.secret_key.as_str()),
        (context((key, None)), "none"),
        (context((key, Some("foreign"))), "none"),
        (context((OWNER, Some(token))), UNRECOGNIZED),
        (context((OWNER, Some(token))).with_account(parse(OWNER)), UNRECOGNIZED),
        (
            Context::signed(parse(OWNER), parse(REGION)).with_session_token(Some(token)),
            UNRECOGNIZED,
        ),
        (Context::anonymous(), "none"),
    ] {
        assert_eq!(session(&context), expected, "{context:?}");
    }
    world.clock.set(made.expiration.as_millis());
    assert_eq!(session(&context((key, Some(token)))), EXPIRED);
}

#[test]
fn a_session_token_is_not_shown() {
    let context = context((OWNER, Some("a-token-of-a-session")));
    let shown = format!("{context:?} {:?}", context.session_token());
    assert!(shown.contains(OWNER) && !shown.contains("a-token"), "{shown}");
}
