//! The tables of a store, and their level.

use uuid::Uuid;

use crate::store::postgres::channel::Channel;
use crate::store::postgres::connect::Servers;
use crate::store::postgres::deadline::Deadline;
use crate::store::postgres::options::PostgresOptions;
use crate::store::postgres::problem::Problem;
use crate::store::postgres::row::table;
use crate::store::{StoreError, Tree};

/// The level of the schema that this version creates. It works on this one and the next.
const LEVEL: i32 = 2;

/// The trees that each level has added, from the first one on. A migration creates their tables.
const STEPS: [&[Tree]; LEVEL as usize] = [
    &[
        Tree::Accounts,
        Tree::Deletions,
        Tree::Identities,
        Tree::IdentityIndex,
        Tree::Logins,
        Tree::Pools,
        Tree::PoolListing,
        Tree::SessionKeys,
        Tree::SigningKeys,
    ],
    &[Tree::Activity, Tree::Journal],
];

/// The level of a schema, and which store it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    level: i32,
    pub(super) store: Uuid,
}

/// The state of a schema.
enum Schema {
    Missing,
    Found(Level),
}

/// Looks for the level of the schema.
pub(super) fn level(
    channel: &mut Channel,
    schema: &str,
    deadline: Deadline,
) -> Result<Level, Problem> {
    match look(channel, schema, deadline)? {
        Schema::Missing => Err(Problem::refused(format!(
            "the database has no schema `{schema}`: run `cognate migrate --store URL`"
        ))),
        Schema::Found(found) => accept(found),
    }
}

fn accept(found: Level) -> Result<Level, Problem> {
    match found.level.checked_sub(LEVEL) {
        Some(0 | 1) => Ok(found),
        Some(2..) => Err(Problem::refused(format!(
            "written by a newer cognate: the schema has level {}, and this version knows {LEVEL} \
             and the next",
            found.level
        ))),
        _ => Err(Problem::refused(format!(
            "the schema has level {}, and this version needs {LEVEL}: run `cognate migrate --store \
             URL`",
            found.level
        ))),
    }
}

/// The columns of all tables of a schema, as one text.
fn columns_of(schema: &str) -> String {
    format!(
        "SELECT string_agg(t || '(' || c || ')', ' ' ORDER BY t) FROM (\
         SELECT r.relname::text COLLATE \"C\" AS t, \
         string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' \
         ORDER BY a.attnum) AS c \
         FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace \
         JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE n.nspname = '{schema}' AND r.relkind = 'r' GROUP BY 1) AS tables"
    )
}

const META: &str = "meta(level integer,store uuid)";
const TOKENS: &str = "tokens(token uuid,at timestamp with time zone,happened boolean)";
const TREE: &str = "(k bytea,h bytea,tail bytea,version uuid,v bytea)";

fn look(channel: &mut Channel, schema: &str, deadline: Deadline) -> Result<Schema, Problem> {
    let rows = channel.simple(&columns_of(schema), deadline)?;
    let Some(columns) = rows.into_iter().flatten().flatten().next() else {
        return Ok(Schema::Missing);
    };
    let foreign = |what: String| {
        Problem::refused(format!("the schema `{schema}` belongs to something else: {what}"))
    };
    if !columns.split_terminator(") ").any(|table| META.starts_with(table)) {
        return Err(foreign("it has tables, but no table `meta` of this crate".to_owned()));
    }
    let meta = format!("SELECT level, store FROM {schema}.meta");
    let rows = channel.simple(&meta, deadline)?;
    let [row] = rows.as_slice() else {
        return Err(foreign("its table `meta` has not exactly one row".to_owned()));
    };
    let mut texts = row.iter().flatten();
    let level = texts.next().and_then(|level| level.parse().ok());
    let store = texts.next().and_then(|store| store.parse().ok());
    let (Some(level), Some(store)) = (level, store) else {
        return Err(foreign("its table `meta` has other values".to_owned()));
    };
    if (1..=LEVEL).contains(&level) {
        let trees = trees_of(|step| step <= level);
        let trees = trees.map(|tree| format!("{}{TREE}", table(tree)));
        for wanted in trees.chain([TOKENS.to_owned()]) {
            if !columns.contains(&wanted) {
                let name = wanted.split('(').next().unwrap_or_default();
                return Err(foreign(format!("its table `{name}` is missing or has other columns")));
            }
        }
    }
    Ok(Schema::Found(Level { level, store }))
}

