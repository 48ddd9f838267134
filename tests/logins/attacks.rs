//! The attacks: each makes a bad token from a genuine one, and names the message of its refusal.
//!
//! Apart from the attack, each token is valid. If the claims are wrong, the provider itself has
//! signed them.

mod claims;
mod header;
mod shape;
mod signature;

use std::sync::LazyLock;

use crate::mint::{Maker, NOW, makers};

pub(crate) const MALFORMED: &str =
    "Invalid login token. Not a valid OpenId Connect identity token.";
pub(crate) const ISSUER: &str = "Invalid login token. Issuer doesn't match providerName";
pub(crate) const SIGNATURE: &str = "Invalid login token. Couldn't verify signed token.";
pub(crate) const EARLY: &str = "Invalid login token. Token is not valid yet.";
pub(crate) const AUDIENCE: &str = "Token is not from a supported provider of this identity pool.";
/// The refusal of an application that is not registered with an IAM provider.
pub(crate) const UNREGISTERED: &str = "Invalid login token. Incorrect token audience.";
pub(crate) const COGNITO: &str = "Invalid login token. Can't pass in a Cognito token.";
pub(crate) const FOREIGN: &str = "Invalid login token. Not a Cognito token.";
pub(crate) const MISMATCH: &str = "Logins don't match. Please include at least one valid login for this identity or identity pool.";

pub(crate) fn missing(claim: &str) -> String {
    format!("Invalid login token. Missing a required claim: {claim}")
}

pub(crate) fn expired(exp: u64) -> String {
    format!("Invalid login token. Token expired: {NOW} >= {exp}")
}

/// A token that must be refused.
pub(crate) struct Attack {
    pub(crate) name: String,
    pub(crate) token: String,
    /// The message of the refusal.
    pub(crate) message: String,
}

impl Attack {
    fn new(name: impl Into<String>, token: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), token: token.into(), message: message.into() }
    }
}

/// Every attack on the tokens of one maker. Built once, because signing is slow.
pub(crate) fn on(maker: usize) -> &'static [Attack] {
    static MADE: [LazyLock<Vec<Attack>>; 4] = [
        LazyLock::new(|| all(&makers()[0])),
        LazyLock::new(|| all(&makers()[1])),
        LazyLock::new(|| all(&makers()[2])),
        LazyLock::new(|| all(&makers()[3])),
    ];
    &MADE[maker]
}

fn all(maker: &Maker) -> Vec<Attack> {
    [shape::all(maker), header::all(maker), claims::all(maker), signature::all(maker)]
        .into_iter()
        .flatten()
        .collect()
}

/// Fills in the maker's values for `$alg`, `$kid`, `$iss`, `$provider` and `$app`.
fn fill(text: &str, maker: &Maker) -> String {
    text.replace("$alg", maker.alg)
        .replace("$kid", maker.kid)
        .replace("$iss", &format!("https://{}", maker.provider))
        .replace("$provider", maker.provider)
        .replace("$app", maker.app)
        .replace("$now", &NOW.to_string())
}
