//! Listings of all pools, and of the identities and logins of one: their filters and their order.

mod pages;

use cognate::admin::{
    AdminListIdentitiesInput, IdentityDetails, LinkedLogin, ListLoginsInput, OwnedIdentityPool,
};
use cognate::ambient::Timestamp;
use cognate::name::{IdentityId, IdentityPoolId, NextToken};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess, IdentityState,
    ListIdentityPoolsInput,
};

use super::{disable, guest, link, town, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World};

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
        let other = world.of("123456789012", "us-east-10");
        other.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&gone)).expect("deleted");
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
