//! Logins that an administrator links and unlinks, and identities that are disabled or deleted.

use cognate::admin::LinkLoginInput;
use cognate::operation::IdentityState::{Authenticated, Disabled, Unauthenticated};
use cognate::operation::{CreateIdentityPoolInput, GuestAccess, UpdateIdentityPoolInput};

use super::{delete, disable, guest, link, logins_of, refusal, town, unlink, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, REGION, World, call, developer, id, parse};

fn worlds() -> [World; 2] {
    [World::new(), World::exclusive(|builder| builder)]
}

#[test]
fn a_guest_becomes_authenticated_by_any_login() {
    for world in worlds() {
        let (pool, admin) = (town(&world), world.engine.admin());
        for (provider, subject) in [(GAME, "alice"), (FACEBOOK, "f1")] {
            let guest = guest(&world, &pool);
            assert_eq!(admin.identity(&guest).expect("found").state, Unauthenticated);
            world.clock.set(NOON + 1000);
            let linked = link(&admin, &guest, provider, subject).expect("linked");
            assert_eq!((linked.state, &linked.identity_id), (Authenticated, &guest));
            assert_eq!(logins_of(&linked), [(provider, subject)]);
            assert_eq!(linked.last_modified_date.as_millis(), NOON + 1000);
            assert_eq!(linked, admin.identity(&guest).expect("found"));
            let found = match provider {
                GAME => world.register(&pool, subject),
                _ => user_of(&world, &pool, provider, subject),
            };
            assert_eq!(found, guest, "the login opens the identity");
            world.clock.set(NOON);
        }
        world.check();
    }
}

#[test]
fn links_are_in_their_order_and_linking_again_changes_nothing() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, GAME, "alice-2").expect("linked");
    link(&admin, &alice, AMAZON, "a1").expect("linked");
    let before = world.dump();
    world.clock.set(NOON + 1);
    for (provider, subject) in [(GAME, "alice"), (GAME, "alice-2"), (AMAZON, "a1")] {
        let again = link(&admin, &alice, provider, subject).expect("linked already");
        assert_eq!(logins_of(&again), [(GAME, "alice"), (GAME, "alice-2"), (AMAZON, "a1")]);
    }
    // One final slash of a public provider's name is no part of it.
    link(&admin, &alice, "www.amazon.com/", "a1").expect("linked already");
    assert_eq!(world.dump(), before);
}

#[test]
fn a_login_is_linked_without_a_final_slash() {
    let world = World::new();
    let admin = world.engine.admin();
    let input = CreateIdentityPoolInput::new("p", GuestAccess::Allowed);
    let input = input.supported_login_providers("tenant.auth0.com/", "app");
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let guest = guest(&world, &pool);
    let linked = link(&admin, &guest, "tenant.auth0.com/", "t1").expect("linked");
    assert_eq!(logins_of(&linked), [("tenant.auth0.com", "t1")]);
    assert_eq!(user_of(&world, &pool, "tenant.auth0.com/", "t1"), guest);
    let left = unlink(&admin, &guest, "tenant.auth0.com/", "t1").expect("unlinked");
    assert_eq!(left.state, Disabled);
    world.check();
}

#[test]
fn the_last_login_that_is_unlinked_disables() {
    for world in worlds() {
        let (pool, admin) = (town(&world), world.engine.admin());
        let alice = world.register(&pool, "alice");
        link(&admin, &alice, FACEBOOK, "f1").expect("linked");
        world.clock.set(NOON + 7);
        let one = unlink(&admin, &alice, GAME, "alice").expect("unlinked");
        assert_eq!((one.state, logins_of(&one)), (Authenticated, vec![(FACEBOOK, "f1")]));
        let none = unlink(&admin, &alice, FACEBOOK, "f1").expect("unlinked");
        assert_eq!((none.state, logins_of(&none)), (Disabled, vec![]));
        assert_eq!(none.last_modified_date.as_millis(), NOON + 7);
        assert_ne!(world.register(&pool, "alice"), alice, "the login is free");
        world.check();
    }
}

#[test]
fn a_login_of_a_provider_that_the_pool_no_longer_has_is_unlinked() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let dora = user_of(&world, &pool, AMAZON, "a1");
    let update = UpdateIdentityPoolInput::new(&pool, "town", GuestAccess::Denied);
    world.aws.update_identity_pool(update).expect("updated");
    let left = unlink(&admin, &dora, AMAZON, "a1").expect("unlinked");
    assert_eq!(left.state, Disabled);
    world.check();
}

/// A developer provider may have the name of a public provider that the pool had before.
#[test]
fn logins_of_two_kinds_with_one_name_are_unlinked_one_by_one() {
    let world = World::new();
    let admin = world.engine.admin();
    let input = CreateIdentityPoolInput::new("p", GuestAccess::Allowed);
    let input = input.supported_login_providers("x.example", "app");
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let public = user_of(&world, &pool, "x.example", "1");
    let update = UpdateIdentityPoolInput::new(&pool, "p", GuestAccess::Allowed);
    world.aws.update_identity_pool(update.developer_provider_name("x.example")).expect("updated");
    let linked = link(&admin, &public, "x.example", "1").expect("linked");
    let kinds = |identity: &cognate::admin::IdentityDetails| -> Vec<bool> {
        identity.logins.iter().map(cognate::login::Login::is_developer).collect()
    };
    assert_eq!(kinds(&linked), [false, true]);
    let one = unlink(&admin, &public, "x.example", "1").expect("unlinked");
    assert_eq!(kinds(&one), [false]);
    let (provider, subject) = (parse("x.example"), parse("1"));
    let found = admin.identity_of_login(&pool, &provider, &subject).expect("found");
    assert_eq!(found.identity_id, public);
    assert_eq!(unlink(&admin, &public, "x.example", "1").expect("unlinked").state, Disabled);
    world.check();
}

