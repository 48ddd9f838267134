//! Hand-made histories that the linearizability check accepts or rejects: a tag of a pool is
//! written and read, and users get identities.

use cognate::testkit::{
    Account, Caller, DeveloperProvider, Event, History, Identity, Model, Operation,
    OperationOutcome, Pool, Presented, Provider, Settings, Tags,
};
use proptest::prelude::*;
use serde_json::json;

const CALLER: Caller = Caller::Account(Account::FIRST);

/// A model of a pool whose tag is 0.
fn before() -> Model {
    let tags = Some(Tags { first: 0, others: 0, value: 0 });
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: None,
        developer: Some(DeveloperProvider::Game),
        providers: vec![Provider::Google],
        tags,
    };
    let described = json!({
        "IdentityPoolName": "pool 0", "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": "login.game", "IdentityPoolTags": { "tag-0": "0" },
        "SupportedLoginProviders": { "accounts.google.com": "game.apps.googleusercontent.com" },
    });
    let create = Operation::CreateIdentityPool { caller: CALLER, settings };
    let mut model = Model::new();
    model.step(&create, &OperationOutcome::Pool(Pool(0), described)).expect("agrees");
    model
}

fn write(value: u8, called: usize, answered: usize) -> Event {
    let tags = Tags { first: 0, others: 0, value };
    let operation = Operation::TagResource { caller: CALLER, pool: Pool(0), tags };
    Event { operation, outcome: OperationOutcome::Done, called, answered }
}

fn read(value: u8, called: usize, answered: usize) -> Event {
    let operation = Operation::ListTagsForResource { caller: CALLER, pool: Pool(0) };
    let outcome = OperationOutcome::Settings(json!({ "Tags": { "tag-0": value.to_string() } }));
    Event { operation, outcome, called, answered }
}

/// `GetId` for a Google user or a guest.
fn get_id(user: Option<u8>, identity: u16, called: usize, answered: usize) -> Event {
    let genuine = cognate::testkit::IdToken::Genuine;
    let logins = user.map(|user| Presented::Public(Provider::Google, user, genuine));
    let logins = logins.into_iter().collect();
    let operation = Operation::GetId { pool: Pool(0), account: None, logins };
    Event { operation, outcome: OperationOutcome::Identity(Identity(identity)), called, answered }
}

fn history(lanes: &[&[Event]]) -> History {
    lanes.iter().fold(History::new(before()), |history, lane| history.lane(lane.to_vec()))
}

fn is_explained(lanes: &[&[Event]]) -> bool {
    history(lanes).explain().is_ok()
}

#[test]
fn one_after_the_other() {
    assert!(is_explained(&[]));
    assert!(is_explained(&[&[]]));
    assert!(is_explained(&[&[read(0, 0, 1), write(1, 2, 3), read(1, 4, 5)]]));
    assert!(!is_explained(&[&[write(1, 0, 1), read(0, 2, 3)]]));
    assert!(!is_explained(&[&[read(2, 0, 1)]]));
}

#[test]
fn a_read_during_a_write_may_see_it() {
    assert!(is_explained(&[&[write(1, 0, 3)], &[read(0, 1, 2)]]));
    assert!(is_explained(&[&[write(1, 0, 3)], &[read(1, 1, 2)]]));
    assert!(!is_explained(&[&[write(1, 0, 3)], &[read(2, 1, 2)]]));
}

#[test]
fn a_read_after_a_write_sees_it() {
    assert!(is_explained(&[&[write(1, 0, 1)], &[read(1, 2, 3)]]));
    assert!(!is_explained(&[&[write(1, 0, 1)], &[read(0, 2, 3)]]));
    // A second read cannot see an older value than the first one.
    assert!(!is_explained(&[&[write(1, 0, 9)], &[read(1, 1, 2), read(0, 3, 4)]]));
    assert!(!is_explained(&[&[write(1, 0, 9)], &[read(1, 1, 2)], &[read(0, 3, 4)]]));
}

