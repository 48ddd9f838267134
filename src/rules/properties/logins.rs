//! Linking, merging and unlinking.

use std::collections::BTreeSet;

use proptest::array::{uniform3, uniform9};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Select, select, subsequence};

use crate::id::IdentityId;
use crate::rules::properties::call::{Call, OpenedWith};
use crate::rules::properties::cases;
use crate::rules::properties::world::{World, id, login, logins as logins_in, name};
use crate::rules::rule::AppliedRule;
use crate::state::{Identity, IdentityState, LOGINS_MAX, Login};

const LOGINS: [&str; 9] = ["d:a", "d:b", "d:c", "p:1", "p:2", "q:1", "q:2", "r:1", "r:2"];
const IDENTITIES: [&str; 6] = ["U", "V", "W", "X", "Y", "Z"];

/// An identity without regard to its logins.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Guest,
    Disabled,
    /// With this number of developer users, beside its other logins.
    With(usize),
}

/// Up to six identities over few logins. Some have the same creation second, some a future one.
fn worlds() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        1 => Just(Kind::Guest),
        1 => Just(Kind::Disabled),
        4 => Just(Kind::With(0)),
        1 => select(vec![9, 10, 17, 18, 19, 20]).prop_map(Kind::With),
    ];
    let identity = (kind, select(vec![1, 2, 2, 3, 2_000]));
    let owners = uniform9(0_usize..7);
    let count = prop_oneof![1 => 0_usize..3, 3 => 3..=IDENTITIES.len()];
    (count.prop_flat_map(move |count| vec(identity.clone(), count)), owners).prop_map(
        |(identities, owners)| {
            let all = identities.into_iter().zip(IDENTITIES).enumerate();
            let all = all.map(|(place, ((kind, second), name))| {
                let state = match kind {
                    Kind::Guest => "guest".to_owned(),
                    Kind::Disabled => "disabled".to_owned(),
                    Kind::With(others) => logins_of(place, &owners, others),
                };
                format!("{name}@{second}={state}")
            });
            all.collect::<Vec<_>>().join(" ")
        },
    )
}

/// The logins of `place` that an identity can have together (I3, I4). Without any it is a guest.
fn logins_of(place: usize, owners: &[usize; 9], others: usize) -> String {
    let mut has: Vec<String> = Vec::new();
    for (login, _) in LOGINS.iter().zip(owners).filter(|(_, owner)| **owner == place) {
        let rivals = !login.starts_with('d') && has.iter().any(|h| h.starts_with(&login[..2]));
        if !rivals && has.len() + others < LOGINS_MAX {
            has.push((*login).to_owned());
        }
    }
    if others > 0 {
        has.push(format!("+{others}"));
    }
    if has.is_empty() { "guest".to_owned() } else { has.join(",") }
}

/// A `Logins` map, with one login for each provider.
fn presented() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(LOGINS.to_vec(), 0..6).prop_shuffle().prop_map(|logins| {
        let mut seen = BTreeSet::new();
        logins.into_iter().filter(|login| seen.insert(login.as_bytes()[0])).collect()
    })
}

