//! Malformed tokens: wrong parts, wrong encodings, and extra text around them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::json;

use super::{Attack, MALFORMED, SIGNATURE};
use crate::mint::{Maker, Parts, encode};

pub(super) fn all(maker: &Maker) -> Vec<Attack> {
    let genuine = maker.genuine();
    let malformed = |(name, token): (&str, String)| Attack::new(name, token, MALFORMED);
    let mut all: Vec<_> = texts(maker, &genuine).into_iter().map(malformed).collect();
    all.extend(alphabets(&genuine).into_iter().map(malformed));
    all.extend(last_bits(maker, &genuine));
    all.extend(long(maker, &genuine));
    all
}

fn texts(maker: &Maker, genuine: &Parts) -> Vec<(&'static str, String)> {
    let token = genuine.text();
    let [header, claims, signature] =
        [&genuine.header, &genuine.claims, &genuine.signature].map(encode);
    let flattened = json!({ "protected": header, "payload": claims, "signature": signature });
    let general = json!({
        "payload": claims, "signatures": [{ "protected": header, "signature": signature }]
    });
    let raw = String::from_utf8_lossy(&genuine.claims).into_owned();
    let half = token.len() / 2;
    vec![
        ("one dot", ".".to_owned()),
        ("two dots", "..".to_owned()),
        ("four dots", "....".to_owned()),
        ("one letter", "x".to_owned()),
        ("a word", "password".to_owned()),
        ("three letters", "a.b.c".to_owned()),
        ("NUL", "\0".to_owned()),
        ("other scripts", "größe.größe.größe".to_owned()),
        ("a number", "1700000000".to_owned()),
        ("markup", "<saml:Assertion/>".to_owned()),
        ("the claims as JSON", raw.clone()),
        ("claims that are not encoded", format!("{header}.{raw}.{signature}")),
        ("header alone", header.clone()),
        ("no signature and no dot", format!("{header}.{claims}")),
        ("no claims", format!("{header}.{signature}")),
        ("no header", format!("{claims}.{signature}")),
        ("empty header", format!(".{claims}.{signature}")),
        ("empty claims, a detached payload", format!("{header}..{signature}")),
        ("claims before the header", format!("{claims}.{header}.{signature}")),
        ("signature first", format!("{signature}.{header}.{claims}")),
        ("a fourth part", format!("{token}.{signature}")),
        ("an empty fourth part", format!("{token}.")),
        ("an empty first part", format!(".{token}")),
        ("the header twice", format!("{header}.{token}")),
        ("five parts as of an encrypted token", format!("{header}.{claims}.{claims}.{token}")),
        ("double dots", token.replace('.', "..")),
        ("dots of another script", token.replace('.', "\u{ff0e}")),
        ("dots in percent encoding", token.replace('.', "%2E")),
        ("no dots", token.replace('.', "")),
        ("commas", token.replace('.', ",")),
        ("JSON serialization, flattened", flattened.to_string()),
        ("JSON serialization, general", general.to_string()),
        ("in quotes", format!("\"{token}\"")),
        ("a bearer", format!("Bearer {token}")),
        ("a blank before", format!(" {token}")),
        ("a blank behind", format!("{token} ")),
        ("a line end behind", format!("{token}\n")),
        ("NUL behind", format!("{token}\0")),
        ("a byte order mark before", format!("\u{feff}{token}")),
        ("a blank in the header", token.replacen('.', " .", 1)),
        ("a line end in the claims", format!("{header}.\n{claims}.{signature}")),
        ("a line end within", format!("{}\r\n{}", &token[..half], &token[half..])),
        ("a zero width space within", format!("{}\u{200b}{}", &token[..half], &token[half..])),
        ("two tokens", format!("{token} {token}")),
        ("two tokens as one", format!("{token}{token}")),
        ("two tokens and a comma", format!("{token},{token}")),
        ("encoded once more", encode(&token)),
        ("a nested token", maker.signed(maker.header().to_string(), &token).text()),
        ("backwards", token.chars().rev().collect()),
    ]
}

