//! Invalid claims, signed by the provider itself.

use serde_json::{Value, json};

use super::{
    AUDIENCE, Attack, COGNITO, EARLY, ISSUER, MALFORMED, UNREGISTERED, expired, fill, missing,
};
use crate::mint::{EXAMPLE, Maker, NOW};

const ISSUERS: [&str; 27] = [
    "",
    " ",
    "https://",
    "https",
    "http://$provider",
    "HTTPS://$provider",
    "https:/$provider",
    "https:$provider",
    "//$provider",
    "https://https://$provider",
    "ftp://$provider",
    "$iss//",
    "$iss ",
    " $iss",
    "$iss.",
    "$iss\u{0}",
    "$iss:443",
    "$iss?x",
    "$iss#x",
    "$iss/..",
    "$iss.evil.example",
    "https://evil.example/$provider",
    "https://evil.example#$provider",
    "https://$provider@evil.example",
    "https://evil.example@$provider",
    "https://evil.example",
    "https://cognito-identity.us-east-1.amazonaws.com",
];

/// A claim, and JSON of a wrong type or length.
const SHAPES: &[(&str, &str)] = &[
    ("iss", r#"["$iss"]"#),
    ("iss", "1"),
    ("iss", "{}"),
    ("iss", "true"),
    ("sub", r#""""#),
    ("sub", "1"),
    ("sub", "false"),
    ("sub", r#"["alice"]"#),
    ("sub", r#"{"sub":"alice"}"#),
    ("aud", "1"),
    ("aud", "true"),
    ("aud", r#"{"aud":"$app"}"#),
    ("aud", "[1]"),
    ("aud", r#"["$app",1]"#),
    ("aud", r#"["$app",null]"#),
    ("aud", r#"[["$app"]]"#),
    ("azp", "1"),
    ("azp", r#"["$app"]"#),
    ("azp", "{}"),
    ("exp", r#""$now""#),
    ("exp", r#""""#),
    ("exp", "true"),
    ("exp", "[99999999999]"),
    ("exp", r#"{"$now":1}"#),
    ("nbf", r#""0""#),
    ("nbf", "false"),
    ("nbf", "[]"),
    ("iat", r#""$now""#),
    ("iat", "[0]"),
    ("iat", "{}"),
];

/// Ambiguous or malformed JSON.
const TEXTS: &[(&str, &str)] = &[
    ("a list", r#"[{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999}]"#),
    ("a text", r#""alice""#),
    ("null", "null"),
    ("a number", "9999999999"),
    ("nothing", ""),
    ("blanks", " \n "),
    ("no end", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999"#),
    ("two objects", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999}{}"#),
    ("NUL behind", "{\"iss\":\"$iss\",\"sub\":\"alice\",\"aud\":\"$app\",\"exp\":9999999999}\0"),
    ("text behind", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999} x"#),
    ("a comma behind", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999},"#),
    ("a comma too many", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999,}"#),
    (
        "a byte order mark",
        "\u{feff}{\"iss\":\"$iss\",\"sub\":\"alice\",\"aud\":\"$app\",\"exp\":9999999999}",
    ),
    (
        "a comment",
        "{\"iss\":\"$iss\",\"sub\":\"alice\",\"aud\":\"$app\",\"exp\":9999999999 // x\n}",
    ),
    ("single quotes", "{'iss':'$iss','sub':'alice','aud':'$app','exp':9999999999}"),
    ("names without quotes", r#"{iss:"$iss",sub:"alice",aud:"$app",exp:9999999999}"#),
    ("sub twice", r#"{"iss":"$iss","sub":"alice","sub":"alice","aud":"$app","exp":9999999999}"#),
    (
        "sub twice, of two",
        r#"{"iss":"$iss","sub":"bob","aud":"$app","exp":9999999999,"sub":"alice"}"#,
    ),
    (
        "sub twice, once escaped",
        r#"{"iss":"$iss","\u0073ub":"bob","sub":"alice","aud":"$app","exp":9999999999}"#,
    ),
    (
        "sub twice, once null",
        r#"{"iss":"$iss","sub":null,"sub":"alice","aud":"$app","exp":9999999999}"#,
    ),
    (
        "iss twice",
        r#"{"iss":"https://evil.example","iss":"$iss","sub":"alice","aud":"$app","exp":9999999999}"#,
    ),
    (
        "iss twice, once ours",
        r#"{"iss":"https://cognito-identity.amazonaws.com","iss":"$iss","sub":"alice","aud":"$app","exp":9999999999}"#,
    ),
    ("aud twice", r#"{"iss":"$iss","sub":"alice","aud":"evil","aud":"$app","exp":9999999999}"#),
    ("exp twice", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":1,"exp":9999999999}"#),
    (
        "azp twice",
        r#"{"iss":"$iss","sub":"alice","aud":"$app","azp":"evil","azp":"$app","exp":9999999999}"#,
    ),
    (
        "another claim twice",
        r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":9999999999,"x":1,"x":2}"#,
    ),
    ("exp not a number", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":NaN}"#),
    ("exp infinite", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":Infinity}"#),
    ("exp too large", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":1e999}"#),
    ("exp in hexadecimal digits", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":0xffffffff}"#),
    ("exp with a leading zero", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":09999999999}"#),
    ("exp with a plus", r#"{"iss":"$iss","sub":"alice","aud":"$app","exp":+9999999999}"#),
    (
        "a raw line end in a text",
        "{\"iss\":\"$iss\",\"sub\":\"al\nice\",\"aud\":\"$app\",\"exp\":9999999999}",
    ),
    ("half a surrogate", r#"{"iss":"$iss","sub":"\udc00","aud":"$app","exp":9999999999}"#),
];

pub(super) fn all(maker: &Maker) -> Vec<Attack> {
    let mut all = Vec::new();
    for claim in ["iss", "sub", "aud", "exp"] {
        let mut claims = maker.claims();
        claims.as_object_mut().expect("claims").remove(claim);
        all.push(Attack::new(format!("no {claim}"), maker.token(&claims), missing(claim)));
        let token = maker.with(claim, Value::Null);
        all.push(Attack::new(format!("{claim} null"), token, missing(claim)));
        // JSON names are case-sensitive.
        let value = claims_of(maker, claim);
        claims[claim.to_uppercase()] = value;
        let token = maker.token(&claims);
        all.push(Attack::new(format!("{claim} in capitals"), token, missing(claim)));
    }
    for issuer in ISSUERS {
        let issuer = fill(issuer, maker);
        let token = maker.with("iss", json!(issuer));
        all.push(Attack::new(format!("iss {issuer:?}"), token, ISSUER));
    }
    if maker.provider != "accounts.google.com" {
        let token = maker.with("iss", json!(maker.provider));
        all.push(Attack::new("iss without https", token, ISSUER));
    }
    let ours = maker.with("iss", json!("https://cognito-identity.amazonaws.com"));
    all.push(Attack::new("iss of this service", ours, COGNITO));
    for (name, json) in SHAPES {
        let value = serde_json::from_str(&fill(json, maker)).expect("JSON");
        all.push(Attack::new(format!("{name} {json}"), maker.with(name, value), MALFORMED));
    }
    for event in [
        "http://schemas.openid.net/event/backchannel-logout",
        "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
    ] {
        let token = maker.with("events", json!({ event: {} }));
        all.push(Attack::new(format!("about {event}"), token, MALFORMED));
    }
    let long = maker.with("sub", json!("é".repeat(1025)));
    all.push(Attack::new("sub of 1025 characters", long, MALFORMED));
    for (name, json) in TEXTS {
        let token = maker.signed(maker.header().to_string(), fill(json, maker)).text();
        all.push(Attack::new(format!("claims: {name}"), token, MALFORMED));
    }
    all.extend(bytes(maker));
    all.extend(times(maker));
    all.extend(audiences(maker));
    all
}

fn claims_of(maker: &Maker, name: &str) -> Value {
    maker.claims()[name].clone()
}

fn bytes(maker: &Maker) -> Vec<Attack> {
    let claims = maker.claims().to_string();
    let open = claims.trim_end_matches('}');
    let deep = format!("{open},\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let rows = [
        ("UTF-16", claims.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("no UTF-8", [open.as_bytes(), b",\"x\":\"\xc3\x28\"}"].concat()),
        ("an overlong dot", [open.as_bytes(), b",\"x\":\"\xc0\xae\"}"].concat()),
        ("nested 200 deep", deep.into_bytes()),
        ("20,000 brackets", "[".repeat(20_000).into_bytes()),
        ("compressed", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
    ];
    rows.map(|(name, claims)| {
        let token = maker.signed(maker.header().to_string(), claims).text();
        Attack::new(format!("claims: {name}"), token, MALFORMED)
    })
    .into()
}

fn times(maker: &Maker) -> Vec<Attack> {
    let rows = [
        ("exp", json!(NOW), expired(NOW)),
        ("exp", json!(NOW - 1), expired(NOW - 1)),
        ("exp", json!(NOW - 300), expired(NOW - 300)),
        ("exp", json!(0), expired(0)),
        ("exp", json!(-1), expired(0)),
        ("exp", json!(i64::MIN), expired(0)),
        ("exp", json!(1_700_000_000.999), expired(NOW)),
        ("exp", json!(-1e300), expired(0)),
        ("exp", json!(1e-300), expired(0)),
        ("nbf", json!(NOW + 301), EARLY.to_owned()),
        ("nbf", json!(NOW * 1000), EARLY.to_owned()),
        ("nbf", json!(u64::MAX), EARLY.to_owned()),
        ("nbf", json!(1e300), EARLY.to_owned()),
        ("iat", json!(NOW + 301), EARLY.to_owned()),
        ("iat", json!(u64::MAX), EARLY.to_owned()),
    ];
    rows.map(|(name, value, message)| {
        Attack::new(format!("{name} {value}"), maker.with(name, value), message)
    })
    .into()
}

fn audiences(maker: &Maker) -> Vec<Attack> {
    let other = if maker.app == "gameclient" { "42.apps.example" } else { "gameclient" };
    let message = if maker.provider == EXAMPLE { UNREGISTERED } else { AUDIENCE };
    let rows = [
        json!({ "aud": "evil" }),
        json!({ "aud": "" }),
        json!({ "aud": [] }),
        json!({ "aud": ["evil", "worse"] }),
        json!({ "aud": other }),
        json!({ "aud": maker.app.to_uppercase() }),
        json!({ "aud": format!("{} ", maker.app) }),
        json!({ "aud": format!("{}\0", maker.app) }),
        json!({ "aud": format!("{},evil", maker.app) }),
        json!({ "aud": &maker.app[1..] }),
        json!({ "aud": "*" }),
        json!({ "aud": maker.provider }),
        json!({ "azp": "evil" }),
        json!({ "azp": "" }),
        json!({ "azp": other }),
        json!({ "aud": [maker.app, "evil"], "azp": "evil" }),
        json!({ "aud": "evil", "client_id": maker.app }),
    ];
    rows.map(|changes| {
        let mut claims = maker.claims();
        for (name, value) in changes.as_object().expect("claims") {
            claims[name.as_str()] = value.clone();
        }
        Attack::new(format!("audience {changes}"), maker.token(&claims), message)
    })
    .into()
}
