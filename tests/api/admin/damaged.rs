//! Damaged journals: the check finds each damage, and no call panics.

use cognate::admin::{ActivityInput, HistoryInput, UndoInput};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{DeleteIdentitiesInput, DeleteIdentityPoolInput};
use cognate::store::{Batch, Commit, Key, Store, Tree, Value};
use cognate::{Error, Journal, Result};

use super::explained::{link, undo, unlink};
use super::journal::{event, last, with_journal};
use super::{guest, plant, records, town};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, call};

/// A pool with identities that were linked, merged and deleted, and their journal.
struct Scene {
    world: World,
    pool: IdentityPoolId,
    alice: IdentityId,
    bob: IdentityId,
    /// The records of the journal and the activity of an identity that is deleted.
    of_carol: Vec<(Key, Value)>,
}

impl Scene {
    fn new() -> Self {
        let world = World::with(|builder| with_journal(builder).journal(Journal::keep(1)));
        let (pool, admin) = (town(&world), world.engine.admin());
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| world.register(&pool, user));
        guest(&world, &pool);
        link(&admin, &alice, FACEBOOK, "a").expect("linked");
        unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
        let merged = call(&pool, "bob").logins(AMAZON, "user:amy");
        world.resolve(merged).expect("linked");
        let merged = call(&pool, "alice").logins(AMAZON, "user:amy");
        world.resolve(merged).expect("merged");
        undo(&admin, &last(&world, &bob)).expect("undone");
        link(&admin, &carol, FACEBOOK, "c").expect("linked");
        let before = world.dump();
        let input = DeleteIdentitiesInput::new([&carol]);
        world.aws.delete_identities(input).expect("deleted");
        let after = world.dump();
        let is_event = |key: &Key| [Tree::Journal, Tree::Activity].contains(&key.tree);
        let is_gone = |entry: &(Key, Value)| is_event(&entry.0) && !after.contains(entry);
        let of_carol: Vec<_> = before.into_iter().filter(is_gone).collect();
        assert_eq!(of_carol.len(), 4);
        world.check();
        Self { world, pool, alice, bob, of_carol }
    }

    /// The key of an event, or of its entry in the activity.
    fn key(&self, tree: Tree, of: &IdentityId, revision: u32) -> Key {
        let tail = [guid(of.as_str()), revision.to_be_bytes().to_vec()].concat();
        let mut keys = records(&self.world, tree).into_keys();
        Key::new(tree, keys.find(|key| key.ends_with(&tail)).expect("a record"))
    }

    fn event(&self, of: &IdentityId, revision: u32) -> (Key, Value) {
        let key = self.key(Tree::Journal, of, revision);
        let value = self.world.store.get(std::slice::from_ref(&key)).expect("reads").remove(0);
        (key, value.expect("a record"))
    }

    /// Plants the event of a revision, or of the pool, with its entry in the activity.
    fn plant_event(&self, mut key: Key, revision: u32, value: Value) {
        let end = key.bytes.len() - 4;
        key.bytes[end..].copy_from_slice(&revision.to_be_bytes());
        let moment = NOON.to_be_bytes();
        let activity = [&key.bytes[..16], &moment, &key.bytes[16..]].concat();
        let unit = records(&self.world, Tree::Activity).into_values().next().expect("an entry");
        plant(&self.world, vec![(key, value), (Key::new(Tree::Activity, activity), unit)]);
    }

    fn delete(&self, key: Key) {
        let mut batch = Batch::default();
        batch.deletes.push(key);
        assert_eq!(self.world.store.commit(batch).expect("writes"), Commit::Done);
    }
}

/// The bytes of a guid in an id.
fn guid(id: &str) -> Vec<u8> {
    let (_, guid) = id.split_once(':').expect("an id");
    guid.parse::<uuid::Uuid>().expect("a guid").as_bytes().to_vec()
}

