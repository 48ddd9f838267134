//! `AssumeRoleWithWebIdentity`: its constraints, its refusals and its answer.

use super::*;
use crate::credentials::{CredentialError, Credentials, Session};
use crate::name::PrincipalTagValue;
use crate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, MergeDeveloperIdentitiesInput,
};

fn assume(world: &World, role: &str, token: &str, more: &[(&str, &str)]) -> (u16, String) {
    let mut parameters = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "s-1"),
        ("WebIdentityToken", token),
    ];
    parameters.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    parameters.extend(more);
    world.post(&form(&parameters))
}

const DENIED: (u16, &str, &str) =
    (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
const INVALID: (u16, &str, &str) = (
    400,
    "InvalidIdentityToken",
    "The web identity token that was passed could not be validated by AWS. Get a new identity \
     token from the identity provider and then retry the request.",
);
const EXPIRED: (u16, &str, &str) = (
    400,
    "ExpiredTokenException",
    "The web identity token that was passed is expired or is not valid. Get a new identity token \
     from the identity provider and then retry the request.",
);
const REJECTED: (u16, &str, &str) = (
    403,
    "IDPRejectedClaim",
    "The identity provider (IdP) reported that authentication failed. This might be because the \
     claim is invalid.",
);

fn refuses(answer: (u16, String), expected: (u16, &str, &str), what: &str) {
    let (status, code, message) = refusal_of(answer);
    assert_eq!((status, code.as_str(), message.as_str()), expected, "{what}");
}

#[test]
fn the_answer_has_all_members() {
    let world = World::new();
    let token = world.user_token(&world.pool, "alice");
    let claims = world.engine.verify_token(&token).expect("genuine");
    let (status, body) = assume(&world, &role("player"), &token, &[]);
    assert_eq!(status, 200, "{body}");
    let head = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"{NAMESPACE}\">\
         <AssumeRoleWithWebIdentityResult>"
    );
    assert!(body.starts_with(&head), "{body}");
    for (name, value) in [
        ("SubjectFromWebIdentityToken", claims.identity_id().as_str()),
        ("Audience", world.pool.as_str()),
        ("Arn", "arn:aws:sts::123456789012:assumed-role/player/s-1"),
        ("Provider", "cognito-identity.amazonaws.com"),
        ("Expiration", "2015-08-30T13:36:00Z"),
    ] {
        assert_eq!(member(&body, name), value, "{name}");
    }
    let user = member(&body, "AssumedRoleId");
    let id = user.strip_suffix(":s-1").and_then(|id| id.strip_prefix("AROA")).expect("an id");
    assert!(id.len() == 17 && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
    let again = assume(&world, &role("player"), &world.user_token(&world.pool, "bob"), &[]).1;
    assert_eq!(member(&again, "AssumedRoleId"), user, "it stands for the role");

    let verified = world.engine.verify_session(member(&body, "SessionToken")).expect("a session");
    assert_eq!(verified.access_key_id, member(&body, "AccessKeyId"));
    assert_eq!(verified.secret_key.as_str(), member(&body, "SecretAccessKey"));
    let Session { role_arn, amr, identity_id, identity_pool_id, .. } = verified.session;
    assert_eq!((role_arn.as_str(), amr.as_slice()), (role("player").as_str(), claims.amr()));
    assert_eq!((&identity_id, &identity_pool_id), (claims.identity_id(), &world.pool));
}

#[test]
fn tags_of_the_token_become_tags_of_the_session() {
    let world = World::new();
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(&world.pool)
        .logins("login.game", "alice")
        .principal_tags("team", "red");
    let token = world.aws.get_open_id_token_for_developer_identity(input).expect("a token").token;
    let (_, body) = assume(&world, &role("player"), token.as_str(), &[]);
    let session = world.engine.verify_session(member(&body, "SessionToken")).expect("a session");
    let tags = session.session.principal_tags;
    assert_eq!(tags.values().map(PrincipalTagValue::as_str).collect::<Vec<_>>(), ["red"]);
}

#[test]
fn a_role_is_of_the_pool_and_of_the_kind_of_identity() {
    let world = World::new();
    let (alice, of_other) =
        (world.user_token(&world.pool, "alice"), world.user_token(&world.other, "alice"));
    let guest = world.guest_token();
    for (who, token, name, is_accepted) in [
        ("a user", &alice, "player", true),
        ("a user", &alice, "guest", false),
        ("a user", &alice, "other-player", false),
        ("a user", &alice, "captain", false),
        ("a user", &alice, "other-captain", false),
        ("a user", &alice, "unknown", false),
        ("a guest", &guest, "guest", true),
        ("a guest", &guest, "player", false),
        ("a guest", &guest, "other-guest", false),
        ("a user of the other pool", &of_other, "other-player", true),
        ("a user of the other pool", &of_other, "other-captain", true),
        ("a user of the other pool", &of_other, "other-guest", false),
        ("a user of the other pool", &of_other, "player", false),
        ("a user of the other pool", &of_other, "captain", false),
    ] {
        let answer = assume(&world, &role(name), token, &[]);
        if is_accepted {
            assert_eq!(answer.0, 200, "{who} as {name}: {}", answer.1);
        } else {
            refuses(answer, DENIED, &format!("{who} as {name}"));
        }
    }
}

/// The option allowed the role when it was set, and another engine of the store does not.
#[test]
fn a_role_of_another_account_is_as_for_the_enhanced_flow() {
    use crate::RoleAccounts;

    let foreign = "arn:aws:iam::999999999999:role/player";
    for (accounts, status) in [(RoleAccounts::Any, 200), (RoleAccounts::OwnOnly, 403)] {
        let store = Arc::new(crate::store::MemoryStore::new());
        let open = |accounts| {
            let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
            builder.role_accounts(accounts).open_shared(Arc::clone(&store)).expect("an engine")
        };
        let setting = open(RoleAccounts::Any);
        let account = "123456789012".parse().expect("an account");
        let aws = setting.developer(account, "us-east-1".parse().expect("a region"));
        let pool = create_pool(&aws, "");
        let roles = SetIdentityPoolRolesInput::new(&pool);
        aws.set_identity_pool_roles(roles.roles(RoleType::Authenticated, foreign)).expect("set");
        let clock = Arc::default();
        let world = World { engine: open(accounts), aws, clock, other: pool.clone(), pool };
        let token = world.user_token(&world.pool, "alice");
        assert_eq!(assume(&world, foreign, &token, &[]).0, status, "{accounts:?}");
    }
}

#[test]
fn a_token_that_is_over_or_not_of_this_engine_is_refused() {
    let (world, stranger) = (World::new(), World::new());
    let token = world.user_token(&world.pool, "alice");
    let (head, signature) = token.rsplit_once('.').expect("a token");
    let other = world.user_token(&world.pool, "bob");
    for (what, bad) in [
        ("of another engine", stranger.user_token(&stranger.pool, "alice")),
        ("with another signature", format!("{head}.{}", other.rsplit_once('.').expect("one").1)),
        (
            "with a reversed signature",
            format!("{head}.{}", signature.chars().rev().collect::<String>()),
        ),
        ("without a signature", format!("{head}.")),
        ("with a space behind it", format!("{token} ")),
        ("that is none", "none".to_owned()),
    ] {
        refuses(assume(&world, &role("player"), &bad, &[]), INVALID, what);
    }
    world.pass(899);
    assert_eq!(assume(&world, &role("player"), &token, &[]).0, 200);
    world.pass(1);
    refuses(assume(&world, &role("player"), &token, &[]), EXPIRED, "after fifteen minutes");
}

#[test]
fn the_token_of_an_identity_that_is_gone_is_rejected() {
    let world = World::new();
    let tokens = ["alice", "bob", "carol"].map(|user| world.user_token(&world.pool, user));
    let carol = world.engine.verify_token(&tokens[2]).expect("genuine").identity_id().clone();
    world
        .aws
        .merge_developer_identities(MergeDeveloperIdentitiesInput::new(
            &world.pool,
            "login.game",
            "bob",
            "alice",
        ))
        .expect("merged");
    world.aws.delete_identities(DeleteIdentitiesInput::new([&carol])).expect("deleted");
    assert_eq!(assume(&world, &role("player"), &tokens[0], &[]).0, 200);
    refuses(assume(&world, &role("player"), &tokens[1], &[]), REJECTED, "merged into another");
    refuses(assume(&world, &role("player"), &tokens[2], &[]), REJECTED, "deleted");
    world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&world.pool)).expect("deleted");
    refuses(assume(&world, &role("player"), &tokens[0], &[]), INVALID, "of a deleted pool");
}

