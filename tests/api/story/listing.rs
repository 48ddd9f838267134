//! Listings, page by page.

use cognate::name::{IdentityId, IdentityPoolId, NextToken};
use cognate::operation::{
    DeleteIdentitiesInput, ListIdentitiesInput, ListIdentitiesOutput, ListIdentityPoolsInput,
    LookupDeveloperIdentityInput, UnlinkDeveloperIdentityInput,
};

use super::{merge, users, world};
use crate::support::{GAME, NOON, World, call, refused};

const INVALID: (&str, &str) = ("InvalidParameterException", "NextToken is not valid.");

fn three(world: &World, pool: &IdentityPoolId) -> [IdentityId; 3] {
    ["alice", "bob", "carol"].map(|user| world.register(pool, user))
}

fn page(
    world: &World,
    pool: &IdentityPoolId,
    size: i64,
    next: Option<&NextToken>,
) -> cognate::Result<ListIdentitiesOutput> {
    let input = ListIdentitiesInput::new(pool, size);
    let input = match next {
        Some(token) => input.next_token(token),
        None => input,
    };
    world.aws.list_identities(input)
}

fn ids(page: &ListIdentitiesOutput) -> Vec<&IdentityId> {
    page.identities.iter().map(|identity| &identity.identity_id).collect()
}

#[test]
fn identities_are_listed_by_creation_then_id() {
    let world = world();
    let pool = world.game();
    world.clock.set(NOON + 2);
    world.ids.next(30);
    let later = world.register(&pool, "later");
    world.clock.set(NOON + 1);
    world.ids.next(20);
    let high = world.register(&pool, "high");
    world.ids.next(10);
    let low = world.register(&pool, "low");
    let whole = page(&world, &pool, 60, None).expect("listed");
    assert_eq!((ids(&whole), &whole.next_token), (vec![&low, &high, &later], &None));
    assert_eq!(whole.identity_pool_id, pool);
    let described = [&low, &high, &later].map(|id| world.describe(id));
    assert_eq!(whole.identities, described, "each as it describes itself");
}

#[test]
fn every_page_of_one_leads_to_the_next() {
    let world = world();
    let pool = world.game();
    let all = three(&world, &pool);
    let mut next: Option<NextToken> = None;
    for (n, id) in all.iter().enumerate() {
        let page = page(&world, &pool, 1, next.as_ref()).expect("listed");
        assert_eq!(ids(&page), [id], "page {n}");
        assert_eq!(page.next_token.is_some(), n < 2, "page {n}");
        next = page.next_token;
    }
    let two = page(&world, &pool, 2, None).expect("listed");
    assert_eq!(ids(&two), [&all[0], &all[1]]);
    let rest = page(&world, &pool, 2, two.next_token.as_ref()).expect("listed");
    assert_eq!((ids(&rest), rest.next_token.as_ref()), (vec![&all[2]], None));
    let exact = page(&world, &pool, 3, None).expect("listed");
    assert_eq!((ids(&exact), exact.next_token.as_ref()), (all.iter().collect(), None));
}

#[test]
fn a_listing_goes_on_after_a_deleted_identity() {
    let world = world();
    let pool = world.game();
    let [alice, bob, carol] = three(&world, &pool);
    let first = page(&world, &pool, 1, None).expect("listed");
    assert_eq!(ids(&first), [&alice]);
    let delete = DeleteIdentitiesInput::new([&alice, &bob]);
    world.aws.delete_identities(delete).expect("deleted");
    let second = page(&world, &pool, 1, first.next_token.as_ref()).expect("listed");
    assert_eq!((ids(&second), second.next_token.as_ref()), (vec![&carol], None));
}

#[test]
fn hidden_identities_take_no_room_on_a_page() {
    let world = world();
    let pool = world.game();
    let [alice, bob, carol] = three(&world, &pool);
    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &bob, GAME, "bob");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    assert_eq!(ids(&page(&world, &pool, 60, None).expect("listed")), [&alice, &bob, &carol]);
    for (hide, first, second) in [(true, [&alice], [&carol]), (false, [&alice], [&bob])] {
        let input = ListIdentitiesInput::new(&pool, 1).hide_disabled(hide);
        let one = world.aws.list_identities(input.clone()).expect("listed");
        assert_eq!(ids(&one), first);
        let next = one.next_token.expect("there is another one");
        let input = input.next_token(next);
        let two = world.aws.list_identities(input).expect("listed");
        assert_eq!((ids(&two), two.next_token.is_some()), (second.to_vec(), !hide));
    }
}

#[test]
fn disabled_identities_do_not_hide_the_end_of_a_long_pool() {
    let world = world();
    let pool = world.game();
    world.register(&pool, "first");
    for n in 0..300 {
        let user = format!("user-{n}");
        let id = world.register(&pool, &user);
        let unlink = UnlinkDeveloperIdentityInput::new(&pool, &id, GAME, user.as_str());
        world.aws.unlink_developer_identity(unlink).expect("unlinked");
    }
    let last = world.register(&pool, "last");
    let input = ListIdentitiesInput::new(&pool, 1).hide_disabled(true);
    let one = world.aws.list_identities(input.clone()).expect("listed");
    let next = one.next_token.expect("there is another one");
    let two = world.aws.list_identities(input.next_token(next)).expect("listed");
    assert_eq!((ids(&two), two.next_token.as_ref()), (vec![&last], None));
}

