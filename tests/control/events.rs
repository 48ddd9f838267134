//! New events, by long poll.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{ALICE, World};

fn poll(world: &World, cursor: &Value, wait: u32) -> Value {
    let cursor = cursor.as_str().expect("a cursor");
    let (status, feed) = world.get(&format!("/_cognate/events?After={cursor}&Wait={wait}"));
    assert_eq!(status, 200, "{feed}");
    feed
}

#[test]
fn events_behind_a_cursor_are_told_once() {
    let world = World::new();
    let (_, begin) = world.get("/_cognate/events");
    assert_eq!((&begin["Events"], &begin["Gap"]), (&json!([]), &json!(false)));
    world.merge();
    let first = poll(&world, &begin["Cursor"], 25);
    assert_eq!(first["Events"].as_array().map(Vec::len), Some(2));
    let ids = first["Events"].as_array().expect("a list").iter().map(|event| &event["EventId"]);
    assert!(ids.clone().any(|id| *id == format!("{ALICE}/2")), "{first}");
    assert_eq!(poll(&world, &begin["Cursor"], 0), first, "a cursor can be used again");
    let next = poll(&world, &first["Cursor"], 0);
    assert_eq!((&next["Events"], &next["Cursor"]), (&json!([]), &first["Cursor"]));
}

#[test]
fn a_poll_waits_for_the_next_event() {
    let world = World::new();
    let (_, begin) = world.get("/_cognate/events");
    thread::scope(|scope| {
        let polling = scope.spawn(|| poll(&world, &begin["Cursor"], 25));
        thread::sleep(Duration::from_millis(50));
        world.merge();
        let events = polling.join().expect("no panic")["Events"].as_array().map(Vec::len);
        assert!(events.is_some_and(|events| events > 0), "{events:?}");
    });
}

#[test]
fn closing_ends_a_poll() {
    let world = World::new();
    let (_, begin) = world.get("/_cognate/events");
    thread::scope(|scope| {
        let polling = scope.spawn(|| poll(&world, &begin["Cursor"], 25));
        world.control.close();
        assert_eq!(polling.join().expect("no panic")["Events"], json!([]));
    });
}

#[test]
fn a_cursor_whose_events_are_gone_has_a_gap() {
    let world = World::new();
    let (_, begin) = world.get("/_cognate/events");
    let cursor = begin["Cursor"].as_str().expect("a cursor");
    let (epoch, position) = cursor.rsplit_once('-').expect("two parts");
    for unknown in [
        "x".to_owned(),
        format!("00000000-{position}"),
        format!("{epoch}-18446744073709551615"),
        format!("{epoch}-x"),
    ] {
        let feed = poll(&world, &json!(unknown), 25);
        assert_eq!((&feed["Gap"], &feed["Cursor"]), (&json!(true), &begin["Cursor"]), "{unknown}");
    }
    // More events than are kept.
    let path = format!("/_cognate/identities/{ALICE}");
    let google = json!({"Provider": "accounts.google.com", "Subject": "1"});
    for _ in 0..2_100 {
        for change in ["link", "unlink"] {
            assert_eq!(world.post(&format!("{path}/{change}"), &google).0, 200);
        }
    }
    let mut feed = poll(&world, &begin["Cursor"], 0);
    assert_eq!(feed["Gap"], true);
    let mut told = 0;
    loop {
        let events = feed["Events"].as_array().expect("a list").len();
        if events == 0 {
            break;
        }
        told += events;
        feed = poll(&world, &feed["Cursor"], 0);
        assert_eq!(feed["Gap"], false);
    }
    assert_eq!(told, 4_096, "those that are kept");
}
