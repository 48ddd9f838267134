//! Private keys: sealed in the store and never shown.

use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use cognate::ambient::{Entropy, EntropyError};
use cognate::store::{MemoryStore, SledOptions, Tree};
use cognate::{Engine, Error};

use super::*;
use crate::support::{ED25519, REGION, SetClock, Voucher, developer, dump};

const SECRET: &[u8] = b"correct horse battery staple 0123";

/// The randomness of every key and nonce.
struct Known;

impl Known {
    fn bytes() -> Vec<u8> {
        (0..32).map(|n| 0xa0 + n).collect()
    }
}

impl Entropy for Known {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.copy_from_slice(&Self::bytes()[..bytes.len()]);
        Ok(())
    }
}

fn made(builder: Builder) -> Builder {
    builder.signing_algorithm(SigningAlgorithm::EdDsa).entropy(Known)
}

fn sealed(builder: Builder) -> Builder {
    made(builder).key_secret(SECRET)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The encodings in which bytes could be shown.
fn shows(text: &str, bytes: &[u8]) -> bool {
    let list = format!("{:?}", &bytes[..8]);
    let hex = bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    contains(text.as_bytes(), bytes)
        || text.contains(list.trim_matches(['[', ']']))
        || text.to_lowercase().contains(&hex)
        || text.contains(&STANDARD.encode(bytes)[..10])
        || text.contains(&URL_SAFE_NO_PAD.encode(bytes)[..10])
}

#[test]
fn a_sealed_key_is_not_in_the_store() {
    for (parts, found) in [(made as fn(Builder) -> Builder, true), (sealed, false)] {
        let world = World::with(parts);
        world.register(&world.game(), "alice");
        let keys = world.dump().into_iter().filter(|(key, _)| key.tree == Tree::SigningKeys);
        assert_eq!(keys.count(), 1);
        let all: Vec<u8> =
            world.dump().into_iter().flat_map(|(key, value)| [key.bytes, value].concat()).collect();
        // Compare all but the nonce, which is the first twelve of the same bytes.
        assert_eq!(contains(&all, &Known::bytes()[8..]), found);
        assert!(!contains(&all, SECRET));
        assert!(!contains(&all, &SECRET[..8]));
    }
}

#[test]
fn an_injected_key_is_not_in_the_store() {
    let world =
        World::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)).key_secret(SECRET));
    world.register(&world.game(), "alice");
    for (key, value) in world.dump() {
        assert!(!contains(&value, &ED25519[ED25519.len() - 16..]), "{key}");
    }
}

fn open(store: &Arc<MemoryStore>, clock: &SetClock, secret: Option<&[u8]>) -> Result<Engine> {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).clock(clock.clone());
    let builder = match secret {
        Some(secret) => builder.key_secret(secret),
        None => builder,
    };
    let store: Arc<MemoryStore> = Arc::clone(store);
    builder.login_verifier(Voucher).open_shared(store)
}

#[track_caller]
fn assert_locked<T>(outcome: Result<T>, text: &str) {
    let Err(refused) = outcome else { panic!("opened: {text}") };
    assert!(matches!(refused, Error::SigningKey(_)), "{refused:?}");
    assert_eq!((refused.kind(), refused.to_string()), (ErrorKind::InternalError, text.to_owned()));
}

const NO_SECRET: &str = "signing key: the key is sealed and no secret was given";
const WRONG_SECRET: &str = "signing key: the key is sealed with another secret";

#[test]
fn a_sealed_store_opens_with_its_secret_only() {
    let world = World::with(sealed);
    let pool = world.game();
    let token = token(&world, call(&pool, "alice"));
    let before = world.dump();
    assert_locked(open(&world.store, &world.clock, None), NO_SECRET);
    let shorter = &SECRET[..SECRET.len() - 1];
    for wrong in [b"wrong".as_slice(), shorter, &[SECRET, b"4"].concat()] {
        assert_locked(open(&world.store, &world.clock, Some(wrong)), WRONG_SECRET);
    }
    assert_eq!(world.dump(), before);

    let engine = open(&world.store, &world.clock, Some(SECRET)).expect("the secret");
    assert_eq!(engine.verify_token(&token).expect("ours").identity_pool_id(), &pool);
    let aws = developer(&engine, ACCOUNT, REGION);
    let again =
        aws.get_open_id_token_for_developer_identity(call(&pool, "alice")).expect("a token");
    assert_eq!(again.token.as_str(), token, "by the same key");
    assert_eq!(world.dump(), before);
}

