//! Files that are refused: the line and the reason of each, and nothing is changed.

use std::io::{self, Read};

use cognate::exchange::{ExchangeError, Import};

use crate::support::{ALICE, BOB, POOL, World, sealed};

pub(super) const SEED: &str = r#"{"cognate":"seed","version":1}"#;
const EXPORT: &str = r#"{"cognate":"export","version":1,"at":"2026-11-28T12:00:00.000Z","scope":"all","history":true}"#;
const DATES: &str = r#""created":"2026-01-01T00:00:00.000Z","modified":"2026-01-02T00:00:00.000Z""#;

pub(super) fn refusal(file: impl AsRef<[u8]>) -> (u64, String) {
    let (line, fault) = World::new(true).refusal(file.as_ref());
    (line, fault.to_string())
}

pub(super) fn pool(members: &str) -> String {
    let settings = r#"{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"login.game","SupportedLoginProviders":{"accounts.google.com":"app"}}"#;
    format!(r#"{{"pool":{{"id":"{POOL}","settings":{settings}{members}}}}}"#)
}

pub(super) fn settings(settings: &str) -> String {
    let required = r#""IdentityPoolName":"game","AllowUnauthenticatedIdentities":true"#;
    format!(r#"{{"pool":{{"id":"{POOL}","settings":{{{required}{settings}}}}}}}"#)
}

pub(super) fn identity(members: &str) -> String {
    format!(r#"{{"identity":{{{members}}}}}"#)
}

/// The refusal of the last of these lines after the first line of a seed and a pool.
pub(super) fn seeded(lines: &[&str]) -> String {
    let pool = pool("");
    let file = [&[SEED, pool.as_str()], lines].concat().join("\n");
    let (line, told) = refusal(&file);
    assert_eq!(usize::try_from(line).unwrap(), lines.len() + 2, "{told}");
    told
}

#[test]
fn files_that_are_no_exchange() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let newer = SEED.replace('1', "2");
    let with_mark = format!("\u{feff}{SEED}\n");
    for (file, told) in [
        (&b""[..], "the file is empty"),
        (b"\n", "not a JSON object, at column 1"),
        (b"hello\n", "not a JSON object, at column 1"),
        (b"{\"cognate\":\"seed\",\"version\":1", "not a JSON object, at column 29"),
        (&utf_16(SEED), "the file must be UTF-8 without a byte order mark"),
        (&utf_16(&with_mark), "the file must be UTF-8 without a byte order mark"),
        (with_mark.as_bytes(), "the file must be UTF-8 without a byte order mark"),
        (b"\xc3\x28\n", "not a JSON object, at column 1"),
        (b"[]\n", "the first line must be that of an export or of a seed"),
        (b"{}\n", "the first line must be that of an export or of a seed"),
        (br#"{"pool":{}}"#, "the first line must be that of an export or of a seed"),
        (
            br#"{"cognate":"dump","version":1}"#,
            "the first line must be that of an export or of a seed",
        ),
        (
            br#"{"cognate":"seed","version":0}"#,
            "the first line must be that of an export or of a seed",
        ),
        (newer.as_bytes(), "written by a newer cognate: version 2 of the format"),
        (
            br#"{"cognate":"export","version":7,"compressed":true}"#,
            "written by a newer cognate: version 7 of the format",
        ),
    ] {
        assert_eq!(refusal(file), (1, told.to_owned()), "{}", String::from_utf8_lossy(file));
    }
    for (file, told) in [
        (r#"{"cognate":"seed","version":1,"scope":"all"}"#.to_owned(), "unknown field `scope`"),
        (EXPORT.replace("all", "most"), "a scope is `all`, `account ACCOUNT` or `pool POOL`"),
        (EXPORT.replace(",\"history\":true", ""), "missing field `history`"),
        (EXPORT.replace("2026-11-28", "2026-11-31"), "expected a date such as"),
    ] {
        let (line, found) = refusal(&file);
        assert!(line == 1 && found.contains(told), "{found}");
    }
}

/// Endless lines are not read to their end.
#[test]
fn a_line_without_an_end_is_refused_early() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b' ');
            self.0 += u64::try_from(buffer.len()).unwrap();
            assert!(self.0 < 20 << 20, "is read on");
            Ok(buffer.len())
        }
    }
    let world = World::new(false);
    for begun in ["", "{\"cognate\":\"seed\",\"version\":1}\n"] {
        let file = begun.as_bytes().chain(Endless(0));
        let refused = world.engine.admin().import(Import::new(), file).expect_err("is refused");
        let number = if begun.is_empty() { 1 } else { 2 };
        assert_eq!(refused.to_string(), format!("line {number}: the line is longer than 16 MiB"));
    }
    // A seed may have lines of nearly that length.
    let longest = format!("{SEED}{}\n{}", " ".repeat((16 << 20) - SEED.len() - 1), pool(""));
    world.import(longest.as_bytes()).expect("imports");
}

