use super::*;
use crate::rules::properties::world::{NOW, World, id, login, logins, name};

/// The event that text like `X/2` names.
fn event(text: &str) -> EventId {
    let (identity, revision) = text.split_once('/').expect("identity/revision");
    EventId::new(id(identity), revision.parse().expect("a revision"))
}

/// Links of `p:1,q:1`. `p:1#4` has the ordinal 4, the others count from 0.
fn links(text: &str) -> Vec<Link> {
    let texts = text.split(',').filter(|text| !text.is_empty()).zip(0..);
    let links = texts.map(|(text, place)| {
        let (text, ordinal) = text.split_once('#').unwrap_or((text, ""));
        Link { login: login(text), ordinal: ordinal.parse().unwrap_or(place) }
    });
    links.collect()
}

/// `link p:1` and `link p:1 guest`, `merge Y/1=p:1`, `unlink p:1` and `unlink p:1 disabled`.
fn part(world: &World, text: &str) -> Reversible {
    let (verb, rest) = text.split_once(' ').expect("verb object");
    let (object, more) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "link" => Reversible::Link { links: links(object), was_guest: more == "guest" },
        "merge" => {
            let (gave_up, given) = object.split_once('=').expect("event=logins");
            let gave_up = event(gave_up);
            let source = world.get(&gave_up.identity_id).expect("the source").clone();
            Reversible::Merge { source, gave_up, given: links(given), taken: links(given) }
        }
        "unlink" => {
            let links = links(object);
            let logins: Vec<Login> = links.iter().map(|link| link.login.clone()).collect();
            let owners = world.owners(&logins);
            Reversible::Unlink { links, owners, disabled: more == "disabled" }
        }
        other => panic!("no part: {other}"),
    }
}

fn print(obstacle: &Obstacle) -> String {
    let shown = |login: &Login| format!("{}:{}", login.provider(), login.subject());
    let of = name(obstacle.identity());
    match obstacle {
        Obstacle::Event(event) => format!("{of}/{}", event.revision),
        Obstacle::Lost(_, login) => format!("{of} lost {}", shown(login)),
        Obstacle::Gained(_, login) => format!("{of} gained {}", shown(login)),
        Obstacle::Crowded(_) => format!("{of} is full"),
    }
}

/// The identities that change and the world after, or the obstacle. The identities of a world have
/// revision 1.
fn outcome(world: &str, subject: &str, of: &str, parts: &str) -> String {
    let mut world = World::parse(world);
    let identity = world.get(&id(subject)).expect("the identity").clone();
    let parts: Vec<_> = parts.split("; ").map(|text| part(&world, text)).collect();
    match undo(&event(of), &identity, &parts, NOW) {
        Ok(Decided { effects, output }) => {
            world.apply(effects);
            world.assert_invariants();
            for changed in &output {
                assert_eq!(world.get(changed.id()), Some(changed), "the answer is what is stored");
                assert_eq!(changed.modified(), NOW);
            }
            let changed = output.iter().map(|changed| name(changed.id()));
            format!("{} | {}", changed.collect::<Vec<_>>().join(" "), world.print())
        }
        Err(obstacle) => format!("! {}", print(&obstacle)),
    }
}

