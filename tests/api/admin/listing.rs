//! Listings of all pools, and of the identities and logins of one, page by page.

use cognate::Refusal;
use cognate::admin::{
    AdminListIdentitiesInput, IdentityDetails, LinkedLogin, ListLoginsInput, OwnedIdentityPool,
};
use cognate::ambient::Timestamp;
use cognate::name::{IdentityId, IdentityPoolId, NextToken};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess, IdentityState,
    ListIdentitiesInput, ListIdentityPoolsInput,
};
use cognate::store::Tree;

use super::{delete, disable, guest, link, plant, records, refusal, town, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, parse};

const SIZES: [i64; 4] = [1, 2, 7, 60];

/// The entries of all pages. Only the last page is not full.
fn all<T>(
    size: i64,
    mut page: impl FnMut(Option<NextToken>) -> (Vec<T>, Option<NextToken>),
) -> Vec<T> {
    let (mut entries, mut next) = (Vec::new(), None);
    loop {
        let (found, token) = page(next);
        let full = usize::try_from(size).expect("small");
        assert!(found.len() == full || (found.len() < full && token.is_none()), "{}", found.len());
        entries.extend(found);
        next = Some(match token {
            Some(token) => token,
            None => return entries,
        });
    }
}

fn pools(world: &World, size: i64) -> Vec<OwnedIdentityPool> {
    all(size, |token| {
        let input = ListIdentityPoolsInput::new(size);
        let input = token.into_iter().fold(input, ListIdentityPoolsInput::next_token);
        let page = world.engine.admin().list_identity_pools(input).expect("listed");
        (page.identity_pools, page.next_token)
    })
}

fn identities(world: &World, input: &AdminListIdentitiesInput, size: i64) -> Vec<IdentityDetails> {
    all(size, |token| {
        let input = input.clone().max_results(size);
        let input = token.into_iter().fold(input, AdminListIdentitiesInput::next_token);
        let page = world.engine.admin().list_identities(input).expect("listed");
        (page.identities, page.next_token)
    })
}

fn logins(world: &World, input: &ListLoginsInput, size: i64) -> Vec<LinkedLogin> {
    all(size, |token| {
        let input = input.clone().max_results(size);
        let input = token.into_iter().fold(input, ListLoginsInput::next_token);
        let page = world.engine.admin().list_logins(input).expect("listed");
        (page.logins, page.next_token)
    })
}

fn worlds() -> [World; 2] {
    [World::new(), World::exclusive(|builder| builder)]
}

#[test]
fn pools_of_all_accounts_and_regions_are_listed_by_owner_and_creation() {
    for world in worlds() {
        assert_eq!(pools(&world, 60), []);
        let mut expected = Vec::new();
        for (n, (account, region)) in [
            ("210987654321", "us-east-1"),
            ("123456789012", "us-east-1"),
            ("210987654321", "eu-west-1"),
            ("123456789012", "us-east-10"),
            ("123456789012", "us-east-1"),
            ("123456789012", "eu-west-1"),
        ]
        .into_iter()
        .enumerate()
        {
            let at = NOON + 1000 - n as u64;
            world.clock.set(at);
            let owner = world.of(account, region);
            let name = format!("pool {n}");
            let input = CreateIdentityPoolInput::new(&name, GuestAccess::Denied);
            let pool = owner.aws.create_identity_pool(input).expect("created").identity_pool_id;
            expected.push((account, region, at, pool, name));
        }
        expected.sort();
        let listed = |pool: &OwnedIdentityPool| {
            let OwnedIdentityPool { account_id, region, identity_pool_id, .. } = pool;
            let name = pool.identity_pool_name.to_string();
            let created = pool.creation_date.as_millis();
            (account_id.to_string(), region.to_string(), created, identity_pool_id.clone(), name)
        };
        let owned =
            |(account, region, at, pool, name): &(&str, &str, u64, IdentityPoolId, String)| {
                ((*account).to_owned(), (*region).to_owned(), *at, pool.clone(), name.clone())
            };
        for size in SIZES {
            let found: Vec<_> = pools(&world, size).iter().map(listed).collect();
            assert_eq!(found, expected.iter().map(owned).collect::<Vec<_>>(), "{size}");
        }
        let (_, _, _, gone, _) = expected.remove(3);
        let owner = world.of("123456789012", "us-east-10");
        owner.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&gone)).expect("deleted");
        let found: Vec<_> = pools(&world, 60).iter().map(listed).collect();
        assert_eq!(found, expected.iter().map(owned).collect::<Vec<_>>());
    }
}

