//! Changes that an administrator undoes.

mod between;
mod overtaken;
mod refused;

use cognate::admin::{ChangeKind, EventId, IdentityDetails};
use cognate::login::Login;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    GetIdInput, GetOpenIdTokenInput, IdentityState, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput,
};
use cognate::{Error, Refusal, Result};

use super::explained::undo;
use super::journal::{event, history, last, told, with_journal, world};
use super::{disable, guest, link, refusal, town, unlink, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, call};

/// The state and the logins of each identity of a scene.
fn states(world: &World, ids: &[IdentityId]) -> Vec<(IdentityState, Vec<Login>)> {
    let admin = world.engine.admin();
    let identities = ids.iter().map(|id| admin.identity(id).expect("an identity"));
    identities.map(|IdentityDetails { state, logins, .. }| (state, logins)).collect()
}

/// The event in the way of an undo.
fn overtaken<T: std::fmt::Debug>(outcome: Result<T>) -> EventId {
    let refusal = refusal(outcome);
    let Refusal::UndoOvertaken { by } = refusal else { panic!("{refusal:?}") };
    by
}

fn merge(world: &World, pool: &IdentityPoolId, from: &str, to: &str) {
    let input = MergeDeveloperIdentitiesInput::new(pool, GAME, from, to);
    world.aws.merge_developer_identities(input).expect("merged");
}

/// A change of this identity, and perhaps of others.
type Change<'a> = (&'a IdentityId, &'a dyn Fn(&World));

/// Makes a change, undoes its event of the identity `of`, and asserts that everything is as before
/// and that the event cannot be undone again.
fn there_and_back(
    world: &World,
    (ids, of): (&[IdentityId], &IdentityId),
    change: impl FnOnce(&World),
) {
    let (admin, before) = (world.engine.admin(), states(world, ids));
    change(world);
    let changed = states(world, ids);
    assert_ne!(changed, before);
    let event = last(world, of);
    world.clock.set(NOON + 1000);
    let undone = undo(&admin, &event).expect("undone");
    assert_eq!(undone.identities.first().map(|first| &first.identity_id), Some(of));
    assert_eq!(states(world, ids), before);
    for identity in &undone.identities {
        assert_eq!(admin.identity(&identity.identity_id).expect("known"), *identity);
        assert_eq!(identity.last_modified_date.as_millis(), NOON + 1000);
        let events = history(world, &identity.identity_id);
        let [newest, marked, ..] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(newest.undid.as_ref(), Some(&event));
        assert_eq!(newest.date.as_millis(), NOON + 1000);
        // The event of a merge stands for all that it took over, so it is not undone with a part.
        let is_whole = !matches!(marked.changes[0], ChangeKind::TookOver { .. });
        let mark = newest.id().filter(|_| is_whole || marked.id().as_ref() == Some(&event));
        assert_eq!(marked.undone_by, mark, "{}", told(marked));
    }
    let (by, bytes) = (last(world, of), world.dump());
    assert_eq!(overtaken(undo(&admin, &event)), by);
    assert_eq!(world.dump(), bytes);
    world.check();
    world.clock.set(NOON);
}

#[test]
fn a_link_is_undone() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let guest = guest(&world, &pool);
    let alice = world.register(&pool, "alice");
    let links: [Change<'_>; 5] = [
        (&guest, &|_| drop(link(&admin, &guest, GAME, "gus").expect("linked"))),
        (&guest, &|world| {
            let input = call(&pool, "gus").logins(FACEBOOK, "user:g").identity_id(&guest);
            assert_eq!(world.resolve(input).expect("linked"), guest);
        }),
        (&alice, &|_| drop(link(&admin, &alice, AMAZON, "a1").expect("linked"))),
        (&alice, &|world| {
            let input = call(&pool, "alice").logins(FACEBOOK, "user:a").logins(AMAZON, "user:a2");
            assert_eq!(world.resolve(input).expect("linked"), alice);
        }),
        (&alice, &|world| {
            link(&admin, &alice, FACEBOOK, "a3").expect("linked");
            let input = GetOpenIdTokenInput::new(&alice).logins(FACEBOOK, "user:a3");
            let input = input.logins(AMAZON, "user:a4");
            world.engine.public().get_open_id_token(input).expect("linked");
            undo(&admin, &last(world, &alice)).expect("undone");
            undo(&admin, &event(&alice, 6)).expect("undone");
            link(&admin, &alice, GAME, "alice-2").expect("linked");
        }),
    ];
    for (of, change) in links {
        there_and_back(&world, (&[guest.clone(), alice.clone()], of), change);
    }
}

