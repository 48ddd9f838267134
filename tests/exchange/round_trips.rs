//! Exporting an import gives the same bytes.

use cognate::admin::{ActivityInput, ChangeEvent, UndoInput};
use cognate::exchange::Export;
use cognate::name::IdentityPoolId;
use cognate::operation::{CreateIdentityPoolInput, GuestAccess, ListIdentityPoolsInput};
use cognate::testkit::operations;
use proptest::prelude::*;

use crate::support::{World, cases, dump, exported};

fn pools(world: &World) -> Vec<IdentityPoolId> {
    let input = ListIdentityPoolsInput::new(60);
    let pools = world.engine.admin().list_identity_pools(input).expect("lists");
    pools.identity_pools.into_iter().map(|pool| pool.identity_pool_id).collect()
}

/// Undoes some of the events that can be undone.
fn undo(world: &World, chosen: &[u8]) {
    let admin = world.engine.admin();
    for (pool, chosen) in pools(world).iter().zip(chosen) {
        let activity = admin.activity(ActivityInput::new(pool, 60)).expect("reads");
        let events = activity.events.iter().filter_map(ChangeEvent::id);
        for event in events.skip(usize::from(*chosen)).step_by(3) {
            // Most events are no merge, link or unlink, or others came after them.
            drop(admin.undo(UndoInput::new(&event)));
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn an_export_of_an_import_is_the_same(
        operations in operations(10..60),
        chosen in prop::collection::vec(0..4_u8, 8),
        has_journal: bool,
        history: bool,
    ) {
        let world = World::after(&operations, has_journal);
        if has_journal {
            undo(&world, &chosen);
        }
        let file = world.export(Export::all().history(history));
        let other = World::at(&world.clock, has_journal);
        let imported = other.import(&file).expect("imports");
        prop_assert_eq!(imported.identity_pool_ids.len(), pools(&world).len());
        let again = other.export(Export::all().history(history));
        prop_assert!(again == file, "{}\n{}", text(&file), text(&again));
        other.checked();
        if history || !has_journal {
            prop_assert!(exported(&*other.store) == exported(&*world.store));
        }
    }

    /// Each part of a database goes into a database that has the others.
    #[test]
    fn pools_come_back_one_by_one(
        operations in operations(10..60), has_journal: bool, history: bool,
    ) {
        let world = World::after(&operations, has_journal);
        let all = world.export(Export::all().history(history));
        let other = World::at(&world.clock, has_journal);
        let mut counted = 0;
        for pool in pools(&world) {
            let part = world.export(Export::pool(pool.clone()).history(history));
            prop_assert_eq!(other.import(&part).expect("imports").identity_pool_ids, [pool]);
            other.checked();
            // A second time, every pool is there.
            let before = dump(&*other.store);
            prop_assert!(other.import(&part).is_err());
            prop_assert!(dump(&*other.store) == before);
            counted += 1;
        }
        prop_assert_eq!(pools(&other).len(), counted);
        prop_assert!(other.export(Export::all().history(history)) == all);
    }
}

fn text(file: &[u8]) -> &str {
    std::str::from_utf8(file).expect("UTF-8")
}

#[test]
fn an_empty_database_is_exported_and_imported() {
    let world = World::new(true);
    let file = world.export(Export::all().history(true));
    assert_eq!(text(&file).lines().count(), 2, "{}", text(&file));
    let other = World::new(true);
    assert_eq!(other.import(&file).expect("imports").identity_pool_ids, []);
    assert!(dump(&*other.store).is_empty());
}

#[test]
fn an_account_has_its_own_pools_only() {
    let world = World::new(false);
    for (account, region) in [(1, "us-east-1"), (2, "us-east-1"), (1, "eu-west-1")] {
        let account = format!("00000000000{account}").parse().unwrap();
        let aws = world.engine.developer(account, region.parse().unwrap());
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
        aws.create_identity_pool(input).expect("creates");
    }
    let exported = |account: &str| {
        let file = world.export(Export::account(account.parse().unwrap()));
        let other = World::new(false);
        other.import(&file).expect("imports").identity_pool_ids.len()
    };
    assert_eq!(["000000000001", "000000000002", "000000000003"].map(exported), [2, 1, 0]);
}