/// A damage with the invariant that it violates and the text of a finding.
type Damage = (&'static str, fn(&Scene), Option<u8>, &'static str);

const DAMAGES: [Damage; 14] = [
    (
        "no entry in the activity",
        |scene| scene.delete(scene.key(Tree::Activity, &scene.alice, 2)),
        Some(2),
        "the event is not in the activity",
    ),
    (
        "no event for an entry",
        |scene| scene.delete(scene.key(Tree::Journal, &scene.alice, 2)),
        Some(2),
        "the activity names an event that is not there",
    ),
    (
        "the events of two identities",
        |scene| {
            let (_, other) = scene.event(&scene.bob, 3);
            plant(&scene.world, vec![(scene.key(Tree::Journal, &scene.alice, 4), other)]);
        },
        Some(11),
        "the events do not lead to the identity",
    ),
    (
        "two events in the wrong order",
        |scene| {
            let [(second, linked), (third, unlinked)] =
                [2, 3].map(|revision| scene.event(&scene.alice, revision));
            plant(&scene.world, vec![(second, unlinked), (third, linked)]);
        },
        Some(11),
        "the events do not lead to the identity",
    ),
    (
        "an event in front of the creation",
        |scene| {
            let (key, value) = scene.event(&scene.alice, 2);
            scene.plant_event(key, 0, value);
        },
        Some(11),
        "an event before the creation of the identity",
    ),
    (
        "an event of an identity that is gone",
        |scene| plant(&scene.world, scene.of_carol.clone()),
        Some(11),
        "an event of an identity that is gone",
    ),
    (
        "a revision that the identity does not have",
        |scene| {
            let (key, value) = scene.event(&scene.alice, 2);
            scene.plant_event(key, 6, value);
        },
        Some(11),
        "the identity has no such revision",
    ),
    (
        "a deletion of an identity that is there",
        |scene| {
            let keys = records(&scene.world, Tree::Journal);
            let deleted = keys.into_values().find(|value| value.ends_with(&[8, 0, 0, 0, 0, 0]));
            let (key, _) = scene.event(&scene.alice, 5);
            plant(&scene.world, vec![(key, deleted.expect("a deletion"))]);
        },
        Some(11),
        "the identity has no such revision",
    ),
    (
        "a revision that the pool does not have",
        |scene| {
            let mut events = records(&scene.world, Tree::Journal).into_iter();
            let (key, value) = events.find(|(key, _)| key.len() == 21).expect("the pool's");
            scene.plant_event(Key::new(Tree::Journal, key), 7, value);
        },
        Some(11),
        "the pool has no such revision yet",
    ),
    (
        "an event of a pool that is gone",
        |scene| {
            let (mut key, value) = scene.event(&scene.alice, 2);
            key.bytes[15] ^= 0xff;
            scene.plant_event(key, 2, value);
        },
        Some(6),
        "the event's pool is not there",
    ),
    (
        "a record that does not decode",
        |scene| {
            let (key, mut value) = scene.event(&scene.alice, 4);
            value.pop();
            plant(&scene.world, vec![(key, value)]);
        },
        None,
        "the record does not decode",
    ),
    (
        "an entry that does not decode",
        |scene| {
            let key = scene.key(Tree::Activity, &scene.alice, 4);
            plant(&scene.world, vec![(key, vec![1, 0])]);
        },
        None,
        "the record does not decode",
    ),
    (
        "a key of the journal that is too long",
        |scene| {
            let (mut key, value) = scene.event(&scene.alice, 5);
            key.bytes.push(0);
            plant(&scene.world, vec![(key, value)]);
        },
        None,
        "not the key of an event",
    ),
    (
        "a key of the activity that is too short",
        |scene| {
            let mut key = scene.key(Tree::Activity, &scene.alice, 5);
            key.bytes.pop();
            let unit = records(&scene.world, Tree::Activity).into_values().next();
            plant(&scene.world, vec![(key, unit.expect("an entry"))]);
        },
        None,
        "not the key of an event",
    ),
];

