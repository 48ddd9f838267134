//! Headers and claims composed from few values.

use arbitrary::Arbitrary;
use serde_json::{Map, Value, json};

use crate::logins::issuers::{CLIENT, Issuer, SUBJECT};
use crate::scene::NOW;

/// Each byte selects the value of a member: usually none or the valid one.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Made {
    alg: u8,
    kid: u8,
    crit: u8,
    iss: u8,
    sub: u8,
    aud: u8,
    azp: u8,
    exp: u8,
    nbf: u8,
    iat: u8,
}

impl Made {
    pub(super) fn header(self) -> Vec<u8> {
        let alg =
            choose(self.alg, json!("EdDSA"), &[json!("none"), json!("HS256"), json!("ES256")]);
        let kid = choose(self.kid, Value::Null, &[json!("EdDSA"), json!("RS256"), json!(7)]);
        let crit = choose(self.crit, Value::Null, &[json!(["exp"]), json!([]), json!("exp")]);
        members([("alg", alg), ("kid", kid), ("crit", crit)])
    }

    pub(super) fn claims(self, issuers: &[Issuer]) -> Vec<u8> {
        let iss = &issuers[usize::from(self.iss) % issuers.len()].name;
        let iss = match self.iss {
            ..128 => json!(format!("https://{iss}")),
            128..192 => json!(iss),
            _ => json!(format!("http://{iss}")),
        };
        let sub = choose(self.sub, json!(SUBJECT), &[json!(""), json!("bob"), json!(7)]);
        let (one, other) = (json!(CLIENT), json!("other"));
        let both = [other.clone(), one.clone()];
        let aud =
            choose(self.aud, one.clone(), &[other.clone(), json!(both), json!([]), json!([7])]);
        let azp = choose(self.azp, Value::Null, &[one, other, json!(""), json!(both)]);
        let near = |byte: u8, else_: Value| {
            let now = NOW.as_secs();
            let others = [now - 1, now, now + 1, now + 300, now + 301].map(|at| json!(at));
            choose(byte, else_, &[&others[..], &[json!(-1), json!(1e300), json!("1")]].concat())
        };
        let exp = near(self.exp, json!(NOW.as_secs() + 600));
        let (nbf, iat) = (near(self.nbf, Value::Null), near(self.iat, Value::Null));
        let claims = [("sub", sub), ("aud", aud), ("azp", azp), ("exp", exp), ("nbf", nbf)];
        members([("iss", iss), ("iat", iat)].into_iter().chain(claims))
    }
}

/// The usual value half of the time, otherwise one of the others.
fn choose(byte: u8, usual: Value, others: &[Value]) -> Value {
    match byte.checked_sub(128) {
        None => usual,
        Some(number) => others[usize::from(number) % others.len()].clone(),
    }
}

/// Omits null members.
fn members(members: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<u8> {
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    let there: Map<_, _> = there.map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(there).to_string().into_bytes()
}
