//! A survey of an implementation with known faults.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::*;
use crate::ambient::{EntropyError, Ids};
use crate::engine::Engine;
use crate::state::SigningAlgorithm;
use crate::testkit::implementation::{TestClock, WireDoor};
use crate::testkit::issuer::login_verifier;
use crate::testkit::request::{Call, CallReply};

struct Counted(AtomicU64);

impl Ids for Counted {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        Ok(Uuid::from_u128(self.0.fetch_add(1, Ordering::Relaxed).into()))
    }
}

fn door() -> WireDoor {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = builder.login_verifier(login_verifier()).clock(TestClock::default());
    WireDoor::new(builder.ids(Counted(AtomicU64::new(1))).in_memory().expect("an engine"))
}

/// An implementation with some wrong answers.
struct Foreign(WireDoor);

impl Implementation for Foreign {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let reply = self.0.call(call)?;
        let body = reply.body.as_str();
        let is_refused = |exception| reply.status == 400 && body.contains(exception);
        match call.operation.as_str() {
            "DescribeIdentityPool" => Ok(CallReply {
                status: reply.status,
                body: body.replace("\"IdentityPoolName\":\"pool", "\"IdentityPoolName\":\"p"),
            }),
            "UntagResource" => Ok(CallReply { status: 501, body: "<html>no</html>".to_owned() }),
            "GetOpenIdTokenForDeveloperIdentity" if is_refused("AlreadyRegistered") => {
                Ok(CallReply {
                    status: 400,
                    body: r#"{"__type":"com.example#NotAuthorizedException"}"#.to_owned(),
                })
            }
            "ListIdentityPools" if reply.status == 200 => {
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "went away"))
            }
            _ => Ok(reply),
        }
    }
}

/// A survey of the wrong operations and of some that they need.
static DEVIATIONS: LazyLock<Deviations> = LazyLock::new(|| {
    let survey = Survey::new(500, 60).only([
        "CreateIdentityPool",
        "DescribeIdentityPool",
        "GetOpenIdTokenForDeveloperIdentity",
        "ListIdentityPools",
        "ListTagsForResource",
        "UntagResource",
    ]);
    survey.run(&Model::new(), || Foreign(door()))
});

#[test]
fn a_correct_implementation_has_no_findings() {
    let deviations = Survey::new(20, 40).run(&Model::new(), door);
    assert!(deviations.is_empty(), "{deviations}");
    assert_eq!(deviations.to_string().lines().count(), 1);
}

#[test]
fn finds_all_faults_and_nothing_else() {
    let kinds = DEVIATIONS.iter().map(|finding| {
        let Kind { operation, expected, got } = &finding.kind;
        (*operation, expected.as_str(), got.as_str())
    });
    let wrong = [
        ("DescribeIdentityPool", "$pool {…}", "$pool {…}"),
        (
            "GetOpenIdTokenForDeveloperIdentity",
            "DeveloperUserAlreadyRegisteredException",
            "NotAuthorizedException",
        ),
        ("ListIdentityPools", "pools", "unreadable: went away"),
        ("UntagResource", "ResourceNotFoundException", "unreadable: 501"),
        ("UntagResource", "done", "unreadable: 501"),
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), wrong, "{}", *DEVIATIONS);
}

#[test]
fn keeps_the_shortest_script_of_each_kind() {
    for Deviation { kind, disagreement, .. } in DEVIATIONS.iter() {
        let calls: Vec<_> = disagreement.script.calls().collect();
        let shortest = match (kind.operation, kind.expected.as_str()) {
            ("ListIdentityPools", _) | (_, "ResourceNotFoundException") => 1..=1,
            // The shortest sequence has a pool, and two users of whom one claims the other's
            // identity. It may have one more call to keep the numbers of names.
            ("GetOpenIdTokenForDeveloperIdentity", _) => 4..=6,
            _ => 2..=2,
        };
        assert!(shortest.contains(&calls.len()), "{disagreement}");
        assert_eq!(calls.last(), Some(&kind.operation));
    }
}

#[test]
fn a_seed_makes_a_survey() {
    let survey = |seed| {
        let survey = Survey::new(10, 20).seed(seed);
        survey.run(&Model::new(), || Foreign(door())).to_string()
    };
    assert_eq!(survey(1), survey(1));
    assert_ne!(survey(1), survey(2));
}

#[test]
fn surveys_only_the_given_operations() {
    let only = ["CreateIdentityPool", "DescribeIdentityPool"];
    let deviations = Survey::new(50, 60).only(only).run(&Model::new(), || Foreign(door()));
    let operations: Vec<_> = deviations.iter().map(|found| found.kind.operation).collect();
    assert_eq!(operations, ["DescribeIdentityPool"]);
}

#[test]
fn sequences_meet_in_one_implementation() {
    let shared = door();
    let survey = Survey::new(60, 60).only(["CreateIdentityPool", "ListIdentityPools"]);
    let deviations = survey.run(&Model::new(), || &shared);
    assert!(!deviations.is_empty(), "lists are not empty at the beginning");
    let deviations = survey.accounts_from(200_000_000_000).run(&Model::new(), || &shared);
    assert!(deviations.is_empty(), "{deviations}");
}

#[test]
fn texts_in_general() {
    for (text, general) in [
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("$identity12", "$identity"),
        ("$identity1 or $identity2 or $identity3", "$identity"),
        ("$pool0 {\"a\":{\"b\":[1]}} too", "$pool {…} too"),
        ("12 entries", "n entries"),
        ("of Some(3)", "of Some(…)"),
    ] {
        assert_eq!(in_general(text), general);
    }
    for (what, shown) in [
        ("501 <html>", "unreadable: 501"),
        ("200 {\"IdentityId\":1}", "unreadable: 200"),
        ("<html>", "unreadable"),
    ] {
        assert_eq!(unreadable(what), shown);
    }
}
