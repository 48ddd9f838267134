//! The events of identities and pools, as an administrator reads them.

mod gaps;
mod operations;
mod pages;

use cognate::Refusal;
use cognate::admin::{ActivityInput, ChangeEvent, HistoryInput};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::DeleteIdentityPoolInput;

use super::explained::{delete, disable, link, undo, unlink};
use super::journal::{
    activity, activity_in_pages, event, history, history_in_pages, last, told, with_journal,
    without_journal, world,
};
use super::{guest, plant, records, refusal, town, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, call, id, parse};

fn lines(events: &[ChangeEvent]) -> Vec<String> {
    events.iter().map(told).collect()
}

fn revisions(events: &[ChangeEvent]) -> Vec<u32> {
    events.iter().map(|event| event.revision).collect()
}

#[test]
fn what_is_unknown_has_no_events() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let unknown: IdentityId = parse(&id(0xfff));
    let elsewhere: IdentityId = parse(&alice.as_str().replace("us-east-1", "eu-west-1"));
    for id in [&unknown, &elsewhere, &parse("us-east-1:0")] {
        let expected = Refusal::IdentityNotFound { identity_id: id.clone() };
        assert_eq!(refusal(admin.history(HistoryInput::new(id, 1))), expected);
    }
    let not_found = |pool: &IdentityPoolId| {
        let expected = Refusal::PoolNotFound { identity_pool_id: pool.clone() };
        assert_eq!(refusal(admin.activity(ActivityInput::new(pool, 1))), expected);
    };
    not_found(&parse(&id(0xfff)));
    not_found(&parse(&pool.as_str().replace("us-east-1", "eu-west-1")));
    for size in [0, 61, -1, i64::MAX] {
        assert!(matches!(
            admin.history(HistoryInput::new(&alice, size)),
            Err(cognate::Error::Invalid(_))
        ));
        let outcome = admin.activity(ActivityInput::new(&pool, size));
        assert!(matches!(outcome, Err(cognate::Error::Invalid(_))));
    }

    // A deleted identity has no history, and the activity of its pool tells no more than that.
    world.clock.set(NOON + 1);
    disable(&admin, &alice).expect("disabled");
    delete(&admin, [&alice]).expect("deleted");
    let expected = Refusal::IdentityNotFound { identity_id: alice.clone() };
    assert_eq!(refusal(admin.history(HistoryInput::new(&alice, 1))), expected);
    let told = lines(&activity(&world, &pool));
    assert_eq!(told[0], "<2>/3 AdminDeleteIdentities administrator -: deleted");
    assert_eq!(told.len(), 2, "{told:?}");
    world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&pool)).expect("deleted");
    not_found(&pool);
}

#[test]
fn a_clock_that_stands_still_or_runs_backwards_leaves_the_order_of_each_identity() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    for (now, user) in [(NOON, "1"), (NOON + 5, "2"), (NOON - 90, "3"), (NOON - 100, "4")] {
        world.clock.set(now);
        link(&admin, &alice, GAME, user).expect("linked");
    }
    world.clock.set(NOON - 200);
    let input = call(&pool, "alice").logins(FACEBOOK, "user:f");
    world.resolve(input).expect("linked");
    user_of(&world, &pool, AMAZON, "amy");
    let merged = call(&pool, "bob").logins(AMAZON, "user:amy");
    world.resolve(merged).expect("merged");
    delete(&admin, [&bob]).expect("deleted");
    let events = history(&world, &alice);
    assert_eq!(revisions(&events), [6, 5, 4, 3, 2, 1]);
    let dates: Vec<_> = events.iter().rev().map(|event| event.date.as_millis() - NOON).collect();
    assert_eq!(dates, [0, 0, 5, 5, 5, 5]);
    let all = activity(&world, &pool);
    assert!(all.is_sorted_by(|newer, older| newer.date >= older.date), "{:?}", lines(&all));
    let of_alice: Vec<_> =
        all.iter().filter(|event| event.identity_id.as_ref() == Some(&alice)).cloned().collect();
    assert_eq!(of_alice, events);
    // The deletion of Bob's identity is not dated before what it deleted.
    let deleted = all.iter().find(|event| event.identity_id.as_ref() == Some(&bob));
    assert_eq!(deleted.expect("an event").date.as_millis(), NOON);
    world.check();
}

/// Every event names the event before and after it by its number only, so it can be read alone.
#[test]
fn an_event_is_serialized_with_the_names_of_the_service() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    undo(&admin, &last(&world, &alice)).expect("undone");
    let page = admin.history(HistoryInput::new(&alice, 2)).expect("listed");
    let json = serde_json::to_value(&page).expect("JSON");
    let (alice, pool) = (alice.as_str(), pool.as_str());
    let link = serde_json::json!({
        "Login": {"Kind": "Public", "Provider": FACEBOOK, "Subject": "a"}, "Ordinal": 1,
    });
    let of = |mut event: serde_json::Value| {
        event["IdentityPoolId"] = pool.into();
        event["IdentityId"] = alice.into();
        event["Date"] = json["Events"][0]["Date"].clone();
        event["By"] = "Administrator".into();
        event
    };
    let unlinked = of(serde_json::json!({
        "Revision": 3, "Operation": "Undo", "Undid": format!("{alice}/2"),
        "Changes": [{"Unlinked": {"Links": [link]}}],
    }));
    let linked = of(serde_json::json!({
        "Revision": 2, "Operation": "LinkLogin", "UndoneBy": format!("{alice}/3"),
        "Changes": [{"Linked": {"Links": [link], "WasGuest": false}}],
    }));
    assert_eq!(json["Events"], serde_json::json!([unlinked, linked]));
    assert_eq!(json["Events"][0]["Date"].as_f64(), Some(1_700_000_000.0));
    assert!(json["NextToken"].is_string());
}
