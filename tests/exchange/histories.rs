//! Journals in exports, and what a journal tells of an import.

use cognate::admin::{
    ActivityInput, AdminDeleteIdentitiesInput, ChangeEvent, ChangeKind, ChangeOperation,
    DisableIdentityInput, HistoryInput, LinkLoginInput, UndoInput,
};
use cognate::exchange::{Export, ImportFault};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, GetIdInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
    IdentityState, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Batch, Key, KeyRange, Store, Tree};

use crate::support::{ACCOUNT, ALICE, POOL, World, dump, guests, lines, sealed};

/// A pool in which one user was merged into another.
fn merged() -> (World, IdentityPoolId, [IdentityId; 2]) {
    let world = World::new(true);
    let aws = world.engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
        .developer_provider_name("login.game")
        .supported_login_providers("accounts.google.com", "app");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let ids = ["alice", "bob"].map(|user| {
        let input = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
        aws.resolve_developer_identity(input.logins("login.game", user)).expect("registers")
    });
    let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", "bob", "alice");
    aws.merge_developer_identities(merge).expect("merges");
    (world, pool, ids)
}

fn history(world: &World, id: &IdentityId) -> Vec<ChangeEvent> {
    world.engine.admin().history(HistoryInput::new(id, 60)).expect("reads").events
}

/// A merge that happened before the move is undone after it.
#[test]
fn histories_move_with_their_identities() {
    let (world, pool, [alice, bob]) = merged();
    let other = World::new(true);
    let file = world.export(Export::all().history(true));
    assert_eq!(other.import(&file).expect("imports").events, 5);
    for id in [&alice, &bob] {
        assert_eq!(history(&other, id), history(&world, id));
    }
    let activity = |world: &World| {
        world.engine.admin().activity(ActivityInput::new(&pool, 60)).expect("reads").events
    };
    assert_eq!(activity(&other), activity(&world));
    let merge = history(&other, &alice)[0].id().expect("an identity's");
    other.engine.admin().undo(UndoInput::new(&merge)).expect("undoes");
    assert_eq!(other.engine.admin().identity(&bob).unwrap().state, IdentityState::Authenticated);
    other.checked();
}

/// Without their history, identities begin with the import.
#[test]
fn an_import_is_the_first_event() {
    let (world, pool, [alice, bob]) = merged();
    let other = World::new(true);
    other.import(&world.export(Export::all())).expect("imports");
    let [event] = &history(&other, &alice)[..] else { panic!("one event") };
    assert_eq!((event.operation, event.revision), (ChangeOperation::Import, 2));
    let imported = |id: &IdentityId| history(&other, id).last().unwrap().changes.clone();
    let [ChangeKind::Imported { state, links }] = &imported(&alice)[..] else { panic!("imported") };
    assert_eq!((*state, links.len()), (IdentityState::Authenticated, 2));
    let [ChangeKind::Imported { state, links }] = &imported(&bob)[..] else { panic!("imported") };
    assert_eq!((*state, links.len()), (IdentityState::Disabled, 0));
    let undo = UndoInput::new(event.id().expect("an identity's"));
    assert!(other.engine.admin().undo(undo).is_err());

    // The first change makes the event a record of its own.
    let link = LinkLoginInput::new(&alice, "accounts.google.com", "1089");
    other.engine.admin().link_login(link).expect("links");
    assert_eq!(history(&other, &alice).len(), 2);
    other.checked();
    let operations = |size: i64| {
        let (mut operations, mut next) = (Vec::new(), None);
        loop {
            let mut input = ActivityInput::new(&pool, size);
            if let Some(next) = &next {
                input = input.next_token(next);
            }
            let page = other.engine.admin().activity(input).expect("reads");
            operations.extend(page.events.iter().map(|event| event.operation.as_str()));
            assert!(operations.len() < 9, "events on more than one page: {operations:?}");
            next = page.next_token;
            if next.is_none() {
                operations.sort_unstable();
                return operations;
            }
        }
    };
    // Two identities, the pool itself, and the link.
    let all = ["Import", "Import", "Import", "LinkLogin"];
    for size in [1, 2, 3, 60] {
        assert_eq!(operations(size), all, "pages of {size}");
    }
    // A second move keeps all of it.
    let third = World::new(true);
    let file = other.export(Export::all().history(true));
    third.import(&file).expect("imports");
    assert_eq!(history(&third, &alice), history(&other, &alice));
    assert!(third.export(Export::all().history(true)) == file);
    third.checked();
}

/// An identity of an engine without revisions is imported with revision 0.
#[test]
fn revision_0_is_imported_and_erased() {
    let world = World::new(true);
    let identity = format!(
        "{{\"identity\":{{\"id\":\"{ALICE}\",\"revision\":0,\
         \"logins\":[{{\"public\":\"accounts.google.com\",\"subject\":\"secret-subject\"}}]}}}}\n"
    );
    let provider =
        "\"SupportedLoginProviders\":{\"accounts.google.com\":\"app\"},\"IdentityPoolName\"";
    let file = guests(0).replace("\"IdentityPoolName\"", provider) + &identity;
    world.import(file.as_bytes()).expect("imports");
    let alice = ALICE.parse().unwrap();
    let admin = world.engine.admin();
    admin.disable_identity(DisableIdentityInput::new(&alice)).expect("disables");
    let revisions: Vec<u32> = history(&world, &alice).iter().map(|event| event.revision).collect();
    assert_eq!(revisions, [1, 0]);
    world.checked();
    for size in [1, 60] {
        let input = ActivityInput::new(POOL, size);
        let page = world.engine.admin().activity(input).expect("reads");
        assert_eq!(page.events.len(), usize::try_from(size.min(3)).unwrap());
    }
    let delete = AdminDeleteIdentitiesInput::new([&alice]);
    world.engine.admin().delete_identities(delete).expect("deletes");
    let is_told = |value: &[u8]| value.windows(14).any(|bytes| bytes == b"secret-subject");
    assert!(!dump(&*world.store).iter().any(|((_, key), value)| is_told(key) || is_told(value)));
    world.checked();
    // A seed brings the id back, and its history begins again.
    let seed =
        format!("{{\"cognate\":\"seed\",\"version\":1}}\n{{\"identity\":{{\"id\":\"{ALICE}\"}}}}");
    world.engine.admin().seed(&POOL.parse().unwrap(), seed.as_bytes()).expect("seeds");
    assert_eq!(history(&world, &alice).len(), 1);
    world.checked();
}

