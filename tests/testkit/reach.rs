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

use crate::figure;

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

/// After this many operations, tokens of the basic flow have expired.
const WAIT_EVERY: usize = 20;
const WAIT_SECS: u64 = 300;

/// Clauses that the default options exclude.
const OF_OPTIONS: [&str; 2] =
    ["2 5 a rate that is exceeded, by option", "5.5 an unknown user, by option"];

/// The smallest number of times that each clause must be met.
const CLAUSE_MIN: usize = 2;

/// The smallest number of times that each behaviour must be met.
const TIMES_MIN: usize = 3;

#[test]
fn every_operation_succeeds_and_meets_its_exceptions_and_behaviours() {
    let behaviours = RefCell::default();
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut clauses: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..SEQUENCES {
        let generated = testkit::operations(60).new_tree(&mut runner).expect("operations");
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(testkit::login_verifier());
        let clock = TestClock::default();
        let engine = builder.clock(clock.clone()).in_memory().expect("an engine");
        let door = Watching::new(WireDoor::new(engine).clock(clock), &behaviours);
        let mut run = Run::new(Model::new());
        for (operation, place) in generated.current().into_iter().zip(1..) {
            if place % WAIT_EVERY == 0 {
                run.wait(&door, WAIT_SECS);
            }
            let outcome = run.perform(&door, &operation).unwrap_or_else(|error| panic!("{error}"));
            let exception = outcome.exception().unwrap_or("success");
            let exception = exception.trim_end_matches("Exception").to_owned();
            *met.entry((operation.name(), exception)).or_default() += 1;
            assert!(!matches!(outcome, OperationOutcome::Unreadable(_)));
        }
        for (clause, times) in run.met() {
            *clauses.entry(clause).or_default() += times;
        }
    }
    figure(format_args!("{clauses:#?}"));
    let table: Vec<String> =
        met.iter().map(|((of, what), times)| format!("{of} {what} {times}")).collect();
    let table = table.join("\n");
    let mut missed: Vec<String> = Vec::new();
    for clause in Model::clauses().filter(|clause| !OF_OPTIONS.contains(clause)) {
        let times = clauses.get(clause).copied().unwrap_or_default();
        missed.extend((times < CLAUSE_MIN).then(|| format!("{clause}: {times} times")));
    }
    for (operation, exceptions) in REACHED {
        for what in exceptions.iter().chain(&["success"]) {
            let is_met = met.contains_key(&(operation, (*what).to_owned()));
            missed.extend((!is_met).then(|| format!("{operation} {what}")));
        }
    }
    let behaviours = behaviours.into_inner();
    for behaviour in watch::behaviours() {
        let times = behaviours.get(behaviour).copied().unwrap_or_default();
        missed.extend((times < TIMES_MIN).then(|| format!("{behaviour}: {times} times")));
    }
    assert_eq!(missed, Vec::<String>::new(), "{clauses:#?}\n{table}\n{behaviours:#?}");
    let reached: usize = REACHED.iter().map(|(_, exceptions)| exceptions.len() + 1).sum();
    assert_eq!(met.len(), reached, "an exception that is in no row\n{table}");
}
