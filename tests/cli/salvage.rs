//! The command `salvage`.

use std::fs;

use crate::golden::assert_golden;
use crate::scene::{Scene, run, yes};

#[test]
fn a_salvage_tells_the_records_that_it_keeps() {
    let scene = Scene::seeded();
    let data = scene.data();
    fs::write(scene.path("data").join("commit"), "damage").expect("writes");
    assert_eq!(run(&["check", "--data", &data]).status, Some(3));
    let salvage = |into: &str, form: &[&str]| {
        yes(&[&["salvage", "--data", &data, "--into", &scene.name(into)], form].concat())
    };
    assert_golden("salvage.txt", &salvage("one", &[]));
    assert_golden("salvage.json", &salvage("two", &["--json"]));
    let again = run(&["salvage", "--data", &data, "--into", &scene.name("two")]);
    assert_eq!(again.status, Some(3), "{}", again.errors);
}