/// The world as it is, the identity of the change, the event, its parts, the world after.
#[test]
fn what_is_undone_and_what_stands_in_the_way() {
    let rows = [
        ("a link", "X=d:a,p:1", "X", "X/1", "link p:1", "X | X=d:a"),
        ("several", "X=d:a,p:1,q:1", "X", "X/1", "link p:1,q:1", "X | X=d:a"),
        ("without another login", "X=p:1", "X", "X/1", "link p:1", "X | X=disabled"),
        ("of a guest", "X=p:1", "X", "X/1", "link p:1 guest", "X | X=guest"),
        ("of a guest with more", "X=p:1,d:a", "X", "X/1", "link p:1 guest", "X | X=d:a"),
        ("a lost login", "X=d:a", "X", "X/1", "link p:1", "! X lost p:1"),
        ("one lost of two", "X=d:a,p:1", "X", "X/1", "link p:1,q:1", "! X lost q:1"),
        ("a login of another", "X=d:a Y=p:1", "X", "X/1", "link p:1", "! X lost p:1"),
        ("disabled since", "X=disabled", "X", "X/0", "link p:1", "! X lost p:1"),
        ("a merge", "X=d:a,p:1 Y=disabled", "X", "X/1", "merge Y/1=p:1", "X Y | X=d:a Y=p:1"),
        ("of a guest", "X=d:a Y=disabled", "X", "X/1", "merge Y/1=", "Y | X=d:a Y=guest"),
        (
            "of two, and a link",
            "X=d:a,p:1,q:1,r:1 Y=disabled Z=disabled",
            "X",
            "X/1",
            "merge Y/1=p:1; merge Z/1=q:1; link r:1",
            "X Y Z | X=d:a Y=p:1 Z=q:1",
        ),
        (
            "of one of two",
            "X=d:a,p:1,q:1 Y=disabled Z=disabled",
            "X",
            "Z/1",
            "merge Z/1=q:1",
            "Z X | X=d:a,p:1 Y=disabled Z=q:1",
        ),
        (
            "without another login",
            "X=p:1 Y=disabled",
            "X",
            "X/1",
            "merge Y/1=p:1",
            "X Y | X=disabled Y=p:1",
        ),
        ("more since", "X=p:1,r:1 Y=disabled", "X", "Y/1", "merge Y/1=p:1", "Y X | X=r:1 Y=p:1"),
        ("source changed", "X=d:a,p:1 Y=d:b", "X", "X/1", "merge Y/0=p:1", "! Y/1"),
        ("a lost login", "X=d:a Y=disabled", "X", "X/1", "merge Y/1=p:1", "! X lost p:1"),
        (
            "one lost of two",
            "X=d:a,p:1 Y=disabled Z=q:1",
            "X",
            "X/1",
            "merge Y/1=p:1,q:1",
            "! X lost q:1",
        ),
        (
            "one source of two changed",
            "X=d:a,p:1,q:1 Y=disabled Z=d:c",
            "X",
            "X/1",
            "merge Y/1=p:1; merge Z/0=q:1",
            "! Z/1",
        ),
        ("an unlink", "X=d:a", "X", "X/1", "unlink p:1", "X | X=d:a,p:1"),
        ("of several", "X=d:a", "X", "X/1", "unlink p:1#1,q:1#2", "X | X=d:a,p:1,q:1"),
        ("a taken place", "X=d:a,d:b", "X", "X/1", "unlink p:1#0", "X | X=d:a,d:b,p:1"),
        ("of the last login", "X=disabled", "X", "X/1", "unlink p:1 disabled", "X | X=p:1"),
        ("of a disabled guest", "X=disabled", "X", "X/1", "unlink  disabled", "X | X=guest"),
        ("disabled otherwise", "X=disabled", "X", "X/0", "unlink p:1 disabled", "! X/1"),
        ("disabled since", "X=disabled", "X", "X/1", "unlink p:1", "! X/1"),
        ("no longer disabled", "X=guest", "X", "X/1", "unlink  disabled", "! X/1"),
        ("a login of another", "X=d:a Y=p:1", "X", "X/1", "unlink p:1", "! Y gained p:1"),
        ("one of two", "X=d:a Y=q:1", "X", "X/1", "unlink p:1,q:1", "! Y gained q:1"),
        ("linked again", "X=d:a,p:1", "X", "X/1", "unlink p:1", "! X gained p:1"),
        ("another user", "X=d:a,p:2", "X", "X/1", "unlink p:1", "! X gained p:2"),
        ("another developer user", "X=d:b", "X", "X/1", "unlink d:a", "X | X=d:b,d:a"),
        ("room for one", "X=+19", "X", "X/1", "unlink p:1,q:1", "! X is full"),
        ("no room", "X=+20", "X", "X/1", "unlink p:1", "! X is full"),
        (
            "no room for a user of another",
            "X=+20 Y=p:1",
            "X",
            "X/1",
            "unlink p:1",
            "! Y gained p:1",
        ),
    ];
    for (row, world, subject, of, parts, expected) in rows {
        assert_eq!(outcome(world, subject, of, parts), expected, "{row}: {parts}");
    }
    let full = outcome("X=+19", "X", "X/1", "unlink p:1");
    assert!(full.ends_with(",p:1"), "{full}");
}