#[test]
fn a_link_without_any_other_login_left_disables() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    let linked = last(&world, &alice);
    unlink(&admin, &alice, GAME, "alice").expect("unlinked");
    let undone = undo(&admin, &linked).expect("undone");
    assert_eq!(undone.identities[0].state, IdentityState::Disabled);
    let lines: Vec<_> = history(&world, &alice).iter().map(told).collect();
    let expected = "<2>/4 Undo administrator -: unlinked f:a, disabled undid <2>/2";
    assert_eq!(lines[0], expected);
    // The undone link is an unlink, which can be undone itself.
    let relinked = undo(&admin, &last(&world, &alice)).expect("undone");
    assert_eq!(super::logins_of(&relinked.identities[0]), [(FACEBOOK, "a")]);
    assert_eq!(overtaken(undo(&admin, &linked)), event(&alice, 4));
    world.check();
}

#[test]
fn an_unlink_is_undone() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let guest = guest(&world, &pool);
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a").logins(AMAZON, "user:a");
    let alice = world.resolve(input).expect("registered");
    let bob = world.register(&pool, "bob");
    let face = user_of(&world, &pool, FACEBOOK, "face");
    let ids = [&guest, &alice, &bob, &face].map(Clone::clone);
    let changes: [Change<'_>; 7] = [
        (&alice, &|_| drop(unlink(&admin, &alice, GAME, "alice").expect("unlinked"))),
        (&bob, &|_| drop(unlink(&admin, &bob, GAME, "bob").expect("unlinked"))),
        (&alice, &|_| drop(disable(&admin, &alice).expect("disabled"))),
        (&guest, &|_| drop(disable(&admin, &guest).expect("disabled"))),
        (&alice, &|world| {
            let input = UnlinkDeveloperIdentityInput::new(&pool, &alice, GAME, "alice");
            world.aws.unlink_developer_identity(input).expect("unlinked");
        }),
        (&alice, &|world| {
            let input = UnlinkIdentityInput::new(&alice).logins(FACEBOOK, "user:a");
            let input = input.logins_to_remove(FACEBOOK).logins_to_remove(AMAZON);
            world.engine.public().unlink_identity(input).expect("unlinked");
        }),
        (&face, &|world| {
            let input = UnlinkIdentityInput::new(&face).logins(FACEBOOK, "user:face");
            let input = input.logins_to_remove(FACEBOOK);
            world.engine.public().unlink_identity(input).expect("unlinked");
        }),
    ];
    for (of, change) in changes {
        there_and_back(&world, (&ids, of), change);
    }
    assert_eq!(world.register(&pool, "bob"), bob);
    assert_eq!(user_of(&world, &pool, FACEBOOK, "face"), face);
}

#[test]
fn a_merge_is_undone_from_either_side() {
    let world = world();
    let pool = town(&world);
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    let input = call(&pool, "bob").logins(AMAZON, "user:b");
    let bob = world.resolve(input).expect("registered");
    let ids = [alice.clone(), bob.clone()];
    for of in [&alice, &bob] {
        there_and_back(&world, (&ids, of), |world| merge(world, &pool, "bob", "alice"));
        there_and_back(&world, (&ids, of), |world| merge(world, &pool, "alice", "bob"));
        there_and_back(&world, (&ids, of), |world| {
            let input = call(&pool, "alice").logins(AMAZON, "user:b");
            assert_eq!(world.resolve(input).expect("merged"), alice);
        });
    }
    assert_eq!([world.register(&pool, "alice"), world.register(&pool, "bob")], ids);
}

