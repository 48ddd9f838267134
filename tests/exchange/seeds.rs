//! Seeds, with every combination of members that may be left out.

use cognate::admin::{HistoryInput, IdentityDetails};
use cognate::exchange::{ExchangeError, Export, Import, ImportFault};
use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityPoolInput, GuestAccess, IdentityState,
    LookupDeveloperIdentityInput,
};
use cognate::testkit::TestClock;
use cognate::{Engine, ErrorKind};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, ALICE, BOB, POOL, World, builder, dump, line_of, lines, sealed};

const FIRST: &str = "{\"cognate\":\"seed\",\"version\":1}";
const CREATED: &str = "2026-01-02T03:04:05.678Z";
const MODIFIED: &str = "2026-02-03T04:05:06.789Z";

/// Members that a seed may leave out, by the line that they belong to.
const OPTIONAL: [(&str, &str); 11] = [
    ("pool", "id"),
    ("pool", "account"),
    ("pool", "created"),
    ("pool", "revision"),
    ("pool", "roles"),
    ("identity", "id"),
    ("identity", "state"),
    ("identity", "revision"),
    ("identity", "created"),
    ("identity", "modified"),
    ("identity", "logins"),
];

fn seed() -> [Value; 2] {
    let settings = json!({
        "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": "login.game",
        "SupportedLoginProviders": { "accounts.google.com": "app" },
    });
    let role = "arn:aws:iam::210987654321:role/player";
    let logins = json!([
        { "developer": "login.game", "subject": "alice", "ordinal": 3 },
        { "public": "accounts.google.com", "subject": "1089", "ordinal": 4 },
    ]);
    [
        json!({ "pool": {
            "id": POOL, "account": "210987654321", "created": CREATED, "revision": 7,
            "settings": settings, "roles": { "authenticated": role },
        } }),
        json!({ "identity": {
            "id": ALICE, "state": "AUTHENTICATED", "revision": 9, "created": CREATED,
            "modified": MODIFIED, "logins": logins,
        } }),
    ]
}

fn file(lines: &[Value]) -> Vec<u8> {
    lines.iter().fold(FIRST.to_owned(), |file, line| format!("{file}\n{line}")).into_bytes()
}

/// The pool and the identity as an export writes them.
fn written(world: &World) -> (Value, Value) {
    let all = lines(&world.export(Export::all()));
    let [_, pool, identity] = all.as_slice() else { panic!("{all:?}") };
    let parsed = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
    (parsed(pool)["pool"].take(), parsed(identity)["identity"].take())
}

#[test]
fn every_combination_of_members_can_be_left_out() {
    for left_out in 0..1_u32 << OPTIONAL.len() {
        let is_left_out = |at: usize| left_out >> at & 1 == 1;
        let mut lines = seed();
        let mut expected = seed().map(|mut line| {
            let (_, members) = line.as_object_mut().unwrap().iter_mut().next().unwrap();
            members.take()
        });
        for (_, (kind, member)) in OPTIONAL.iter().enumerate().filter(|(at, _)| is_left_out(*at)) {
            let line = usize::from(*kind == "identity");
            lines[line][kind].as_object_mut().unwrap().remove(*member);
            expected[line].as_object_mut().unwrap().remove(*member);
        }
        // The role is of the pool's own account.
        if is_left_out(1) && !is_left_out(4) {
            let role = format!("arn:aws:iam::{ACCOUNT}:role/player");
            lines[0]["pool"]["roles"]["authenticated"] = role.clone().into();
            expected[0]["roles"]["authenticated"] = role.into();
        }
        // Logins and state belong together.
        let (has_state, has_logins) = (!is_left_out(6), !is_left_out(10));
        let world = World::new(false);
        let import = Import::new().region("us-east-1".parse().unwrap());
        let import = import.account(ACCOUNT.parse().unwrap());
        let imported = world.engine.admin().import(import, file(&lines).as_slice());
        if has_state && !has_logins {
            assert!(imported.is_err() && dump(&*world.store).is_empty());
            continue;
        }
        let imported = imported.unwrap_or_else(|refused| panic!("{lines:?}: {refused}"));
        world.checked();
        let (pool, identity) = written(&world);
        for (written, expected) in [(&pool, &expected[0]), (&identity, &expected[1])] {
            for (member, value) in expected.as_object().unwrap() {
                assert_eq!(written[member], *value, "{member}");
            }
        }
        assert_eq!(pool["id"], imported.identity_pool_ids[0].as_str());
        if is_left_out(1) {
            assert_eq!(pool["account"], ACCOUNT);
        }
        let state = if has_logins { "AUTHENTICATED" } else { "UNAUTHENTICATED" };
        assert_eq!(identity["state"], state);
        if is_left_out(9) {
            assert_eq!(identity["modified"], identity["created"]);
        }
        for (left, line, member) in [(3, &pool, "revision"), (7, &identity, "revision")] {
            assert!(!is_left_out(left) || line[member] == 1);
        }
    }
}