#[test]
fn links_come_back_with_their_ordinals() {
    let mut world = World::parse("X=d:a,p:1,q:1 Y=disabled");
    let before = world.get(&id("X")).expect("known").links().to_vec();
    for lost in ["d:a", "p:1", "d:a,p:1", "d:a,q:1", "d:a,p:1,q:1"] {
        let identity = world.get(&id("X")).expect("known").clone();
        let mut emptied = identity.clone();
        for login in logins(lost) {
            emptied.unlink(&login, NOW);
        }
        let unlinked = Decided::updating(&identity, emptied);
        let disabled = unlinked.output.is_disabled();
        let of = EventId::new(id("X"), unlinked.output.revision());
        let is_lost = |link: &&Link| !unlinked.output.has(&link.login);
        let links = before.iter().filter(is_lost).cloned().collect();
        let parts = [Reversible::Unlink { links, owners: Vec::new(), disabled }];
        let undone = undo(&of, &unlinked.output, &parts, NOW).expect("undone");
        world.apply([unlinked.effects, undone.effects].concat());
        assert_eq!(world.get(&id("X")).expect("known").links(), before, "{lost}");
    }
    // The places at the other identity do not matter.
    let gave_up = event("Y/1");
    let source = world.get(&id("Y")).expect("known").clone();
    let (given, taken) = (links("q:1#3,p:1#7"), links("p:1#1,q:1#2"));
    let identity = world.get(&id("X")).expect("known").clone();
    let of = EventId::new(id("X"), identity.revision());
    let parts = [Reversible::Merge { source, gave_up, given: given.clone(), taken }];
    world.apply(undo(&of, &identity, &parts, NOW).expect("undone").effects);
    assert_eq!(world.get(&id("Y")).expect("known").links(), given);
}

#[test]
fn every_event_that_tells_the_change_is_marked() {
    let world = World::parse("X=d:a,p:1,q:1 Y=disabled Z=disabled");
    let marked = |subject: &str, of: &str, parts: &str| {
        let identity = world.get(&id(subject)).expect("the identity");
        let parts: Vec<_> = parts.split("; ").map(|text| part(&world, text)).collect();
        let undone = undo(&event(of), identity, &parts, NOW).expect("undone").effects;
        let events = undone.into_iter().filter_map(|effect| match effect {
            Effect::Undone(event) => {
                Some(format!("{}/{}", name(&event.identity_id), event.revision))
            }
            Effect::Identity(_) | Effect::Pool(_) => None,
        });
        events.collect::<Vec<_>>()
    };
    assert_eq!(marked("X", "X/1", "merge Y/1=p:1; merge Z/1=q:1"), ["X/1", "Y/1", "Z/1"]);
    assert_eq!(marked("X", "Z/1", "merge Z/1=q:1"), ["Z/1"]);
    assert_eq!(marked("X", "X/1", "link p:1"), ["X/1"]);
}

/// The obstacle, the change, and whether an event with the change is the obstacle.
#[test]
fn the_event_behind_an_obstacle_is_known_by_its_changes() {
    let (x, y) = (id("X"), event("Y/1"));
    let links = || links("p:1");
    let gained = [
        ChangeKind::Created { links: links() },
        ChangeKind::Linked { links: links(), was_guest: false },
        ChangeKind::TookOver { links: links(), from: y.clone() },
        ChangeKind::Restored { state: crate::state::IdentityState::Authenticated, links: links() },
    ];
    let lost = [
        ChangeKind::GaveUp { links: links(), to: y.clone() },
        ChangeKind::GaveBack { links: links(), to: y.clone() },
        ChangeKind::Unlinked { links: links() },
    ];
    let neither = [
        ChangeKind::Disabled,
        ChangeKind::Deleted,
        ChangeKind::PoolCreated,
        ChangeKind::PoolDeleted,
    ];
    for (obstacle, by_gained, by_lost) in [
        (Obstacle::Gained(x.clone(), login("p:1")), true, false),
        (Obstacle::Gained(x.clone(), login("p:2")), false, false),
        (Obstacle::Lost(x.clone(), login("p:1")), false, true),
        (Obstacle::Lost(x.clone(), login("p:2")), false, false),
        (Obstacle::Crowded(x.clone()), true, false),
        (Obstacle::Event(y.clone()), false, false),
    ] {
        let is_in = |change: &ChangeKind| obstacle.is_in(std::slice::from_ref(change));
        assert!(gained.iter().all(|change| is_in(change) == by_gained), "{obstacle:?}");
        assert!(lost.iter().all(|change| is_in(change) == by_lost), "{obstacle:?}");
        assert!(!neither.iter().any(is_in), "{obstacle:?}");
        let all = [gained.as_slice(), &lost, &neither].concat();
        assert_eq!(obstacle.is_in(&all), by_gained || by_lost, "{obstacle:?}");
        assert!(!obstacle.is_in(&[]), "{obstacle:?}");
    }
    let nothing = ChangeKind::Linked { links: Vec::new(), was_guest: false };
    assert!(!Obstacle::Crowded(x).is_in(&[nothing]));
}
