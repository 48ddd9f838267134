//! Explanations against the calls that follow: a door explains each call before it makes it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a refusal or a check of any other kind is all the same"
)]

mod agreement;
mod alternatives;
mod asked;
mod basis;
mod roles;
mod world;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::admin::{AppliedRule, Explanation};
use cognate::ambient::{Clock, Entropy, EntropyError, Ids, Timestamp};
use cognate::credentials::Session;
use cognate::name::{AccountId, IdentityId, Region};
use cognate::store::MemoryStore;
use cognate::testkit::{Call, CallReply, Implementation, TypedDoor};
use cognate::{Builder, Engine, Removal};
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use crate::explained::asked::Asked;
use crate::explained::world::World;
use crate::figure;
use crate::machine::{self, Case};
use crate::twin::{Numbers, filled};

/// The parts of explanations that every run must meet, however it is seeded.
const REACHED: [&str; 62] = [
    "answered a1",
    "answered a2",
    "answered a3",
    "answered b1",
    "answered b2",
    "answered c1",
    "answered c2",
    "answered c3",
    "refused c3",
    "refused d1",
    "refused d2",
    "refused already-registered",
    "refused without a rule",
    "answered merge",
    "refused merge",
    "answered merge-of-one",
    "answered unlink-developer-user",
    "refused unlink-developer-user",
    "answered unlink-logins",
    "refused unlink-logins",
    "answered delete-identities",
    "answered delete-pool",
    "ClassicFlowDisabled",
    "ClassicFlowWithRoleMappings",
    "DeveloperProviderMissing",
    "DeveloperProviderUnsupported",
    "DeveloperUserAlreadyRegistered",
    "DeveloperUserElsewhere",
    "DeveloperUserNotFound",
    "GuestsUnsupported",
    "IdentityForbidden",
    "IdentityNotFound",
    "LoginIsCognitoToken",
    "LoginIssuerMismatch",
    "LoginTaken",
    "LoginsDontMatch",
    "MergeOfTwoUsers",
    "PoolConfigurationInvalid",
    "PoolForbidden",
    "PoolNotFound",
    "ProviderUnsupported",
    "PublicProviderExpected",
    "RoleForbidden",
    "AmbiguousRole",
    "TokenExpired",
    "TokenForeign",
    "TooManyLogins",
    "role Unauthenticated",
    "role Authenticated",
    "role RulesMapping",
    "role TokenMapping",
    "role AmbiguousRole",
    "role CustomRole",
    "alternative WithoutIdentityId",
    "alternative WithIdentityId",
    "alternative WithLoginOf",
    "alternative MergeDeveloperIdentities",
    "alternative EnhancedFlow",
    "alternative WithoutCustomRole",
    "check Proved",
    "check Stated",
    "check CognitoToken",
];

const TIMES_MIN: usize = 3;

/// A comparison, or the difference that it found.
type Compared = Result<(), String>;

fn same<T: PartialEq + Debug>(what: &str, explained: &T, found: &T) -> Compared {
    if explained == found {
        return Ok(());
    }
    Err(format!("{what}: explained {explained:?}, found {found:?}"))
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Compared {
    if holds { Ok(()) } else { Err(what()) }
}

/// A clock that stands still during an explanation and its call.
#[derive(Debug, Clone)]
struct Still(Arc<AtomicU64>);

impl Still {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000_000)))
    }

    fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Randomness that counts how often it is drawn from.
#[derive(Debug)]
struct Draws {
    numbers: Numbers,
    times: AtomicU64,
}

impl Draws {
    fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { numbers: Numbers::new(seed), times: AtomicU64::new(0) })
    }

    fn times(&self) -> u64 {
        self.times.load(Ordering::SeqCst)
    }
}

impl Entropy for Draws {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.numbers.fill(bytes)
    }
}

impl Ids for Draws {
    fn mint(&self) -> Result<uuid::Uuid, EntropyError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.numbers.mint()
    }
}

/// The number of times that each part of an explanation was met.
type Met = BTreeMap<String, usize>;

/// The knowledge that the calls of one sequence give.
#[derive(Debug, Default)]
struct Known {
    /// The identities that answers have named.
    identities: BTreeSet<IdentityId>,
    /// The owners of pools.
    owners: BTreeMap<String, (AccountId, Region)>,
    /// Tokens of public logins, by provider and subject.
    tokens: BTreeMap<(String, String), String>,
}

/// A door that explains every call before it makes it.
struct Explained<'a> {
    engine: Engine,
    clock: Still,
    store: Arc<MemoryStore>,
    draws: Arc<Draws>,
    known: &'a RefCell<Known>,
    met: &'a RefCell<Met>,
    /// An engine over a copy of the store.
    copied: &'a dyn Fn(MemoryStore) -> Engine,
}

