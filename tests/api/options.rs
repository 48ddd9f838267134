//! The optional behaviours of an engine.

use cognate::name::IdentityId;
use cognate::operation::{
    GetOpenIdTokenForDeveloperIdentityInput, IdentityState, LookupDeveloperIdentityInput, RoleType,
    SetIdentityPoolRolesInput, UnlinkDeveloperIdentityInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{DeveloperLinking, RoleAccounts, UnknownDeveloperUser};

use crate::support::{AMAZON, FACEBOOK, GAME, World, call, key, refused};
use Outcome::{AlreadyRegistered, DontMatch, Forbidden, Is};

/// The outcome of a call.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The identity of this user.
    Is(&'static str),
    AlreadyRegistered,
    DontMatch,
    Forbidden,
}

/// The given identity, the presented logins, and the outcomes with proof by identity id and with
/// proof by linked login. Alice is also user `a` of Facebook, bob is also user `b` of Amazon,
/// carol's identity is disabled, and zoe is unknown.
type Row = (Option<&'static str>, &'static [(&'static str, &'static str)], Outcome, Outcome);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // given         presented                                 by identity id     by linked login
    (Some("alice"), &[(GAME, "zoe")],                          Is("alice"),       DontMatch),
    (Some("alice"), &[(GAME, "zoe"), (AMAZON, "user:z")],      Is("alice"),       DontMatch),
    (Some("alice"), &[(GAME, "zoe"), (AMAZON, "user:b")],      DontMatch,         DontMatch),
    (Some("alice"), &[(GAME, "zoe"), (FACEBOOK, "user:a")],    Is("alice"),       Is("alice")),
    (Some("alice"), &[(FACEBOOK, "user:a"), (GAME, "zoe")],    Is("alice"),       Is("alice")),
    (Some("alice"), &[(GAME, "alice")],                        Is("alice"),       Is("alice")),
    (Some("alice"), &[(GAME, "alice"), (AMAZON, "user:z")],    Is("alice"),       Is("alice")),
    (Some("alice"), &[(GAME, "alice"), (AMAZON, "user:b")],    Is("alice"),       Is("alice")),
    (Some("alice"), &[(GAME, "bob")],                          AlreadyRegistered, AlreadyRegistered),
    (Some("alice"), &[(GAME, "bob"), (FACEBOOK, "user:a")],    AlreadyRegistered, AlreadyRegistered),
    (Some("carol"), &[(GAME, "zoe")],                          Forbidden,         Forbidden),
    (Some("carol"), &[(GAME, "carol")],                        Forbidden,         Forbidden),
    (Some("carol"), &[(GAME, "bob")],                          AlreadyRegistered, AlreadyRegistered),
    (None,          &[(GAME, "alice")],                        Is("alice"),       Is("alice")),
    (None,          &[(GAME, "zoe")],                          Is("zoe"),         Is("zoe")),
    (None,          &[(GAME, "zoe"), (FACEBOOK, "user:a")],    Is("alice"),       Is("alice")),
    (None,          &[(GAME, "alice"), (AMAZON, "user:b")],    Is("alice"),       Is("alice")),
];

struct Scene {
    world: World,
    pool: cognate::name::IdentityPoolId,
    alice: IdentityId,
    bob: IdentityId,
    carol: IdentityId,
}

fn scene(linking: DeveloperLinking) -> Scene {
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).developer_linking(linking)
    });
    let pool = world.game();
    let both = |user, provider, token| {
        let input = call(&pool, user).logins(provider, token);
        world.resolve(input).expect("registered")
    };
    let alice = both("alice", FACEBOOK, "user:a");
    let bob = both("bob", AMAZON, "user:b");
    let carol = world.register(&pool, "carol");
    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &carol, GAME, "carol");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    Scene { world, pool, alice, bob, carol }
}

