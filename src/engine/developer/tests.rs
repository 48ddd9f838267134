//! The fast path for a known user gives the same answers as the general path.

use std::sync::Arc;

use crate::Engine;
use crate::id::IdentityPoolId;
use crate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use crate::state::SigningAlgorithm;
use crate::store::{MemoryStore, Store};

fn call(
    pool: &IdentityPoolId,
    provider: &str,
    user: &str,
) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins(provider, user)
}

/// The fast path applies only to a known user who is the only login of the call.
#[test]
fn a_cached_pool_makes_no_difference() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let builder = || Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let kept = builder().open_exclusive(Arc::clone(&store)).expect("opens");
    let read = builder().open_shared(store).expect("opens");
    let of = |engine: &Engine, account: &str, region: &str| {
        engine.developer(account.parse().unwrap(), region.parse().unwrap())
    };
    let (account, region) = ("123456789012", "us-east-1");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("d");
    let pool = of(&kept, account, region).create_identity_pool(input).expect("creates");
    let pool = pool.identity_pool_id;
    let long = "é".repeat(1024);
    let [alice, bob, _] = ["alice", "bob", &long]
        .map(|user| of(&kept, account, region).resolve_developer_identity(call(&pool, "d", user)))
        .map(|registered| registered.expect("registers"));

    let elsewhere = pool.as_str().replace(region, "eu-west-1");
    let input = |provider: &str, user: &str| call(&pool, provider, user);
    for (what, account, region, input) in [
        ("known", account, region, input("d", "alice")),
        ("long", account, region, input("d", &long)),
        ("too long", account, region, input("d", &format!("{long}é"))),
        ("another provider", account, region, input("e", "alice")),
        ("a public provider", account, region, input("accounts.google.com", "alice")),
        ("two logins", account, region, input("d", "alice").logins("e", "bob")),
        ("its identity", account, region, input("d", "alice").identity_id(&alice)),
        ("another identity", account, region, input("d", "alice").identity_id(&bob)),
        ("another account", "210987654321", region, input("d", "alice")),
        ("another region", account, "eu-west-1", input("d", "alice")),
        ("an id elsewhere", account, "eu-west-1", call(&elsewhere.parse().unwrap(), "d", "alice")),
    ] {
        let [kept, read] = [&kept, &read].map(|engine| {
            let found = of(engine, account, region).resolve_developer_identity(input.clone());
            found.map_err(|refused| refused.to_string())
        });
        assert_eq!(kept, read, "{what}");
    }
}
