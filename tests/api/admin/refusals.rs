//! Every refusal of administration: none changes a byte.

use cognate::admin::{
    AdminListIdentitiesInput, DisableIdentityInput, LinkLoginInput, ListLoginsInput,
    UnlinkLoginInput,
};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{DeleteIdentityPoolInput, ListIdentityPoolsInput};
use cognate::store::{Key, Tree};
use cognate::{Admin, Error, Refusal, Result, Violation};

use super::{delete, disable, guest, link, plant, refusal, town, unlink, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, World, id, parse};

/// A pool and its identities.
struct Scene {
    world: World,
    admin: Admin,
    pool: IdentityPoolId,
    /// Has the developer user alice and the user f1 of Facebook.
    alice: IdentityId,
    /// Has the developer user bob and the user a2 of Amazon.
    bob: IdentityId,
    guest: IdentityId,
    disabled: IdentityId,
    /// Has 20 developer users.
    full: IdentityId,
}

const NOBODY: u64 = 99;

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let (pool, admin) = (town(&world), world.engine.admin());
        let alice = world.register(&pool, "alice");
        link(&admin, &alice, FACEBOOK, "f1").expect("linked");
        let bob = user_of(&world, &pool, AMAZON, "a2");
        link(&admin, &bob, GAME, "bob").expect("linked");
        let (guest, disabled) = (guest(&world, &pool), world.register(&pool, "carol"));
        disable(&admin, &disabled).expect("disabled");
        let full = world.register(&pool, "0");
        for n in 1..20 {
            link(&admin, &full, GAME, &n.to_string()).expect("linked");
        }
        Self { world, admin, pool, alice, bob, guest, disabled, full }
    }
}

