//! Keys in exports: only sealed, and only on request.

use std::sync::Arc;

use cognate::Engine;
use cognate::exchange::{ExchangeError, Export, Import, ImportFault};
use cognate::operation::{CreateIdentityPoolInput, GetIdInput, GetOpenIdTokenInput, GuestAccess};
use cognate::store::{MemoryStore, Store};
use cognate::token::SigningAlgorithm;

use crate::support::{ACCOUNT, dump, line_of, lines, sealed};

fn engine(secret: Option<u8>) -> (Engine, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = match secret {
        Some(secret) => builder.key_secret([secret; 32]),
        None => builder,
    };
    (builder.open_exclusive(Arc::clone(&store)).expect("opens"), store)
}

/// The token of a guest.
fn token(engine: &Engine) -> String {
    let aws = engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let guest = engine.public().get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    let input = GetOpenIdTokenInput::new(&guest);
    engine.public().get_open_id_token(input).expect("a token").token.as_str().to_owned()
}

fn export(engine: &Engine, export: Export) -> Vec<u8> {
    let mut file = Vec::new();
    engine.admin().export(export, &mut file).expect("exports");
    file
}

fn refusal(engine: &Engine, store: &dyn Store, file: &[u8]) -> ImportFault {
    let before = dump(store);
    let refused = engine.admin().import(Import::new(), file).expect_err("is refused");
    assert!(dump(store) == before);
    line_of(refused).1
}

#[test]
fn tokens_outlive_a_move_with_the_keys() {
    let (old, _) = engine(Some(1));
    let token = token(&old);
    old.rotate_signing_key(&"us-east-1".parse().unwrap()).expect("rotates");
    old.rotate_session_key().expect("a session key");
    let file = export(&old, Export::all().keys(true));
    assert_eq!(lines(&file).iter().filter(|line| line.contains("_key\"")).count(), 3);
    let (new, store) = engine(Some(1));
    new.admin().import(Import::new(), file.as_slice()).expect("imports");
    let claims = new.verify_token(&token).expect("is valid");
    assert_eq!(claims, old.verify_token(&token).expect("is valid"));
    assert_eq!(new.jwks().expect("keys"), old.jwks().expect("keys"));
    assert_eq!(new.check().expect("readable"), []);
    // Without the pools, which are there already, the keys are there already too.
    let keys_only: Vec<_> = lines(&file)
        .into_iter()
        .filter(|line| !line.contains("{\"pool\"") && !line.contains("{\"identity\""))
        .collect();
    assert_eq!(refusal(&new, &*store, &sealed(&keys_only)), ImportFault::KeysExist);
    let (other, _) = engine(Some(1));
    other.admin().import(Import::new(), sealed(&keys_only).as_slice()).expect("imports");
    assert_eq!(other.jwks().expect("keys").keys.len(), 2);
    let mut twice = keys_only.clone();
    twice.insert(1, keys_only[1].clone());
    let (other, store) = engine(Some(1));
    assert_eq!(refusal(&other, &*store, &sealed(&twice)), ImportFault::KeysExist);
}

#[test]
fn keys_are_for_engines_with_the_secret() {
    let (old, _) = engine(Some(1));
    let token = token(&old);
    let file = export(&old, Export::all().keys(true));
    for secret in [None, Some(2)] {
        let (new, store) = engine(secret);
        assert_eq!(refusal(&new, &*store, &file), ImportFault::KeyUnusable);
        let without = export(&old, Export::all());
        assert!(!String::from_utf8_lossy(&without).contains("_key"));
        new.admin().import(Import::new(), without.as_slice()).expect("imports");
        assert!(new.verify_token(&token).is_err());
    }
    // Another number is another name, which the seal is bound to.
    let renamed = lines(&file).into_iter().map(|line| line.replace("\"number\":1", "\"number\":2"));
    let (new, store) = engine(Some(1));
    assert_eq!(
        refusal(&new, &*store, &sealed(&renamed.collect::<Vec<_>>())),
        ImportFault::KeyUnusable
    );
}

#[test]
fn keys_that_are_not_sealed_are_not_exported() {
    let (engine, _) = engine(None);
    token(&engine);
    let mut file = Vec::new();
    let refused = engine.admin().export(Export::all().keys(true), &mut file);
    assert!(matches!(refused, Err(ExchangeError::KeysUnsealed)) && file.is_empty());
    let part = Export::account(ACCOUNT.parse().unwrap()).keys(true);
    let refused = engine.admin().export(part, &mut file);
    assert!(matches!(refused, Err(ExchangeError::KeysOfPart)) && file.is_empty());
}