#[test]
fn ordinals_follow_each_other() {
    let mut lines = seed();
    for login in lines[1]["identity"]["logins"].as_array_mut().unwrap() {
        login.as_object_mut().unwrap().remove("ordinal");
    }
    let ordinals = |lines: &[Value]| {
        let world = World::new(false);
        world.import(&file(lines)).expect("imports");
        let (_, identity) = written(&world);
        let logins = identity["logins"].as_array().unwrap().clone();
        logins.iter().map(|login| login["ordinal"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ordinals(&lines), [0, 1]);
    lines[1]["identity"]["logins"][0]["ordinal"] = 8.into();
    assert_eq!(ordinals(&lines), [8, 9]);
}

/// A seed may have the last line of an export, and lines that are blank.
#[test]
fn the_last_line_of_a_seed_is_checked_if_it_is_there() {
    let lines: Vec<String> =
        std::iter::once(FIRST.to_owned()).chain(seed().iter().map(Value::to_string)).collect();
    let whole = sealed(&lines);
    World::new(false).import(&whole).expect("imports");
    let text = String::from_utf8(whole).unwrap();
    let world = World::new(false);
    let (line, fault) = world.refusal(text.replace("alice", "alicf").as_bytes());
    assert_eq!((line, fault), (4, ImportFault::WrongDigest));
    let (_, fault) = world.refusal(text.replace("\"identities\":1", "\"identities\":2").as_bytes());
    assert_eq!(fault, ImportFault::WrongCounts);
    let blank = [FIRST, "", "  ", &lines[1], "", &lines[2], "", ""].join("\r\n");
    world.import(blank.as_bytes()).expect("imports");
    world.checked();
}

/// An existing pool with one user.
fn existing(has_journal: bool) -> (World, IdentityPoolId) {
    let world = World::new(has_journal);
    let aws = world.engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
        .developer_provider_name("login.game")
        .supported_login_providers("accounts.google.com", "app");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    (world, pool)
}

fn user(id: Option<&str>, subject: &str) -> String {
    let id = id.map_or(String::new(), |id| format!("\"id\":\"{id}\","));
    format!(
        "{{\"identity\":{{{id}\"logins\":[{{\"developer\":\"login.game\",\"subject\":\"{subject}\"}}]}}}}"
    )
}

fn refused(world: &World, pool: &IdentityPoolId, lines: &[String]) -> (u64, ImportFault) {
    let before = dump(&*world.store);
    let file = [&[FIRST.to_owned()], lines].concat().join("\n");
    let refused = world.engine.admin().seed(pool, file.as_bytes()).expect_err("is refused");
    assert!(dump(&*world.store) == before);
    line_of(refused)
}

fn details(engine: &Engine, id: &str) -> cognate::Result<IdentityDetails> {
    engine.admin().identity(&id.parse().unwrap())
}

#[test]
fn a_seed_goes_into_an_existing_pool() {
    for has_journal in [false, true] {
        let (world, pool) = existing(has_journal);
        let file = [FIRST, &user(Some(ALICE), "alice"), &user(None, "bob")].join("\n");
        let seeded = world.engine.admin().seed(&pool, file.as_bytes()).expect("seeds");
        assert_eq!((seeded.identities, seeded.identity_pool_ids), (2, vec![]));
        world.checked();
        let alice = details(&world.engine, ALICE).expect("is there");
        assert_eq!(
            (alice.state, alice.identity_pool_id),
            (IdentityState::Authenticated, pool.clone())
        );
        let aws = world.engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
        let lookup = LookupDeveloperIdentityInput::new(&pool).developer_user_identifier("bob");
        let bob = aws.lookup_developer_identity(lookup).expect("is there").identity_id;
        let history = HistoryInput::new(&bob, 60);
        let history = world.engine.admin().history(history).expect("reads");
        assert_eq!(history.events.len(), usize::from(has_journal));

        let taken = user(Some(BOB), "bob");
        assert!(matches!(
            refused(&world, &pool, &[user(None, "carol"), taken]),
            (3, ImportFault::LoginTwice { .. })
        ));
        let (line, fault) = refused(&world, &pool, &[user(Some(ALICE), "carol")]);
        assert_eq!((line, fault), (2, ImportFault::IdentityExists(ALICE.parse().unwrap())));
        let same = user(Some(BOB), "carol");
        let (line, fault) = refused(&world, &pool, &[same, user(Some(BOB), "dora")]);
        assert_eq!((line, fault), (3, ImportFault::IdentityExists(BOB.parse().unwrap())));
        let same = user(None, "carol");
        assert!(matches!(
            refused(&world, &pool, &[same.clone(), same]),
            (3, ImportFault::LoginTwice { .. })
        ));
    }
}

/// A login that an earlier engine has stored with a final slash is taken without it too.
#[test]
fn a_seed_meets_logins_in_every_spelling() {
    let world = World::new(false);
    let pool = json!({ "pool": {
        "id": POOL, "account": ACCOUNT, "created": CREATED, "revision": 1,
        "settings": {
            "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true,
            "SupportedLoginProviders": { "tenant.auth0.com/": "app" },
        },
    } });
    let identity = |id: &str, provider: &str| {
        json!({ "identity": {
            "id": id, "state": "AUTHENTICATED", "revision": 1, "created": CREATED,
            "modified": CREATED,
            "logins": [{ "public": provider, "subject": "1", "ordinal": 0 }],
        } })
    };
    let first = json!({
        "cognate": "export", "version": 1, "at": CREATED, "scope": "all", "history": false,
    });
    let with = |identities: &[Value]| {
        let lines = [&[first.clone(), pool.clone()], identities].concat();
        sealed(&lines.iter().map(Value::to_string).collect::<Vec<_>>())
    };
    let [slashed, bare] = ["tenant.auth0.com/", "tenant.auth0.com"];
    for pair in [[slashed, bare], [bare, slashed]] {
        let both = with(&[identity(ALICE, pair[0]), identity(BOB, pair[1])]);
        assert!(matches!(world.refusal(&both), (4, ImportFault::LoginTwice { .. })));
        // Also if the first one is in an earlier commit.
        let guest = |number: u32| {
            let id = format!("us-east-1:00000000-0000-4000-8000-{number:012}");
            let mut guest = identity(&id, bare);
            guest["identity"]["state"] = "UNAUTHENTICATED".into();
            guest["identity"]["logins"] = json!([]);
            guest
        };
        let mut far = vec![identity(ALICE, pair[0])];
        far.extend((0..600).map(guest));
        far.push(identity(BOB, pair[1]));
        assert!(matches!(world.refusal(&with(&far)), (604, ImportFault::LoginTwice { .. })));
    }
    world.import(&with(&[identity(ALICE, slashed)])).expect("imports");
    let seed = "{\"identity\":{\"logins\":[{\"public\":\"tenant.auth0.com\",\"subject\":\"1\"}]}}";
    let refused = refused(&world, &POOL.parse().unwrap(), &[seed.to_owned()]);
    assert!(matches!(refused, (2, ImportFault::LoginTwice { .. })));
}

#[test]
fn a_seed_for_a_pool_has_no_pools_and_a_thousand_identities_at_most() {
    let (world, pool) = existing(false);
    let (line, fault) = refused(&world, &pool, &[user(None, "a"), seed()[0].to_string()]);
    assert_eq!((line, fault), (3, ImportFault::Misplaced));
    let users = |count: usize| (0..count).map(|n| user(None, &n.to_string())).collect::<Vec<_>>();
    let (line, fault) = refused(&world, &pool, &users(1_001));
    assert_eq!((line, fault), (1_002, ImportFault::TooManyIdentities(1_000)));
    let file = [&[FIRST.to_owned()][..], &users(1_000)].concat().join("\n");
    assert_eq!(world.engine.admin().seed(&pool, file.as_bytes()).expect("seeds").identities, 1_000);
    world.checked();
    let nowhere = POOL.parse().unwrap();
    let missing = world.engine.admin().seed(&nowhere, file.as_bytes()).expect_err("no pool");
    let ExchangeError::Engine(missing) = missing else { panic!("{missing}") };
    assert_eq!(missing.kind(), ErrorKind::ResourceNotFound);
    let export = world.export(Export::all());
    let refused = world.engine.admin().seed(&pool, export.as_slice()).expect_err("an export");
    assert_eq!(refused.to_string(), "line 1: a line of this kind must not stand here");
}

/// Pools that name no account belong to that of the engine.
#[test]
fn a_pool_without_an_account_has_that_of_the_engine() {
    let clock = TestClock::default();
    let engine = builder(&clock, false).default_account(ACCOUNT.parse().unwrap());
    let engine = engine.in_memory().expect("opens");
    let mut pool = seed()[0].clone();
    pool["pool"].as_object_mut().unwrap().remove("account");
    pool["pool"].as_object_mut().unwrap().remove("roles");
    engine.admin().import(Import::new(), file(&[pool]).as_slice()).expect("imports");
    let aws = engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = DescribeIdentityPoolInput::new(POOL);
    assert_eq!(
        aws.describe_identity_pool(input).expect("is there").identity_pool_id.as_str(),
        POOL
    );
}