/// A merged guest brings no login, so the other identity does not change if it comes back.
#[test]
fn a_merged_guest_is_a_guest_again() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let face = user_of(&world, &pool, FACEBOOK, "face");
    for of_guest in [true, false] {
        let guest = guest(&world, &pool);
        let input = GetOpenIdTokenInput::new(&guest).logins(FACEBOOK, "user:face");
        world.engine.public().get_open_id_token(input).expect("merged");
        let before = admin.identity(&face).expect("known");
        let event = last(&world, if of_guest { &guest } else { &face });
        let undone = undo(&admin, &event).expect("undone");
        let changed: Vec<_> = undone.identities.iter().map(|i| (&i.identity_id, i.state)).collect();
        assert_eq!(changed, [(&guest, IdentityState::Unauthenticated)]);
        assert_eq!(admin.identity(&face).expect("known"), before);
        assert_eq!(overtaken(undo(&admin, &event)), last(&world, &guest));
        let input = GetOpenIdTokenInput::new(&guest);
        world.engine.public().get_open_id_token(input).expect("a guest's");
        world.check();
    }
}

/// One call merges the identities of three logins and links a fourth.
fn four(world: &World, pool: &IdentityPoolId) -> [IdentityId; 3] {
    let alice = world.register(pool, "alice");
    let [face, amy] = [(FACEBOOK, "f"), (AMAZON, "a")].map(|(p, s)| user_of(world, pool, p, s));
    [alice, face, amy]
}

fn merge_all(world: &World, pool: &IdentityPoolId) -> IdentityId {
    let input = call(pool, "alice").logins(FACEBOOK, "user:f").logins(AMAZON, "user:a");
    world.resolve(input).expect("merged")
}

#[test]
fn a_merge_of_several_identities_is_undone_as_a_whole() {
    let world = world();
    let pool = town(&world);
    let ids = four(&world, &pool);
    there_and_back(&world, (&ids, &ids[0]), |world| {
        assert_eq!(merge_all(world, &pool), ids[0]);
        let event = told(&history(world, &ids[0])[0]);
        assert!(event.contains("took over f:f from <3>/2, took over a:a from <4>/2"), "{event}");
    });
    let opened = [world.register(&pool, "alice"), user_of(&world, &pool, FACEBOOK, "f")];
    assert_eq!(opened, ids[..2]);
    // No part of it can be undone again.
    let admin = world.engine.admin();
    for source in &ids[1..] {
        assert_eq!(overtaken(undo(&admin, &event(source, 2))), event(source, 3));
    }
}

#[test]
fn a_merge_of_several_identities_is_undone_in_parts() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let ids @ [alice, face, amy] = &four(&world, &pool);
    let before = states(&world, ids);
    merge_all(&world, &pool);
    undo(&admin, &event(face, 2)).expect("undone");
    let half = states(&world, ids);
    assert_eq!((&half[1], half[2].0), (&before[1], IdentityState::Disabled));
    // The whole is no longer as it was.
    assert_eq!(overtaken(undo(&admin, &event(alice, 2))), event(face, 3));
    undo(&admin, &event(amy, 2)).expect("undone");
    assert_eq!(states(&world, ids), before);
    assert_eq!(overtaken(undo(&admin, &event(alice, 2))), event(face, 3));
    let lines: Vec<_> = history(&world, alice).iter().map(told).collect();
    assert_eq!(
        lines[..3],
        [
            "<2>/4 Undo administrator -: gave back a:a to <4>/3 undid <4>/2",
            "<2>/3 Undo administrator -: gave back f:f to <3>/3 undid <3>/2",
            "<2>/2 GetOpenIdTokenForDeveloperIdentity 123456789012 -: took over f:f from <3>/2, \
             took over a:a from <4>/2",
        ]
    );
    world.check();
}

/// A login that the same call linked belongs to the event of the whole.
#[test]
fn a_link_beside_a_merge_is_undone_with_the_whole() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, amy] = [world.register(&pool, "alice"), user_of(&world, &pool, AMAZON, "a")];
    let ids = [alice.clone(), amy.clone()];
    let both = |world: &World| {
        let input = call(&pool, "alice").logins(AMAZON, "user:a").logins(FACEBOOK, "user:new");
        assert_eq!(world.resolve(input).expect("merged"), alice);
    };
    there_and_back(&world, (&ids, &alice), both);
    both(&world);
    undo(&admin, &last(&world, &amy)).expect("undone");
    assert_eq!(user_of(&world, &pool, FACEBOOK, "new"), alice);
    assert_eq!(user_of(&world, &pool, AMAZON, "a"), amy);
    world.check();
}