/// The text of a violated constraint.
fn broken(member: &str, value: &str, constraint: &str) -> String {
    format!(
        "ValidationError: 1 validation error detected: Value {value} at '{member}' failed to \
         satisfy constraint: Member must {constraint}"
    )
}

/// Values that are missing (`-`), accepted (no text) and refused.
#[test]
#[rustfmt::skip]
fn constraints_of_members() {
    const PATTERN: &str = "satisfy regular expression pattern: [\\w+=,.@-]*";
    const HIDDEN: &str = "'***Sensitive Data Redacted***'";
    const NO_ROLE: &str = "ValidationError: Request ARN is invalid";
    const NO_NUMBER: &str = "MalformedInput: not a whole number";
    const NO_POLICY: &str = "ValidationError: Session policies are not supported: no policy is evaluated here";

    let world = World::new();
    let token = world.user_token(&world.pool, "alice");
    let (longest, too_long, long_token) = ("a".repeat(64), "a".repeat(65), "a".repeat(20_001));
    let name = |value: &str, constraint: &str| broken("roleSessionName", value, constraint);
    let arn = |value: &str, constraint: &str| broken("roleArn", value, constraint);
    let hidden = |constraint: &str| broken("webIdentityToken", HIDDEN, constraint);
    let secs = |value: &str, bound: &str| broken("durationSeconds", &format!("'{value}'"), &format!("have value {bound}"));
    let least = |length: u32| format!("have length greater than or equal to {length}");
    let most = |length: u32| format!("have length less than or equal to {length}");
    let none = String::new;
    for (member, value, refusal) in [
        ("RoleSessionName", "ab", none()),
        ("RoleSessionName", "a_1+=,.@-", none()),
        ("RoleSessionName", &longest, none()),
        ("RoleSessionName", "-", name("null", "not be null")),
        ("RoleSessionName", "", name("''", &least(2))),
        ("RoleSessionName", "a", name("'a'", &least(2))),
        ("RoleSessionName", &too_long, name(HIDDEN, &most(64))),
        ("RoleSessionName", "bad/name", name("'bad/name'", PATTERN)),
        ("RoleSessionName", "a b", name("'a b'", PATTERN)),
        ("RoleSessionName", "é1", name("'é1'", PATTERN)),
        ("RoleArn", "-", arn("null", "not be null")),
        ("RoleArn", "not-an-arn", arn("'not-an-arn'", &least(20))),
        ("RoleArn", "arn:aws:iam::123456789012:user/player", NO_ROLE.to_owned()),
        ("RoleArn", "arn:aws:iam::123456789012:role/", NO_ROLE.to_owned()),
        ("RoleArn", "123456789012345678901234567890", NO_ROLE.to_owned()),
        ("WebIdentityToken", "-", broken("webIdentityToken", "null", "not be null")),
        ("WebIdentityToken", "abc", hidden(&least(4))),
        ("WebIdentityToken", &long_token, hidden(&most(20_000))),
        ("DurationSeconds", "900", none()),
        ("DurationSeconds", "43200", none()),
        ("DurationSeconds", "+900", none()),
        ("DurationSeconds", "0900", none()),
        ("DurationSeconds", "899", secs("899", "greater than or equal to 900")),
        ("DurationSeconds", "-2147483648", secs("-2147483648", "greater than or equal to 900")),
        ("DurationSeconds", "43201", secs("43201", "less than or equal to 43200")),
        ("DurationSeconds", "2147483647", secs("2147483647", "less than or equal to 43200")),
        ("DurationSeconds", "2147483648", NO_NUMBER.to_owned()),
        ("DurationSeconds", "900.0", NO_NUMBER.to_owned()),
        ("DurationSeconds", "abc", NO_NUMBER.to_owned()),
        ("DurationSeconds", "", "MalformedInput: missing value for decimal type".to_owned()),
        ("Policy", "{}", NO_POLICY.to_owned()),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/A", NO_POLICY.to_owned()),
        ("Policy", "", none()),
        ("PolicyArns", "", none()),
        ("ProviderId", "www.amazon.com", none()),
        ("Unknown", "value", none()),
    ] {
        let answer = assume(&world, &role("player"), &token, &[(member, value)]);
        if refusal.is_empty() {
            assert_eq!(answer.0, 200, "{member}={value}: {}", answer.1);
        } else {
            let (status, code, message) = refusal_of(answer);
            assert_eq!((status, format!("{code}: {message}")), (400, refusal), "{member}={value}");
        }
    }
    let nothing = refusal_of(world.post("Action=AssumeRoleWithWebIdentity&Version=2011-06-15")).2;
    assert!(nothing.starts_with("3 validation errors detected: Value null at 'roleArn' "), "{nothing}");
}

