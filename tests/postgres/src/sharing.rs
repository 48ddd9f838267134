//! Engines that have kept something which another engine has changed, and users with long names.

use crate::rig::{Server, Version};
use crate::scene::{Scene, region};
use crate::store::{migrated, open};

/// Two engines over one database.
fn two() -> (Scene, Scene) {
    let server = Server::shared(Version::Fifteen);
    let url = server.url(&migrated(server));
    let first = Scene::new(open(&url));
    let second = first.beside(open(&url));
    (first, second)
}

/// The service allows 1,024 characters, which is more than an index of PostgreSQL holds.
#[test]
fn a_user_with_the_longest_name_registers() {
    let (first, second) = two();
    // Every character is another one, so that the name does not compress.
    let characters = (0x1_0000..).filter_map(char::from_u32).map(|c| (c, u32::from(c) * 7_919));
    let mut characters: Vec<_> = characters.take(100_000).collect();
    characters.sort_by_key(|(_, key)| key % 99_991);
    let name: String = characters.into_iter().map(|(c, _)| c).take(1_024).collect();
    assert_eq!(name.len(), 4_096);
    let (identity, _) = first.token(&name).expect("a token");
    assert_eq!(second.lookup(&name).expect("a lookup"), Some(identity.clone()));
    assert_eq!(second.users(&identity), std::slice::from_ref(&name));
    let other = format!("{}x", name.chars().take(1_023).collect::<String>());
    assert_ne!(second.resolve(&other).expect("an identity"), identity);
    second.merge(&other, &name).expect("a merge");
    first.unlink(&other, &identity).expect("an unlink");
    first.check();
}

#[test]
fn an_engine_notices_a_pool_that_another_one_has_changed() {
    use cognate::operation::{
        DeleteIdentityPoolInput, DescribeIdentityPoolInput, UpdateIdentityPoolInput,
    };

    let (first, second) = two();
    let known = first.resolve("alice").expect("an identity");
    first.guest().expect("a guest");
    let pool = DescribeIdentityPoolInput::new(&second.pool);
    let pool = second.aws.describe_identity_pool(pool).expect("a pool");
    let denied = UpdateIdentityPoolInput::from(pool)
        .allow_unauthenticated_identities(cognate::operation::GuestAccess::Denied);
    second.aws.update_identity_pool(denied).expect("an update");
    first.guest().expect_err("guests are not allowed any more");
    assert_eq!(first.resolve("alice").expect("an identity"), known);
    let pool = DeleteIdentityPoolInput::new(&second.pool);
    second.aws.delete_identity_pool(pool).expect("a deletion");
    first.resolve("alice").expect_err("the pool is gone");
    first.resolve("bob").expect_err("the pool is gone");
    first.check();
}

/// The new key signs soon, and both keys verify at once.
#[test]
fn an_engine_notices_a_key_that_another_one_has_rotated() {
    let (first, second) = two();
    let (_, before) = first.token("alice").expect("a token");
    second.engine.rotate_signing_key(&region()).expect("rotates");
    let (_, after) = second.token("alice").expect("a token");
    assert_ne!(key_id(&before), key_id(&after));
    for scene in [&first, &second] {
        for token in [&before, &after] {
            scene.engine.verify_token(token).expect("a valid token");
        }
    }
    let start = std::time::Instant::now();
    loop {
        let (_, token) = first.token("alice").expect("a token");
        second.engine.verify_token(&token).expect("a valid token");
        if key_id(&token) == key_id(&after) {
            break;
        }
        let elapsed = start.elapsed();
        assert!(elapsed.as_secs() < 15, "still the old key after {elapsed:?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// The first part of a token names its key.
fn key_id(token: &str) -> &str {
    token.split('.').next().expect("a header")
}

/// Engines that start at the same moment sign with one key.
#[test]
fn engines_that_race_for_the_first_key_agree() {
    let server = Server::shared(Version::Fifteen);
    let url = server.url(&migrated(server));
    let scene = Scene::new(open(&url));
    let barrier = std::sync::Barrier::new(6);
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let engines: Vec<_> = (0..6).map(|_| scene.beside(open(&url))).collect();
        let threads: Vec<_> = engines
            .into_iter()
            .map(|engine| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    engine.token("alice").expect("a token").1
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let first = key_id(&tokens[0]);
    assert!(tokens.iter().all(|token| key_id(token) == first), "{tokens:?}");
    assert_eq!(scene.engine.jwks().expect("the keys").keys.len(), 1);
}