type Row = (&'static str, fn(&Scene) -> Result<()>, fn(&Scene) -> Refusal);

fn unknown(_: &Scene) -> Refusal {
    Refusal::IdentityNotFound { identity_id: parse(&id(NOBODY)) }
}

fn no_pool(_: &Scene) -> Refusal {
    Refusal::PoolNotFound { identity_pool_id: parse(&id(NOBODY)) }
}

fn linking(s: &Scene, identity: &IdentityId, provider: &str, subject: &str) -> Result<()> {
    link(&s.admin, identity, provider, subject).map(drop)
}

fn unlinking(s: &Scene, identity: &IdentityId, provider: &str, subject: &str) -> Result<()> {
    unlink(&s.admin, identity, provider, subject).map(drop)
}

fn finding(s: &Scene, pool: &IdentityPoolId, provider: &str, subject: &str) -> Result<()> {
    s.admin.identity_of_login(pool, &parse(provider), &parse(subject)).map(drop)
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("link to nobody", |s| linking(s, &parse(&id(NOBODY)), GAME, "x"), unknown),
    ("link a provider that the pool lacks", |s| linking(s, &s.alice, "accounts.google.com", "g"), |_| Refusal::ProviderUnsupported),
    ("link a provider of no kind", |s| linking(s, &s.alice, "login.games", "x"), |_| Refusal::ProviderUnsupported),
    ("link this service", |s| linking(s, &s.alice, "cognito-identity.amazonaws.com", "x"), |_| Refusal::ProviderUnsupported),
    ("link a developer provider with a slash", |s| linking(s, &s.alice, "login.game/", "x"), |_| Refusal::ProviderUnsupported),
    ("link a developer user of another", |s| linking(s, &s.alice, GAME, "bob"),
        |s| Refusal::DeveloperUserAlreadyRegistered { user: parse("bob"), identity_id: s.bob.clone() }),
    ("link a developer user of another to a guest", |s| linking(s, &s.guest, GAME, "bob"),
        |s| Refusal::DeveloperUserAlreadyRegistered { user: parse("bob"), identity_id: s.bob.clone() }),
    ("link a public user of another", |s| linking(s, &s.alice, AMAZON, "a2"), |s| Refusal::LoginOfAnother { identity_id: s.bob.clone() }),
    ("link a public user of another to a rival", |s| linking(s, &s.bob, FACEBOOK, "f1"), |s| Refusal::LoginOfAnother { identity_id: s.alice.clone() }),
    ("link to a disabled identity", |s| linking(s, &s.disabled, GAME, "x"), |s| Refusal::IdentityForbidden { identity_id: s.disabled.clone() }),
    ("link its own former user to a disabled identity", |s| linking(s, &s.disabled, GAME, "carol"), |s| Refusal::IdentityForbidden { identity_id: s.disabled.clone() }),
    ("link a second user of a public provider", |s| linking(s, &s.alice, FACEBOOK, "f2"), |_| Refusal::LoginTaken),
    ("link the 21st developer user", |s| linking(s, &s.full, GAME, "20"), |_| Refusal::TooManyLogins),
    ("link the 21st login", |s| linking(s, &s.full, FACEBOOK, "f3"), |_| Refusal::TooManyLogins),
    // The order of the refusals.
    ("link to nobody, and more", |s| linking(s, &parse(&id(NOBODY)), "none", "x"), unknown),
    ("link a wrong provider to a disabled identity", |s| linking(s, &s.disabled, "none", "x"), |_| Refusal::ProviderUnsupported),
    ("link a user of another to a disabled identity", |s| linking(s, &s.disabled, AMAZON, "a2"), |s| Refusal::LoginOfAnother { identity_id: s.bob.clone() }),
    ("link a developer user of another to a disabled identity", |s| linking(s, &s.disabled, GAME, "bob"),
        |s| Refusal::DeveloperUserAlreadyRegistered { user: parse("bob"), identity_id: s.bob.clone() }),
    ("link a user of another as the 21st", |s| linking(s, &s.full, AMAZON, "a2"), |s| Refusal::LoginOfAnother { identity_id: s.bob.clone() }),

    ("unlink from nobody", |s| unlinking(s, &parse(&id(NOBODY)), GAME, "x"), unknown),
    ("unlink a developer user of another", |s| unlinking(s, &s.alice, GAME, "bob"), |s| Refusal::DeveloperUserElsewhere { identity_id: s.alice.clone() }),
    ("unlink an unknown developer user", |s| unlinking(s, &s.alice, GAME, "x"), |_| Refusal::DeveloperUserNotFound { user: parse("x") }),
    ("unlink a public user of another", |s| unlinking(s, &s.alice, AMAZON, "a2"), |s| Refusal::LoginOfAnother { identity_id: s.bob.clone() }),
    ("unlink an unknown public user", |s| unlinking(s, &s.alice, FACEBOOK, "f2"), |_| Refusal::LoginNotFound),
    ("unlink a provider that the pool lacks", |s| unlinking(s, &s.alice, "none", "f1"), |_| Refusal::LoginNotFound),
    ("unlink from a guest", |s| unlinking(s, &s.guest, FACEBOOK, "f2"), |_| Refusal::LoginNotFound),
    ("unlink from a disabled identity", |s| unlinking(s, &s.disabled, GAME, "carol"), |_| Refusal::DeveloperUserNotFound { user: parse("carol") }),

    ("disable nobody", |s| disable(&s.admin, &parse(&id(NOBODY))).map(drop), unknown),
    ("describe nobody", |s| s.admin.identity(&parse(&id(NOBODY))).map(drop), unknown),
    ("describe an id that no engine has minted", |s| s.admin.identity(&parse("us-east-1:-")).map(drop),
        |_| Refusal::IdentityNotFound { identity_id: parse("us-east-1:-") }),
    ("find in no pool", |s| finding(s, &parse(&id(NOBODY)), GAME, "alice"), no_pool),
    ("find an unknown public user", |s| finding(s, &s.pool, FACEBOOK, "f2"), |_| Refusal::LoginNotFound),
    ("find an unknown developer user", |s| finding(s, &s.pool, GAME, "x"), |_| Refusal::DeveloperUserNotFound { user: parse("x") }),
    ("find a user in no pool", |s| s.admin.identity_of_developer_user(&parse(&id(NOBODY)), &parse("alice")).map(drop), no_pool),
    ("find an unknown user", |s| s.admin.identity_of_developer_user(&s.pool, &parse("x")).map(drop),
        |_| Refusal::DeveloperUserNotFound { user: parse("x") }),
    ("find by no token", |s| s.admin.identity_of_token("x").map(drop), |_| Refusal::TokenForeign),
    ("count in no pool", |s| s.admin.count_identities(&parse(&id(NOBODY))).map(drop), no_pool),
    ("count in a pool that no engine has minted", |s| s.admin.count_identities(&parse("us-east-1:-")).map(drop),
        |_| Refusal::PoolNotFound { identity_pool_id: parse("us-east-1:-") }),
    ("list identities of no pool", |s| s.admin.list_identities(AdminListIdentitiesInput::new(id(NOBODY), 1)).map(drop), no_pool),
    ("list logins of no pool", |s| s.admin.list_logins(ListLoginsInput::new(id(NOBODY), 1)).map(drop), no_pool),
    ("list identities of no pool by no token", |s| s.admin.list_identities(AdminListIdentitiesInput::new(id(NOBODY), 1).next_token("?")).map(drop), no_pool),
    ("list pools by no token", |s| s.admin.list_identity_pools(ListIdentityPoolsInput::new(1).next_token("?")).map(drop), |_| Refusal::NextTokenInvalid),
    ("list identities by no token", |s| s.admin.list_identities(AdminListIdentitiesInput::new(&s.pool, 1).next_token("?")).map(drop), |_| Refusal::NextTokenInvalid),
    ("list logins by no token", |s| s.admin.list_logins(ListLoginsInput::new(&s.pool, 1).next_token("?")).map(drop), |_| Refusal::NextTokenInvalid),
];

#[test]
fn each_refusal_has_its_reason_and_changes_nothing() {
    let scene = Scene::new();
    let before = scene.world.dump();
    for (name, call, expected) in ROWS {
        assert_eq!(refusal(call(&scene)), expected(&scene), "{name}");
        assert_eq!(scene.world.dump(), before, "{name}");
    }
    scene.world.check();
}

#[test]
fn new_refusals_have_names_and_texts_of_the_service() {
    let identity_id: IdentityId = parse(&id(1));
    for (refusal, kind, text) in [
        (Refusal::LoginNotFound, "ResourceNotFoundException", "Login not found.".to_owned()),
        (
            Refusal::LoginOfAnother { identity_id: identity_id.clone() },
            "ResourceConflictException",
            format!("Login belongs to identity '{identity_id}'."),
        ),
    ] {
        let error = Error::from(refusal);
        assert_eq!((error.kind().as_str(), error.to_string()), (kind, text));
    }
}

#[test]
fn members_that_violate_their_constraints_are_named() {
    let scene = Scene::new();
    let Scene { admin, pool, alice, .. } = &scene;
    let before = scene.world.dump();
    let long = "é".repeat(1025);
    let violated: [(Result<()>, &[&str]); 8] = [
        (admin.link_login(LinkLoginInput::new(alice, GAME, &long)).map(drop), &["subject"]),
        (admin.unlink_login(UnlinkLoginInput::new(alice, GAME, &long)).map(drop), &["subject"]),
        (
            admin.link_login(LinkLoginInput::new("?", "", "")).map(drop),
            &["identityId", "provider", "subject"],
        ),
        (admin.disable_identity(DisableIdentityInput::new("?")).map(drop), &["identityId"]),
        (
            admin.list_identities(AdminListIdentitiesInput::new("?", 0).provider("")).map(drop),
            &["identityPoolId", "maxResults", "provider"],
        ),
        (
            admin.list_logins(ListLoginsInput::new(pool, 61).subject_prefix(&long)).map(drop),
            &["maxResults", "subjectPrefix"],
        ),
        (
            admin.list_logins(ListLoginsInput::new(pool, 1).next_token(" ")).map(drop),
            &["nextToken"],
        ),
        (admin.list_identity_pools(ListIdentityPoolsInput::new(0)).map(drop), &["maxResults"]),
    ];
    for (outcome, members) in violated {
        let Err(Error::Invalid(violations)) = outcome else { panic!("{members:?} are valid") };
        let mut named: Vec<_> = violations.iter().map(Violation::member).collect();
        named.dedup();
        assert_eq!(named, members);
    }
    // The longest subject is 1024 characters, however many bytes they have.
    let longest: String = long.chars().skip(1).collect();
    assert_eq!(scene.world.dump(), before);
    link(admin, alice, GAME, &longest).expect("fits");
    unlink(admin, alice, GAME, &longest).expect("linked");
    scene.world.check();
}

/// A deleted pool is gone at once, even while its records are still there.
#[test]
fn nothing_of_a_deleted_pool_is_seen_or_changed() {
    let scene = Scene::new();
    let Scene { world, admin, pool, alice, guest, .. } = &scene;
    let token = {
        let input = crate::support::call(pool, "alice");
        let issued = world.aws.get_open_id_token_for_developer_identity(input);
        issued.expect("a token").token
    };
    let of_pool = [Tree::Identities, Tree::IdentityIndex, Tree::Logins];
    let mut remains = world.dump();
    remains.retain(|(key, _)| of_pool.contains(&key.tree));
    let guid = remains[0].0.bytes[..16].to_vec();
    remains.push((Key::new(Tree::Deletions, guid), vec![1]));
    world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool)).expect("deleted");
    plant(world, remains);

    let before = world.dump();
    let no_pool = || Refusal::PoolNotFound { identity_pool_id: pool.clone() };
    let nobody = || Refusal::IdentityNotFound { identity_id: alice.clone() };
    let listed = admin.list_identity_pools(ListIdentityPoolsInput::new(60)).expect("listed");
    assert_eq!(listed.identity_pools, []);
    let of_pool = AdminListIdentitiesInput::new(pool, 60);
    assert_eq!(refusal(admin.list_identities(of_pool)), no_pool());
    assert_eq!(refusal(admin.list_logins(ListLoginsInput::new(pool, 60))), no_pool());
    assert_eq!(refusal(admin.count_identities(pool)), no_pool());
    assert_eq!(refusal(finding(&scene, pool, GAME, "alice")), no_pool());
    let by_user = admin.identity_of_developer_user(pool, &parse("alice"));
    assert_eq!(refusal(by_user), no_pool());
    assert_eq!(refusal(admin.identity_of_token(token.as_str())), Refusal::TokenForeign);
    assert_eq!(refusal(admin.identity(alice)), nobody());
    assert_eq!(refusal(link(admin, alice, GAME, "x")), nobody());
    assert_eq!(refusal(unlink(admin, alice, GAME, "alice")), nobody());
    assert_eq!(refusal(disable(admin, alice)), nobody());
    let deleted = delete(admin, [alice, guest]).expect("reported");
    assert_eq!((deleted.deleted_identity_ids.len(), deleted.unknown_identity_ids.len()), (0, 2));
    assert_eq!(world.dump(), before);
    world.check();
}