#[test]
fn a_session_lasts_as_long_as_asked_for() {
    let world = World::new();
    let token = world.user_token(&world.pool, "alice");
    for secs in [900, 43_200] {
        let (_, body) =
            assume(&world, &role("player"), &token, &[("DurationSeconds", &secs.to_string())]);
        let session =
            world.engine.verify_session(member(&body, "SessionToken")).expect("a session");
        assert_eq!(session.session.expiration.as_millis(), NOON + secs * 1_000);
    }
}

/// A rotation deletes keys that no session needs, and this one lasts longer than others.
#[test]
fn the_longest_session_outlives_rotations_of_the_key() {
    let world = World::new();
    let token = world.user_token(&world.pool, "alice");
    let (_, body) = assume(&world, &role("player"), &token, &[("DurationSeconds", "43200")]);
    world.engine.rotate_session_key().expect("rotated");
    world.pass(43_199);
    world.engine.rotate_session_key().expect("rotated");
    world.engine.verify_session(member(&body, "SessionToken")).expect("a session");
}

#[test]
fn the_issuer_of_an_embedder_makes_the_credentials() {
    let issued = |session: &Session| {
        if session.role_session_name.as_str() == "refused" {
            return Err(CredentialError::Refused);
        }
        if session.role_session_name.as_str() == "broken" {
            return Err(CredentialError::unavailable("the secret cause"));
        }
        Ok(Credentials::new("ASIAOTHER", "<secret>", "token", session.expiration))
    };
    let world = World::with(|builder| builder.credential_issuer(from_fn(issued)));
    let token = world.user_token(&world.pool, "alice");
    let (_, body) = assume(&world, &role("player"), &token, &[]);
    assert_eq!(member(&body, "AccessKeyId"), "ASIAOTHER");
    assert_eq!(member(&body, "SecretAccessKey"), "&lt;secret&gt;");
    let named = |name| assume(&world, &role("player"), &token, &[("RoleSessionName", name)]);
    refuses(named("refused"), DENIED, "a role that the issuer refuses");
    let (status, body) = named("broken");
    assert_eq!((status, member(&body, "Code")), (500, "InternalFailure"));
    assert!(!body.contains("secret cause"), "{body}");
}

#[test]
fn a_query_is_as_good_as_a_form() {
    let world = World::new();
    let token = world.user_token(&world.pool, "alice");
    let query = form(&[
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", &role("player")),
        ("RoleSessionName", "s-1"),
        ("WebIdentityToken", &token),
    ]);
    let request = Request::get(format!("/?{query}")).body(Bytes::new()).expect("a request");
    assert_eq!(world.send(&request).0, 200);
    let request = Request::post(format!("/?{query}")).body(Bytes::new()).expect("a request");
    assert_eq!(refusal_of(world.send(&request)).1, "MissingAction");
}
