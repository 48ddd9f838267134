//! A test that begins with known users: the database is seeded, used, exported and reset.
//!
//! ```text
//! cargo run --example seeded_test
//! ```
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;

use cognate::exchange::{Export, Import};
use cognate::name::IdentityPoolId;
use cognate::operation::{
    DeleteIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, ListIdentityPoolsInput,
    LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine};

/// The ids are those in the configuration of the program under test.
const SEED: &str = concat!(
    r#"{"cognate":"seed","version":1}"#,
    "\n",
    r#"{"pool":{"id":"us-east-1:11111111-1111-4111-8111-111111111111","settings":{"#,
    r#""IdentityPoolName":"game","AllowUnauthenticatedIdentities":false,"#,
    r#""DeveloperProviderName":"login.game"}}}"#,
    "\n",
    r#"{"identity":{"id":"us-east-1:a11ce000-0000-4000-8000-000000000000","#,
    r#""logins":[{"developer":"login.game","subject":"alice"}]}}"#,
    "\n",
    r#"{"identity":{"id":"us-east-1:b0b00000-0000-4000-8000-000000000000","#,
    r#""logins":[{"developer":"login.game","subject":"bob"}]}}"#,
    "\n",
);

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    for round in 1..=2 {
        println!("round {round}");
        let pool = seed(&engine)?;
        run(&aws, &pool)?;
        export(&engine)?;
        reset(&aws, &pool)?;
    }
    refuse(&engine)
}

fn seed(engine: &Engine) -> Result<IdentityPoolId, Box<dyn Error>> {
    let import = Import::new().account("123456789012".parse()?);
    let imported = engine.admin().import(import, SEED.as_bytes())?;
    println!("  seeded {} identities", imported.identities);
    Ok(imported.identity_pool_ids.into_iter().next().ok_or("a seed with a pool")?)
}

/// The test itself: bob turns out to be alice.
fn run(aws: &Developer, pool: &IdentityPoolId) -> Result<(), Box<dyn Error>> {
    let login = GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins("login.game", "bob");
    println!("  bob    {}", aws.get_open_id_token_for_developer_identity(login)?.identity_id);
    let merge = MergeDeveloperIdentitiesInput::new(pool, "login.game", "bob", "alice");
    aws.merge_developer_identities(merge)?;
    let lookup = LookupDeveloperIdentityInput::new(pool).developer_user_identifier("bob");
    println!("  merged {}", aws.lookup_developer_identity(lookup)?.identity_id);
    Ok(())
}

/// What a failed test leaves can be looked at later.
fn export(engine: &Engine) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("after.jsonl");
    let exported = engine.admin().export_file(Export::all(), &path)?;
    println!("  exported {} pool and {} identities", exported.pools, exported.identities);
    for line in std::fs::read_to_string(&path)?.lines().filter(|line| line.contains("b0b00000")) {
        println!("  {} …", line.split(",\"created\"").next().unwrap_or_default());
    }
    Ok(())
}

fn reset(aws: &Developer, pool: &IdentityPoolId) -> Result<(), Box<dyn Error>> {
    aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool))?;
    let left = aws.list_identity_pools(ListIdentityPoolsInput::new(60))?;
    println!("  reset, {} pools are left", left.identity_pools.len());
    Ok(())
}

/// A typing error is found, and nothing is imported.
fn refuse(engine: &Engine) -> Result<(), Box<dyn Error>> {
    let seed = SEED.replacen("subject", "subjekt", 1);
    let import = Import::new().account("123456789012".parse()?);
    let refused = engine.admin().import(import, seed.as_bytes());
    println!("{}", refused.expect_err("has a typing error"));
    Ok(())
}
