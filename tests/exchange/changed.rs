//! Exports that were changed: every cut, flipped, swapped or repeated part is found.

use cognate::admin::{AdminDeleteIdentitiesInput, ChangeEvent, HistoryInput, UndoInput};
use cognate::exchange::{ExchangeError, Export, ImportFault};
use cognate::operation::{
    CreateIdentityPoolInput, GetIdInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
    MergeDeveloperIdentitiesInput,
};

use crate::support::{ACCOUNT, Dump, World, dump, lines, sealed};

/// A database with lines of every kind, for each of these pools.
fn world(pools: &[&str]) -> World {
    let world = World::new(true);
    let aws = world.engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    for name in pools {
        let input = CreateIdentityPoolInput::new(*name, GuestAccess::Allowed)
            .developer_provider_name("login.game")
            .identity_pool_tags("team", "blue");
        let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
        let login = |user| {
            let input = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
            aws.resolve_developer_identity(input.logins("login.game", user)).expect("registers")
        };
        let [alice, _, _] = ["alice", "bob", "carol"].map(login);
        let merge = |from| {
            let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", from, "alice");
            aws.merge_developer_identities(merge).expect("merges");
        };
        merge("bob");
        merge("carol");
        let history = HistoryInput::new(&alice, 60);
        let history = world.engine.admin().history(history).expect("reads");
        let last = history.events.first().and_then(ChangeEvent::id);
        world.engine.admin().undo(UndoInput::new(last.expect("an event"))).expect("undoes");
        let guest = || world.engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
        let (gone, _) = (guest().identity_id, guest());
        let delete = AdminDeleteIdentitiesInput::new([&gone]);
        world.engine.admin().delete_identities(delete).expect("deletes");
    }
    world
}

/// Imports a changed file into a database that has other pools already.
struct Target {
    world: World,
    before: Dump,
}

impl Target {
    fn new() -> Self {
        let world = World::new(true);
        world.import(&self::world(&["other"]).export(Export::all())).expect("imports");
        let before = dump(&*world.store);
        Self { world, before }
    }

    fn refuses(&self, file: &[u8], change: &str) {
        let refused = self.world.import(file).expect_err(change);
        assert!(dump(&*self.world.store) == self.before, "{change} changes the store");
        assert!(matches!(refused, ExchangeError::Line { .. }), "{change}: {refused:?}");
        let told = refused.to_string();
        assert!(told.len() < 1_000 && !told.contains('\n'), "{change}: {told}");
    }
}

#[test]
fn every_cut_is_found() {
    let (file, target) = (world(&["game"]).export(Export::all().history(true)), Target::new());
    for length in 0..file.len() {
        target.refuses(&file[..length], &format!("cut to {length} bytes"));
    }
    target.world.import(&file).expect("the whole file is imported");
    target.world.checked();
}

#[test]
fn every_flipped_byte_is_found() {
    let (file, target) = (world(&["game"]).export(Export::all().history(true)), Target::new());
    let last = file.len() - lines(&file).iter().map(|line| line.len() + 1).sum::<usize>();
    for (at, shift) in (0..file.len()).flat_map(|at| (0..8).map(move |shift| (at, shift))) {
        // The digest covers all lines but the last one, of which each bit is flipped.
        if at + last < file.len() && at % 8 != shift {
            continue;
        }
        let mut changed = file.clone();
        changed[at] ^= 1 << shift;
        target.refuses(&changed, &format!("bit {shift} of byte {at}"));
    }
}

#[test]
fn every_swapped_repeated_or_missing_line_is_found() {
    let (file, target) = (world(&["game"]).export(Export::all().history(true)), Target::new());
    let all: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..all.len() {
        let mut repeated = all.clone();
        repeated.insert(at, all[at]);
        target.refuses(&repeated.concat(), &format!("line {at} twice"));
        let mut missing = all.clone();
        missing.remove(at);
        target.refuses(&missing.concat(), &format!("line {at} missing"));
        for other in at + 1..all.len() {
            let mut swapped = all.clone();
            swapped.swap(at, other);
            target.refuses(&swapped.concat(), &format!("lines {at} and {other} swapped"));
        }
    }
}

/// Lines that are swapped or repeated by someone who knows the digest are found too, unless the
/// file says the same as before.
#[test]
fn a_digest_alone_makes_no_import() {
    let file = world(&["game", "shop"]).export(Export::all().history(true));
    let all = lines(&file);
    let whole = World::new(true);
    whole.import(&file).expect("imports");
    let target = Target::new();
    for at in 1..all.len() {
        let mut repeated = all.clone();
        repeated.insert(at, all[at].clone());
        target.refuses(&sealed(&repeated), &format!("line {at} twice"));
        for other in at + 1..all.len() {
            let mut swapped = all.clone();
            swapped.swap(at, other);
            let world = World::new(true);
            let before = dump(&*world.store);
            match world.import(&sealed(&swapped)) {
                Ok(_) => {
                    world.checked();
                    // Identities have no order, and an event of one that is gone fits any pool.
                    let is_free = |line: &str| {
                        line.starts_with("{\"identity\"") || line.contains("[\"deleted\"]")
                    };
                    let (one, other) = (&all[at], &all[other]);
                    assert!(is_free(one) && is_free(other), "{one}\n{other}");
                }
                Err(_) => assert!(dump(&*world.store) == before, "{at} {other}"),
            }
        }
    }
}

#[test]
fn the_first_fault_is_named_with_its_line() {
    let world = World::new(false);
    let file = self::world(&["game", "shop"]).export(Export::all());
    let cut = &file[..file.len() - 1];
    let count = u64::try_from(lines(&file).len()).unwrap() + 1;
    assert_eq!(world.refusal(cut), (count, ImportFault::Cut));
    let first: Vec<u8> =
        file.split_inclusive(|byte| *byte == b'\n').take(1).flatten().copied().collect();
    assert_eq!(world.refusal(&first), (1, ImportFault::Cut));
    assert_eq!(world.refusal(&[&file[..], b"\n"].concat()), (count + 1, ImportFault::AfterEnd));
}