/// Makes calls of every kind that read or write the journal. None panics, and an error is one that
/// damage can cause.
fn exercise(scene: &Scene) {
    let Scene { world, pool, alice, bob, .. } = scene;
    let admin = world.engine.admin();
    let may_fail = |outcome: Result<()>| {
        let is_expected =
            matches!(outcome, Ok(()) | Err(Error::Corrupt { .. } | Error::Refused(_)));
        assert!(is_expected, "{outcome:?}");
    };
    for size in [1, 60] {
        may_fail(admin.history(HistoryInput::new(alice, size)).map(drop));
        may_fail(admin.history(HistoryInput::new(bob, size)).map(drop));
        may_fail(admin.activity(ActivityInput::new(pool, size)).map(drop));
    }
    for revision in 0..8 {
        for id in [alice, bob] {
            may_fail(admin.explain(&admin, UndoInput::new(event(id, revision))).map(drop));
            may_fail(admin.undo(UndoInput::new(event(id, revision))).map(drop));
        }
    }
    may_fail(world.resolve(call(pool, "alice").logins(FACEBOOK, "user:b")).map(drop));
    world.clock.set(NOON + 2 * 24 * 60 * 60 * 1000);
    may_fail(world.engine.expire_events().map(drop));
    let input = DeleteIdentitiesInput::new([alice, bob]);
    may_fail(world.aws.delete_identities(input).map(drop));
    world.engine.check().expect("readable");
    may_fail(world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool)));
    may_fail(world.engine.finish_removals().map(drop));
}

#[test]
fn each_damage_of_a_journal_is_found() {
    for (name, damage, invariant, text) in DAMAGES {
        let scene = Scene::new();
        damage(&scene);
        let findings = scene.world.engine.check().expect("readable");
        let is_named = findings
            .iter()
            .any(|finding| finding.invariant == invariant && finding.detail.ends_with(text));
        assert!(is_named, "{name}: {findings:?}");
        exercise(&scene);
    }
}

/// Some bytes of every event and entry, changed, and every record removed.
#[test]
fn no_damaged_event_makes_a_call_panic() {
    let scene = Scene::new();
    let events: Vec<_> = scene.world.dump();
    let events =
        events.into_iter().filter(|(k, _)| [Tree::Journal, Tree::Activity].contains(&k.tree));
    for (key, value) in events {
        for at in (0..value.len().max(1)).step_by(11) {
            let scene = Scene::new();
            let mut damaged = value.clone();
            match damaged.get_mut(at) {
                Some(byte) => *byte ^= 0x41,
                None => damaged.push(7),
            }
            plant(&scene.world, vec![(key.clone(), damaged)]);
            scene.world.engine.check().expect("readable");
            exercise(&scene);
        }
        let scene = Scene::new();
        scene.delete(key.clone());
        assert_ne!(scene.world.engine.check().expect("readable"), [], "{key}");
        exercise(&scene);
    }
}

#[test]
fn a_damaged_journal_leaves_the_other_identities_alone() {
    let scene = Scene::new();
    let Scene { world, pool, alice, bob, .. } = &scene;
    let (key, _) = scene.event(alice, 2);
    plant(world, vec![(key, b"damage".to_vec())]);
    let admin = world.engine.admin();
    let history = admin.history(HistoryInput::new(alice, 60));
    assert!(matches!(history, Err(Error::Corrupt { .. })), "{history:?}");
    // The newer events can still be read.
    assert_eq!(admin.history(HistoryInput::new(alice, 2)).expect("listed").events.len(), 2);
    assert!(!admin.history(HistoryInput::new(bob, 60)).expect("listed").events.is_empty());
    assert_eq!(world.register(pool, "alice"), *alice);
    link(&admin, alice, GAME, "alice-2").expect("linked");
    // The record, and its entry in the activity.
    assert_eq!(world.engine.check().expect("readable").len(), 2);
}