#[test]
fn a_disabled_identity_gives_up_its_logins() {
    for world in worlds() {
        let (pool, admin) = (town(&world), world.engine.admin());
        let alice = world.register(&pool, "alice");
        link(&admin, &alice, FACEBOOK, "f1").expect("linked");
        let guest = guest(&world, &pool);
        world.clock.set(NOON + 5);
        for id in [&alice, &guest] {
            let disabled = disable(&admin, id).expect("disabled");
            assert_eq!((disabled.state, disabled.logins.len()), (Disabled, 0));
            assert_eq!(disabled.last_modified_date.as_millis(), NOON + 5);
            world.clock.set(NOON + 6);
            assert_eq!(disable(&admin, id).expect("disabled already"), disabled);
            world.clock.set(NOON + 5);
        }
        let new = world.register(&pool, "alice");
        assert_ne!(new, alice);
        link(&admin, &new, FACEBOOK, "f1").expect("free");
        let refused = refusal(world.resolve(call(&pool, "carol").identity_id(&alice)));
        assert_eq!(refused, cognate::Refusal::IdentityForbidden { identity_id: alice });
        world.check();
    }
}

#[test]
fn identities_of_all_accounts_and_regions_are_deleted_in_one_call() {
    for world in worlds() {
        let admin = world.engine.admin();
        let other = world.of("210987654321", "eu-west-1");
        let (here, there) = (town(&world), town(&other));
        let alice = world.register(&here, "alice");
        let bob = other.register(&there, "bob");
        let kept = world.register(&here, "kept");
        let (nobody, no_guid) = (parse(&id(99)), parse("us-east-1:-"));
        let gone = delete(&admin, [&nobody, &bob, &alice, &alice, &no_guid]).expect("deleted");
        let mut expected = [alice.clone(), bob.clone()];
        expected.sort();
        assert_eq!(gone.deleted_identity_ids, expected);
        assert_eq!(gone.unknown_identity_ids, [no_guid, nobody]);
        let again = delete(&admin, [&alice]).expect("nothing to delete");
        assert_eq!((again.deleted_identity_ids, again.unknown_identity_ids), (vec![], vec![alice]));
        assert_eq!(world.register(&here, "kept"), kept);
        assert_ne!(other.register(&there, "bob"), bob, "the login is free");
        world.check();
    }
}

#[test]
fn sixty_identities_are_deleted_and_no_more() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let ids: Vec<_> = (0..61).map(|_| guest(&world, &pool)).collect();
    let before = world.dump();
    for ids in [&ids[..0], &ids[..]] {
        let refused = delete(&admin, ids).expect_err("too few or too many");
        assert!(matches!(refused, cognate::Error::Invalid(_)), "{refused}");
    }
    assert_eq!(world.dump(), before);
    assert_eq!(delete(&admin, &ids[1..]).expect("deleted").deleted_identity_ids.len(), 60);
    admin.identity(&ids[0]).expect("not deleted");
    world.check();
}

#[test]
fn an_administrator_links_in_every_region() {
    let world = World::new();
    let admin = world.engine.admin();
    for (account, region) in [("123456789012", REGION), ("210987654321", "cn-north-1")] {
        let world = world.of(account, region);
        let pool = town(&world);
        let guest = guest(&world, &pool);
        link(&admin, &guest, GAME, "alice").expect("linked");
        assert_eq!(world.register(&pool, "alice"), guest);
        let aws = developer(&world.engine, account, region);
        assert_eq!(aws.resolve_developer_identity(call(&pool, "alice")).expect("known"), guest);
    }
    world.check();
}

#[test]
fn a_login_that_two_administrators_link_at_once_goes_to_one_identity() {
    for world in worlds() {
        let (pool, admin) = (town(&world), world.engine.admin());
        for n in 0..20 {
            let guests = [guest(&world, &pool), guest(&world, &pool)];
            let subject = format!("f{n}");
            let link = |id| admin.link_login(LinkLoginInput::new(id, FACEBOOK, &subject));
            let [one, other] = std::thread::scope(|scope| {
                let threads = guests.each_ref().map(|id| scope.spawn(move || link(id)));
                threads.map(|thread| thread.join().expect("does not panic"))
            });
            let (winner, lost) = match (one, other) {
                (Ok(winner), lost) | (lost, Ok(winner)) => (winner.identity_id, refusal(lost)),
                (one, other) => panic!("{one:?}, {other:?}"),
            };
            assert_eq!(lost, cognate::Refusal::LoginOfAnother { identity_id: winner.clone() });
            assert_eq!(user_of(&world, &pool, FACEBOOK, &subject), winner);
        }
        world.check();
    }
}