#[test]
fn users_are_looked_up_in_both_directions() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    for user in ["zoe", "bob"] {
        world.register(&pool, user);
        world.aws.merge_developer_identities(merge(&pool, user, "alice")).expect("merged");
    }
    let lookup = |user: Option<&str>, id: Option<&IdentityId>| {
        let mut input = LookupDeveloperIdentityInput::new(&pool);
        if let Some(user) = user {
            input = input.developer_user_identifier(user);
        }
        if let Some(id) = id {
            input = input.identity_id(id);
        }
        let found = world.aws.lookup_developer_identity(input).expect("found");
        assert_eq!((&found.identity_id, found.next_token), (&alice, None));
        let users = found.developer_user_identifier_list;
        users.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        lookup(None, Some(&alice)),
        ["alice", "zoe", "bob"],
        "in the order of their linking"
    );
    assert_eq!(lookup(Some("bob"), None), ["alice", "zoe", "bob"]);
    assert_eq!(lookup(Some("bob"), Some(&alice)), ["bob"], "the answer repeats both");
}

#[test]
fn users_of_an_identity_are_paged() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    for user in ["bob", "carol"] {
        let given = call(&pool, user).identity_id(&alice);
        assert_eq!(world.resolve(given).expect("linked"), alice);
    }
    assert_eq!(users(&world, &pool, &alice), ["alice", "bob", "carol"]);
    let input = LookupDeveloperIdentityInput::new(&pool).max_results(1);
    let by_id = input.clone().identity_id(&alice);
    let by_user = input.developer_user_identifier("bob");
    for mut input in [by_id, by_user] {
        for (user, more) in [("alice", true), ("bob", true), ("carol", false)] {
            let found = world.aws.lookup_developer_identity(input.clone()).expect("found");
            let [listed] = found.developer_user_identifier_list.as_slice() else {
                panic!("a page of one: {found:?}")
            };
            assert_eq!(listed.as_str(), user);
            assert_eq!(found.next_token.is_some(), more, "{user}");
            if let Some(next) = found.next_token {
                input = input.next_token(next);
            }
        }
    }
}

#[test]
fn a_token_belongs_to_its_listing() {
    let world = world();
    let (pool, other) = (world.game(), world.game());
    let [alice, bob, _] = three(&world, &pool);
    three(&world, &other);
    for user in ["alice-2", "bob-2"] {
        let id = if user == "alice-2" { &alice } else { &bob };
        world.resolve(call(&pool, user).identity_id(id)).expect("linked");
    }
    let pools = |next: Option<&NextToken>| {
        let input = ListIdentityPoolsInput::new(1);
        let input = next.into_iter().fold(input, ListIdentityPoolsInput::next_token);
        world.aws.list_identity_pools(input).map(|page| page.next_token)
    };
    let identities = |of: &IdentityPoolId, next: Option<&NextToken>| {
        page(&world, of, 1, next).map(|page| page.next_token)
    };
    let users = |of: &IdentityId, next: Option<&NextToken>| {
        let input = LookupDeveloperIdentityInput::new(&pool);
        let input = input.identity_id(of).max_results(1);
        let input = next.into_iter().fold(input, LookupDeveloperIdentityInput::next_token);
        world.aws.lookup_developer_identity(input).map(|found| found.next_token)
    };
    let first = "there is more than one";
    let of_pools = pools(None).expect("listed").expect(first);
    let of_identities = identities(&pool, None).expect("listed").expect(first);
    let of_users = users(&alice, None).expect("listed").expect(first);

    let invalid = (INVALID.0, INVALID.1.to_owned());
    for (token, of) in [(&of_pools, "pools"), (&of_identities, "identities"), (&of_users, "users")]
    {
        let next = Some(token);
        for (outcome, listing) in [
            (pools(next), "pools"),
            (identities(&pool, next), "identities"),
            (identities(&other, next), "identities of another pool"),
            (users(&alice, next), "users"),
            (users(&bob, next), "users of another identity"),
        ] {
            if listing == of {
                outcome.expect(listing);
            } else {
                assert_eq!(refused(outcome), invalid, "{listing} by a token of {of}");
            }
        }
        let text = token.as_str();
        for changed in [format!("{text}A"), text[..text.len() - 2].to_owned(), format!("{text}=")] {
            let changed = changed.parse().expect("fits");
            assert_eq!(refused(pools(Some(&changed))), invalid, "{changed}");
            assert_eq!(refused(identities(&pool, Some(&changed))), invalid, "{changed}");
            assert_eq!(refused(users(&alice, Some(&changed))), invalid, "{changed}");
        }
    }
}
