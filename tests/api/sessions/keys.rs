//! The keys that seal sessions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate::store::{Batch, Commit, Key, Store, Tree, Value};

use super::*;

#[test]
fn sessions_survive_their_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |secret: Option<&str>| {
        let builder = cognate::Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
        let builder = match secret {
            Some(secret) => builder.key_secret(secret),
            None => builder,
        };
        builder.open_sled(SledOptions::new(folder.path()))
    };
    let engine = open(Some("a secret")).expect("opens");
    let aws = developer(&engine, "123456789012", "us-east-1");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Unauthenticated, GUEST);
    aws.set_identity_pool_roles(roles).expect("set");
    let guest = engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
    let input = GetCredentialsForIdentityInput::new(&guest.identity_id);
    let output = engine.public().get_credentials_for_identity(input).expect("a guest's");
    drop((engine, aws));

    // The session key is sealed in the same way as signing keys.
    for wrong in [None, Some("another secret")] {
        let refused = open(wrong).expect_err("sealed");
        assert!(matches!(refused, cognate::Error::SigningKey(_)), "{refused:?}");
    }
    let engine = open(Some("a secret")).expect("opens");
    let token = output.credentials.session_token;
    let verified = engine.verify_session(token.as_str()).expect("genuine");
    assert_eq!(verified.session.identity_id, guest.identity_id);
}

#[test]
fn a_rotated_key_opens_its_sessions_for_twelve_hours() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let session = || credentials(&world, &guest, &[]).expect("a guest's").credentials;
    let verify = |credentials: &Credentials| {
        world.engine.verify_session(credentials.session_token.as_str()).map(drop)
    };
    world.engine.rotate_session_key().expect("the first key");
    let old = session();
    world.engine.rotate_session_key().expect("rotated");
    let new = session();
    verify(&old).and_then(|()| verify(&new)).expect("both open");
    world.clock.set(NOON + 43_261_000);
    world.engine.rotate_session_key().expect("rotated");
    let expired =
        ("NotAuthorizedException", "The security token included in the request is expired");
    let gone = ("NotAuthorizedException", "The security token included in the request is invalid.");
    let told = |credentials| {
        let (name, text) = refused(verify(credentials));
        (name, text)
    };
    assert_eq!(told(&old), (gone.0, gone.1.to_owned()), "the key that is over is gone");
    assert_eq!(told(&new), (expired.0, expired.1.to_owned()), "the last one is not");
    world.check();
}

#[test]
fn engines_over_one_store_know_each_others_sessions() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let over: Arc<dyn Store> = world.store.clone();
    let other = cognate::Engine::builder()
        .clock(world.clock.clone())
        .signing_key(key(SigningAlgorithm::EdDsa))
        .open_shared(over)
        .expect("opens");
    let here = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    other.verify_session(here.session_token.as_str()).expect("one key for both");
    let input = GetCredentialsForIdentityInput::new(&guest);
    let there = other.public().get_credentials_for_identity(input).expect("a guest's").credentials;
    world.engine.verify_session(there.session_token.as_str()).expect("one key for both");
    let stranger = World::new().engine.verify_session(here.session_token.as_str());
    let text = "The security token included in the request is invalid.".to_owned();
    assert_eq!(refused(stranger), ("NotAuthorizedException", text));
}

/// The stored session keys, by number.
fn stored(world: &World) -> Vec<(Key, Value)> {
    world.dump().into_iter().filter(|(key, _)| key.tree == Tree::SessionKeys).collect()
}

fn write(world: &World, puts: Vec<(Key, Value)>) {
    let mut batch = Batch::default();
    batch.puts = puts;
    assert_eq!(world.store.commit(batch).expect("written"), Commit::Done);
}

/// The seal of a key binds it to its number.
#[test]
fn sealed_session_keys_that_were_exchanged_are_refused() {
    let open = |world: &World| {
        let over: Arc<dyn Store> = world.store.clone();
        let builder = cognate::Engine::builder().clock(world.clock.clone());
        builder.signing_key(key(SigningAlgorithm::EdDsa)).key_secret("a secret").open_shared(over)
    };
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).key_secret("a secret")
    });
    let guest = guest(&world, &pool(&world));
    let sessions = [(); 2].map(|()| {
        world.engine.rotate_session_key().expect("rotated");
        credentials(&world, &guest, &[]).expect("a guest's").credentials
    });
    let [(one, first), (two, second)] = &stored(&world)[..] else { panic!("two keys") };
    let exchanged = [(one, second), (two, first)];
    let copied = [(one, first), (two, first)];
    let replaced = [(one, second), (two, second)];
    for puts in [exchanged, copied, replaced] {
        write(&world, puts.map(|(key, value)| (key.clone(), value.clone())).to_vec());
        let refused = open(&world).expect_err("bound to its number");
        let text = "signing key: the key is sealed with another secret";
        assert_eq!(refused.to_string(), text);
        let moved = |number: usize| puts[number].1 != [first, second][number];
        for (number, session) in sessions.iter().enumerate() {
            let verified = world.engine.verify_session(session.session_token.as_str());
            assert_eq!(verified.is_err(), moved(number), "session {number}");
            let error = verified.err().map(|error| error.to_string());
            assert!(error.is_none_or(|error| error == text));
        }
    }
    write(&world, vec![(one.clone(), first.clone()), (two.clone(), second.clone())]);
    let engine = open(&world).expect("as before");
    for session in &sessions {
        engine.verify_session(session.session_token.as_str()).expect("genuine");
    }
}

/// The number in a token is sealed too: a key under another number does not open it.
#[test]
fn a_session_is_bound_to_the_number_of_its_key() {
    let world = World::new();
    let guest = guest(&world, &pool(&world));
    world.engine.rotate_session_key().expect("the first key");
    let made = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    world.engine.rotate_session_key().expect("rotated");
    let [(one, first), (two, second)] = &stored(&world)[..] else { panic!("two keys") };
    write(&world, vec![(one.clone(), second.clone()), (two.clone(), first.clone())]);
    let mut renumbered = STANDARD.decode(made.session_token.as_str()).expect("base64");
    assert_eq!(renumbered[..5], [1, 0, 0, 0, 1]);
    renumbered[4] = 2;
    for token in [made.session_token.as_str(), &STANDARD.encode(renumbered)] {
        let text = "The security token included in the request is invalid.".to_owned();
        let outcome = world.engine.verify_session(token);
        assert_eq!(refused(outcome), ("NotAuthorizedException", text));
    }
    write(&world, vec![(one.clone(), first.clone()), (two.clone(), second.clone())]);
    world.engine.verify_session(made.session_token.as_str()).expect("genuine");
}