/// Engines without a journal keep the events that they import.
#[test]
fn a_journal_that_is_off_keeps_what_was_imported() {
    let (world, _, _) = merged();
    let file = world.export(Export::all().history(true));
    let other = World::new(false);
    other.import(&file).expect("imports");
    assert!(other.export(Export::all().history(true)) == file);
    // Without history in the file, such an engine tells nothing.
    let other = World::new(false);
    other.import(&world.export(Export::all())).expect("imports");
    assert!(!dump(&*other.store).keys().any(|(tree, _)| *tree == Tree::Journal));
    other.checked();
}

/// Changes of the events, whatever the digest says.
#[test]
fn events_that_do_not_lead_to_their_identity_are_refused() {
    let (world, _, [alice, bob]) = merged();
    let all = lines(&world.export(Export::all().history(true)));
    let refused = |from: &str, to: &str| {
        let changed: Vec<String> = all.iter().map(|line| line.replacen(from, to, 1)).collect();
        assert_ne!(changed, all, "{from}");
        World::new(true).refusal(&sealed(&changed)).1
    };
    let contradicts = |fault: &ImportFault| matches!(fault, ImportFault::EventContradicts(_));
    // A login in an event that nobody has had.
    let last = all.iter().rposition(|line| line.contains("took_over")).expect("a merge");
    let mut changed = all.clone();
    changed[last] = changed[last].replace("\"bob\"", "\"bub\"");
    assert!(contradicts(&World::new(true).refusal(&sealed(&changed)).1));
    // A revision that the identity has not reached.
    let mut changed = all.clone();
    changed[last] = changed[last].replacen(&format!("{alice}/2"), &format!("{alice}/9"), 1);
    assert!(contradicts(&World::new(true).refusal(&sealed(&changed)).1));
    // An event that is missing is a time without a journal; one of nobody is refused.
    let without = |kind: &str, of: &IdentityId| {
        let is_kept = |line: &&String| !(line.starts_with(kind) && line.contains(&format!("{of}")));
        all.iter().filter(is_kept).cloned().collect::<Vec<_>>()
    };
    let refused_without = World::new(true).refusal(&sealed(&without("{\"identity\"", &bob))).1;
    assert!(contradicts(&refused_without), "{refused_without}");
    // Dates do not go back.
    let mut changed = all.clone();
    let (_, date) = changed[last].split_once("\"at\":\"").expect("a date");
    let date = date[..24].to_owned();
    changed[last] = changed[last].replace(&date, "1999-01-01T00:00:00.000Z");
    assert!(contradicts(&World::new(true).refusal(&sealed(&changed)).1));

    assert_eq!(
        refused("\"by\":\"123456789012\"", "\"by\":\"210987654321\""),
        ImportFault::UnknownCaller
    );
    assert_eq!(
        refused("MergeDeveloperIdentities", "MergeEverything"),
        ImportFault::UnknownOperation
    );
    assert_eq!(
        refused(
            "{\"event\":{\"pool\"",
            "{\"event\":{\"id\":\"us-east-1:a11ce000-0000-4000-8000-000000000000/1\",\"pool\""
        ),
        ImportFault::OwnerOfEvent
    );
    assert_eq!(refused("\"pool_created\"", "\"disabled\""), ImportFault::NotOfThePool);
}

/// The record of an identity tells its own creation only if nothing has happened since.
#[test]
fn creations_that_do_not_fit_are_refused() {
    let world = World::new(true);
    let aws = world.engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let guest = world.engine.public().get_id(GetIdInput::new(&pool));
    guest.expect("a guest");
    let all = lines(&world.export(Export::all().history(true)));
    for (from, to) in [
        ("\"revision\":1,\"created\"", "\"revision\":2,\"created\""),
        ("UNAUTHENTICATED", "DISABLED"),
    ] {
        let changed: Vec<String> = all
            .iter()
            .map(|line| {
                if line.starts_with("{\"identity\"") {
                    line.replacen(from, to, 1)
                } else {
                    line.clone()
                }
            })
            .collect();
        assert_ne!(changed, all);
        let (line, fault) = World::new(true).refusal(&sealed(&changed));
        assert_eq!(line, 3);
        assert!(matches!(fault, ImportFault::EventContradicts(_)), "{fault}");
    }
}

/// What is left of a deleted pool makes room for a new one with its id.
#[test]
fn a_deleted_pool_comes_back_before_it_is_removed() {
    let world = World::new(false);
    let mark = Key::new(
        Tree::Deletions,
        *b"\x11\x11\x11\x11\x11\x11\x41\x11\x81\x11\x11\x11\x11\x11\x11\x11",
    );
    let mut batch = Batch::default();
    batch.puts.push((mark.clone(), vec![1]));
    world.store.commit(batch).expect("commits");
    world.import(guests(3).as_bytes()).expect("imports");
    assert!(world.store.scan(&KeyRange::prefix(Tree::Deletions, []), 1).unwrap().is_empty());
    world.checked();
}