fn shuffled(logins: Vec<&'static str>) -> impl Strategy<Value = Vec<&'static str>> {
    Just(logins).prop_shuffle()
}

/// A world and a call on it.
pub(super) fn scenes() -> impl Strategy<Value = (String, Call)> {
    worlds().prop_flat_map(|world| (Just(world.clone()), calls(&world)))
}

/// An identity of a world, or rarely a missing one.
fn identity(world: &str) -> impl Strategy<Value = String> + use<> {
    let known = world.split_whitespace().map(|identity| identity[..1].to_owned());
    mostly(&known.collect::<Vec<_>>(), "Q")
}

/// One of the known names, or rarely an unknown one.
fn mostly(known: &[String], unknown: &str) -> Select<String> {
    let known = std::iter::repeat_n(known, 5).flatten().cloned();
    select(known.chain([unknown.to_owned()]).collect::<Vec<_>>())
}

/// A developer user of one of the identities, or rarely an unregistered one.
fn user(world: &str) -> impl Strategy<Value = String> + use<> {
    let first = |identity: &Identity| {
        let login = identity.logins().find(|login| login.is_developer())?;
        Some(login.subject().to_string())
    };
    let known = World::parse(world).0.iter().filter_map(first).collect::<Vec<_>>();
    mostly(&known, "nobody")
}

fn proofs() -> impl Strategy<Value = OpenedWith> {
    prop_oneof![
        2 => Just(OpenedWith::Login),
        1 => Just(OpenedWith::Id),
        1 => presented().prop_map(|logins| OpenedWith::Token(logins.join(","))),
    ]
}

fn presenting(world: &str) -> impl Strategy<Value = Call> + use<> {
    (weighted(0.7, identity(world)), proofs(), presented())
        .prop_map(|(given, proof, logins)| Call::Present { given, proof, logins: logins.join(",") })
}

pub(super) fn calls(world: &str) -> impl Strategy<Value = Call> + use<> {
    let providers = subsequence(vec!["p", "q", "r"], 0..=3);
    let words = world.split([' ', '=', ',']).filter(|word| word.contains(':'));
    let has = words.map(str::to_owned).collect::<Vec<_>>();
    let linked = weighted(0.8, mostly(&has, "d:nobody"));
    prop_oneof![
        4 => presenting(world),
        2 => (user(world), user(world))
            .prop_map(|(source, destination)| Call::Merge { source, destination }),
        1 => (identity(world), user(world))
            .prop_map(|(identity, user)| Call::UnlinkDeveloper { identity, user }),
        2 => (identity(world), presented(), linked, providers).prop_map(
            |(identity, logins, token, providers)| Call::UnlinkPublic {
                identity,
                logins: logins.join(","),
                token: token.unwrap_or_default(),
                providers: providers.join(","),
            }
        ),
        1 => identity(world).prop_map(|identity| Call::Delete { identity }),
    ]
}

/// A world and, with this probability, an identity of it.
fn given(often: f64) -> impl Strategy<Value = (String, Option<String>)> {
    worlds().prop_flat_map(move |world| (Just(world.clone()), weighted(often, identity(&world))))
}

/// Every login of any identity.
fn linked(world: &World) -> BTreeSet<Login> {
    world.0.iter().flat_map(|identity| identity.logins().cloned()).collect()
}

fn fresh() -> IdentityId {
    id("N")
}

/// The rule that decides presented logins beside a given identity, told from their owners.
fn rule(world: &World, given: &Identity, proof: &OpenedWith, presented: &str) -> &'static str {
    let with_owner = |login: Login| {
        let owner = world.0.iter().find(|identity| identity.has(&login))?;
        Some((login, owner.id() == given.id()))
    };
    let linked: Vec<_> = logins_in(presented).into_iter().filter_map(with_owner).collect();
    let has_own = linked.iter().any(|(_, is_own)| *is_own);
    let has_other = linked.iter().any(|(_, is_own)| !is_own);
    let is_named = |login: Login| given.has(&login);
    let (is_token, is_proved) = match proof {
        OpenedWith::Token(token) => (true, logins_in(token).into_iter().any(is_named)),
        OpenedWith::Login | OpenedWith::Id => (false, false),
    };
    if linked.iter().any(|(login, is_own)| login.is_developer() && !is_own) {
        return "already-registered";
    }
    match (given.state(), has_own || is_proved, has_other) {
        (IdentityState::Disabled, ..) => "d2",
        (IdentityState::Unauthenticated, _, false) => "b1",
        (IdentityState::Unauthenticated, _, true) => "b2",
        (IdentityState::Authenticated, true, false) => "c1",
        (IdentityState::Authenticated, true, true) => "c2",
        (IdentityState::Authenticated, false, _) if presented.is_empty() && !is_token => "d1",
        (IdentityState::Authenticated, false, _) => "c3",
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// I1, I3, I4, I5 and I9, asserted by `World::call`, are inductive, and no login gets lost.
    #[test]
    fn every_call_keeps_the_invariants((world, call) in scenes()) {
        let before = World::parse(&world);
        before.assert_invariants();
        let mut after = before.clone();
        match (after.call(&call, fresh()), &call) {
            (Err(_), _) => prop_assert_eq!(&after, &before, "I7"),
            (Ok(_), Call::Present { logins, .. }) => {
                let mut expected = linked(&before);
                expected.extend(logins_in(logins));
                prop_assert_eq!(linked(&after), expected);
            }
            (Ok(_), Call::Merge { .. }) => prop_assert_eq!(linked(&after), linked(&before)),
            (Ok(_), Call::UnlinkDeveloper { user, .. }) => {
                let mut expected = linked(&before);
                let freed = login(&format!("d:{user}"));
                prop_assert!(expected.remove(&freed), "{:?} was linked", freed);
                prop_assert_eq!(linked(&after), expected);
            }
            (Ok(_), Call::UnlinkPublic { identity, providers, .. }) => {
                let identity = before.get(&id(identity)).expect("known");
                let removed = |login: &&Login| {
                    !login.is_developer() && providers.contains(login.provider().as_str())
                };
                let removed: BTreeSet<_> = identity.logins().filter(removed).cloned().collect();
                prop_assert_eq!(linked(&after), &linked(&before) - &removed);
            }
            (Ok(_), Call::Delete { .. }) => prop_assert_eq!(after.0.len() + 1, before.0.len()),
        }
    }

    /// The order of logins affects neither the answer nor the resulting world, except for the order
    /// of links. The order of the owners does not matter either.
    #[test]
    fn the_order_of_logins_does_not_matter(
        (world, given) in given(0.7),
        proof in proofs(),
        (logins, shuffled) in presented().prop_flat_map(|l| (Just(l.clone()), shuffled(l))),
    ) {
        let run = |logins: &[&str], reversed: bool| {
            let mut world = World::parse(&world);
            if reversed {
                world.0.reverse();
            }
            let (given, proof, logins) = (given.clone(), proof.clone(), logins.join(","));
            let outcome = world.call(&Call::Present { given, proof, logins }, fresh());
            (outcome, world.unordered())
        };
        let outcome = run(&logins, false);
        prop_assert_eq!(&run(&shuffled, false), &outcome);
        prop_assert_eq!(&run(&shuffled, true), &outcome);
    }

    /// All presented logins belong to the identity in the answer. Asking again, with that identity
    /// or without one, changes nothing and gives the same answer.
    #[test]
    fn presenting_again_changes_nothing(
        (world, call) in worlds().prop_flat_map(|w| (Just(w.clone()), presenting(&w))),
    ) {
        let mut world = World::parse(&world);
        if let (Ok(Some(answer)), Call::Present { given, proof, logins }) =
            (world.call(&call, fresh()), &call)
        {
            let after = world.clone();
            let owner = after.get(&answer).expect("the answer is an identity");
            for login in logins_in(logins) {
                prop_assert!(owner.has(&login), "{:?}", login);
            }
            let again = Call::present(&name(&answer), proof.clone(), logins);
            prop_assert_eq!(world.call(&again, id("O")), Ok(Some(answer.clone())));
            // Each call without logins and without an identity creates a guest.
            if !logins.is_empty() {
                let again = Call::present("-", OpenedWith::Login, logins);
                prop_assert_eq!(world.call(&again, id("O")), Ok(Some(answer.clone())));
            }
            // A given guest that was merged into the answer stays disabled.
            if given.as_ref().is_some_and(|given| *given != name(&answer)) {
                prop_assert!(world.call(&call, id("O")).is_err());
            }
            prop_assert_eq!(&world, &after);
        }
    }

    /// The rule tells the owners of the logins apart, and nothing else.
    #[test]
    fn the_rule_follows_from_the_owners(
        (world, call) in worlds().prop_flat_map(|w| (Just(w.clone()), presenting(&w))),
    ) {
        let world = World::parse(&world);
        let Call::Present { given, proof, logins } = &call else { return Ok(()) };
        let expected = match given.as_ref().map(|given| world.get(&id(given))) {
            Some(given) => given.map(|given| rule(&world, given, proof, logins)),
            None => Some(match world.owners(&logins_in(logins)).len() {
                0 => "a1",
                1 => "a2",
                _ => "a3",
            }),
        };
        prop_assert_eq!(call.rule(&world).map(AppliedRule::as_str), expected);
    }

    /// A repeated merge has the same answer. A repeated unlinking or deletion finds nothing.
    #[test]
    fn repeating_changes_nothing((world, call) in scenes()) {
        let mut world = World::parse(&world);
        let answer = world.call(&call, fresh());
        if answer.is_ok() && !matches!(call, Call::Present { .. }) {
            let after = world.clone();
            let again = world.call(&call, fresh());
            prop_assert_eq!(&world, &after);
            if matches!(call, Call::Merge { .. }) {
                prop_assert_eq!(again, answer);
            }
        }
    }

    /// Calls after a refused call behave as if it had never been made.
    #[test]
    fn a_refusal_has_no_effect(
        (world, calls) in worlds().prop_flat_map(|w| (Just(w.clone()), vec(calls(&w), 1..12))),
    ) {
        let (mut all, mut accepted) = (World::parse(&world), World::parse(&world));
        for (call, letter) in calls.iter().zip('a'..) {
            // I9: an id is never reused.
            let fresh = id(&letter.to_string());
            let outcome = all.call(call, fresh.clone());
            if outcome.is_ok() {
                prop_assert_eq!(accepted.call(call, fresh), outcome);
            }
            prop_assert_eq!(&all, &accepted);
        }
    }

    /// (A <- B) <- C and A <- (B <- C) are both refused, or have the same result. If A and C are
    /// one identity, the second form merges A into B, so B survives.
    #[test]
    fn merging_is_associative(
        (world, [a, b, c]) in worlds().prop_flat_map(|w| (Just(w.clone()), uniform3(user(&w)))),
    ) {
        let world = World::parse(&world);
        let owner = |user: &str| world.owner(user).map(Identity::id);
        if owner(&a).is_some() && owner(&a) == owner(&c) {
            return Ok(());
        }
        let merged = |steps: [(&str, &str); 2]| {
            let mut world = world.clone();
            let mut answer = None;
            for (destination, source) in steps {
                let (source, destination) = (source.to_owned(), destination.to_owned());
                answer = world.call(&Call::Merge { source, destination }, fresh()).ok()?;
            }
            Some((answer, world.unordered()))
        };
        let (left, right) = (merged([(&a, &b), (&a, &c)]), merged([(&b, &c), (&a, &b)]));
        prop_assert_eq!(&left, &right);
        if let Some((answer, _)) = left {
            prop_assert_eq!(answer.as_ref(), owner(&a), "the destination survives");
        }
    }

    /// Linking and unlinking a login leaves an authenticated identity unchanged except for its
    /// date. An identity without any other login stays disabled.
    #[test]
    fn unlinking_undoes_linking(
        (world, given) in given(0.9),
        linked in select(LOGINS.to_vec()),
    ) {
        let mut world = World::parse(&world);
        if !world.owners(&[login(linked)]).is_empty() {
            return Ok(());
        }
        let before = given.as_ref().and_then(|given| world.get(&id(given)).cloned());
        let call = Call::Present { given, proof: OpenedWith::Id, logins: linked.to_owned() };
        let Ok(Some(answer)) = world.call(&call, fresh()) else { return Ok(()) };
        let identity = name(&answer);
        let unlink = match linked.split_once(':').expect("provider:subject") {
            ("d", user) => Call::UnlinkDeveloper { identity, user: user.to_owned() },
            (provider, _) => {
                let (logins, providers) = (linked.to_owned(), provider.to_owned());
                Call::UnlinkPublic { identity, logins, token: String::new(), providers }
            }
        };
        prop_assert_eq!(world.call(&unlink, id("O")), Ok(None));
        let after = world.get(&answer).expect("an identity stays");
        match before.filter(|before| before.state() == IdentityState::Authenticated) {
            Some(before) => {
                prop_assert_eq!(after.links(), before.links());
                prop_assert_eq!(after.state(), before.state());
            }
            None => prop_assert!(after.is_disabled()),
        }
    }
}
