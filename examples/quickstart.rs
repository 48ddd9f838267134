//! The main use: from an empty folder to a verified token, and the same after reopening.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::name::{DeveloperUserIdentifier, IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, IdentityDescription, LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput,
};
use cognate::token::Jwks;
use cognate::{Developer, Engine};
use ring::signature::{RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PROVIDER: &str = "login.game";

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("identities.db");
    let engine = Engine::open(&path)?;
    println!("opened      {}", path.display());

    let aws = developer(&engine)?;
    let pool = aws.create_identity_pool(
        CreateIdentityPoolInput::new("game", GuestAccess::Denied).developer_provider_name(PROVIDER),
    )?;
    let pool = pool.identity_pool_id;
    println!("pool        {pool}");

    let alice = aws.get_open_id_token_for_developer_identity(call(&pool, "alice"))?;
    println!("alice       {}  registered", alice.identity_id);
    let again = aws.get_open_id_token_for_developer_identity(call(&pool, "alice"))?;
    assert_eq!(again.identity_id, alice.identity_id);
    println!("alice       {}  the same as before", again.identity_id);
    let bob = aws.get_open_id_token_for_developer_identity(call(&pool, "bob"))?;
    println!("bob         {}  registered", bob.identity_id);

    let before = (describe(&aws, &alice.identity_id)?, describe(&aws, &bob.identity_id)?);
    let claimed = call(&pool, "bob").identity_id(&alice.identity_id);
    match aws.get_open_id_token_for_developer_identity(claimed) {
        Ok(_) => return Err("bob was given alice's identity".into()),
        Err(refused) => println!("refused     {}: {refused}", refused.kind()),
    }
    let after = (describe(&aws, &alice.identity_id)?, describe(&aws, &bob.identity_id)?);
    assert_eq!(before, after);
    println!(
        "unchanged   alice has {}, bob has {}",
        users(&aws, &pool, &after.0)?,
        users(&aws, &pool, &after.1)?
    );

    let merged = aws.merge_developer_identities(MergeDeveloperIdentitiesInput::new(
        &pool, PROVIDER, "bob", "alice",
    ))?;
    assert_eq!(merged.identity_id, alice.identity_id);
    println!(
        "merged      {}  has {}",
        merged.identity_id,
        users(&aws, &pool, &describe(&aws, &merged.identity_id)?)?
    );
    for user in ["alice", "bob"] {
        println!("lookup      {}  is {user}'s", lookup(&aws, &pool, user)?);
    }
    println!("bob's old   {}  is {:?}", bob.identity_id, describe(&aws, &bob.identity_id)?.state);

    let token = alice.token.as_str();
    let header = token.split('.').next().ok_or("no header")?;
    println!("header      {}", String::from_utf8(URL_SAFE_NO_PAD.decode(header)?)?);
    let claims = engine.verify_token(token)?;
    println!(
        "claims      {}",
        serde_json::to_string_pretty(&claims)?.replace('\n', "\n            ")
    );
    println!("verified    by the engine: {}", claims.identity_id());
    let kid = verify(&engine.jwks()?, token)?;
    println!("verified    with nothing but key {kid} of the published key set");

    drop((aws, engine));
    println!("closed");
    let engine = Engine::open(&path)?;
    let aws = developer(&engine)?;
    println!("opened      {}", path.display());
    for user in ["alice", "bob"] {
        assert_eq!(lookup(&aws, &pool, user)?, alice.identity_id);
        println!("lookup      {}  is {user}'s", alice.identity_id);
    }
    verify(&engine.jwks()?, token)?;
    println!("verified    alice's token, as before");
    assert!(engine.check()?.is_empty());
    println!("checked     every invariant holds");
    Ok(())
}

fn developer(engine: &Engine) -> Result<Developer> {
    Ok(engine.developer("123456789012".parse()?, "us-east-1".parse()?))
}

fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins(PROVIDER, user)
}

fn describe(aws: &Developer, identity: &IdentityId) -> Result<IdentityDescription> {
    Ok(aws.describe_identity(DescribeIdentityInput::new(identity))?)
}

fn lookup(aws: &Developer, pool: &IdentityPoolId, user: &str) -> Result<IdentityId> {
    let input = LookupDeveloperIdentityInput::new(pool).developer_user_identifier(user);
    Ok(aws.lookup_developer_identity(input)?.identity_id)
}

fn users(aws: &Developer, pool: &IdentityPoolId, identity: &IdentityDescription) -> Result<String> {
    let input = LookupDeveloperIdentityInput::new(pool).identity_id(&identity.identity_id);
    let found = aws.lookup_developer_identity(input)?.developer_user_identifier_list;
    Ok(found.iter().map(DeveloperUserIdentifier::as_str).collect::<Vec<_>>().join(", "))
}

/// Verifies a token with only the key set, as any application can, and returns the id of the key.
fn verify(jwks: &Jwks, token: &str) -> Result<String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
    let header = signed.split('.').next().ok_or("no header")?;
    let header: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    let kid = header["kid"].as_str().ok_or("no kid")?;
    let key = jwks.keys.iter().find(|key| key.kid == kid).ok_or("no such key")?;
    let number = |text: &Option<String>| -> Result<Vec<u8>> {
        Ok(URL_SAFE_NO_PAD.decode(text.as_deref().ok_or("no RSA key")?)?)
    };
    RsaPublicKeyComponents { n: number(&key.n)?, e: number(&key.e)? }
        .verify(&RSA_PKCS1_2048_8192_SHA512, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature)?)
        .map_err(|_| "the signature does not verify")?;
    Ok(kid.to_owned())
}