/// Each part in an alphabet other than base64url, or with padding.
fn alphabets(genuine: &Parts) -> Vec<(&'static str, String)> {
    let Parts { header, claims, signature } = genuine;
    let with = |header: String, claims: String, signature: String| {
        format!("{header}.{claims}.{signature}")
    };
    let [h, c, s] = [header, claims, signature].map(encode);
    let standard = |part: &[u8]| STANDARD_NO_PAD.encode(part);
    let digits = |part: &[u8]| part.iter().fold(String::new(), |t, b| t + &format!("{b:02x}"));
    vec![
        ("claims in standard base64", with(h.clone(), standard(claims), s.clone())),
        ("signature in standard base64", with(h.clone(), c.clone(), standard(signature))),
        ("all in standard base64", with(standard(header), standard(claims), standard(signature))),
        ("a pad behind the header", with(format!("{h}="), c.clone(), s.clone())),
        ("a pad behind the claims", with(h.clone(), format!("{c}="), s.clone())),
        ("a pad behind the signature", with(h.clone(), c.clone(), format!("{s}="))),
        ("two pads behind the signature", with(h.clone(), c.clone(), format!("{s}=="))),
        ("pads for a signature", with(h.clone(), c.clone(), "====".to_owned())),
        ("padded to fours", with(padded(header), padded(claims), padded(signature)) + "="),
        (
            "standard base64, padded to fours",
            [header, claims, signature].map(|part| STANDARD.encode(part)).join(".") + "=",
        ),
        (
            "signature in hexadecimal digits, odd",
            with(h.clone(), c.clone(), digits(signature) + "0"),
        ),
        ("signature with a character too many", with(h.clone(), c.clone(), one_more(&s))),
        ("header with a character too many", with(one_more(&h), c.clone(), s.clone())),
        ("claims with a character too many", with(h.clone(), one_more(&c), s.clone())),
        ("a tilde in the signature", with(h.clone(), c.clone(), format!("~{}", &s[1..]))),
        ("a plus in the header", with(format!("+{}", &h[1..]), c, s)),
    ]
}

fn padded(part: &[u8]) -> String {
    URL_SAFE.encode(part)
}

/// A length that encodes no whole number of bytes.
fn one_more(part: &str) -> String {
    part.to_owned() + &"A".repeat((5 - part.len() % 4) % 4)
}

/// Unused bits of the last character of a part must be zero.
fn last_bits(maker: &Maker, genuine: &Parts) -> Vec<Attack> {
    let loose = |part: &str| {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (before, last) = part.split_at(part.len() - 1);
        let at = DIGITS.iter().position(|digit| *digit == last.as_bytes()[0]).expect("a digit");
        format!("{before}{}", char::from(DIGITS[at | 1]))
    };
    // A space after JSON changes its length but not its value.
    let fitting = |mut part: Vec<u8>| {
        while part.len() % 3 != 1 {
            part.push(b' ');
        }
        part
    };
    let (header, claims) = (fitting(genuine.header.clone()), fitting(genuine.claims.clone()));
    let fitted = maker.signed(header, claims);
    let [h, c, s] = [&fitted.header, &fitted.claims, &fitted.signature].map(encode);
    let mut all = vec![
        Attack::new("loose bits behind the header", format!("{}.{c}.{s}", loose(&h)), MALFORMED),
        Attack::new("loose bits behind the claims", format!("{h}.{}.{s}", loose(&c)), MALFORMED),
    ];
    if !fitted.signature.len().is_multiple_of(3) {
        let token = format!("{h}.{c}.{}", loose(&s));
        all.push(Attack::new("loose bits behind the signature", token, MALFORMED));
    }
    all
}

/// Tokens of the largest length.
fn long(maker: &Maker, genuine: &Parts) -> Vec<Attack> {
    const LENGTH_MAX: usize = 50_000;
    let signed = genuine.signed_with([]);
    let rest = (LENGTH_MAX - signed.len()) / 4 * 4;
    let by_stranger = {
        let mut claims = maker.claims();
        claims["pad"] = json!("x".repeat(36_000));
        let (header, claims) = (maker.header().to_string(), claims.to_string());
        Maker::signed_by(maker.stranger, maker.alg, header, claims).text()
    };
    assert!(by_stranger.len() > 48_000 && by_stranger.len() <= LENGTH_MAX);
    vec![
        Attack::new("50,000 letters", "A".repeat(LENGTH_MAX), MALFORMED),
        Attack::new("50,000 dots", ".".repeat(LENGTH_MAX), MALFORMED),
        Attack::new("25,000 characters of two bytes", "é".repeat(LENGTH_MAX / 2), MALFORMED),
        Attack::new("50,000 characters of four bytes", "\u{10ffff}".repeat(LENGTH_MAX), MALFORMED),
        Attack::new("a signature of 48,000 letters", signed + &"A".repeat(rest), SIGNATURE),
        Attack::new("48,000 letters of claims, by a stranger", by_stranger, SIGNATURE),
    ]
}
