//! Random sequences of administration and of the service's operations. Each administrative call is
//! compared with an expectation that a naive view of all identities gives.

mod undone;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use cognate::admin::{AdminListIdentitiesInput, IdentityDetails, ListLoginsInput};
use cognate::ambient::Timestamp;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    DeleteIdentityPoolInput, GetIdInput, IdentityState, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput,
};
use cognate::{Error, Refusal, Result};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{delete, disable, journal, link, logins_of, town, unlink};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, id, parse};

const PROVIDERS: [&str; 4] = [GAME, FACEBOOK, AMAZON, "accounts.google.com"];

/// A step of a sequence. Pools, identities, providers and subjects are numbers of known ones.
#[derive(Debug, Clone)]
enum Step {
    Service(Served),
    Link(usize, usize, u8),
    /// Links one developer user after the other.
    LinkMany(usize),
    Unlink(usize, usize, u8),
    Disable(usize),
    Delete(usize, usize),
    /// Undoes one of the last events of an identity.
    Undo(usize, usize),
}

/// A call of the service, or time that passes.
#[derive(Debug, Clone)]
enum Served {
    Guest(usize),
    Register(usize, u8),
    Public(usize, usize, u8),
    Merge(usize, u8, u8),
    UnlinkUser(usize, usize, u8),
    DeletePool(usize),
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (pool, identity, provider, subject) = (0..2_usize, 0..12_usize, 0..4_usize, 0..5_u8);
    let (p, i, v, s) = (pool, identity, provider, subject);
    let served = prop_oneof![
        3 => p.clone().prop_map(Served::Guest),
        4 => (p.clone(), s.clone()).prop_map(|(p, s)| Served::Register(p, s)),
        4 => (p.clone(), 1..3_usize, s.clone()).prop_map(|(p, v, s)| Served::Public(p, v, s)),
        1 => (p.clone(), s.clone(), s.clone()).prop_map(|(p, a, b)| Served::Merge(p, a, b)),
        1 => (p.clone(), i.clone(), s.clone()).prop_map(|(p, i, s)| Served::UnlinkUser(p, i, s)),
        2 => Just(Served::Tick),
    ];
    let step = prop_oneof![
        15 => served.prop_map(Step::Service),
        12 => (i.clone(), v.clone(), s.clone()).prop_map(|(i, v, s)| Step::Link(i, v, s)),
        1 => i.clone().prop_map(Step::LinkMany),
        8 => (i.clone(), v, s).prop_map(|(i, v, s)| Step::Unlink(i, v, s)),
        2 => i.clone().prop_map(Step::Disable),
        1 => (i.clone(), i.clone()).prop_map(|(a, b)| Step::Delete(a, b)),
        8 => (i, 0..4_usize).prop_map(|(i, event)| Step::Undo(i, event)),
    ];
    let deleted = p.prop_map(|p| Some(Step::Service(Served::DeletePool(p))));
    let end = prop_oneof![4 => Just(None), 1 => deleted];
    (prop::collection::vec(step, 1..50), end).prop_map(|(mut steps, end)| {
        let middle = steps.len() / 2;
        steps.splice(middle..middle, end);
        steps
    })
}

/// All identities, as they describe themselves.
type View = BTreeMap<IdentityId, IdentityDetails>;

struct Sequence {
    world: World,
    pools: [IdentityPoolId; 2],
    owners: [World; 2],
    /// Every identity that ever was.
    ids: Vec<IdentityId>,
    now: u64,
}

fn has(identity: &IdentityDetails, provider: &str, subject: &str) -> bool {
    logins_of(identity).contains(&(provider, subject))
}

/// The identity after it has lost a login, or all.
fn without(
    identity: &IdentityDetails,
    lost: Option<(&str, &str)>,
    now: Timestamp,
) -> IdentityDetails {
    let mut after = identity.clone();
    after.logins.retain(|login| {
        lost.is_some_and(|lost| (login.provider().as_str(), login.subject().as_str()) != lost)
    });
    if after.logins.is_empty() {
        after.state = IdentityState::Disabled;
    }
    after.last_modified_date = now;
    after.revision += 1;
    after
}