#[test]
fn a_key_is_bound_to_its_name() {
    let world = World::with(sealed);
    world.register(&world.game(), "alice");
    let there = world.of(ACCOUNT, "eu-west-1");
    there.register(&there.game(), "alice");
    let keys: Vec<_> =
        world.dump().into_iter().filter(|(key, _)| key.tree == Tree::SigningKeys).collect();
    let [(eu, _), (_, of_us)] = keys.as_slice() else { panic!("two keys: {keys:?}") };
    let mut swapped = cognate::store::Batch::default();
    swapped.puts.push((eu.clone(), of_us.clone()));
    cognate::store::Store::commit(&*world.store, swapped).expect("written");
    assert_locked(open(&world.store, &world.clock, Some(SECRET)), WRONG_SECRET);
}

#[test]
fn an_empty_secret_is_refused() {
    // A former bug: an empty secret derived a key that everybody knows.
    let empty = || Engine::builder().key_secret(b"".as_slice());
    let with_previous = Engine::builder().key_secret(SECRET).previous_key_secret(b"".as_slice());
    for builder in [empty(), with_previous] {
        assert_locked(builder.in_memory(), "signing key: the secret is empty");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    assert_locked(empty().open(&path), "signing key: the secret is empty");
    assert!(!path.exists(), "nothing was made");
}

#[test]
fn opening_with_a_secret_seals_the_keys_that_are_not_sealed() {
    // A former bug: these keys stayed unsealed until they were rotated.
    let world = World::with(made);
    let pool = world.game();
    let plain = token(&world, call(&pool, "alice"));
    world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
    world.engine.rotate_session_key().expect("a key");
    let shown = |world: &World| {
        let dump = world.dump().into_iter();
        let keys = dump.filter(|(k, _)| [Tree::SigningKeys, Tree::SessionKeys].contains(&k.tree));
        keys.map(|(_, value)| contains(&value, &Known::bytes()[8..])).collect::<Vec<_>>()
    };
    assert_eq!(shown(&world), [true, true, true]);
    let engine = open(&world.store, &world.clock, Some(SECRET)).expect("the keys are not sealed");
    assert_eq!(shown(&world), [false, false, false]);
    engine.verify_token(&plain).expect("by the same key");
    assert_locked(open(&world.store, &world.clock, None), NO_SECRET);
    let before = world.dump();
    open(&world.store, &world.clock, Some(SECRET)).expect("the secret");
    assert_eq!(world.dump(), before, "what is sealed stays as it is");
    engine.rotate_signing_key(&parse(REGION)).expect("rotated");
    assert_eq!(shown(&world), [false; 4]);
}

#[test]
fn a_session_key_that_does_not_open_leaves_all_keys_as_they_are() {
    // A former bug: the signing keys were sealed before the session keys were looked at.
    let (world, other) = (World::with(made), World::with(sealed));
    token(&world, call(&world.game(), "alice"));
    other.engine.rotate_session_key().expect("a key");
    let keys = other.dump().into_iter().filter(|(key, _)| key.tree == Tree::SessionKeys);
    let mut batch = cognate::store::Batch::default();
    batch.puts.extend(keys);
    assert_eq!(batch.puts.len(), 1);
    cognate::store::Store::commit(&*world.store, batch).expect("written");
    let before = world.dump();
    assert_locked(open(&world.store, &world.clock, Some(b"wrong")), WRONG_SECRET);
    assert!(world.dump() == before, "a key was sealed");
}

#[test]
fn a_secret_is_changed_by_opening_with_the_previous_one() {
    let world = World::with(sealed);
    let pool = world.game();
    let before = token(&world, call(&pool, "alice"));
    // More keys than one commit seals again.
    for _ in 0..300 {
        world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
        world.engine.rotate_session_key().expect("rotated");
    }
    let last = token(&world, call(&pool, "alice"));
    let open = |secret: Option<&'static str>, previous: Option<&[u8]>| {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.clock(world.clock.clone()).login_verifier(Voucher);
        let builder = secret.into_iter().fold(builder, Builder::key_secret);
        let store: Arc<MemoryStore> = Arc::clone(&world.store);
        previous.into_iter().fold(builder, Builder::previous_key_secret).open_shared(store)
    };
    let wrong = world.dump();
    assert_locked(open(Some("new"), Some(b"wrong")), WRONG_SECRET);
    assert_eq!(world.dump(), wrong);

    let engine = open(Some("new"), Some(SECRET)).expect("changed");
    for engine in [engine, open(Some("new"), None).expect("the new secret")] {
        for token in [&before, &last] {
            engine.verify_token(token).expect("of the same keys");
        }
        let there = World { engine: engine.clone(), ..world.of(ACCOUNT, REGION) };
        assert_eq!(token(&there.of(ACCOUNT, REGION), call(&pool, "alice")), last);
    }
    let changed = world.dump();
    assert_locked(open(Some("another"), None), WRONG_SECRET);
    open(Some("new"), Some(SECRET)).expect("given again");
    assert_eq!(world.dump(), changed);

    open(None, Some(b"new")).expect("without a secret from now on");
    let engine = open(None, None).expect("nothing is sealed");
    engine.verify_token(&last).expect("of the same keys");
    assert_eq!(engine.check().expect("readable"), []);
}

