//! The public items of the crate: each has a name of its own, and an example where a user starts.

use std::collections::{BTreeMap, BTreeSet};

use crate::{code, files, sources};

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

/// The examples in Markdown.
fn examples(markdown: &str) -> String {
    markdown.split("```").skip(1).step_by(2).collect::<Vec<_>>().join("\n")
}

/// Everything that can call a function: the code of all packages, and the examples of all docs.
fn callers() -> String {
    let mut callers = Vec::new();
    for folder in ["src", "tests", "examples", "benches", "fuzz"] {
        for (_, text) in sources(folder) {
            let doc = |line: &str| {
                let line = line.trim_start();
                let doc = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"));
                doc.map(|doc| doc.trim_start().to_owned())
            };
            callers.push(examples(&text.lines().filter_map(doc).collect::<Vec<_>>().join("\n")));
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            callers.push(text.lines().filter(is_code).collect::<Vec<_>>().join("\n"));
        }
    }
    for (_, text) in files("README.md", "md").into_iter().chain(files("docs", "md")) {
        callers.push(examples(&text));
    }
    callers.join("\n")
}

/// The public functions of a file. A function without `self` has in front of it the type that it
/// belongs to; a method is called on a value, and the type does not stand there.
fn public_functions(text: &str) -> Vec<(String, String)> {
    let text = code(text);
    let mut of = "";
    let mut functions = Vec::new();
    let mut start = 0;
    for line in text.lines() {
        let rest = &text[start..];
        start += line.len() + 1;
        if let Some(header) = line.strip_prefix("impl") {
            let header = header.split_once("> ").map_or(header, |(_, header)| header).trim_start();
            of = header.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        } else if line == "}" {
            of = "";
        }
        let is_function =
            ["pub fn ", "pub const fn "].iter().any(|item| line.trim_start().starts_with(item));
        let Some((_, function)) = rest.split_once("fn ").filter(|_| is_function) else { continue };
        let (name, rest) = function.split_once(['(', '<']).expect("arguments");
        let arguments = if function[name.len()..].starts_with('<') {
            rest.split_once('(').expect("arguments").1
        } else {
            rest
        };
        let first = arguments.split([',', ')']).next().unwrap_or_default();
        let is_method =
            first.trim_start_matches(['&', ' ', '\n']).trim_start_matches("mut ") == "self";
        if !name.starts_with('$') {
            functions.push((if is_method { "" } else { of }.to_owned(), name.to_owned()));
        }
    }
    functions
}

/// Every call in `code`: the type in front of the function, if there is one, and the name. A call
/// with a type is also there without it.
fn calls(code: &str) -> BTreeSet<(&str, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut calls = BTreeSet::new();
    let mut at = 0;
    for word in code.split_inclusive(|c| !is_part(c)) {
        let name = word.trim_end_matches(|c| !is_part(c));
        let (before, behind) = (&code[..at], &code[at + name.len()..]);
        at += word.len();
        if let Some(path) = before.strip_suffix("::") {
            let is_generic = path.ends_with('>');
            let of = if is_generic { path.rsplit_once("::<") } else { None };
            let of = of.map_or(path, |(of, _)| of);
            calls.insert((&of[of.trim_end_matches(is_part).len()..], name));
            calls.insert(("", name));
        } else if before.ends_with('.') || (behind.starts_with('(') && !before.ends_with("fn ")) {
            calls.insert(("", name));
        }
    }
    calls
}

/// rustc reports unused functions only if they are private. Methods of one name in several types
/// cannot be told apart here.
#[test]
fn every_public_function_is_called() {
    let callers = callers();
    let all = calls(&callers);
    let (mut seen, mut unused) = (0, Vec::new());
    for (file, text) in sources("src") {
        if file.starts_with("src/bin/") || file.ends_with("tests.rs") {
            continue;
        }
        let own = calls(&text);
        for (of, name) in public_functions(&text) {
            seen += 1;
            if !all.contains(&(&*of, &*name)) && !own.contains(&("Self", &*name)) {
                unused.push(format!("{file}: {of} {name}"));
            }
        }
    }
    assert!(unused.is_empty(), "nothing calls {unused:#?}");
    assert!(seen > 200, "only {seen} functions were looked at");
}