impl Sequence {
    fn new() -> Self {
        let world = journal::world();
        let owners = [world.of("123456789012", "us-east-1"), world.of("210987654321", "eu-west-1")];
        let pools = [town(&owners[0]), town(&owners[1])];
        let mut ids = vec![parse(&id(0xfff))];
        ids.extend(owners.iter().zip(&pools).map(|(world, pool)| super::guest(world, pool)));
        Self { world, pools, owners, ids, now: NOON }
    }

    fn view(&self) -> View {
        let admin = self.world.engine.admin();
        let found = self.ids.iter().filter_map(|id| Some((id.clone(), admin.identity(id).ok()?)));
        found.collect()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn id(&self, number: usize) -> &IdentityId {
        &self.ids[number % self.ids.len()]
    }

    /// The identity as it should be after a login was linked, or the refusal.
    fn linked(
        &self,
        view: &View,
        id: &IdentityId,
        (provider, subject): (&str, &str),
    ) -> Result<IdentityDetails, Refusal> {
        let unknown = Refusal::IdentityNotFound { identity_id: id.clone() };
        let before = view.get(id).ok_or(unknown)?;
        if provider == PROVIDERS[3] {
            return Err(Refusal::ProviderUnsupported);
        }
        if has(before, provider, subject) {
            return Ok(before.clone());
        }
        let of_pool = |other: &&IdentityDetails| other.identity_pool_id == before.identity_pool_id;
        let mut others = view.values().filter(of_pool);
        if let Some(owner) = others.find(|other| has(other, provider, subject)) {
            let identity_id = owner.identity_id.clone();
            return Err(if provider == GAME {
                Refusal::DeveloperUserAlreadyRegistered { user: parse(subject), identity_id }
            } else {
                Refusal::LoginOfAnother { identity_id }
            });
        }
        if before.state == IdentityState::Disabled {
            return Err(Refusal::IdentityForbidden { identity_id: id.clone() });
        }
        if provider != GAME && logins_of(before).iter().any(|(of, _)| *of == provider) {
            return Err(Refusal::LoginTaken);
        }
        if before.logins.len() == 20 {
            return Err(Refusal::TooManyLogins);
        }
        // The rest is checked against the identity itself, because only an engine makes a login.
        let after = self.world.engine.admin().identity(id).expect("linked");
        let (last, earlier) = after.logins.split_last().expect("a login");
        assert_eq!(earlier, before.logins);
        assert_eq!((last.provider().as_str(), last.subject().as_str()), (provider, subject));
        assert_eq!(last.is_developer(), provider == GAME);
        let (state, last_modified_date) = (IdentityState::Authenticated, self.now());
        let mut expected = before.clone();
        (expected.state, expected.last_modified_date) = (state, last_modified_date);
        expected.revision += 1;
        expected.logins.clone_from(&after.logins);
        Ok(expected)
    }

    /// The identity as it should be after a login was unlinked, or the refusal.
    fn unlinked(
        &self,
        view: &View,
        id: &IdentityId,
        (provider, subject): (&str, &str),
    ) -> Result<IdentityDetails, Refusal> {
        let unknown = Refusal::IdentityNotFound { identity_id: id.clone() };
        let before = view.get(id).ok_or(unknown)?;
        if has(before, provider, subject) {
            return Ok(without(before, Some((provider, subject)), self.now()));
        }
        let of_pool = |other: &&IdentityDetails| other.identity_pool_id == before.identity_pool_id;
        let mut others = view.values().filter(of_pool);
        let owner = others.find(|other| has(other, provider, subject));
        Err(match (owner, provider == GAME) {
            (Some(_), true) => Refusal::DeveloperUserElsewhere { identity_id: id.clone() },
            (None, true) => Refusal::DeveloperUserNotFound { user: parse(subject) },
            (Some(owner), _) => Refusal::LoginOfAnother { identity_id: owner.identity_id.clone() },
            (None, _) => Refusal::LoginNotFound,
        })
    }

    /// Compares an answer and its effect with the expectation.
    fn compare(
        &self,
        before: &View,
        answer: Result<IdentityDetails>,
        expected: Result<IdentityDetails, Refusal>,
    ) -> String {
        let mut after = before.clone();
        let name = match (answer, expected) {
            (Ok(answer), Ok(expected)) => {
                assert_eq!(answer, expected);
                after.insert(expected.identity_id.clone(), expected);
                "done".to_owned()
            }
            (Err(Error::Refused(refusal)), Err(expected)) => {
                assert_eq!(refusal, expected);
                name(&refusal)
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        };
        assert_eq!(self.view(), after);
        name
    }

    /// A call of the service. Its answer is not looked at.
    fn serve(&mut self, call: &Served) {
        match *call {
            Served::Guest(p) => {
                let id = self.world.engine.public().get_id(GetIdInput::new(&self.pools[p]));
                self.ids.extend(id.ok().map(|guest| guest.identity_id));
            }
            Served::Register(p, s) => {
                let input = crate::support::call(&self.pools[p], &s.to_string());
                self.ids.extend(self.owners[p].aws.resolve_developer_identity(input).ok());
            }
            Served::Public(p, v, s) => {
                let input = GetIdInput::new(&self.pools[p]);
                let input = input.logins(PROVIDERS[v], format!("user:{s}"));
                let id = self.world.engine.public().get_id(input);
                self.ids.extend(id.ok().map(|user| user.identity_id));
            }
            Served::Merge(p, from, to) => {
                let (from, to) = (from.to_string(), to.to_string());
                let input = MergeDeveloperIdentitiesInput::new(&self.pools[p], GAME, from, to);
                let _ = self.owners[p].aws.merge_developer_identities(input);
            }
            Served::UnlinkUser(p, i, s) => {
                let (pool, id) = (&self.pools[p], self.id(i));
                let input = UnlinkDeveloperIdentityInput::new(pool, id, GAME, s.to_string());
                let _ = self.owners[p].aws.unlink_developer_identity(input);
            }
            Served::DeletePool(p) => {
                let input = DeleteIdentityPoolInput::new(&self.pools[p]);
                let _ = self.owners[p].aws.delete_identity_pool(input);
            }
            Served::Tick => {
                self.now += 7;
                self.world.clock.set(self.now);
            }
        }
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    /// Performs a step. Returns the outcomes of its administrative calls.
    fn perform(&mut self, step: &Step) -> Vec<String> {
        let admin = self.world.engine.admin();
        let (before, bytes) = (self.view(), self.world.dump());
        let mut outcomes = Vec::new();
        match *step {
            Step::Link(i, v, s) => {
                let (id, login) = (self.id(i), (PROVIDERS[v], s.to_string()));
                let answer = link(&admin, id, login.0, &login.1);
                let expected = self.linked(&before, id, (login.0, &login.1));
                outcomes.push(self.compare(&before, answer, expected));
            }
            Step::LinkMany(i) => {
                let mut before = before;
                for n in 100..121 {
                    let (id, user) = (self.id(i), format!("{n} of {i}"));
                    let answer = link(&admin, id, GAME, &user);
                    let expected = self.linked(&before, id, (GAME, &user));
                    outcomes.push(self.compare(&before, answer, expected));
                    before = self.view();
                }
                return outcomes;
            }
            Step::Unlink(i, v, s) => {
                let (id, login) = (self.id(i), (PROVIDERS[v], s.to_string()));
                let answer = unlink(&admin, id, login.0, &login.1);
                let expected = self.unlinked(&before, id, (login.0, &login.1));
                outcomes.push(self.compare(&before, answer, expected));
            }
            Step::Disable(i) => {
                let id = self.id(i);
                let unknown = Refusal::IdentityNotFound { identity_id: id.clone() };
                let expected = before.get(id).ok_or(unknown).map(|known| {
                    let is_disabled = known.state == IdentityState::Disabled;
                    if is_disabled { known.clone() } else { without(known, None, self.now()) }
                });
                outcomes.push(self.compare(&before, disable(&admin, id), expected));
            }
            Step::Delete(a, b) => {
                let ids = BTreeSet::from([self.id(a), self.id(b)]);
                let (known, unknown): (Vec<&IdentityId>, Vec<&IdentityId>) =
                    ids.iter().partition(|id| before.contains_key(**id));
                let answer = delete(&admin, ids.iter().copied()).expect("deleted");
                assert_eq!(answer.deleted_identity_ids.iter().collect::<Vec<_>>(), known);
                assert_eq!(answer.unknown_identity_ids.iter().collect::<Vec<_>>(), unknown);
                let mut after = before.clone();
                after.retain(|id, _| !known.contains(&id));
                assert_eq!(self.view(), after);
                let outcome = if known.is_empty() { "nothing deleted" } else { "deleted" };
                outcomes.push(outcome.to_owned());
            }
            Step::Undo(i, event) => outcomes.extend(self.undo(&before, i, event)),
            Step::Service(ref call) => self.serve(call),
        }
        // INVARIANT I7
        let is_change =
            |outcome: &String| ["done", "deleted", "undone"].contains(&outcome.as_str());
        if !outcomes.iter().all(is_change) {
            assert_eq!(self.world.dump(), bytes);
        }
        outcomes
    }

    /// Compares the listings and the counts of each pool with the view.
    fn end(&self) {
        let (admin, view) = (self.world.engine.admin(), self.view());
        assert_eq!(self.world.engine.check().expect("readable"), []);
        for pool in &self.pools {
            let mut of_pool: Vec<_> =
                view.values().filter(|identity| identity.identity_pool_id == *pool).collect();
            of_pool.sort_by_key(|identity| (identity.creation_date, &identity.identity_id));
            let Ok(counts) = admin.count_identities(pool) else {
                assert_eq!(of_pool, Vec::<&IdentityDetails>::new());
                continue;
            };
            let input = AdminListIdentitiesInput::new(pool, 60);
            let listed = admin.list_identities(input).expect("listed");
            assert_eq!(listed.identities.iter().collect::<Vec<_>>(), of_pool);
            let in_state =
                |state| of_pool.iter().filter(|identity| identity.state == state).count() as u64;
            assert_eq!(counts.unauthenticated, in_state(IdentityState::Unauthenticated));
            assert_eq!(counts.authenticated, in_state(IdentityState::Authenticated));
            assert_eq!(counts.disabled, in_state(IdentityState::Disabled));
            let logins = of_pool.iter().map(|identity| identity.logins.len() as u64).sum::<u64>();
            assert_eq!(counts.logins.values().sum::<u64>(), logins);
            let listed = admin.list_logins(ListLoginsInput::new(pool, 60)).expect("listed");
            for found in &listed.logins {
                let login = &found.login;
                let owner = admin.identity_of_login(pool, login.provider(), login.subject());
                assert_eq!(owner.expect("found").identity_id, found.identity_id);
            }
            assert_eq!(listed.logins.len() as u64, logins.min(60));
        }
    }
}

/// The name of a refusal, without its data.
fn name(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().expect("a first part").to_owned()
}

#[test]
fn administration_does_as_a_naive_view_expects() {
    let met: RefCell<BTreeMap<String, usize>> = RefCell::default();
    let mut runner =
        TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        let mut sequence = Sequence::new();
        for step in &steps {
            for outcome in sequence.perform(step) {
                *met.borrow_mut().entry(outcome).or_default() += 1;
            }
        }
        sequence.end();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let met = met.into_inner();
    // 12 refusals, and calls that are done, undone, delete, or delete nothing.
    assert_eq!(met.len(), 16, "{met:?}");
}
