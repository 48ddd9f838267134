//! Undo: of a link, a merge or an unlink, at once and after further calls.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::id::IdentityId;
use crate::rules::properties::call::Call;
use crate::rules::properties::cases;
use crate::rules::properties::logins::{calls, scenes};
use crate::rules::properties::world::{self, NOW, World, id};
use crate::rules::undo::{Obstacle, Reversible, undo};
use crate::rules::{Decided, admin};
use crate::state::{ChangeKind, EventId, Identity, IdentityState, Link};

/// A call of the service or of an administrator.
#[derive(Debug, Clone)]
enum Deed {
    Served(Call),
    Link(String, &'static str),
    Unlink(String, &'static str),
    Disable(String),
}

fn deeds(world: &str) -> impl Strategy<Value = Deed> + use<> {
    let of = select(vec!["U", "V", "W", "X"]).prop_map(str::to_owned);
    let login = select(vec!["d:a", "d:b", "d:c", "p:1", "p:2", "q:1"]);
    prop_oneof![
        4 => calls(world).prop_map(Deed::Served),
        1 => (of.clone(), login.clone()).prop_map(|(of, login)| Deed::Link(of, login)),
        1 => (of.clone(), login).prop_map(|(of, login)| Deed::Unlink(of, login)),
        1 => of.prop_map(Deed::Disable),
    ]
}

/// A world and something that happens to it.
fn deeds_in_worlds() -> impl Strategy<Value = (String, Deed)> {
    scenes().prop_flat_map(|(world, _)| (Just(world.clone()), deeds(&world)))
}

impl Deed {
    /// Returns whether the call was answered.
    fn happen(&self, world: &mut World, fresh: IdentityId) -> bool {
        let decided = match self {
            Self::Served(call) => return world.call(call, fresh).is_ok(),
            Self::Link(of, login) => {
                let login = world::login(login);
                let owners = world.owners(std::slice::from_ref(&login));
                let linked =
                    world.get(&id(of)).map(|of| admin::link(of, login, owners.first(), NOW));
                linked.and_then(Result::ok)
            }
            Self::Unlink(of, login) => {
                let named = [world::login(login)];
                world.get(&id(of)).and_then(|of| admin::unlink(of, &named, NOW))
            }
            Self::Disable(of) => world.get(&id(of)).map(|of| admin::disable(of, NOW)),
        };
        let Some(Decided { effects, .. }) = decided else { return false };
        world.apply(effects);
        true
    }
}

/// The events of a change of identities: what the journal would say.
type Events = BTreeMap<EventId, Vec<ChangeKind>>;

fn event_of(identity: &Identity) -> EventId {
    EventId::new(identity.id().clone(), identity.revision())
}

fn gained(before: &Identity, after: &Identity) -> Vec<Link> {
    after.links().iter().filter(|link| !before.has(&link.login)).cloned().collect()
}

fn events_between(before: &World, after: &World) -> Events {
    let pair = |after| Some((before.get(Identity::id(after))?, after));
    let changed: Vec<(&Identity, &Identity)> =
        after.0.iter().filter_map(pair).filter(|(before, after)| before != after).collect();
    let survivor = changed.iter().find(|(_, after)| changed.len() > 1 && !after.is_disabled());
    let events = changed.iter().map(|(before, after)| {
        let mut parts = Vec::new();
        let mut linked = gained(before, after);
        match survivor {
            Some((_, survivor)) if survivor.id() == after.id() => {
                for (other, emptied) in changed.iter().filter(|(_, other)| other.id() != after.id())
                {
                    let (links, rest) = linked.into_iter().partition(|l| other.has(&l.login));
                    linked = rest;
                    parts.push(ChangeKind::TookOver { links, from: event_of(emptied) });
                }
            }
            Some((_, survivor)) => {
                let (links, to) = (before.links().to_vec(), event_of(survivor));
                parts.push(ChangeKind::GaveUp { links, to });
            }
            None => {
                let unlinked = gained(after, before);
                if !unlinked.is_empty() {
                    parts.push(ChangeKind::Unlinked { links: unlinked });
                }
                if after.is_disabled() {
                    parts.push(ChangeKind::Disabled);
                }
            }
        }
        if !linked.is_empty() {
            parts.push(ChangeKind::Linked { links: linked, was_guest: before.is_guest() });
        }
        (event_of(after), parts)
    });
    events.collect()
}

/// The identity of an event's change and its parts, gathered from the world as it is. `None` if an
/// identity is gone.
fn gathered(
    world: &World,
    events: &Events,
    event: &EventId,
) -> Option<(Identity, Vec<Reversible>)> {
    let mut subject = world.get(&event.identity_id)?.clone();
    let mut parts = Vec::new();
    let changes = &events[event];
    for change in changes {
        parts.push(match change {
            ChangeKind::Linked { links, was_guest } => {
                Reversible::Link { links: links.clone(), was_guest: *was_guest }
            }
            ChangeKind::TookOver { links, from } => {
                let [ChangeKind::GaveUp { links: given, .. }] = events[from].as_slice() else {
                    panic!("{events:?}")
                };
                let source = world.get(&from.identity_id)?.clone();
                let (given, taken) = (given.clone(), links.clone());
                Reversible::Merge { source, gave_up: from.clone(), given, taken }
            }
            ChangeKind::GaveUp { links, to } => {
                let taken = events[to].iter().find_map(|change| {
                    let ChangeKind::TookOver { links, from } = change else { return None };
                    (from == event).then(|| links.clone())
                });
                let source = subject;
                subject = world.get(&to.identity_id)?.clone();
                let taken = taken.expect("the other event of the merge");
                Reversible::Merge { source, gave_up: event.clone(), given: links.clone(), taken }
            }
            ChangeKind::Unlinked { links } => {
                let logins: Vec<_> = links.iter().map(|link| link.login.clone()).collect();
                let disabled = changes.contains(&ChangeKind::Disabled);
                Reversible::Unlink { links: links.clone(), owners: world.owners(&logins), disabled }
            }
            ChangeKind::Disabled if changes.len() > 1 => continue,
            ChangeKind::Disabled => {
                Reversible::Unlink { links: Vec::new(), owners: Vec::new(), disabled: true }
            }
            ChangeKind::Created { .. }
            | ChangeKind::Imported { .. }
            | ChangeKind::GaveBack { .. }
            | ChangeKind::Restored { .. }
            | ChangeKind::Deleted
            | ChangeKind::PoolCreated
            | ChangeKind::PoolChanged { .. }
            | ChangeKind::PoolDeleted => panic!("no call but an undo does this: {change:?}"),
        });
    }
    Some((subject, parts))
}

impl World {
    /// Undoes the change of an event. `None` if an identity is gone.
    fn undo(&mut self, events: &Events, event: &EventId) -> Option<Result<(), Obstacle>> {
        let (subject, parts) = gathered(self, events, event)?;
        Some(undo(event, &subject, &parts, NOW).map(|Decided { effects, .. }| {
            self.apply(effects);
            self.assert_invariants();
        }))
    }

    /// Everything but dates of changes and revisions.
    fn restorable(&self) -> Vec<(&IdentityId, IdentityState, &[Link])> {
        self.0.iter().map(|of| (of.id(), of.state(), of.links())).collect()
    }
}

/// Whether the obstacle can be what it says.
fn is_plausible(world: &World, obstacle: &Obstacle) -> bool {
    let Some(identity) = world.get(obstacle.identity()) else { return false };
    match obstacle {
        Obstacle::Event(event) => (1..=identity.revision()).contains(&event.revision),
        Obstacle::Lost(_, login) => !identity.has(login),
        Obstacle::Gained(_, login) => identity.has(login),
        Obstacle::Crowded(_) => !identity.links().is_empty(),
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn an_undo_restores_everything_but_dates_and_revisions((world, deed) in deeds_in_worlds()) {
        let before = World::parse(&world);
        let mut after = before.clone();
        if !deed.happen(&mut after, id("N")) || after.0.len() != before.0.len() {
            return Ok(());
        }
        let events = events_between(&before, &after);
        let is_part = |changes: &[ChangeKind]| matches!(changes, [ChangeKind::GaveUp { .. }]);
        for (event, changes) in events.iter().filter(|(_, changes)| !is_part(changes)) {
            let mut undone = after.clone();
            prop_assert_eq!(undone.undo(&events, event), Some(Ok(())), "{:?}", changes);
            prop_assert_eq!(undone.restorable(), before.restorable());
            let again = undone.clone();
            for event in events.keys() {
                let Some(Err(obstacle)) = undone.undo(&events, event) else {
                    panic!("{event} is undone again")
                };
                prop_assert!(is_plausible(&undone, &obstacle), "{:?}", obstacle);
            }
            prop_assert_eq!(&undone, &again, "a second undo changes nothing");
        }
    }

    /// In parts, a merge is undone as it is as a whole, apart from what was linked beside it.
    #[test]
    fn a_merge_is_undone_in_parts((world, call) in scenes()) {
        let before = World::parse(&world);
        let mut world = before.clone();
        if world.call(&call, id("N")).is_err() {
            return Ok(());
        }
        let events = events_between(&before, &world);
        let is_part = |changes: &[ChangeKind]| matches!(changes, [ChangeKind::GaveUp { .. }]);
        for (event, _) in events.iter().filter(|(_, changes)| is_part(changes)) {
            prop_assert_eq!(world.undo(&events, event), Some(Ok(())));
            let source = |world: &World| world.get(&event.identity_id).expect("known").clone();
            let (source, former) = (source(&world), source(&before));
            prop_assert_eq!((source.state(), source.links()), (former.state(), former.links()));
        }
        for (event, changes) in events.iter().filter(|(_, changes)| !is_part(changes)) {
            let survivor = world.get(&event.identity_id).expect("known");
            let mut expected = before.get(&event.identity_id).expect("known").links().to_vec();
            for change in changes {
                if let ChangeKind::Linked { links, .. } = change {
                    expected.extend_from_slice(links);
                }
            }
            if changes.iter().any(|change| matches!(change, ChangeKind::TookOver { .. })) {
                prop_assert_eq!(survivor.links(), expected);
                let whole = world.undo(&events, event).expect("known");
                prop_assert!(matches!(whole, Err(Obstacle::Event(_))), "{:?}", whole);
            }
        }
    }

    /// After further calls the undo leaves the invariants, or a refusal that leaves everything.
    #[test]
    fn an_undo_after_further_calls_keeps_the_invariants(
        (world, deed, more) in deeds_in_worlds().prop_flat_map(|(world, deed)| {
            let more = vec(deeds(&world), 1..6);
            (Just(world), Just(deed), more)
        }),
    ) {
        let before = World::parse(&world);
        let mut world = before.clone();
        if !deed.happen(&mut world, id("N")) {
            return Ok(());
        }
        let events = events_between(&before, &world);
        for (deed, letter) in more.iter().zip('a'..) {
            deed.happen(&mut world, id(&letter.to_string()));
        }
        for event in events.keys() {
            let mut undone = world.clone();
            match undone.undo(&events, event) {
                None => {}
                Some(Err(obstacle)) => {
                    prop_assert!(is_plausible(&world, &obstacle), "{:?}", obstacle);
                    prop_assert_eq!(&undone, &world);
                }
                Some(Ok(())) => {
                    let others = |world: &World| {
                        let (subject, parts) = gathered(world, &events, event).expect("known");
                        let is_source = |of: &Identity| {
                            parts.iter().any(|part| {
                                let Reversible::Merge { source, .. } = part else { return false };
                                source.id() == of.id()
                            })
                        };
                        let is_other = |of: &&Identity| of.id() != subject.id() && !is_source(of);
                        world.0.iter().filter(is_other).cloned().collect::<Vec<_>>()
                    };
                    prop_assert_eq!(others(&undone), others(&world));
                    let again = undone.undo(&events, event).expect("known");
                    prop_assert!(again.is_err(), "undone again");
                }
            }
        }
    }
}