/// The report of a [migration](PostgresOptions::migrate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The level of the schema before it, if there was one.
    pub before: Option<i32>,
    /// The level of the schema now.
    pub after: i32,
}

/// Creates the schema if it is missing, or brings it to the level of this version.
pub(super) fn migrate(options: &PostgresOptions) -> Result<Migrated, StoreError> {
    let deadline = Deadline::after(options.timeout);
    let migrated = Servers::new(options.clone()).and_then(|servers| {
        let (mut channel, _) = servers.connect(deadline)?;
        migrate_on(&mut channel, &options.schema, deadline)
    });
    migrated.map_err(Problem::into_error)
}

fn migrate_on(
    channel: &mut Channel,
    schema: &str,
    deadline: Deadline,
) -> Result<Migrated, Problem> {
    // READ COMMITTED, so that what the lock waited for is seen. Dropping the connection before the
    // commit undoes everything.
    let lock = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SELECT pg_advisory_xact_lock(hashtextextended('cognate migrate {schema}', 0))"
    );
    channel.simple(&lock, deadline)?;
    let migrated = match look(channel, schema, deadline)? {
        Schema::Missing => {
            channel.simple(&creation(schema), deadline)?;
            channel.simple(&steps_behind(0, schema), deadline)?;
            Migrated { before: None, after: LEVEL }
        }
        Schema::Found(Level { level, .. }) if (1..LEVEL).contains(&level) => {
            channel.simple(&steps_behind(level, schema), deadline)?;
            Migrated { before: Some(level), after: LEVEL }
        }
        Schema::Found(found) => {
            let level = accept(found)?.level;
            Migrated { before: Some(level), after: level }
        }
    };
    channel.simple("COMMIT", deadline)?;
    Ok(migrated)
}

/// The statements that create a schema of level 0, without trees.
fn creation(schema: &str) -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS {schema}; \
         CREATE TABLE {schema}.meta (level integer NOT NULL, store uuid NOT NULL); \
         CREATE UNIQUE INDEX meta_has_one_row ON {schema}.meta ((true)); \
         INSERT INTO {schema}.meta VALUES (0, gen_random_uuid()); \
         CREATE TABLE {schema}.tokens (token uuid PRIMARY KEY, at timestamptz NOT NULL, \
         happened boolean NOT NULL); \
         CREATE INDEX tokens_by_age ON {schema}.tokens (at)"
    )
}

/// The statements that bring a schema of an earlier level to this one.
fn steps_behind(level: i32, schema: &str) -> String {
    let tables = trees_of(|step| step > level).map(|tree| {
        // Room in each page for new versions of its rows.
        format!(
            "CREATE TABLE {schema}.{} (k bytea NOT NULL, h bytea NOT NULL, tail bytea NOT NULL, \
             version uuid NOT NULL, v bytea NOT NULL, PRIMARY KEY (k, h)) WITH (fillfactor = 90); ",
            table(tree)
        )
    });
    format!("{}UPDATE {schema}.meta SET level = {LEVEL}", tables.collect::<String>())
}

/// The trees that some of the steps have added.
fn trees_of(is_meant: impl Fn(i32) -> bool) -> impl Iterator<Item = Tree> {
    let steps = (1..).zip(STEPS).filter(move |(step, _)| is_meant(*step));
    steps.flat_map(|(_, trees)| trees.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tree_is_of_one_level() {
        let mut trees: Vec<Tree> = trees_of(|_| true).collect();
        trees.sort_unstable();
        assert_eq!(trees, Tree::ALL);
    }
}
