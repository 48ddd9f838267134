//! Tokens, compared with the signature or the verification of the same bytes.
//!
//! Instructions of a token with EdDSA, by callgrind: 270,700 before the claims' JSON was written by
//! hand, and 260,100 since. Of these, ring's signature takes 240,600, base64 4,900, the resolution
//! 4,400, the JSON 2,200, and the claims 1,900. The wire door added 27,600 while it built the paths
//! of absent members, and adds 18,800 since.

use cognate::name::IdentityPoolId;
use cognate::{Engine, wire};

use crate::floor::RawKey;
use crate::measure::{AtLeast, Bench, timed, timed_each_of};
use crate::{ACCOUNT, PROVIDER, REGION, Users, developer, name};

pub(crate) const TARGET: &str = "AWSCognitoIdentityService.GetOpenIdTokenForDeveloperIdentity";

pub(crate) fn all(
    bench: &mut Bench,
    (engine, pool): (&Engine, &IdentityPoolId),
    users: &Users,
    key: &RawKey,
) {
    let aws = developer(engine);
    let call =
        |input| aws.get_open_id_token_for_developer_identity(input).expect("a known user").token;
    let typed = || timed_each_of(&users.inputs, call);
    let token = call(users.inputs[0].clone());
    let (message, _) = token.as_str().rsplit_once('.').expect("three parts");
    let algorithm = key.algorithm.as_str();
    bench.row(&format!("token, {algorithm}"), AtLeast(key.token_target), typed(), |times| {
        timed(times, || (key.sign)(message.as_bytes()))
    });

    let signature = (key.sign)(message.as_bytes());
    bench.row(
        &format!("verify, {algorithm}"),
        AtLeast(90),
        |times| timed(times, || engine.verify_token(token.as_str()).expect("genuine")),
        |times| {
            timed(times, || key.public.verify(message.as_bytes(), &signature).expect("genuine"))
        },
    );

    if key.is_the_fastest() {
        let bodies: Vec<_> = users.numbers.iter().map(|user| body(pool, *user)).collect();
        let (account, region) = (ACCOUNT.parse(), REGION.parse());
        let context =
            wire::Context::signed(account.expect("an account"), region.expect("a region"));
        bench.row(
            "token by wire",
            AtLeast(80),
            timed_each_of(&bodies, |body| {
                let reply = wire::call(engine, &context, TARGET, body.as_bytes());
                assert_eq!(reply.status, 200);
                reply
            }),
            typed(),
        );
    }
}

/// A request for a developer user's token.
pub(crate) fn body(pool: &IdentityPoolId, user: usize) -> String {
    let user = name(user);
    format!(r#"{{"IdentityPoolId":"{pool}","Logins":{{"{PROVIDER}":"{user}"}}}}"#)
}