#[test]
fn a_reader_that_fails_is_no_end() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let world = World::new(false);
    let begun = format!("{SEED}\n{}\n", pool(""));
    let file = begun.as_bytes().chain(Broken);
    let failed = world.engine.admin().import(Import::new(), file).expect_err("fails");
    assert!(matches!(failed, ExchangeError::Io(_)), "{failed}");
    assert!(crate::support::dump(&*world.store).is_empty());
}

#[test]
fn unknown_and_doubled_members_are_refused() {
    for (line, told) in [
        (r#"{"pol":{}}"#.to_owned(), "unknown variant `pol`"),
        (r#"{"pool":{},"identity":{}}"#.to_owned(), "missing field `settings`"),
        (r#"{"identity":{},"event":{}}"#.to_owned(), "not a JSON object"),
        (r#"{"identity":{}} {}"#.to_owned(), "not a JSON object"),
        (identity(r#""login":[]"#), "unknown field `login`, expected one of `id`, `state`"),
        (identity(r#""logins":[],"logins":[]"#), "duplicate field `logins`"),
        (identity(r#""logins":[{"developer":"login.game","user":"a"}]"#), "unknown field `user`"),
        (identity(r#""state":"GUEST""#), "unknown variant `GUEST`"),
        (identity(r#""created":"yesterday""#), "expected a date such as"),
        (identity(r#""revision":-1"#), "invalid value: integer `-1`"),
        (identity(r#""id":"alice""#), "Value 'alice' at 'identityId' failed to satisfy constraint"),
        (pool(r#","role":{}"#), "unknown field `role`"),
        (pool(r#","roles":{"guests":"arn:aws:iam::1:role/r"}"#), "unknown variant `guests`"),
        (
            pool(
                r#","roles":{"authenticated":"arn:aws:iam::1:role/r","authenticated":"arn:aws:iam::1:role/r"}"#,
            ),
            "an object has the same key twice",
        ),
        (settings(r#","DeveloperProvider":"x""#), "unknown field `DeveloperProvider`"),
        (settings(r#","CognitoIdentityProviders":[{"Provider":"x"}]"#), "unknown field `Provider`"),
        (
            pool(r#","role_mappings":{"accounts.google.com":{"Type":"Token","Ambiguous":"Deny"}}"#),
            "unknown field `Ambiguous`",
        ),
        (
            pool(r#","attribute_maps":{"accounts.google.com":{"Tags":{}}}"#),
            "unknown variant `Tags`, expected `UseDefaults` or `PrincipalTags`",
        ),
        ("[1,2]".to_owned(), "not a JSON object, at column 1"),
        ("null".to_owned(), "not a JSON object, at column 1"),
    ] {
        let told_of = seeded(&[&line]);
        assert!(told_of.contains(told), "{line}\n{told_of}");
    }
}

/// A message never repeats a whole line, or a text in the place of something else.
#[test]
fn messages_are_short_and_tell_no_secrets() {
    let secret = "hunter2";
    for line in [
        format!(r#"{{"session_key":"{secret}"}}"#),
        format!(r#"{{"signing_key":{{"region":"us-east-1","number":"{secret}","sealed":""}}}}"#),
        format!(r#"{{"pool":"{secret}"}}"#),
        identity(&format!(r#""revision":"{secret}""#)),
        identity(&format!(r#""logins":"{secret}""#)),
    ] {
        let told = seeded(&[&line]);
        assert!(!told.contains(secret), "{told}");
    }
    let long = |times: usize| "x\\u001b".repeat(times);
    let subject = |subject: &str| {
        identity(&format!(r#""logins":[{{"developer":"login.game","subject":"{subject}"}}]"#))
    };
    for lines in [
        vec![subject(&long(600))],
        vec![subject(&long(300)), subject(&long(300))],
        vec![identity(&format!(r#""{}":1"#, long(600)))],
        vec![
            settings(&format!(r#","IdentityPoolTags":{{"{}":"aws;"}}"#, long(50)))
                .replace(POOL, BOB),
        ],
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let told = seeded(&lines);
        assert!(told.chars().count() < 400, "{told}");
        assert!(!told.chars().any(char::is_control), "{told}");
    }
}

#[test]
fn lines_in_the_wrong_place() {
    let told = "a line of this kind must not stand here".to_owned();
    let event = format!(
        r#"{{"event":{{"id":"{ALICE}/1","at":"2026-01-01T00:00:00.000Z","operation":"GetId","by":"anyone","changes":[{{"created":{{"logins":[]}}}}]}}}}"#
    );
    let key = r#"{"session_key":{"number":1,"sealed":""}}"#;
    for lines in [
        vec![SEED.to_owned(), identity("")],
        vec![SEED.to_owned(), pool(""), event.clone()],
        vec![SEED.to_owned(), key.to_owned()],
        vec![SEED.to_owned(), pool(""), key.to_owned()],
        vec![EXPORT.to_owned(), event.clone()],
    ] {
        let count = u64::try_from(lines.len()).unwrap();
        assert_eq!(refusal(lines.join("\n") + "\n"), (count, told.clone()), "{lines:?}");
    }
    assert_eq!(seeded(&[SEED]).split(',').next(), Some("unknown variant `cognate`"));
    let first_again = refusal([SEED, SEED].join("\n"));
    assert_eq!(first_again.0, 2);
}

/// An export leaves nothing out.
#[test]
fn an_export_has_all_members() {
    let whole = [
        EXPORT.to_owned(),
        pool(r#","account":"123456789012","created":"2026-01-01T00:00:00.000Z","revision":1"#),
        identity(&format!(
            r#""id":"{ALICE}","state":"AUTHENTICATED","revision":1,{DATES},"logins":[{{"developer":"login.game","subject":"a","ordinal":0}}]"#
        )),
    ];
    World::new(true).import(&sealed(&whole)).expect("imports");
    for (line, member, told) in [
        (1, format!(r#""id":"{POOL}","#), "id"),
        (1, r#","account":"123456789012""#.to_owned(), "account"),
        (1, r#","created":"2026-01-01T00:00:00.000Z""#.to_owned(), "created"),
        (1, r#","revision":1"#.to_owned(), "revision"),
        (2, format!(r#""id":"{ALICE}","#), "id"),
        (2, r#""state":"AUTHENTICATED","#.to_owned(), "state"),
        (2, r#""revision":1,"#.to_owned(), "revision"),
        (2, r#""created":"2026-01-01T00:00:00.000Z","#.to_owned(), "created"),
        (2, r#","modified":"2026-01-02T00:00:00.000Z""#.to_owned(), "modified"),
        (2, r#","ordinal":0"#.to_owned(), "ordinal"),
    ] {
        let mut lines = whole.clone();
        lines[line] = lines[line].replacen(&member, "", 1);
        let expected =
            (u64::try_from(line).unwrap() + 1, format!("the member `{told}` is missing"));
        assert_eq!(refusal(sealed(&lines)), expected);
    }
}
