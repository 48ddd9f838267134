//! Expected outputs in files. `COGNATE_GOLDEN=write` writes them.

use std::path::Path;
use std::{env, fs};

/// Compares an output with the file of that name, without what differs from run to run.
#[track_caller]
pub(crate) fn assert_golden(name: &str, output: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(name);
    let output = masked(output);
    if env::var_os("COGNATE_GOLDEN").is_some_and(|mode| mode == "write") {
        fs::write(&path, output).expect("a file");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(output == expected, "{name}: expected\n{expected}\nbut found\n{output}");
}

/// The output with words in the place of dates after 2020, digests, and random ids.
pub(crate) fn masked(output: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    let mut masked = String::new();
    let mut rest = output;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        masked.push_str(mask(word).unwrap_or(word));
        let other = after.find(is_of_word).unwrap_or(after.len());
        let (other, next) = after.split_at(other);
        masked.push_str(other);
        rest = next;
    }
    masked
}

fn mask(word: &str) -> Option<&'static str> {
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = word.split('-').collect();
    let is_guid = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    let whole = word.split('.').next().unwrap_or_default();
    let is_number = word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_date = word.len() == 24 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    match word {
        _ if is_date && !word.starts_with("2020-") => Some("DATE"),
        _ if is_number && whole.len() == 10 && whole > "1600000000" => Some("SECONDS"),
        _ if word.len() == 64 && is_hex(word) => Some("DIGEST"),
        _ if is_guid && parts.iter().all(|part| is_hex(part)) => Some("GUID"),
        _ => None,
    }
}

#[test]
fn masks_are_for_what_differs() {
    for (text, masked) in [
        ("2026-11-28T12:00:00.000Z, 2020-01-01T00:00:00.000Z", "DATE, 2020-01-01T00:00:00.000Z"),
        ("1764000000.123 1577836800.0 123456789012", "SECONDS 1577836800.0 123456789012"),
        ("request f3a1c2d4-0000-4000-8000-000000000000", "request GUID"),
        (
            "us-east-1:a11ce000-0000-4000-8000-000000000000/2",
            "us-east-1:a11ce000-0000-4000-8000-000000000000/2",
        ),
    ] {
        assert_eq!(self::masked(text), masked);
    }
}