/// A pool with identities of every kind, and all its identities in their order.
fn populated(world: &World) -> (IdentityPoolId, Vec<IdentityDetails>) {
    let (pool, other, admin) = (town(world), town(world), world.engine.admin());
    world.register(&other, "alice");
    let mut ids: Vec<IdentityId> = Vec::new();
    for n in 0..40_u64 {
        // Several in each millisecond.
        world.clock.set(NOON + n / 3);
        let user = format!("user-{}", n % 13);
        let id = match n % 5 {
            0 => guest(world, &pool),
            1 => user_of(world, &pool, FACEBOOK, &user),
            2 => user_of(world, &pool, AMAZON, &user),
            _ => world.register(&pool, &user),
        };
        if ids.contains(&id) {
            continue;
        }
        if n % 5 >= 3 && n % 2 == 0 {
            link(&admin, &id, AMAZON, &format!("linked-{n}")).expect("linked");
        }
        if n % 11 == 4 {
            disable(&admin, &id).expect("disabled");
        }
        ids.push(id);
    }
    let mut all: Vec<_> = ids.iter().map(|id| admin.identity(id).expect("found")).collect();
    all.sort_by_key(|identity| (identity.creation_date, identity.identity_id.clone()));
    (pool, all)
}

fn has_login_of(identity: &IdentityDetails, provider: &str) -> bool {
    identity.logins.iter().any(|login| login.provider().as_str() == provider)
}

#[test]
fn every_combination_of_filters_shows_the_identities_that_pass_them() {
    for world in worlds() {
        let (pool, all) = populated(&world);
        let mut shown = 0;
        let states = [
            None,
            Some(IdentityState::Unauthenticated),
            Some(IdentityState::Authenticated),
            Some(IdentityState::Disabled),
        ];
        let providers = [None, Some(GAME), Some(AMAZON), Some(FACEBOOK), Some("none")];
        let dates = [None, Some(0), Some(3), Some(9), Some(100)];
        for state in states {
            for provider in providers {
                for from in dates {
                    for before in dates {
                        let mut input = AdminListIdentitiesInput::new(&pool, 1);
                        if let Some(state) = state {
                            input = input.state(state);
                        }
                        if let Some(provider) = provider {
                            input = input.provider(provider);
                        }
                        if let Some(from) = from {
                            input = input.created_from(Timestamp::from_millis(NOON + from));
                        }
                        if let Some(before) = before {
                            input = input.created_before(Timestamp::from_millis(NOON + before));
                        }
                        let passes = |identity: &&IdentityDetails| {
                            let created = identity.creation_date.as_millis() - NOON;
                            state.is_none_or(|state| identity.state == state)
                                && provider.is_none_or(|name| has_login_of(identity, name))
                                && from.is_none_or(|from| created >= from)
                                && before.is_none_or(|before| created < before)
                        };
                        let expected: Vec<_> = all.iter().filter(passes).cloned().collect();
                        shown += expected.len();
                        let size = SIZES[shown % SIZES.len()];
                        assert_eq!(identities(&world, &input, size), expected, "{input:?}");
                    }
                }
            }
        }
        assert!(shown > 500, "the filters show {shown}");
        for size in SIZES {
            let input = AdminListIdentitiesInput::new(&pool, 1);
            assert_eq!(identities(&world, &input, size), all);
        }
    }
}

#[test]
fn every_combination_of_filters_shows_the_logins_that_pass_them() {
    for world in worlds() {
        let (pool, identities) = populated(&world);
        let mut all = Vec::new();
        for identity in &identities {
            for login in &identity.logins {
                let order = (!login.is_developer(), login.provider(), login.subject());
                all.push((order, login, &identity.identity_id));
            }
        }
        all.sort_by_key(|(order, ..)| *order);
        let mut shown = 0;
        for provider in [None, Some(GAME), Some(AMAZON), Some("www.amazon.com/"), Some("none")] {
            for prefix in
                [None, Some("u"), Some("user-1"), Some("user-10"), Some("linked-"), Some("x")]
            {
                let mut input = ListLoginsInput::new(&pool, 1);
                if let Some(provider) = provider {
                    input = input.provider(provider);
                }
                if let Some(prefix) = prefix {
                    input = input.subject_prefix(prefix);
                }
                let bare = provider.map(|provider| provider.trim_end_matches('/'));
                let passing = all.iter().filter(|((_, of, subject), ..)| {
                    bare.is_none_or(|provider| of.as_str() == provider)
                        && prefix.is_none_or(|prefix| subject.as_str().starts_with(prefix))
                });
                let expected: Vec<_> = passing.map(|(_, login, id)| (*login, *id)).collect();
                shown += expected.len();
                for size in SIZES {
                    let found = logins(&world, &input, size);
                    let found: Vec<_> =
                        found.iter().map(|found| (&found.login, &found.identity_id)).collect();
                    assert_eq!(found, expected, "{input:?}");
                }
            }
        }
        assert!(shown > 80, "the filters show {shown}");
    }
}

