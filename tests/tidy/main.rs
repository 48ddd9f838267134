//! The shape of the code: layers look down only, files and lines stay readable.

mod public;

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file under a folder, by its path from the package's root.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no source in {folder}");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("inside").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).expect("text"))
    };
    found.into_iter().map(read).collect()
}

/// What a file names, without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().expect("a first part");
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
const LAYERS: [&[&str]; 14] = [
    &["cause", "constraint", "part"],
    &["ambient", "text"],
    &["id"],
    &["name"],
    &["state"],
    &["credentials", "login"],
    &["rules", "store"],
    &["error"],
    &["check", "token"],
    &["operation"],
    &["engine"],
    &["wire"],
    &["http"],
    &["testkit"],
];

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
        for named in code(&text).split("crate::").skip(1) {
            let end = named.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(0);
            let named = &named[..end];
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
            let is_option = named.starts_with("{DeveloperLinking, RoleAccounts, Unknown");
            assert!(named.starts_with("testkit::") || is_option, "{file} names {named}");
        }
    }
}

#[test]
fn libraries_are_named_where_they_belong() {
    for (library, homes) in [
        ("sled::", &["src/store/sled_store"][..]),
        ("ring::", &["src/token", "src/login", "src/credentials"]),
        ("rsa::", &["src/token/rsa.rs", "src/token.rs", "src/token/key.rs"]),
        ("bincode::", &["src/store/record.rs"]),
        ("getrandom::", &["src/ambient.rs"]),
        ("parking_lot::", &["src/store", "src/engine"]),
        (
            "serde_json::",
            &[
                "src/token",
                "src/login",
                "src/credentials",
                "src/wire",
                "src/http",
                "src/op.rs",
                "src/testkit",
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
    for folder in ["src", "tests", "examples", "benches"] {
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