#[test]
fn writes_can_happen_in_another_order_than_their_calls() {
    let reads = [read(3, 3, 4), read(2, 5, 6), read(1, 7, 8)];
    assert!(is_explained(&[&[write(1, 0, 9)], &[write(2, 1, 10)], &[write(3, 2, 11)], &reads]));
    let reads = [read(3, 3, 4), read(2, 5, 6), read(3, 7, 8)];
    assert!(!is_explained(&[&[write(1, 0, 9)], &[write(2, 1, 10)], &[write(3, 2, 11)], &reads]));
}

#[test]
fn a_user_has_one_identity() {
    assert!(is_explained(&[&[get_id(Some(1), 0, 0, 3)], &[get_id(Some(1), 0, 1, 2)]]));
    assert!(!is_explained(&[&[get_id(Some(1), 0, 0, 3)], &[get_id(Some(1), 1, 1, 2)]]));
    assert!(is_explained(&[&[get_id(Some(1), 0, 0, 3)], &[get_id(Some(2), 1, 1, 2)]]));
    // Each guest is new.
    assert!(is_explained(&[&[get_id(None, 0, 0, 3)], &[get_id(None, 1, 1, 2)]]));
    assert!(!is_explained(&[&[get_id(None, 0, 0, 3)], &[get_id(None, 0, 1, 2)]]));
}

/// Twelve concurrent writes have 479 million orders, but few states.
#[test]
fn orders_with_the_same_state_are_searched_once() {
    let writes: Vec<_> = (0..12).map(|lane| [write(1, lane, lane + 100)]).collect();
    let mut lanes: Vec<&[Event]> = writes.iter().map(<[Event; 1]>::as_slice).collect();
    let impossible = [read(2, 20, 200)];
    lanes.push(&impossible);
    assert!(!is_explained(&lanes));
}

#[test]
fn an_unexplained_history_is_reported() {
    let told = history(&[&[write(1, 0, 3)], &[read(2, 1, 2)]]).explain().expect_err("is wrong");
    let told = told.to_string();
    let lines = [
        "# +(0) 0..3",
        r#"account0/us-east-1 TagResource {"ResourceArn":"#,
        "#  (1) 1..2",
        r#"# thread 1, ListTagsForResource: expected {"Tags":{"tag-0":"1"}} (ListTagsForResource), got {"Tags""#,
    ];
    assert!(lines.iter().all(|line| told.contains(line)), "{told}");
}

/// Up to three threads with up to three events each. The events of a thread do not overlap.
fn lanes() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let event = (any::<bool>(), 0..3_u8, 1..4_usize, 1..6_usize);
    let lane = prop::collection::vec(event, 0..=3).prop_map(|events| {
        let mut time = 0;
        let made = events.into_iter().map(|(is_write, value, pause, lasts)| {
            let (called, answered) = (time + pause, time + pause + lasts);
            time = answered;
            (if is_write { write } else { read })(value, called, answered)
        });
        made.collect::<Vec<_>>()
    });
    prop::collection::vec(lane, 1..=3)
}

/// Tries every order.
fn brute_force(model: &Model, left: &[Event]) -> bool {
    left.is_empty()
        || left.iter().enumerate().any(|(place, event)| {
            let is_late = left.iter().any(|other| other.answered < event.called);
            let mut model = model.clone();
            let mut rest = left.to_vec();
            rest.remove(place);
            !is_late
                && model.step(&event.operation, &event.outcome).is_ok()
                && brute_force(&model, &rest)
        })
}

proptest! {
    #![proptest_config(crate::seeded("histories", 1_000))]

    #[test]
    fn the_search_agrees_with_trying_every_order(lanes in lanes()) {
        let slices: Vec<&[Event]> = lanes.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(is_explained(&slices), brute_force(&before(), &lanes.concat()));
    }
}