#[test]
fn pages_go_on_after_an_entry_that_is_gone() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| world.register(&pool, user));
    let of_identities = AdminListIdentitiesInput::new(&pool, 1);
    let first = admin.list_identities(of_identities.clone()).expect("listed");
    let of_logins = ListLoginsInput::new(&pool, 1).provider(GAME);
    let first_login = admin.list_logins(of_logins.clone()).expect("listed");
    delete(&admin, [&alice, &bob]).expect("deleted");
    let next = first.next_token.expect("there are more");
    let second = admin.list_identities(of_identities.next_token(next)).expect("listed");
    assert_eq!((&second.identities[0].identity_id, second.next_token), (&carol, None));
    let next = first_login.next_token.expect("there are more");
    let second = admin.list_logins(of_logins.next_token(next)).expect("listed");
    assert_eq!((&second.logins[0].identity_id, second.next_token), (&carol, None));
}

#[test]
fn a_token_of_one_listing_is_no_token_of_another() {
    let world = World::new();
    let (pool, other, admin) = (town(&world), town(&world), world.engine.admin());
    for (pool, user) in [(&pool, "alice"), (&pool, "bob"), (&other, "alice"), (&other, "bob")] {
        world.register(pool, user);
    }
    let with = |token: Option<&NextToken>, of: &str, pool: &IdentityPoolId| match of {
        "pools" => {
            let input = ListIdentityPoolsInput::new(1);
            let input = token.into_iter().fold(input, ListIdentityPoolsInput::next_token);
            admin.list_identity_pools(input).map(|page| page.next_token)
        }
        "own pools" => {
            let input = ListIdentityPoolsInput::new(1);
            let input = token.into_iter().fold(input, ListIdentityPoolsInput::next_token);
            world.aws.list_identity_pools(input).map(|page| page.next_token)
        }
        "identities" => {
            let input = AdminListIdentitiesInput::new(pool, 1);
            let input = token.into_iter().fold(input, AdminListIdentitiesInput::next_token);
            admin.list_identities(input).map(|page| page.next_token)
        }
        "own identities" => {
            let input = ListIdentitiesInput::new(pool, 1);
            let input = token.into_iter().fold(input, ListIdentitiesInput::next_token);
            world.aws.list_identities(input).map(|page| page.next_token)
        }
        _ => {
            let input = ListLoginsInput::new(pool, 1);
            let input = token.into_iter().fold(input, ListLoginsInput::next_token);
            admin.list_logins(input).map(|page| page.next_token)
        }
    };
    let listings = ["pools", "own pools", "identities", "own identities", "logins"];
    for of in listings {
        let token = with(None, of, &pool).expect("listed").expect("there is more");
        for to in listings {
            if of == to {
                with(Some(&token), to, &pool).expect("its own token");
            } else {
                let refused = refusal(with(Some(&token), to, &pool));
                assert_eq!(refused, Refusal::NextTokenInvalid, "{of} to {to}");
            }
        }
        if !of.ends_with("pools") {
            let refused = refusal(with(Some(&token), of, &other));
            assert_eq!(refused, Refusal::NextTokenInvalid, "{of} of another pool");
        }
        let text = token.as_str();
        for changed in ["AAAA", &text[..20], &format!("{text}=")] {
            let refused = refusal(with(Some(&parse(changed)), of, &pool));
            assert_eq!(refused, Refusal::NextTokenInvalid, "{of} by {changed}");
        }
    }
    // A token of a login goes on within a provider only if the login is of it.
    let input = ListLoginsInput::new(&pool, 1).provider(GAME);
    let token = admin.list_logins(input).expect("listed").next_token.expect("there is more");
    let of_amazon = ListLoginsInput::new(&pool, 1).provider(AMAZON).next_token(&token);
    assert_eq!(refusal(admin.list_logins(of_amazon)), Refusal::NextTokenInvalid);
}

/// The number of records that one call reads at most.
const CALL: usize = 16_384;

