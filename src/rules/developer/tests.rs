use super::*;
use crate::rules::properties::call::{Call, outcome};
use crate::rules::properties::world::{NOW, World, id, login, name};

fn merged(world: &str, source: &str, destination: &str) -> String {
    let (source, destination) = (source.to_owned(), destination.to_owned());
    outcome(world, &Call::Merge { source, destination })
}

/// Contract section 5.6.
#[test]
fn merges() {
    let ten =
        |first: u32| (first..first + 10).map(|n| format!("d:{n}")).collect::<Vec<_>>().join(",");
    let full = format!("X=d:a,{} Y=d:b,{}", ten(10), ten(30));
    let fits = format!("X={} Y={}", ten(10), ten(30));
    let all = format!("Y | X=disabled Y={},{}", ten(30), ten(10));
    for (rule, world, source, destination, expected) in [
        ("2 source unknown", "X=d:a", "b", "a", "! Developer user identifier 'b' not found."),
        ("2 destination unknown", "X=d:a", "a", "b", "! Developer user identifier 'b' not found."),
        ("2 the source first", "", "a", "b", "! Developer user identifier 'a' not found."),
        ("3 one identity", "X=d:a,d:b", "a", "b", "X | X=d:a,d:b"),
        ("3 one user", "X=d:a", "a", "a", "X | X=d:a"),
        ("6 the destination survives", "X=d:a Y=d:b", "a", "b", "Y | X=disabled Y=d:b,d:a"),
        (
            "6 public logins too",
            "X=d:a,p:1 Y=d:b,q:1",
            "a",
            "b",
            "Y | X=disabled Y=d:b,q:1,d:a,p:1",
        ),
        (
            "4 two users of a provider",
            "X=d:a,p:1 Y=d:b,p:2",
            "a",
            "b",
            "! Cannot merge these identities.",
        ),
        ("5 twenty", fits.as_str(), "10", "30", all.as_str()),
        ("5 more", full.as_str(), "a", "b", "! The number of linked logins cannot exceed 20."),
    ] {
        assert_eq!(merged(world, source, destination), expected, "{rule}");
    }
}

/// Contract section 5.7.
#[test]
fn unlinks() {
    let unlinked = |world: &str, user: &str| {
        let (identity, user) = ("X".to_owned(), user.to_owned());
        outcome(world, &Call::UnlinkDeveloper { identity, user })
    };
    let elsewhere = format!(
        "! The specified developer user identifier is not associated with identity '{}'.",
        id("X")
    );
    for (rule, world, user, expected) in [
        ("3 one of several", "X=d:a,d:b", "a", "- | X=d:b"),
        ("3 a public login is left", "X=d:a,p:1", "a", "- | X=p:1"),
        ("4 the last login", "X=d:a", "a", "- | X=disabled"),
        ("2 linked elsewhere", "X=d:a Y=d:b", "b", elsewhere.as_str()),
        ("2 unknown", "X=d:a", "b", "! Developer user identifier 'b' not found."),
        ("2 a guest", "X=guest", "b", "! Developer user identifier 'b' not found."),
    ] {
        assert_eq!(unlinked(world, user), expected, "{rule}");
    }
}

/// Contract section 5.5.
#[test]
fn lookups() {
    let world = World::parse("X=d:b,p:1,d:a,d:c Y=d:e Z=disabled");
    let found = |identity: Option<&str>, user: Option<&str>| {
        let id = identity.map(id);
        let user: Option<DeveloperUserIdentifier> = user.map(|user| user.parse().unwrap());
        let looked_up = || {
            let by = Lookup::by(id.as_ref(), user.as_ref())?;
            let identity = match by {
                Lookup::Identity(id) | Lookup::Both(id, _) => world.get(id).expect("an identity"),
                Lookup::User(user) => {
                    let has = |login| is_user(login, user);
                    let owner = world.0.iter().find(|identity| identity.logins().any(has));
                    owner.ok_or_else(|| UnknownDeveloperUser::NotFound.refusal(user))?
                }
            };
            lookup(by, identity, (PageSize::MAX, None))
        };
        match looked_up() {
            Ok(found) => {
                let users = found.users.entries.iter().map(DeveloperUserIdentifier::as_str);
                format!("{} {}", name(&found.identity_id), users.collect::<Vec<_>>().join(","))
            }
            Err(refusal) => format!("! {refusal}"),
        }
    };
    let elsewhere = format!(
        "! The specified developer user identifier is not associated with identity '{}'.",
        id("X")
    );
    for (rule, identity, user, expected) in [
        ("by identity, as linked", Some("X"), None, "X b,a,c"),
        ("by user, all of them", None, Some("a"), "X b,a,c"),
        ("both, together", Some("X"), Some("a"), "X a"),
        ("both, of another", Some("X"), Some("e"), elsewhere.as_str()),
        ("both, unknown user", Some("X"), Some("f"), elsewhere.as_str()),
        (
            "by nothing",
            None,
            None,
            "! Either IdentityId or DeveloperUserIdentifier must be provided.",
        ),
        ("unknown user", None, Some("f"), "! Developer user identifier 'f' not found."),
        ("letter case counts", None, Some("A"), "! Developer user identifier 'A' not found."),
        (
            "a public subject is no user",
            None,
            Some("1"),
            "! Developer user identifier '1' not found.",
        ),
        ("no developer user", Some("Z"), None, "Z "),
    ] {
        assert_eq!(found(identity, user), expected, "{rule}");
    }
}

#[test]
fn a_lookup_is_paged_in_the_order_of_linking() {
    let mut world = World::parse("X=d:b,p:1,d:a,d:c");
    let page = |world: &World, token: Option<&NextToken>| {
        let id = id("X");
        let identity = world.get(&id).expect("an identity");
        let page = (1.try_into().expect("a size"), token);
        lookup(Lookup::Identity(&id), identity, page).expect("a page").users
    };
    let first = page(&world, None);
    assert_eq!(first.entries, ["b".parse().unwrap()]);
    // A user from the first page is unlinked before the second one: no user is repeated or missed.
    world.0[0].unlink(&login("d:b"), NOW);
    let second = page(&world, first.next.as_ref());
    assert_eq!(second.entries, ["a".parse().unwrap()]);
    let third = page(&world, second.next.as_ref());
    assert_eq!((third.entries.as_slice(), third.next), (["c".parse().unwrap()].as_slice(), None));
}
