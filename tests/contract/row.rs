//! Rows of the contract, and how they are played.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use cognate::DeveloperLinking;

use crate::scene::{Call, Door, Scene};
use crate::{TABLES, tables, typed};

/// A scenario, and the rules and messages that it tests.
pub(crate) struct Row {
    pub(crate) ids: &'static [&'static str],
    text: &'static str,
    doors: &'static [Door],
    linking: DeveloperLinking,
    play: fn(&Scene),
}

/// A row that is played through both doors.
pub(crate) const fn row(ids: &'static [&'static str], text: &'static str, play: fn(&Scene)) -> Row {
    let (doors, linking) = (&[Door::Typed, Door::Wire], DeveloperLinking::ByIdentityId);
    Row { ids, text, doors, linking, play }
}

/// A row about features of the wire only: syntax, constraints of members, credentials.
pub(crate) const fn wire_row(
    ids: &'static [&'static str],
    text: &'static str,
    play: fn(&Scene),
) -> Row {
    Row { doors: &[Door::Wire], ..row(ids, text, play) }
}

impl Row {
    /// Runs the row on an engine that requires a linked login as proof.
    pub(crate) const fn by_linked_login(self) -> Self {
        Self { linking: DeveloperLinking::ByLinkedLogin, ..self }
    }

    /// The calls through each of the row's doors.
    fn played(&self) -> Result<Vec<Vec<Call>>, String> {
        let mut played = Vec::new();
        for door in self.doors {
            let scene = Scene::new(*door, self.linking);
            let outcome = catch_unwind(AssertUnwindSafe(|| (self.play)(&scene)));
            if outcome.is_err() {
                return Err(format!("{:?} {}, through the {door:?} door", self.ids, self.text));
            }
            scene.world.check();
            let heard = scene.heard();
            let unheard = self.messages().find(|id| !heard.contains(*id));
            if let Some(id) = unheard {
                return Err(format!("{:?} {}: {id} was not heard", self.ids, self.text));
            }
            played.push(scene.calls());
        }
        Ok(played)
    }

    fn messages(&self) -> impl Iterator<Item = &'static str> {
        self.ids.iter().copied().filter(|id| tables::is_message(id))
    }
}

/// Plays a table, unless a test of this process has played it. Returns the variant names of the
/// refusals that it met.
pub(crate) fn play_once(table: &str) -> &'static BTreeSet<String> {
    static PLAYED: [OnceLock<Result<BTreeSet<String>, String>>; TABLES.len()] =
        [const { OnceLock::new() }; TABLES.len()];
    let place = TABLES.iter().position(|(name, _)| *name == table).expect("a table");
    let played = PLAYED[place].get_or_init(|| play(TABLES[place].1).map(|()| typed::refusals()));
    played.as_ref().unwrap_or_else(|failures| panic!("{failures}"))
}

/// Plays every row and reports all failures.
fn play(rows: &[Row]) -> Result<(), String> {
    let mut failed = Vec::new();
    for row in rows {
        match row.played() {
            Ok(played) if played.windows(2).all(|doors| doors[0] == doors[1]) => {}
            Ok(_) => failed.push(format!("{:?} {}: the doors differ", row.ids, row.text)),
            Err(failure) => failed.push(failure),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {} rows: {failed:#?}", failed.len(), rows.len()))
}

#[test]
fn a_failing_row_is_reported() {
    let fails = |row: Row| play(&[row]).is_err();
    assert!(fails(row(&["2.c"], "panics", |_| panic!("as it should"))));
    assert!(fails(row(&["M24"], "does not hear its message", |_| ())));
    assert!(fails(row(&["2.c"], "calls through one door only", |scene| {
        if scene.door == Door::Wire {
            scene.game();
        }
    })));
    assert!(!fails(row(&["2.c"], "does what it says", |scene| {
        scene.game();
    })));
}
