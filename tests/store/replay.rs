//! Replay: a run with a fixed clock, entropy and ids repeats byte for byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::ambient::{Entropy, EntropyError, RandomIds, Timestamp};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Key, KeyRange, MemoryStore, Store, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Removal, from_fn};

/// Repeats a sequence of bytes.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            let next = self.0.fetch_add(1, Ordering::SeqCst);
            *byte = u8::try_from(next.wrapping_mul(167) % 251).expect("less than 251");
        }
        Ok(())
    }
}

fn run() -> (Vec<String>, Vec<(Key, Value)>) {
    let store = Arc::new(MemoryStore::new());
    let ticks = AtomicU64::new(1_700_000_000_000);
    let engine = Engine::builder()
        .clock(from_fn(move || Timestamp::from_millis(ticks.fetch_add(7, Ordering::SeqCst))))
        .entropy(Counted(AtomicU64::new(0)))
        .ids(RandomIds(Counted(AtomicU64::new(1_000))))
        .signing_algorithm(SigningAlgorithm::EdDsa)
        .key_secret(*b"a secret of the embedder's alone")
        .removal(Removal::Calling)
        .open_shared(store.clone())
        .expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let mut tokens = Vec::new();
    for user in ["alice", "bob", "carol"] {
        let input = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
        let input = input.logins("login.game", user);
        let got = aws.get_open_id_token_for_developer_identity(input).expect("registers");
        tokens.push(got.token.as_str().to_owned());
        if user == "carol" {
            let delete = DeleteIdentitiesInput::new([&got.identity_id]);
            aws.delete_identities(delete).expect("deletes");
        }
    }
    let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", "bob", "alice");
    aws.merge_developer_identities(merge).expect("merges");
    engine.rotate_signing_key(aws.region()).expect("rotates");
    let everything = Tree::ALL
        .into_iter()
        .flat_map(|tree| store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("scans"));
    (tokens, everything.collect())
}

#[test]
fn a_run_repeats_byte_for_byte() {
    let (first, second) = (run(), run());
    assert_eq!(first.0, second.0, "the tokens");
    assert_eq!(first.1, second.1, "the store");
    assert_eq!(first.0.len(), 3);
}
