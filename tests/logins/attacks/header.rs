//! Misleading headers. The provider has signed them all, except those with `none`.

use super::{Attack, MALFORMED, SIGNATURE, fill};
use crate::mint::{Maker, encode};

/// Algorithm names that an attacker might try.
const ALGORITHMS: [&str; 24] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K",
    "EdDSA", "Ed25519", "Ed448", "HS256", "HS384", "HS512", "RS1", "RSA", "RSA1_5", "RSA-OAEP",
    "dir", "A256GCM", "SHA256", "*",
];

const PROMISES: &[(&str, &str)] = &[
    ("an empty alg", r#"{"alg":"","kid":"$kid"}"#),
    ("a blank behind alg", r#"{"alg":"$alg ","kid":"$kid"}"#),
    ("NUL behind alg", r#"{"alg":"$alg\u0000","kid":"$kid"}"#),
    ("a list in alg", r#"{"alg":"none,$alg","kid":"$kid"}"#),
    ("an unknown kid", r#"{"alg":"$alg","kid":"elsewhere"}"#),
    ("an empty kid", r#"{"alg":"$alg","kid":""}"#),
    ("a blank behind kid", r#"{"alg":"$alg","kid":"$kid "}"#),
    ("a kid in capitals", r#"{"alg":"$alg","kid":"$KID"}"#),
    ("a kid that is a path", r#"{"alg":"$alg","kid":"../../../dev/null"}"#),
    ("a kid that is a query", r#"{"alg":"$alg","kid":"x' UNION SELECT 'AA"}"#),
    ("a kid that is an address", r#"{"alg":"$alg","kid":"https://evil.example/$kid"}"#),
    ("the kid of another key", r#"{"alg":"$alg","kid":"$other"}"#),
    ("the kid of another provider's key", r#"{"alg":"$alg","kid":"$foreign"}"#),
    ("crit", r#"{"alg":"$alg","kid":"$kid","crit":["exp"],"exp":1}"#),
    ("crit of nothing", r#"{"alg":"$alg","kid":"$kid","crit":[]}"#),
    ("crit that is null", r#"{"alg":"$alg","kid":"$kid","crit":null}"#),
    ("crit that is a text", r#"{"alg":"$alg","kid":"$kid","crit":"exp"}"#),
    ("claims that are not encoded", r#"{"alg":"$alg","kid":"$kid","b64":false,"crit":["b64"]}"#),
];

const BROKEN: &[(&str, &str)] = &[
    ("no alg", r#"{"kid":"$kid","typ":"JWT"}"#),
    ("an alg of another spelling", r#"{"Alg":"$alg","kid":"$kid"}"#),
    ("alg null", r#"{"alg":null,"kid":"$kid"}"#),
    ("alg a number", r#"{"alg":0,"kid":"$kid"}"#),
    ("alg a truth", r#"{"alg":true,"kid":"$kid"}"#),
    ("alg a list", r#"{"alg":["$alg"],"kid":"$kid"}"#),
    ("alg an object", r#"{"alg":{"$alg":1},"kid":"$kid"}"#),
    ("alg twice", r#"{"alg":"$alg","alg":"$alg","kid":"$kid"}"#),
    ("alg twice, none first", r#"{"alg":"none","alg":"$alg","kid":"$kid"}"#),
    ("alg twice, none last", r#"{"alg":"$alg","kid":"$kid","alg":"none"}"#),
    ("alg twice, once escaped", r#"{"alg":"$alg","\u0061lg":"HS256","kid":"$kid"}"#),
    ("kid twice", r#"{"alg":"$alg","kid":"$kid","kid":"$kid"}"#),
    ("kid twice, one unknown", r#"{"alg":"$alg","kid":"elsewhere","kid":"$kid"}"#),
    ("typ twice", r#"{"alg":"$alg","kid":"$kid","typ":"JWT","typ":"JWS"}"#),
    ("typ a number", r#"{"alg":"$alg","kid":"$kid","typ":1}"#),
    ("typ a list", r#"{"alg":"$alg","kid":"$kid","typ":["JWT"]}"#),
    ("an access token", r#"{"alg":"$alg","kid":"$kid","typ":"at+jwt"}"#),
    ("an access token, in full", r#"{"alg":"$alg","kid":"$kid","typ":"application/at+jwt"}"#),
    ("an access token, in capitals", r#"{"alg":"$alg","kid":"$kid","typ":"AT+JWT"}"#),
    ("a proof of possession", r#"{"alg":"$alg","kid":"$kid","typ":"dpop+jwt"}"#),
    ("a logout token", r#"{"alg":"$alg","kid":"$kid","typ":"logout+jwt"}"#),
    ("a security event", r#"{"alg":"$alg","kid":"$kid","typ":"secevent+jwt"}"#),
    (
        "a security event, in full",
        r#"{"alg":"$alg","kid":"$kid","typ":"Application/SecEvent+JWT"}"#,
    ),
    ("kid a number", r#"{"alg":"$alg","kid":1}"#),
    ("kid a truth", r#"{"alg":"$alg","kid":false}"#),
    ("kid a list", r#"{"alg":"$alg","kid":["$kid"]}"#),
    ("kid an object", r#"{"alg":"$alg","kid":{}}"#),
    ("an empty object", "{}"),
    ("a list", r#"[{"alg":"$alg","kid":"$kid"}]"#),
    ("a text", r#""$alg""#),
    ("null", "null"),
    ("a number", "256"),
    ("blanks", "   "),
    ("no end", r#"{"alg":"$alg","kid":"$kid""#),
    ("more than an end", r#"{"alg":"$alg","kid":"$kid"}}"#),
    ("two objects", r#"{"alg":"$alg","kid":"$kid"}{"alg":"none"}"#),
    ("a comma too many", r#"{"alg":"$alg","kid":"$kid",}"#),
    ("single quotes", "{'alg':'$alg','kid':'$kid'}"),
    ("a comment", r#"{"alg":"$alg",/* */"kid":"$kid"}"#),
    ("a byte order mark", "\u{feff}{\"alg\":\"$alg\",\"kid\":\"$kid\"}"),
    ("NUL behind", "{\"alg\":\"$alg\",\"kid\":\"$kid\"}\0"),
    ("a raw line end in a text", "{\"alg\":\"$alg\",\"kid\":\"$kid\",\"typ\":\"J\nT\"}"),
    ("half a surrogate", r#"{"alg":"$alg","kid":"$kid","typ":"\ud800"}"#),
];

pub(super) fn all(maker: &Maker) -> Vec<Attack> {
    let claims = maker.claims().to_string();
    let signed = |header: &str| maker.signed(header, &claims).text();
    let mut all = nothing_signed(maker, &claims);

    for alg in ALGORITHMS.into_iter().filter(|alg| *alg != maker.alg) {
        let header = fill(r#"{"alg":"@","kid":"$kid"}"#, maker).replace('@', alg);
        all.push(Attack::new(
            format!("header: signed as $alg, alg {alg}"),
            signed(&header),
            SIGNATURE,
        ));
    }
    let changed = if maker.alg == "EdDSA" { "EDDSA".to_owned() } else { maker.alg.to_lowercase() };
    let header = fill(r#"{"alg":"@","kid":"$kid"}"#, maker).replace('@', &changed);
    all.push(Attack::new("header: alg in letters of another case", signed(&header), SIGNATURE));

    let foreign = if maker.kid == "g-1" { "up-1" } else { "g-1" };
    for (rows, message) in [(PROMISES, SIGNATURE), (BROKEN, MALFORMED)] {
        for (name, header) in rows {
            let header = header
                .replace("$other", maker.kid_other)
                .replace("$foreign", foreign)
                .replace("$KID", &maker.kid.to_uppercase());
            let token = signed(&fill(&header, maker));
            all.push(Attack::new(format!("header: {name}"), token, message));
        }
    }

    let header = maker.header().to_string();
    let wide: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let no_text = [header.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat();
    let deep =
        format!(r#"{{"alg":"{}","kid":"{}","x":{}"#, maker.alg, maker.kid, "[".repeat(20_000));
    for (name, header) in
        [("UTF-16", wide), ("no UTF-8", no_text), ("20,000 brackets", deep.into_bytes())]
    {
        let token = maker.signed(header, &claims).text();
        all.push(Attack::new(format!("header: {name}"), token, MALFORMED));
    }
    all
}

/// Spellings of `none`: without a signature, with that of a genuine token, and with zeros.
fn nothing_signed(maker: &Maker, claims: &str) -> Vec<Attack> {
    let genuine = maker.genuine();
    let mut all = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "null", "undefined"] {
        for kid in [r#","kid":"$kid""#, ""] {
            let header = fill(&format!(r#"{{"alg":"{alg}","typ":"JWT"{kid}}}"#), maker);
            let named = if kid.is_empty() { "no kid" } else { "kid" };
            let signed = format!("{}.{}", encode(header), encode(claims));
            for (with, signature) in [
                ("nothing", String::new()),
                ("another signature", encode(&genuine.signature)),
                ("zeros", encode([0; 64])),
            ] {
                let name = format!("header: alg {alg}, {named}, signed with {with}");
                all.push(Attack::new(name, format!("{signed}.{signature}"), SIGNATURE));
            }
        }
    }
    all
}