fn outcome(scene: &Scene, (given, logins, ..): &Row) -> Outcome {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(&scene.pool);
    let mut input =
        logins.iter().fold(input, |input, (provider, token)| input.logins(*provider, *token));
    if let Some(given) = given {
        let id = if *given == "alice" { &scene.alice } else { &scene.carol };
        input = input.identity_id(id);
    }
    let before = scene.world.dump();
    match scene.world.resolve(input) {
        Ok(id) if id == scene.alice => Is("alice"),
        Ok(id) => {
            assert!(id != scene.bob && id != scene.carol, "{given:?} {logins:?}: {id}");
            Is("zoe")
        }
        Err(refused) => {
            assert_eq!(scene.world.dump(), before, "{given:?} {logins:?}");
            match refused.kind().as_str() {
                "DeveloperUserAlreadyRegisteredException" => AlreadyRegistered,
                _ if refused.to_string().starts_with("Logins don't match.") => DontMatch,
                _ if refused.to_string().ends_with("is forbidden.") => Forbidden,
                other => panic!("{given:?} {logins:?}: {other}: {refused}"),
            }
        }
    }
}

#[test]
fn proofs_that_open_an_authenticated_identity() {
    for row in TABLE {
        let (given, logins, by_id, by_login) = row;
        for (linking, wanted) in
            [(DeveloperLinking::ByIdentityId, by_id), (DeveloperLinking::ByLinkedLogin, by_login)]
        {
            let scene = scene(linking);
            assert_eq!(outcome(&scene, row), *wanted, "{linking:?}: {given:?} {logins:?}");
            scene.world.check();
        }
    }
}

#[test]
fn the_id_is_enough_by_default() {
    assert_eq!(DeveloperLinking::default(), DeveloperLinking::ByIdentityId);
    let world = World::new();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    let input = call(&pool, "zoe").identity_id(&alice);
    assert_eq!(world.resolve(input).expect("linked"), alice);
    assert_eq!(world.register(&pool, "zoe"), alice);
}

#[test]
fn an_id_alone_merges_nobody() {
    let Scene { world, pool, alice, bob, .. } = scene(DeveloperLinking::ByIdentityId);
    let input = call(&pool, "zoe").logins(AMAZON, "user:b");
    let by_id = input.clone().identity_id(&alice);
    let refused = world.resolve(by_id.clone()).expect_err("bob's identity is not alice's");
    assert!(refused.to_string().starts_with("Logins don't match."), "{refused}");
    assert_eq!(world.describe(&bob).state, IdentityState::Authenticated);

    let with_proof = by_id.logins(FACEBOOK, "user:a");
    assert_eq!(world.resolve(with_proof).expect("merged"), alice);
    assert_eq!(world.describe(&bob).state, IdentityState::Disabled);
    for user in ["alice", "bob", "zoe"] {
        assert_eq!(world.register(&pool, user), alice, "{user}");
    }
}

#[test]
fn lookup_of_an_unknown_user() {
    for (answer, told) in [
        (
            UnknownDeveloperUser::NotFound,
            ("ResourceNotFoundException", "Developer user identifier 'zoe' not found."),
        ),
        (
            UnknownDeveloperUser::Forbidden,
            ("NotAuthorizedException", "Access to this identity pool is forbidden."),
        ),
    ] {
        let world = World::with(|builder| {
            builder.signing_key(key(SigningAlgorithm::EdDsa)).unknown_developer_user(answer)
        });
        let pool = world.game();
        let lookup = LookupDeveloperIdentityInput::new(&pool).developer_user_identifier("zoe");
        let refusal = refused(world.aws.lookup_developer_identity(lookup));
        assert_eq!((refusal.0, refusal.1.as_str()), told);
    }
}

#[test]
fn roles_of_other_accounts() {
    let foreign = "arn:aws:iam::999999999999:role/player";
    for (accounts, accepted) in [(RoleAccounts::OwnOnly, false), (RoleAccounts::Any, true)] {
        let world = World::with(|builder| {
            builder.signing_key(key(SigningAlgorithm::EdDsa)).role_accounts(accounts)
        });
        let pool = world.game();
        let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Authenticated, foreign);
        let before = world.dump();
        let outcome = world.aws.set_identity_pool_roles(roles);
        assert_eq!(outcome.is_ok(), accepted, "{accounts:?}");
        assert_eq!(world.dump() == before, !accepted, "{accounts:?}");
    }
}
