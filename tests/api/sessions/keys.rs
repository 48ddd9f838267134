//! The keys that seal sessions.

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
fn a_rotated_key_opens_its_sessions_for_an_hour() {
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
    world.clock.set(NOON + 3_661_000);
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
    let over: Arc<dyn cognate::store::Store> = world.store.clone();
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
