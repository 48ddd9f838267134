//! The public items of the crate: each has a name of its own, and an example where a user starts.

use std::collections::BTreeMap;

use crate::{code, sources};

/// The public types and free functions of a file. rustc's lint `unreachable_pub` lets no other item
/// be `pub`.
fn public_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let name_behind = |line: &str, keyword: &str| {
        let rest = line.strip_prefix(keyword)?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    };
    let text = code(text);
    for line in text.lines() {
        let keywords = ["struct", "enum", "trait", "type", "fn", "const fn", "const"];
        names.extend(keywords.iter().find_map(|item| name_behind(line, &format!("pub {item} "))));
        // Inputs and text types come from macros.
        let line = line.trim_start();
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        if first.ends_with("Input") && rest.starts_with("=> ") {
            names.push(first.to_owned());
        }
        let text_type = line.strip_prefix("secret ").unwrap_or(line);
        names.extend(text_type.split_once(" at \"").map(|(name, _)| name.to_owned()));
    }
    names.retain(|name| !name.is_empty() && !name.starts_with('$'));
    names
}

#[test]
fn no_public_name_is_twice_in_the_crate() {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in sources("src") {
        if !file.starts_with("src/bin/") && !file.ends_with("tests.rs") {
            for name in public_names(&text) {
                homes.entry(name).or_default().push(file.clone());
            }
        }
    }
    assert!(homes.contains_key("GetIdInput") && homes.contains_key("LoginToken"), "{homes:?}");
    let twice: Vec<_> = homes.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// The documentation in front of the line that ends at `end`.
fn docs_before(text: &str, end: usize) -> String {
    let lines = text[..end].lines().rev();
    let is_part = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with('#') || line.starts_with(')') || line == ")]"
    };
    lines.take_while(is_part).collect::<Vec<_>>().join("\n")
}

#[test]
fn operations_traits_and_builders_have_examples() {
    let (mut seen, mut missing) = (0, Vec::new());
    for (file, text) in sources("src") {
        if file.starts_with("src/bin/") || file.contains("/tests") {
            continue;
        }
        let lines = text.match_indices('\n').map(|(at, _)| at + 1).chain([0]);
        for start in lines {
            let line = text[start..].lines().next().unwrap_or_default();
            let is_operation = line.starts_with("    pub fn ") && {
                let signature = text[start..].split('{').next().unwrap_or_default();
                file.starts_with("src/engine/") && signature.contains("input: ")
            };
            let is_trait = line.starts_with("pub trait ");
            let is_builder = ["Builder", "SledOptions", "OidcVerifier", "Issuer", "Guard"]
                .iter()
                .any(|name| line.starts_with(&format!("pub struct {name} ")));
            if is_operation || is_trait || is_builder {
                seen += 1;
                let docs = docs_before(&text, start);
                if !docs.contains("```") {
                    missing.push(format!("{file}: {}", line.trim()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no example: {missing:#?}");
    // 23 operations, resolve_developer_identity, traits and builders.
    assert!(seen > 30, "only {seen} items were looked at");
}

#[test]
fn the_program_of_the_readme_is_short() {
    let readme = include_str!("../../README.md");
    let program = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let is_shown = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let lines: Vec<_> = program.expect("a program").lines().filter(is_shown).collect();
    let question_marks = lines.concat().matches('?').count();
    assert!(!lines.is_empty() && lines.len() <= 20, "{} lines", lines.len());
    assert!(question_marks <= 8, "{question_marks} question marks");
}
