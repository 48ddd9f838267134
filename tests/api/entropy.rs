//! Randomness: how much of it each key, nonce and session draws, and where it goes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate::ambient::{Entropy, EntropyError, SystemEntropy};
use cognate::name::Region;
use cognate::operation::{
    CreateIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput, GuestAccess, RoleType,
    SetIdentityPoolRolesInput,
};
use cognate::store::{MemoryStore, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Engine};

use crate::support::{REGION, World, call, key, parse};

const SEED: usize = 32;
const NONCE: usize = 12;

/// The operating system's randomness, with a note of all that is drawn.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<Vec<u8>>>>);

impl Entropy for Noted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemEntropy.fill(bytes)?;
        self.0.lock().expect("no panic").push(bytes.to_vec());
        Ok(())
    }
}

impl Noted {
    /// All that was drawn since the last call.
    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }

    /// The same, whose lengths are as expected.
    #[track_caller]
    fn take_exactly(&self, lengths: &[usize]) -> Vec<Vec<u8>> {
        let drawn = self.take();
        assert_eq!(drawn.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        drawn
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The records of a tree.
fn records(world: &World, tree: Tree) -> Vec<Vec<u8>> {
    let dump = world.dump().into_iter().filter(|(key, _)| key.tree == tree);
    dump.map(|(_, value)| value).collect()
}

#[test]
fn each_signing_key_draws_a_seed_and_each_seal_a_nonce() {
    // ring draws the secret of a P-256 key itself.
    for (algorithm, secret, lengths) in [
        (SigningAlgorithm::EdDsa, false, &[SEED][..]),
        (SigningAlgorithm::EdDsa, true, &[SEED, NONCE]),
        (SigningAlgorithm::Es256, false, &[]),
        (SigningAlgorithm::Es256, true, &[NONCE]),
    ] {
        let noted = Noted::default();
        let world = World::with(|builder| {
            let builder = builder.signing_algorithm(algorithm).entropy(noted.clone());
            if secret { builder.key_secret([7; 32]) } else { builder }
        });
        noted.take_exactly(&[]);
        let mut drawn = BTreeSet::new();
        for number in 1..=5 {
            world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
            let newest = records(&world, Tree::SigningKeys).pop().expect("a key");
            let parts = noted.take_exactly(lengths);
            for part in &parts {
                // A seed is hidden by its seal; a nonce stands beside it.
                assert_eq!(contains(&newest, part), !secret || part.len() == NONCE);
            }
            drawn.extend(parts);
            assert_eq!(drawn.len(), number * lengths.len(), "nothing is drawn twice");
        }
        let keys = world.engine.jwks().expect("readable").keys;
        let publics: BTreeSet<_> = keys.into_iter().map(|key| key.x).collect();
        assert_eq!(publics.len(), 5, "{algorithm:?}");
        noted.take_exactly(&[]);
    }
}

#[test]
fn each_session_key_draws_a_key_and_each_seal_a_nonce() {
    for (secret, lengths) in [(false, &[SEED][..]), (true, &[SEED, NONCE])] {
        let noted = Noted::default();
        let world = World::with(|builder| {
            let builder = builder.signing_key(key(SigningAlgorithm::EdDsa)).entropy(noted.clone());
            if secret { builder.key_secret([7; 32]) } else { builder }
        });
        let mut drawn = BTreeSet::new();
        for number in 1..=5 {
            world.engine.rotate_session_key().expect("rotated");
            let newest = records(&world, Tree::SessionKeys).pop().expect("a key");
            let parts = noted.take_exactly(lengths);
            for part in &parts {
                assert_eq!(contains(&newest, part), !secret || part.len() == NONCE);
            }
            drawn.extend(parts);
            assert_eq!(drawn.len(), number * lengths.len(), "nothing is drawn twice");
        }
    }
}

#[test]
fn each_session_draws_its_key_id_its_secret_and_a_nonce() {
    let noted = Noted::default();
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).entropy(noted.clone())
    });
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let role = "arn:aws:iam::123456789012:role/guest";
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Unauthenticated, role);
    world.aws.set_identity_pool_roles(roles).expect("set");
    world.engine.rotate_session_key().expect("a key");
    let public = world.engine.public();
    let guest = public.get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    noted.take();
    let mut drawn = BTreeSet::new();
    for number in 1..=5 {
        let input = GetCredentialsForIdentityInput::new(&guest);
        let made = public.get_credentials_for_identity(input).expect("a guest's").credentials;
        let parts = noted.take_exactly(&[16, 30, NONCE]);
        assert_eq!(made.secret_key.as_str(), STANDARD.encode(&parts[1]));
        let id =
            parts[0].iter().map(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte & 31)]);
        assert_eq!(made.access_key_id.as_bytes()[4..], id.collect::<Vec<_>>());
        let token = STANDARD.decode(made.session_token.as_str()).expect("base64");
        assert_eq!(token[5..][..NONCE], parts[2], "behind the version and the number of the key");
        drawn.extend(parts);
        assert_eq!(drawn.len(), number * 3, "nothing is drawn twice");
    }
}

#[test]
fn a_new_secret_seals_each_key_with_a_nonce_of_its_own() {
    let noted = Noted::default();
    let parts = |builder: Builder| {
        builder.signing_algorithm(SigningAlgorithm::EdDsa).entropy(noted.clone())
    };
    let store = Arc::new(MemoryStore::new());
    let engine = parts(Engine::builder()).open_shared(Arc::clone(&store)).expect("opens");
    let region: Region = parse(REGION);
    for _ in 0..3 {
        engine.rotate_signing_key(&region).expect("rotated");
        engine.rotate_session_key().expect("rotated");
    }
    noted.take();
    let mut drawn = BTreeSet::new();
    for (previous, secret) in [(None, [1; 32]), (Some([1; 32]), [2; 32])] {
        let builder = parts(Engine::builder()).key_secret(secret);
        let builder = previous.into_iter().fold(builder, Builder::previous_key_secret);
        let engine = builder.open_shared(Arc::clone(&store)).expect("opens");
        let nonces = noted.take_exactly(&[NONCE; 6]);
        let dump = crate::support::dump(&store).into_iter();
        let keys = dump.filter(|(k, _)| [Tree::SigningKeys, Tree::SessionKeys].contains(&k.tree));
        for (key, value) in keys {
            let beside = nonces.iter().filter(|nonce| contains(&value, nonce)).count();
            assert_eq!(beside, 1, "{key}");
        }
        drawn.extend(nonces);
        drop(engine);
    }
    assert_eq!(drawn.len(), 12, "nothing is drawn twice");
}

/// The default algorithm, with keys that the engine generates itself.
#[cfg(feature = "rsa-keys")]
#[test]
fn an_rsa_key_comes_from_a_drawn_seed() {
    // Two threads, because an unoptimised build takes more than a second for each key.
    let generated = || {
        let noted = Noted::default();
        let world = World::with(|builder| builder.entropy(noted.clone()));
        let pool = world.game();
        let token = world.aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
        world.engine.verify_token(token.expect("a token").token.as_str()).expect("ours");
        noted.take_exactly(&[SEED]);
        let jwk = world.engine.jwks().expect("readable").keys.remove(0);
        (jwk.alg, jwk.e, jwk.n.expect("a modulus"))
    };
    let other = std::thread::spawn(generated);
    let one = generated();
    let other = other.join().expect("no panic");
    for (alg, e, n) in [&one, &other] {
        assert_eq!((*alg, e.as_deref(), n.len()), ("RS512", Some("AQAB"), 342), "2048 bits");
    }
    assert_ne!(one, other);
}
