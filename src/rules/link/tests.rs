use super::*;
use crate::rules::properties::call::{Call, OpenedWith, outcome};
use crate::rules::properties::world::{NOW, World, id, logins, pool};

fn present(world: &str, given: &str, proof: OpenedWith, presented: &str) -> String {
    outcome(world, &Call::present(given, proof, presented))
}

fn forbidden() -> String {
    format!("! Access to Identity '{}' is forbidden.", id("G"))
}

const MISMATCH: &str = "! Logins don't match. Please include at least one valid login for this \
                        identity or identity pool.";
const REGISTERED: &str = "! This developer user identifier is already registered with Cognito.";
const TAKEN: &str = "! Login is already linked to another account.";
const MERGE: &str = "! Cannot merge these identities.";
const TWENTY: &str = "p:1,d:02,d:03,d:04,d:05,d:06,d:07,d:08,d:09,d:10,\
                      d:11,d:12,d:13,d:14,d:15,d:16,d:17,d:18,d:19,d:20";

/// Contract section 3, row by row: stored identities, given identity, presented logins, answer.
#[test]
fn the_resolution_table() {
    let forbidden = forbidden();
    let many = format!("G={TWENTY}");
    let rows = [
        // rule, world, given, presented, identity | world after
        ("a1", "", "-", "d:a", "N | N=d:a"),
        ("a1 all of them", "", "-", "p:1,d:a,q:1", "N | N=p:1,d:a,q:1"),
        ("a1 a guest", "", "-", "", "N | N=guest"),
        ("a2 known", "X=d:a", "-", "d:a", "X | X=d:a"),
        ("a2 links", "X=d:a", "-", "d:a,p:1", "X | X=d:a,p:1"),
        ("a2 by the public login", "X=p:1", "-", "p:1,d:a", "X | X=p:1,d:a"),
        ("a3 developer login first", "X=p:1 Y=d:a", "-", "p:1,d:a", "Y | X=disabled Y=d:a,p:1"),
        ("a3 else the oldest", "X=p:1 Y=q:1", "-", "q:1,p:1", "X | X=p:1,q:1 Y=disabled"),
        (
            "a3 of three",
            "X=p:1 Y=q:1 Z=r:1",
            "-",
            "r:1,q:1,p:1",
            "X | X=p:1,q:1,r:1 Y=disabled Z=disabled",
        ),
        ("a3 two users", "X=d:a,p:1 Y=q:1,p:2", "-", "d:a,q:1", MERGE),
        ("a3 two users, one of them presented", "X=d:a,p:1 Y=p:2", "-", "d:a,p:2", MERGE),
        ("a2 a second user that nobody has", "X=d:a,p:1", "-", "d:a,p:2", TAKEN),
        ("a3 the same beside a merge", "X=d:a,p:1 Y=q:1", "-", "d:a,q:1,p:2", TAKEN),
        ("a3 before a merge of two users", "X=d:a,p:1 Y=r:1,p:3", "-", "d:a,p:2,r:1", MERGE),
        ("b1", "G=guest", "G", "d:a", "G | G=d:a"),
        ("b1 public", "G=guest", "G", "p:1,q:1", "G | G=p:1,q:1"),
        ("b2", "G=guest X=p:1", "G", "p:1", "X | G=disabled X=p:1"),
        ("b2 links", "G=guest X=p:1", "G", "p:1,d:a", "X | G=disabled X=p:1,d:a"),
        ("b2 a second user that nobody has", "G=guest X=q:1,p:1", "G", "q:1,p:2", TAKEN),
        ("b2 two users", "G=guest X=q:1,p:1 Y=r:1,p:2", "G", "q:1,r:1", MERGE),
        ("b2 of two", "G=guest X=p:1 Y=q:1", "G", "q:1,p:1", "X | G=disabled X=p:1,q:1 Y=disabled"),
        ("b0 a guest stays one", "G=guest", "G", "", "G | G=guest"),
        ("c1", "G=d:a", "G", "d:a", "G | G=d:a"),
        ("c1 links", "G=p:1", "G", "p:1,d:a", "G | G=p:1,d:a"),
        ("c2", "G=p:1 Y=q:1", "G", "p:1,q:1", "G | G=p:1,q:1 Y=disabled"),
        ("c2 the given survives", "Y=q:1 G=p:1", "G", "p:1,q:1", "G | Y=disabled G=p:1,q:1"),
        ("c2 two users", "G=p:1,q:1 Y=r:1,q:2", "G", "p:1,r:1", MERGE),
        ("c3 owned elsewhere", "G=p:1 Y=q:1", "G", "q:1", MISMATCH),
        ("c3 unowned", "G=p:1", "G", "q:1", MISMATCH),
        ("c3 unknown developer user", "G=p:1", "G", "d:a", MISMATCH),
        ("d1", "G=p:1", "G", "", forbidden.as_str()),
        ("d2 nothing presented", "G=disabled", "G", "", forbidden.as_str()),
        ("d2 unowned", "G=disabled", "G", "d:a", forbidden.as_str()),
        ("d2 owned elsewhere", "G=disabled X=p:1", "G", "p:1", forbidden.as_str()),
        ("registered, guest given", "G=guest X=d:a", "G", "d:a", REGISTERED),
        ("registered, authenticated given", "G=d:b X=d:a", "G", "d:a", REGISTERED),
        ("registered, with proof of the given", "G=p:1 X=d:a", "G", "p:1,d:a", REGISTERED),
        ("registered, disabled given", "G=disabled X=d:a", "G", "d:a", REGISTERED),
        ("c1 a second user of a provider", "G=p:1,q:1", "G", "q:1,p:2", TAKEN),
        (
            "c1 the 21st login",
            many.as_str(),
            "G",
            "p:1,q:1",
            "! The number of linked logins cannot exceed 20.",
        ),
        ("c1 20 logins and known", many.as_str(), "G", "p:1,d:02", "*"),
    ];
    for (rule, world, given, presented, expected) in rows {
        let unchanged = format!("{given} | {world}");
        let expected = if expected == "*" { &unchanged } else { expected };
        assert_eq!(present(world, given, OpenedWith::Login, presented), expected, "{rule}");
        let call = Call::present(given, OpenedWith::Login, presented);
        let applied = call.rule(&World::parse(world)).expect("the given identity");
        assert_eq!(applied.as_str(), row(rule), "{rule}");
    }
}