#[test]
fn nothing_shows_a_private_key_or_the_secret() {
    let seed = Known::bytes();
    assert!(shows(&format!("{seed:?}"), &seed) && shows(&STANDARD.encode(&seed), &seed));

    let builder = sealed(Engine::builder()).signing_key(key(SigningAlgorithm::EdDsa));
    assert!(!shows(&format!("{builder:?}"), &seed), "{builder:?}");
    for (algorithm, name) in [
        (SigningAlgorithm::Rs512, "SigningKey(RS512)"),
        (SigningAlgorithm::Es256, "SigningKey(ES256)"),
        (SigningAlgorithm::EdDsa, "SigningKey(EdDSA)"),
    ] {
        assert_eq!(format!("{:?}", key(algorithm)), name);
    }

    let of_file = &ED25519[ED25519.len() - 32..];
    for parts in [made as fn(Builder) -> Builder, sealed, |builder| {
        sealed(builder).signing_key(key(SigningAlgorithm::EdDsa))
    }] {
        // With an exclusive store the engine caches its keys, including the verifying ones.
        let world = World::exclusive(parts);
        let token = token(&world, call(&world.game(), "alice"));
        world.engine.verify_token(&token).expect("ours");
        let shown = format!("{:?} {:#?} {:?}", world.engine, world.engine, world.aws);
        assert!(shown.contains("us-east-1-1"), "the keys are there: {shown}");
        for secret in [&seed, SECRET, of_file] {
            assert!(!shows(&shown, secret), "{shown}");
        }
    }
}

#[test]
fn an_answer_does_not_show_its_token() {
    let world = World::new();
    let input = call(&world.game(), "alice");
    let output = world.aws.get_open_id_token_for_developer_identity(input).expect("a token");
    let shown = format!("{output:?}");
    assert!(shown.contains("***Sensitive Data Redacted***"), "{shown}");
    assert!(!shown.contains(&output.token.as_str()[..8]), "{shown}");
}

#[test]
fn a_sealed_database_opens_with_its_secret_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = World::new().clock;
    let builder = || Engine::builder().clock(clock.clone()).login_verifier(Voucher);
    let open = |builder: Builder| builder.open_sled(SledOptions::new(folder.path()));

    let engine = open(sealed(builder())).expect("a new database");
    let world = World { aws: developer(&engine, ACCOUNT, REGION), engine, ..World::new() };
    let pool = world.game();
    let token = token(&world, call(&pool, "alice"));
    drop(world);

    assert_locked(open(made(builder())), NO_SECRET);
    assert_locked(open(made(builder()).key_secret("wrong")), WRONG_SECRET);
    let engine = open(sealed(builder())).expect("the secret");
    engine.verify_token(&token).expect("of this database");
    drop(engine);

    for file in files(folder.path()) {
        let bytes = std::fs::read(&file).expect("readable");
        for secret in [&Known::bytes()[8..], SECRET] {
            assert!(!contains(&bytes, secret), "{}", file.display());
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("readable");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Randomness that cannot be had.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

#[test]
fn a_token_that_cannot_be_signed_registers_nobody() {
    let world = World::with(|builder| made(builder).entropy(NoEntropy));
    let pool = world.game();
    let before = dump(&world.store);
    let failed = world.resolve(call(&pool, "alice")).expect_err("no key can be made");
    assert!(matches!(failed, Error::Entropy(EntropyError)), "{failed:?}");
    assert_eq!(failed.kind(), ErrorKind::InternalError);
    assert_eq!(world.dump(), before, "nothing has changed");
}