impl Explained<'_> {
    fn count(&self, what: impl Into<String>) {
        *self.met.borrow_mut().entry(what.into()).or_default() += 1;
    }

    fn world(&self) -> World {
        World::of(&self.engine, &self.store, &self.known.borrow().identities)
    }

    fn copy(&self, world: &World) -> Engine {
        (self.copied)(filled(&world.entries))
    }

    /// Explains the call, makes it, and compares both.
    fn compare(&self, call: &Call) -> Result<CallReply, String> {
        let door = TypedDoor::new(self.engine.clone());
        let reply = || door.call(call).map_err(|error| error.to_string());
        let Some(asked) = Asked::of(call) else { return reply() };
        let before = self.world();
        let drawn = self.draws.times();
        let explained = asked.explained(&self.engine);
        let Some(explained) = explained else { return reply() };
        if let Ok(explanation) = &explained {
            let compared = self.check_basis(&asked, &before, explanation);
            let compared =
                compared.and_then(|()| self.check_alternatives(&asked, &before, explanation));
            compared.map_err(|problem| format!("{problem} in {explanation:?}"))?;
        }
        ensure(self.draws.times() == drawn, || format!("{explained:?} draws a number"))?;
        same("the store", &before.entries, &self.world().entries)?;
        let reply = reply()?;
        self.learn(call, &reply);
        let after = self.world();
        match &explained {
            Ok(explanation) => {
                let compared = self.check_agreement(&asked, (&before, &after), explanation, &reply);
                compared.map_err(|problem| format!("{problem} in {explanation:?}"))?;
            }
            Err(error) => {
                same(
                    "an error",
                    &agreement::told_by(error.kind(), error),
                    &agreement::told(&reply),
                )?;
                same("the store", &before.entries, &after.entries)?;
            }
        }
        Ok(reply)
    }

    fn learn(&self, call: &Call, reply: &CallReply) {
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let mut known = self.known.borrow_mut();
        if let Some(id) = told["IdentityId"].as_str() {
            known.identities.insert(id.parse().expect("an identity"));
        }
        if let (Some((account, region)), Some(pool)) =
            (&call.caller, told["IdentityPoolId"].as_str())
        {
            let owner = (account.parse().expect("an account"), region.parse().expect("a region"));
            known.owners.insert(pool.to_owned(), owner);
        }
    }

    fn count_parts(&self, explanation: &Explanation) {
        use cognate::admin::ExplainedVerdict::{Answered, Refused};
        let rule = explanation.rule.map(AppliedRule::as_str);
        match &explanation.verdict {
            Refused { refusal, alternatives, .. } => {
                self.count(
                    rule.map_or("refused without a rule".to_owned(), |r| format!("refused {r}")),
                );
                self.count(variant(refusal));
                for alternative in alternatives {
                    self.count(format!("alternative {}", variant(alternative)));
                }
            }
            Answered { role, .. } => {
                self.count(format!("answered {}", rule.unwrap_or("without a rule")));
                if let Some(role) = role {
                    self.count(format!("role {}", variant(&role.chosen_by)));
                }
            }
            _ => self.count("an unknown verdict"),
        }
        for login in &explanation.logins {
            self.count(format!("check {}", variant(&login.check)));
        }
    }
}

/// The name of a variant.
fn variant(value: &impl Debug) -> String {
    let shown = format!("{value:?}");
    shown.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

impl Implementation for Explained<'_> {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        self.clock.advance(1);
        let reply = self.compare(call).map_err(io::Error::other)?;
        self.learn(call, &reply);
        Ok(reply)
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        Some(self.engine.verify_session(session_token).ok()?.session)
    }

    fn wait(&self, secs: u64) -> bool {
        self.clock.advance(secs * 1_000);
        true
    }
}

/// Runs the machine through the door, over stores that `open` opens.
fn check(name: &str, open: fn(Builder, Arc<MemoryStore>) -> Engine) {
    let met = RefCell::new(Met::new());
    let run = |case: &Case| -> Result<(), TestCaseError> {
        let (clock, store, draws) = (Still::new(), Arc::new(MemoryStore::new()), Draws::new(1));
        let (builder, _) = machine::options(case.options);
        let copied = |store: MemoryStore| {
            let builder = builder().clock(clock.clone()).removal(Removal::Calling);
            builder.open_exclusive(store).expect("opens")
        };
        let known = RefCell::default();
        let open = |builder: Builder| {
            let drawing = builder.ids(Arc::clone(&draws)).entropy(Arc::clone(&draws));
            // Nothing else writes while the store is compared.
            let drawing = drawing.removal(Removal::Calling);
            open(drawing, Arc::clone(&store))
        };
        machine::run(case, &clock, open, |engine, clock| Explained {
            engine,
            clock,
            store: Arc::clone(&store),
            draws: Arc::clone(&draws),
            known: &known,
            met: &met,
            copied: &copied,
        })?;
        Ok(())
    };
    machine::generate(name, 192, run);
    let met = met.into_inner();
    for (what, times) in &met {
        figure(format_args!("{times:8} {what}"));
    }
    let times = |what: &str| met.get(what).copied().unwrap_or_default();
    let missed: Vec<_> = REACHED.iter().filter(|what| times(what) < TIMES_MIN).collect();
    assert!(missed.is_empty(), "met less than {TIMES_MIN} times: {missed:?}");
}

#[test]
fn explanations_agree_over_a_shared_store() {
    check("explained, shared", |builder, store| builder.open_shared(store).expect("opens"));
}

/// The engine caches pools.
#[test]
fn explanations_agree_over_an_exclusive_store() {
    check("explained, exclusive", |builder, store| builder.open_exclusive(store).expect("opens"));
}
