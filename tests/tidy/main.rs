//! The shape of the code and its docs: layers look down only, files and lines stay short, and
//! headings and docs start with a noun or a verb.

mod public;

use std::fs;
use std::path::{Path, PathBuf};

/// Every file with this extension under a path, by its name from the package's root.
fn files(under: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(path: PathBuf, extension: &str, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(&path).expect("a folder") {
                let path = entry.expect("an entry").path();
                if !path.ends_with("target") {
                    walk(path, extension, found);
                }
            }
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root.join(under), extension, &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("inside").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).expect("text"))
    };
    found.into_iter().map(read).collect()
}

/// Every source file under a folder.
fn sources(folder: &str) -> Vec<(String, String)> {
    let sources = files(folder, "rs");
    assert!(!sources.is_empty(), "no source in {folder}");
    sources
}

/// The code of a file, without its tests and comments.
fn code(text: &str) -> String {
    let tests = ["#[cfg(test)]\nmod tests {", "#[cfg(all(test, "];
    let start = tests.iter().filter_map(|tests| text.find(tests)).min();
    let text = &text[..start.unwrap_or(text.len())];
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module that a file belongs to: `rules` for `src/rules.rs` and `src/rules/link.rs`.
fn module(file: &str) -> &str {
    let path = file.strip_prefix("src/").unwrap_or(file);
    path.split(['/', '.']).next().expect("a first part")
}

/// The modules of the library, from the lowest layer to the highest. A module imports only from the
/// layers below its own.
const LAYERS: [&[&str]; 18] = [
    &["cause", "constraint", "part", "sync"],
    &["ambient", "text"],
    &["id"],
    &["name"],
    &["state"],
    &["credentials", "login"],
    &["rules", "store"],
    &["error"],
    &["check", "token"],
    &["salvage"],
    &["operation"],
    &["admin"],
    &["exchange"],
    &["engine"],
    &["wire"],
    &["sts"],
    &["http"],
    &["control", "testkit"],
];

/// The name at the start of a path, or all names at the start of a group in braces.
fn first_names(path: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let first = |path: &'_ str| path.find(|c| !is_name(c)).unwrap_or(path.len());
    match path.strip_prefix('{').and_then(|group| group.split('}').next()) {
        Some(group) => group.split(',').map(str::trim).map(|one| &one[..first(one)]).collect(),
        None => vec![&path[..first(path)]],
    }
}

#[test]
fn layers_look_down_only() {
    let layer = |module: &str| LAYERS.iter().position(|modules| modules.contains(&module));
    let is_test = |file: &str| file.ends_with("tests.rs") || file.contains("/tests/");
    for (file, text) in sources("src") {
        let own = module(&file);
        if own == "lib" || own == "bin" || is_test(&file) || file.contains("/properties") {
            continue;
        }
        let height = layer(own).unwrap_or_else(|| panic!("{file} is in no layer"));
        for named in code(&text).split("crate::").skip(1).flat_map(first_names) {
            let is_module = named.starts_with(|c: char| c.is_lowercase()) && named != own;
            if let (true, Some(below)) = (is_module, layer(named)) {
                assert!(below < height, "{file} names `{named}`");
            }
        }
    }
}

/// The model says the contract a second time: it would say nothing if it asked the first.
#[test]
fn the_model_knows_nothing_of_the_engine() {
    let model = |(file, _): &(String, String)| file.starts_with("src/testkit/model");
    for (file, text) in sources("src").into_iter().filter(model) {
        for named in code(&text).split("crate::").skip(1) {
            let is_option =
                named.starts_with("{DeveloperLinking, RoleAccounts, Throttling, Unknown");
            assert!(named.starts_with("testkit::") || is_option, "{file} names {named}");
        }
    }
}

#[test]
fn libraries_are_named_where_they_belong() {
    for (library, homes) in [
        ("sled::", &["src/store/sled_store"][..]),
        (
            "ring::",
            &[
                "src/token",
                "src/login",
                "src/credentials",
                "src/exchange",
                "src/sts/tests/signer.rs",
                "src/store/version.rs",
                "src/store/copy.rs",
                "src/store/postgres",
            ],
        ),
        ("tokio_postgres::", &["src/store/postgres"]),
        (
            "rustls::",
            &[
                "src/store/postgres/tls.rs",
                "src/store/postgres/connect.rs",
                "src/bin/cognate/key_sets/fetcher.rs",
            ],
        ),
        ("rsa::", &["src/token/rsa.rs", "src/token.rs", "src/token/key.rs"]),
        ("bincode::", &["src/store/record.rs"]),
        ("getrandom::", &["src/ambient.rs"]),
        ("humantime::", &["src/ambient.rs", "src/exchange/line/date.rs"]),
        (
            "parking_lot::",
            &["src/store", "src/engine", "src/sync.rs", "src/control", "src/bin/cognate/key_sets"],
        ),
        (
            "serde_json::",
            &[
                "src/token",
                "src/login",
                "src/credentials",
                "src/exchange",
                "src/wire",
                "src/http",
                "src/control",
                "src/operation.rs",
                "src/testkit",
                "src/bin/cognate/commands",
            ],
        ),
    ] {
        for (file, text) in sources("src") {
            let code = code(&text);
            let named = code.match_indices(library).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
            });
            let home = homes.iter().any(|home| file.starts_with(home));
            assert!(!named || home, "{file} names {library}");
        }
    }
}