/// The name of the rule that a row of the table begins with.
fn row(rule: &str) -> &str {
    match rule.split([' ', ',']).next().expect("a word") {
        "b0" => "b1",
        "registered" => "already-registered",
        row => row,
    }
}

/// Design decision 1: the rows that differ if the id of the identity is proof enough.
#[test]
fn the_given_identity_as_proof() {
    let forbidden = forbidden();
    for (rule, world, presented, expected) in [
        ("c3 becomes a link", "G=p:1", "d:a", "G | G=p:1,d:a"),
        ("many developer users", "G=d:a", "d:b", "G | G=d:a,d:b"),
        ("unowned public logins too", "G=p:1", "d:a,q:1", "G | G=p:1,d:a,q:1"),
        ("a merge takes a login of the given", "G=p:1 Y=q:1", "d:a,q:1", MISMATCH),
        ("and then happens", "G=p:1 Y=q:1", "p:1,d:a,q:1", "G | G=p:1,q:1,d:a Y=disabled"),
        ("a guest as before", "G=guest", "d:a", "G | G=d:a"),
        ("never a developer user of another", "G=p:1 X=d:a", "d:a", REGISTERED),
        ("never a disabled one", "G=disabled", "d:a", forbidden.as_str()),
        ("never two users of a provider", "G=p:1", "d:a,p:2", TAKEN),
    ] {
        assert_eq!(present(world, "G", OpenedWith::Id, presented), expected, "{rule}");
    }
}

/// Contract section 5.4: a token of this service proves the logins that it names.
#[test]
fn a_token_as_proof() {
    let forbidden = forbidden();
    for (rule, world, token, presented, expected) in [
        ("without a login", "G=d:a", "d:a", "", "G | G=d:a"),
        ("an unowned login is linked", "G=d:a", "d:a", "p:1", "G | G=d:a,p:1"),
        ("that of another merges it", "G=d:a Y=p:1", "d:a", "p:1", "G | G=d:a,p:1 Y=disabled"),
        ("one of several logins", "G=d:a", "p:1,d:a", "", "G | G=d:a"),
        ("a public login", "G=p:1", "p:1", "", "G | G=p:1"),
        ("a login that was unlinked since", "G=d:b", "d:a", "", MISMATCH),
        ("which opens for no other login", "G=d:b", "d:a", "p:1", MISMATCH),
        ("beside one that opens", "G=d:b", "d:a", "d:b", "G | G=d:b"),
        ("another user of the provider", "G=p:2", "p:1", "", MISMATCH),
        ("never two users of a provider", "G=d:a,p:1", "d:a", "p:2", TAKEN),
        ("nor by a merge", "G=d:a,p:1 Y=q:1,p:2", "d:a", "q:1", MERGE),
        ("never a disabled one", "G=disabled", "d:a", "", forbidden.as_str()),
    ] {
        let token = OpenedWith::Token(token.to_owned());
        assert_eq!(present(world, "G", token, presented), expected, "{rule}");
    }
}

#[test]
fn only_one_owner_of_all_logins_is_settled() {
    assert_eq!(settled(&[Some(1), Some(1)]), Some(&1));
    for open in [&[Some(1), Some(2)], &[Some(1), None], &[None, Some(1)]] {
        assert_eq!(settled(open), None, "{open:?}");
    }
    assert_eq!(settled::<u8>(&[]), None);
}

#[test]
fn dates_follow_what_changes() {
    let mut world = World::parse("X=d:a Y=p:1 Z=q:1");
    let logins = logins("d:a,p:1");
    let pool = pool();
    let owners = world.owners(&logins);
    let resolution = Resolution {
        pool: &pool,
        given: None,
        opened_by: OpenedBy::Login,
        logins: &logins,
        owners: &owners,
    };
    let decided = resolve(resolution, id("N"), NOW).expect("a merge");
    world.apply(decided.effects);
    for (identity, modified) in [("X", NOW), ("Y", NOW), ("Z", Timestamp::from_millis(3000))] {
        assert_eq!(world.get(&id(identity)).expect("known").modified(), modified, "{identity}");
    }
}

/// Merging Y alone makes one login too many; merging Z adds a second user of p. The refusal for the
/// second user comes first.
#[test]
fn a_second_user_is_refused_before_too_many_logins() {
    let world = format!("X={TWENTY} Y=q:1,d:30 Z=r:1,p:2");
    assert_eq!(present(&world, "X", OpenedWith::Login, "p:1,q:1,r:1"), MERGE);
}
