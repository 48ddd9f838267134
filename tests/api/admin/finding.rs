//! Identities that are found by a login or a token, and the counts of a pool.

use std::collections::BTreeMap;

use cognate::Refusal;
use cognate::operation::{CreateIdentityPoolInput, GuestAccess, UpdateIdentityPoolInput};

use super::{delete, disable, guest, link, refusal, town, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, call, parse};

#[test]
fn an_identity_is_found_by_each_of_its_logins_in_its_pool() {
    for world in [World::new(), World::exclusive(|builder| builder)] {
        let admin = world.engine.admin();
        let other = world.of("210987654321", "eu-west-1");
        let pools = [town(&world), town(&other)];
        let alices = [world.register(&pools[0], "alice"), other.register(&pools[1], "alice")];
        for (pool, alice) in pools.iter().zip(&alices) {
            link(&admin, alice, FACEBOOK, "f1").expect("linked");
            let details = admin.identity(alice).expect("found");
            assert_eq!(&details.identity_pool_id, pool);
            for (provider, subject) in [(GAME, "alice"), (FACEBOOK, "f1")] {
                for provider in [provider.to_owned(), format!("{provider}/")] {
                    let found = admin.identity_of_login(pool, &parse(&provider), &parse(subject));
                    if provider == "login.game/" {
                        // The name of a developer provider has no slash.
                        assert_eq!(refusal(found), Refusal::LoginNotFound);
                    } else {
                        assert_eq!(found.expect("found"), details, "{provider} {subject}");
                    }
                }
            }
            let found = admin.identity_of_developer_user(pool, &parse("alice")).expect("found");
            assert_eq!(found, details);
        }
    }
}

#[test]
fn a_pool_without_a_developer_provider_has_no_developer_users() {
    let world = World::new();
    let input = CreateIdentityPoolInput::new("p", GuestAccess::Allowed);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let found = world.engine.admin().identity_of_developer_user(&pool, &parse("alice"));
    assert_eq!(refusal(found), Refusal::DeveloperUserNotFound { user: parse("alice") });
}

#[test]
fn a_token_leads_to_its_identity_until_it_expires() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let issue = |user: &str| {
        let issued = world.aws.get_open_id_token_for_developer_identity(call(&pool, user));
        issued.expect("a token")
    };
    let (alice, bob) = (issue("alice"), issue("bob"));
    let found = admin.identity_of_token(alice.token.as_str()).expect("found");
    assert_eq!(found, admin.identity(&alice.identity_id).expect("found"));
    // A disabled identity is still the token's.
    disable(&admin, &alice.identity_id).expect("disabled");
    let found = admin.identity_of_token(alice.token.as_str()).expect("found");
    assert_eq!(found, admin.identity(&alice.identity_id).expect("found"));
    delete(&admin, [&bob.identity_id]).expect("deleted");
    let gone = refusal(admin.identity_of_token(bob.token.as_str()));
    assert_eq!(gone, Refusal::IdentityNotFound { identity_id: bob.identity_id });
    let forged = format!("{}A", alice.token.as_str());
    assert_eq!(refusal(admin.identity_of_token(&forged)), Refusal::TokenForeign);
    world.clock.set(NOON + 900_000);
    let exp = NOON / 1000 + 900;
    let late = refusal(admin.identity_of_token(alice.token.as_str()));
    assert_eq!(late, Refusal::TokenExpired { now: exp, exp });
}

#[test]
fn counts_are_those_of_the_pool_alone() {
    for world in [World::new(), World::exclusive(|builder| builder)] {
        let (pool, other, admin) = (town(&world), town(&world), world.engine.admin());
        let empty = admin.count_identities(&pool).expect("counted");
        let numbers = (empty.unauthenticated, empty.authenticated, empty.disabled);
        assert_eq!((numbers, empty.logins, empty.other_logins), ((0, 0, 0), BTreeMap::new(), 0));
        world.register(&other, "alice");
        // More than one step reads.
        for n in 0..300 {
            let user = world.register(&pool, &format!("user-{n}"));
            if n % 3 == 0 {
                link(&admin, &user, FACEBOOK, &format!("f{n}")).expect("linked");
            }
            if n % 100 == 0 {
                disable(&admin, &user).expect("disabled");
            }
        }
        for n in 0..7 {
            guest(&world, &pool);
            user_of(&world, &pool, AMAZON, &format!("a{n}"));
        }
        let counts = admin.count_identities(&pool).expect("counted");
        assert_eq!(counts.identity_pool_id, pool);
        let numbers = (counts.unauthenticated, counts.authenticated, counts.disabled);
        assert_eq!(numbers, (7, 297 + 7, 3));
        let expected = [(FACEBOOK, 99), (AMAZON, 7), (GAME, 297)];
        let expected = expected.into_iter().map(|(provider, n)| (parse(provider), n)).collect();
        assert_eq!((&counts.logins, counts.other_logins), (&expected, 0));

        let update = UpdateIdentityPoolInput::new(&pool, "town", GuestAccess::Denied)
            .supported_login_providers("graph.facebook.com/", "1234567890");
        world.aws.update_identity_pool(update).expect("updated");
        let counts = admin.count_identities(&pool).expect("counted");
        let expected = [(FACEBOOK, 99), (GAME, 297)];
        let expected = expected.into_iter().map(|(provider, n)| (parse(provider), n)).collect();
        assert_eq!((counts.logins, counts.other_logins), (expected, 7));
    }
}