/// Two chained merges come apart from the newest to the oldest.
#[test]
fn a_chain_of_merges_is_undone_backwards() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let ids = ["alice", "bob", "carol"].map(|user| world.register(&pool, user));
    let [alice, bob, carol] = &ids;
    let before = states(&world, &ids);
    merge(&world, &pool, "alice", "bob");
    merge(&world, &pool, "bob", "carol");
    assert_eq!(overtaken(undo(&admin, &event(bob, 2))), event(bob, 3), "it gave up the login");
    assert_eq!(overtaken(undo(&admin, &event(alice, 2))), event(bob, 3));
    undo(&admin, &event(carol, 2)).expect("undone");
    undo(&admin, &event(bob, 2)).expect("undone");
    assert_eq!(states(&world, &ids), before);
    world.check();
}

/// What has happened since stays, if it is not in the way.
#[test]
fn later_changes_stay() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    merge(&world, &pool, "bob", "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    unlink(&admin, &alice, GAME, "alice").expect("unlinked");
    undo(&admin, &event(&bob, 2)).expect("undone");
    assert_eq!(world.register(&pool, "bob"), bob);
    assert_eq!(user_of(&world, &pool, FACEBOOK, "a"), alice);
    // The order of the links is that of their first linking.
    undo(&admin, &event(&alice, 4)).expect("undone");
    let alice = admin.identity(&alice).expect("known");
    assert_eq!(super::logins_of(&alice), [(GAME, "alice"), (FACEBOOK, "a")]);
    world.check();
}

#[test]
fn one_of_two_undos_at_the_same_time_is_refused() {
    for round in 0..20 {
        let world = if round % 2 == 0 { world() } else { World::exclusive(with_journal) };
        let (pool, admin) = (town(&world), world.engine.admin());
        let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
        merge(&world, &pool, "bob", "alice");
        let events =
            [event(&alice, 2), if round % 4 < 2 { event(&bob, 2) } else { event(&alice, 2) }];
        let outcomes = std::thread::scope(|scope| {
            let undo = |event| admin.undo(cognate::admin::UndoInput::new(event));
            let threads = events.each_ref().map(|event| scope.spawn(move || undo(event)));
            threads.map(|thread| thread.join().expect("no panic"))
        });
        let refused = outcomes.iter().filter(|outcome| {
            matches!(outcome, Err(Error::Refused(Refusal::UndoOvertaken { .. })))
        });
        assert_eq!((refused.count(), outcomes.iter().filter(|o| o.is_ok()).count()), (1, 1));
        assert_eq!(admin.identity(&bob).expect("known").revision, 3);
        world.check();
    }
}

/// A former bug: such a history did not lead to the identity (I11).
#[test]
fn a_guest_gets_back_a_login_that_it_had_beside_an_undone_one() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let guest = guest(&world, &pool);
    link(&admin, &guest, FACEBOOK, "g").expect("linked");
    link(&admin, &guest, GAME, "gus").expect("linked");
    unlink(&admin, &guest, GAME, "gus").expect("unlinked");
    let undone = undo(&admin, &event(&guest, 2)).expect("undone");
    assert_eq!(undone.identities[0].state, IdentityState::Unauthenticated);
    undo(&admin, &event(&guest, 4)).expect("undone");
    assert_eq!(world.register(&pool, "gus"), guest);
    world.check();
}

#[test]
fn an_identity_of_a_new_guest_is_found_by_its_login_again() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let face = user_of(&world, &pool, FACEBOOK, "face");
    disable(&admin, &face).expect("disabled");
    undo(&admin, &last(&world, &face)).expect("undone");
    let input = GetIdInput::new(&pool).logins(FACEBOOK, "user:face");
    let found = world.engine.public().get_id(input).expect("known");
    assert_eq!(found.identity_id, face);
}
