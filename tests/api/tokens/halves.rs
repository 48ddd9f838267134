//! Stored signing keys whose two halves do not belong together.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::store::{Batch, MemoryStore, Store, Tree};
use cognate::token::{Jwk, SigningAlgorithm};
use cognate::{Builder, Engine, Error};

use crate::support::{ACCOUNT, REGION, Voucher, World, call, developer, parse};

/// The public half as it is stored.
fn public(jwk: &Jwk) -> Vec<u8> {
    let decode = |part: &Option<String>| {
        part.as_deref().map_or(Vec::new(), |part| URL_SAFE_NO_PAD.decode(part).expect("base64url"))
    };
    let form = if jwk.kty == "EC" { vec![4] } else { Vec::new() };
    [form, decode(&jwk.x), decode(&jwk.y)].concat()
}

/// A record in which one public half is replaced by another.
fn replaced(record: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = record.windows(from.len()).position(|window| window == from).expect("is stored");
    [&record[..at], to, &record[at + from.len()..]].concat()
}

#[test]
fn a_key_whose_halves_differ_signs_nothing() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        for secret in [None, Some("a secret")] {
            let parts = |builder: Builder| {
                let builder = builder.signing_algorithm(algorithm).login_verifier(Voucher);
                secret.into_iter().fold(builder, Builder::key_secret)
            };
            let world = World::with(parts);
            let pool = world.game();
            world.engine.rotate_signing_key(&parse(REGION)).expect("the first key");
            world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
            let alice = world.register(&pool, "alice");
            let jwks = world.engine.jwks().expect("readable");
            let [old, new] = &jwks.keys[..] else { panic!("two keys") };
            let dump = world.dump().into_iter();
            let mut keys = dump.filter(|(key, _)| key.tree == Tree::SigningKeys);
            let (key, record) = keys.next_back().expect("the current key");
            let record_of_others = replaced(&record, &public(new), &public(old));
            let put = |value: &[u8]| {
                let mut batch = Batch::default();
                batch.puts.push((key.clone(), value.to_vec()));
                world.store.commit(batch).expect("written");
            };
            let open = |open: fn(Builder, Arc<MemoryStore>) -> cognate::Result<Engine>| {
                open(parts(Engine::builder()), Arc::clone(&world.store))
            };
            let other = open(Builder::open_shared).expect("opens");
            put(&record_of_others);
            let before = world.dump();
            let text = "the store is corrupt: signing key us-east-1-2: its two halves differ";
            for opened in [open(Builder::open_shared), open(Builder::open_exclusive)] {
                let refused = opened.expect_err("does not open");
                assert!(matches!(refused, Error::Corrupt { .. }), "{refused:?}");
                assert_eq!(refused.to_string(), text);
            }
            for user in ["alice", "bob"] {
                let aws = developer(&other, ACCOUNT, REGION);
                let token = aws.get_open_id_token_for_developer_identity(call(&pool, user));
                let refused = token.expect_err("is not signed");
                assert_eq!(refused.to_string(), text);
            }
            assert_eq!(world.dump(), before, "nobody was registered");

            put(&record);
            let engine = open(Builder::open_exclusive).expect("as before");
            let aws = developer(&engine, ACCOUNT, REGION);
            let token = aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
            let token = token.expect("a token");
            assert_eq!(token.identity_id, alice);
            engine.verify_token(token.token.as_str()).expect("ours");
        }
    }
}
