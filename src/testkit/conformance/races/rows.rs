//! The races.

use crate::testkit::conformance::races::{Half, Race};

/// Races that every store has to decide: a batch that writes checks absence only of keys that it
/// also puts.
pub(in crate::testkit::conformance) const RULED: [Race; 16] = [
    Race {
        requirement: "of two batches that replace a record, one happens",
        before: &[("login", "1")],
        one: half(&[("login", Some("1"))], &[], &[("login", "2")]),
        other: half(&[("login", Some("1"))], &[], &[("login", "3")]),
    },
    Race {
        requirement: "of two batches that create a key, one happens",
        before: &[],
        one: half(&[("login", None)], &[], &[("login", "1")]),
        other: half(&[("login", None)], &[], &[("login", "2")]),
    },
    Race {
        requirement: "of two batches that move a record, one happens",
        before: &[("login", "1")],
        one: half(&[("login", Some("1"))], &["login"], &[("pool", "1")]),
        other: half(&[("login", Some("1"))], &["login"], &[("identity", "1")]),
    },
    Race {
        requirement: "a checked put does not bring back a key that a checked delete removed",
        before: &[("login", "1")],
        one: half(&[("login", Some("1"))], &[], &[("login", "2")]),
        other: half(&[("login", Some("1"))], &["login"], &[]),
    },
    Race {
        requirement: "a checked put does not bring back a key that an unchecked delete removed",
        before: &[("login", "1")],
        one: half(&[("login", Some("1"))], &[], &[("login", "2")]),
        other: half(&[], &["login"], &[]),
    },
    Race {
        requirement: "a checked put does not overwrite an unchecked put",
        before: &[("login", "1")],
        one: half(&[("login", Some("1"))], &[], &[("login", "2")]),
        other: half(&[], &[], &[("login", "3")]),
    },
    Race {
        requirement: "a batch that creates a key does not overwrite an unchecked put",
        before: &[],
        one: half(&[("login", None)], &[], &[("login", "1")]),
        other: half(&[], &[], &[("login", "2")]),
    },
    Race {
        requirement: "a batch that creates a key and an unchecked delete both happen",
        before: &[],
        one: half(&[("login", None)], &[], &[("login", "1")]),
        other: half(&[], &["login"], &[]),
    },
    Race {
        requirement: "of two batches that delete what the other one checks, one happens",
        before: &[("pool", "1"), ("login", "1")],
        one: half(&[("pool", Some("1"))], &["login"], &[]),
        other: half(&[("login", Some("1"))], &["pool"], &[]),
    },
    Race {
        requirement: "of two batches that replace what the other one checks, one happens",
        before: &[("pool", "1"), ("login", "1")],
        one: half(&[("pool", Some("1"))], &[], &[("login", "2")]),
        other: half(&[("login", Some("1"))], &[], &[("pool", "2")]),
    },
    Race {
        requirement: "of two batches that create the same keys and check one each, one happens",
        before: &[],
        one: half(&[("pool", None)], &[], &[("pool", "1"), ("login", "1")]),
        other: half(&[("login", None)], &[], &[("login", "2"), ("pool", "2")]),
    },
    Race {
        requirement: "no key is put beside a checked record whose deletion creates the key",
        before: &[("pool", "1")],
        one: half(&[("pool", Some("1"))], &[], &[("login", "1")]),
        other: half(&[("login", None)], &["pool"], &[("login", "2")]),
    },
    Race {
        requirement: "no key is created beside a checked record that is deleted with its keys",
        before: &[("pool", "1")],
        one: half(&[("pool", Some("1")), ("login", None)], &[], &[("login", "1")]),
        other: half(&[("pool", Some("1"))], &["pool", "login"], &[]),
    },
    Race {
        requirement: "a batch of checks has one moment beside a batch that puts",
        before: &[("pool", "1"), ("login", "1")],
        one: half(&[("pool", Some("1")), ("login", Some("1"))], &[], &[]),
        other: half(&[], &[], &[("login", "2"), ("pool", "2")]),
    },
    Race {
        requirement: "of two batches that put the same keys, one leaves all its records",
        before: &[("pool", "1")],
        one: half(&[], &[], &[("pool", "2"), ("identity", "2"), ("login", "2")]),
        other: half(&[], &[], &[("login", "3"), ("identity", "3"), ("pool", "3")]),
    },
    Race {
        requirement: "unchecked puts and deletes of the same keys do not mix",
        before: &[("pool", "1"), ("login", "1")],
        one: half(&[], &["login", "pool"], &[]),
        other: half(&[], &[], &[("pool", "2"), ("login", "2")]),
    },
];

/// Races that only a fully serializable store decides: a batch writes, and checks the absence of a
/// key that it does not put.
pub(in crate::testkit::conformance) const RAW: [Race; 3] = [
    Race {
        requirement: "no key is put beside a checked record that is deleted for its absence",
        before: &[("pool", "1")],
        one: half(&[("pool", Some("1"))], &[], &[("login", "1")]),
        other: half(&[("login", None)], &["pool"], &[]),
    },
    Race {
        requirement: "of two batches that create a key where the other's is absent, one happens",
        before: &[],
        one: half(&[("pool", None)], &[], &[("login", "1")]),
        other: half(&[("login", None)], &[], &[("pool", "1")]),
    },
    Race {
        requirement: "a record is deleted once where another key is absent",
        before: &[("pool", "1")],
        one: half(&[("login", None)], &["pool"], &[]),
        other: half(&[("pool", Some("1"))], &["pool"], &[("login", "1")]),
    },
];

const fn half(
    checks: &'static [(&'static str, Option<&'static str>)],
    deletes: &'static [&'static str],
    puts: &'static [(&'static str, &'static str)],
) -> Half {
    Half { checks, deletes, puts }
}
