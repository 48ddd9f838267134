//! The examples of `docs/exchange.md` are files that are imported.

use cognate::exchange::{Export, Import};
use cognate::testkit::TestClock;

use crate::support::{World, builder};

const PAGE: &str = include_str!("../../docs/exchange.md");

/// The examples of JSON lines on the page.
fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix("json\n")).collect()
}

#[test]
fn the_export_on_the_page_is_what_an_engine_writes() {
    let [export, _] = examples()[..] else { panic!("an export and a seed") };
    let world = World::new(true);
    let imported = world.import(export.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((imported.identities, imported.events), (2, 3));
    world.checked();
    let again = world.export(Export::all().history(true));
    let again = String::from_utf8(again).expect("UTF-8");
    // All but the date in the first line, and the digest.
    let body = |text: &str| {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..lines.len() - 1].to_vec()
    };
    assert_eq!(body(&again), body(export));
}

#[test]
fn the_seed_on_the_page_is_imported() {
    let [_, seed] = examples()[..] else { panic!("an export and a seed") };
    let engine = builder(&TestClock::default(), false).in_memory().expect("opens");
    let import = Import::new().region("us-east-1".parse().unwrap());
    let imported = engine.admin().import(import, seed.as_bytes());
    assert_eq!(imported.unwrap_or_else(|error| panic!("{error}")).identities, 3);
    assert_eq!(engine.check().expect("readable"), []);
}
