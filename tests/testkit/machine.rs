//! The state machine: all operations, in every order, through both doors, with all options.

use cognate::testkit::{self, Model, TestClock, TypedDoor, WireDoor};
use cognate::{Engine, SigningAlgorithm};

pub(crate) fn engine(clock: &TestClock, _: &Model) -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = builder.login_verifier(testkit::login_verifier()).clock(clock.clone());
    builder.in_memory().expect("an engine")
}

#[test]
fn typed_door() {
    let door = || {
        let clock = TestClock::default();
        TypedDoor::new(engine(&clock, &Model::new())).clock(clock)
    };
    if let Err(script) = testkit::check(256, 60, &Model::new(), door) {
        panic!("{script}");
    }
}

#[test]
fn wire_door() {
    let door = || {
        let clock = TestClock::default();
        WireDoor::new(engine(&clock, &Model::new())).clock(clock)
    };
    if let Err(script) = testkit::check(256, 60, &Model::new(), door) {
        panic!("{script}");
    }
}