#[test]
fn files_and_lines_are_short() {
    for folder in ["src", "tests", "examples", "benches", "fuzz"] {
        for (file, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 400, "{file} has {lines} lines");
            // Rows of a table may be longer.
            let tables = file.contains("/tests") || file.starts_with("tests/");
            for (line, number) in text.lines().zip(1..) {
                let row = tables || line.starts_with("//! |") || line.starts_with("/// |");
                assert!(row || line.chars().count() <= 100, "{file}:{number} is too long");
            }
        }
    }
}

/// The Markdown of a file: all of it, or the doc comments of source. Each line has its number, and
/// other lines of source are empty.
fn markdown<'a>(file: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let is_source = Path::new(file).extension().is_some_and(|extension| extension == "rs");
    let doc = |line: &'a str| {
        let line = line.trim_start();
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).unwrap_or_default().trim()
    };
    (1..).zip(text.lines().map(|line| if is_source { doc(line) } else { line.trim() })).collect()
}

/// The headings of Markdown outside its examples.
fn headings<'a>(lines: &[(usize, &'a str)]) -> Vec<(usize, &'a str)> {
    let mut is_example = false;
    let mut headings = Vec::new();
    for (number, line) in lines {
        is_example ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if !is_example && heading.len() < line.len() && heading.starts_with(' ') {
            headings.push((*number, heading.trim()));
        }
    }
    headings
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphabetic()).next().expect("a first part")
}

#[test]
fn docs_start_with_no_question_word() {
    let is_doc =
        |line: &str| line.trim_start().starts_with("//!") || line.trim_start().starts_with("///");
    let mut found = Vec::new();
    for (file, text) in sources("src") {
        let mut is_first = true;
        for (line, (number, doc)) in text.lines().zip(markdown(&file, &text)) {
            if is_first && ["What", "Who", "Which"].contains(&first_word(doc)) {
                found.push(format!("{file}:{number}: {doc}"));
            }
            is_first = !is_doc(line);
        }
    }
    assert!(found.is_empty(), "{} docs:\n{}", found.len(), found.join("\n"));
}

#[test]
fn headings_start_with_no_question_word() {
    let mut all = Vec::new();
    for folder in ["src", "tests", "benches", "examples", "fuzz"] {
        all.extend(files(folder, "rs"));
    }
    for path in ["README.md", "CHANGELOG.md", "docs", "tests"] {
        if Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists() {
            all.extend(files(path, "md"));
        }
    }
    let mut count = 0;
    for (file, text) in &all {
        for (number, heading) in headings(&markdown(file, text)) {
            let is_question = ["What", "Who", "Which"].contains(&first_word(heading));
            assert!(!is_question, "{file}:{number}: the heading `{heading}`");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} headings were found");
}
