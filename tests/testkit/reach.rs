//! Coverage of generated operations: a model shows nothing about behaviour that is never reached.

mod watch;

use std::cell::RefCell;
use std::collections::BTreeMap;

use cognate::Engine;
use cognate::testkit::{self, Model, OperationOutcome, Run, TestClock, WireDoor};
use cognate::token::SigningAlgorithm;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use watch::Watching;

/// Each operation with the exceptions that it must have met.
const REACHED: [(&str, &[&str]); 23] = [
    ("CreateIdentityPool", &["InvalidParameter", "Validation"]),
    ("DeleteIdentities", &["Validation"]),
    ("DeleteIdentityPool", &["ResourceNotFound"]),
    ("DescribeIdentity", &["ResourceNotFound"]),
    ("DescribeIdentityPool", &["ResourceNotFound"]),
    (
        "GetCredentialsForIdentity",
        &[
            "ExternalService",
            "InvalidIdentityPoolConfiguration",
            "InvalidParameter",
            "NotAuthorized",
            "ResourceConflict",
            "ResourceNotFound",
        ],
    ),
    (
        "GetId",
        &[
            "ExternalService",
            "InvalidParameter",
            "NotAuthorized",
            "ResourceConflict",
            "ResourceNotFound",
        ],
    ),
    ("GetIdentityPoolRoles", &["ResourceNotFound"]),
    (
        "GetOpenIdToken",
        &["InvalidParameter", "NotAuthorized", "ResourceConflict", "ResourceNotFound"],
    ),
    (
        "GetOpenIdTokenForDeveloperIdentity",
        &[
            "DeveloperUserAlreadyRegistered",
            "InvalidParameter",
            "NotAuthorized",
            "ResourceConflict",
            "ResourceNotFound",
            "Validation",
        ],
    ),
    ("GetPrincipalTagAttributeMap", &["ResourceNotFound"]),
    ("ListIdentities", &["InvalidParameter", "ResourceNotFound", "Validation"]),
    ("ListIdentityPools", &["InvalidParameter", "Validation"]),
    ("ListTagsForResource", &["ResourceNotFound"]),
    (
        "LookupDeveloperIdentity",
        &["InvalidParameter", "ResourceConflict", "ResourceNotFound", "Validation"],
    ),
    (
        "MergeDeveloperIdentities",
        &["InvalidParameter", "ResourceConflict", "ResourceNotFound", "Validation"],
    ),
    ("SetIdentityPoolRoles", &["InvalidParameter", "NotAuthorized", "ResourceNotFound"]),
    ("SetPrincipalTagAttributeMap", &["InvalidParameter", "ResourceNotFound"]),
    ("TagResource", &["InvalidParameter", "ResourceNotFound"]),
    (
        "UnlinkDeveloperIdentity",
        &["InvalidParameter", "ResourceConflict", "ResourceNotFound", "Validation"],
    ),
    (
        "UnlinkIdentity",
        &["ExternalService", "InvalidParameter", "NotAuthorized", "ResourceNotFound"],
    ),
    ("UntagResource", &["ResourceNotFound"]),
    ("UpdateIdentityPool", &["InvalidParameter", "ResourceNotFound", "Validation"]),
];

const SEQUENCES: usize = 200;

/// The smallest number of times that each behaviour must be met.
const TIMES_MIN: usize = 3;

#[test]
fn every_operation_succeeds_and_meets_its_exceptions_and_behaviours() {
    let behaviours = RefCell::default();
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for _ in 0..SEQUENCES {
        let generated = testkit::operations(60).new_tree(&mut runner).expect("operations");
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(testkit::login_verifier());
        let engine = builder.clock(TestClock::default()).in_memory().expect("an engine");
        let door = Watching::new(WireDoor::new(engine), &behaviours);
        let mut run = Run::new(Model::new());
        for operation in generated.current() {
            let outcome = run.perform(&door, &operation).unwrap_or_else(|error| panic!("{error}"));
            let exception = outcome.exception().unwrap_or("success");
            let exception = exception.trim_end_matches("Exception").to_owned();
            *met.entry((operation.name(), exception)).or_default() += 1;
            assert!(!matches!(outcome, OperationOutcome::Unreadable(_)));
        }
    }
    let table: Vec<String> =
        met.iter().map(|((of, what), times)| format!("{of} {what} {times}")).collect();
    let table = table.join("\n");
    for (operation, exceptions) in REACHED {
        for what in exceptions.iter().chain(&["success"]) {
            assert!(
                met.contains_key(&(operation, (*what).to_owned())),
                "{operation} {what}\n{table}"
            );
        }
    }
    let reached: usize = REACHED.iter().map(|(_, exceptions)| exceptions.len() + 1).sum();
    assert_eq!(met.len(), reached, "an exception that is in no row\n{table}");
    let behaviours = behaviours.into_inner();
    for behaviour in watch::behaviours() {
        let times = behaviours.get(behaviour).copied().unwrap_or_default();
        assert!(times >= TIMES_MIN, "{behaviour}: {times} times\n{behaviours:#?}");
    }
}