#[test]
fn a_call_that_finds_nothing_ends_and_the_next_one_goes_on() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    world.register(&pool, "alice");
    let guest = guest(&world, &pool);
    let (key, value) = records(&world, Tree::Identities).pop_last().expect("the guest");
    let (login, owner) = records(&world, Tree::Logins).pop_last().expect("alice");
    let crowd = (0..2 * CALL).flat_map(|n| {
        let mut other = key.clone();
        other.truncate(key.len() - 8);
        other.extend((1_000_000 + n as u64).to_be_bytes());
        let bulk = [&login[..login.len() - 5], format!("bulk-{n:05}").as_bytes()].concat();
        [(Tree::Identities, other, value.clone()), (Tree::Logins, bulk, owner.clone())]
    });
    let crowd = crowd.map(|(tree, key, value)| (cognate::store::Key::new(tree, key), value));
    plant(&world, crowd.collect());
    world.clock.set(NOON + 1);
    let zoe = world.register(&pool, "zoe");

    let counts = admin.count_identities(&pool).expect("counted");
    assert_eq!((counts.unauthenticated, counts.authenticated), (2 * CALL as u64 + 1, 2));
    assert_eq!(counts.logins[&parse(GAME)], 2 * CALL as u64 + 2);

    let input = AdminListIdentitiesInput::new(&pool, 60).state(IdentityState::Authenticated);
    let (mut found, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let input = next.into_iter().fold(input.clone(), |input, token: NextToken| {
            AdminListIdentitiesInput::next_token(input, token)
        });
        let page = admin.list_identities(input).expect("listed");
        found.extend(page.identities.into_iter().map(|identity| identity.identity_id));
        pages += 1;
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), found.last(), pages), (2, Some(&zoe), 3));
    assert!(!found.contains(&guest));

    let input = ListLoginsInput::new(&pool, 60).subject_prefix("z");
    let (mut found, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let input = next.into_iter().fold(input.clone(), |input, token: NextToken| {
            ListLoginsInput::next_token(input, token)
        });
        let page = admin.list_logins(input).expect("listed");
        found.extend(page.logins.into_iter().map(|login| login.identity_id));
        pages += 1;
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (vec![zoe.clone()], 3));
    // With the provider the same prefix is one short range.
    let input = ListLoginsInput::new(&pool, 60).provider(GAME).subject_prefix("z");
    let page = admin.list_logins(input).expect("listed");
    assert_eq!((page.logins.len(), page.next_token), (1, None));
    assert_eq!(page.logins[0].identity_id, zoe);
}

#[test]
fn outputs_have_the_names_of_the_service() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    world.clock.set(NOON + 77);
    let alice = world.register(&pool, "alice");
    let json = |value: serde_json::Result<serde_json::Value>| value.expect("JSON").to_string();
    let pools = admin.list_identity_pools(ListIdentityPoolsInput::new(60)).expect("listed");
    let expected = format!(
        r#"{{"IdentityPools":[{{"AccountId":"123456789012","CreationDate":1700000000.0,"IdentityPoolId":"{pool}","IdentityPoolName":"town","Region":"us-east-1"}}]}}"#
    );
    assert_eq!(json(serde_json::to_value(&pools)), expected);
    let input = AdminListIdentitiesInput::new(&pool, 60);
    let listed = admin.list_identities(input).expect("listed");
    let login = r#"{"Kind":"Developer","Provider":"login.game","Subject":"alice"}"#;
    let expected = format!(
        r#"{{"Identities":[{{"CreationDate":1700000000.077,"IdentityId":"{alice}","IdentityPoolId":"{pool}","LastModifiedDate":1700000000.077,"Logins":[{login}],"State":"AUTHENTICATED"}}],"IdentityPoolId":"{pool}"}}"#
    );
    assert_eq!(json(serde_json::to_value(&listed)), expected);
    let listed = admin.list_logins(ListLoginsInput::new(&pool, 60)).expect("listed");
    let expected = format!(
        r#"{{"IdentityPoolId":"{pool}","Logins":[{{"IdentityId":"{alice}","Login":{login}}}]}}"#
    );
    assert_eq!(json(serde_json::to_value(&listed)), expected);
    let counts = admin.count_identities(&pool).expect("counted");
    let expected = format!(
        r#"{{"Authenticated":1,"Disabled":0,"IdentityPoolId":"{pool}","Logins":{{"login.game":1}},"OtherLogins":0,"Unauthenticated":0}}"#
    );
    assert_eq!(json(serde_json::to_value(&counts)), expected);
    let input = AdminListIdentitiesInput::new(&pool, 60)
        .state(IdentityState::Disabled)
        .created_from(Timestamp::from_millis(NOON + 77));
    let expected = format!(
        r#"{{"CreatedFrom":1700000000.077,"IdentityPoolId":"{pool}","MaxResults":60,"State":"DISABLED"}}"#
    );
    assert_eq!(json(serde_json::to_value(&input)), expected);
    assert_eq!(serde_json::from_str::<AdminListIdentitiesInput>(&expected).expect("read"), input);
}
