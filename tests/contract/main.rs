//! The contract of the service, rule by rule, through the typed door and through the wire door.
//!
//! `rules.tsv` lists the rules and `messages.tsv` the service's texts, each with an id. A row plays
//! a scenario and names the ids that it tests. A rule that no row can test has its reason in the
//! tables and is listed in `UNCOVERED.md`, which `COGNATE_BLESS=1` regenerates.

#[expect(dead_code, reason = "shared with the tests of the API")]
#[path = "../api/support.rs"]
mod support;

mod attributes;
mod beside;
mod choices;
mod credentials;
mod descriptions;
mod developer;
mod headers;
mod lookup;
mod oidc;
mod parts;
mod pools;
mod public;
mod regions;
mod resolution;
mod roles;
mod row;
mod scene;
mod serialization;
mod stores;
mod tables;
mod tags;
mod tokens;
mod typed;
mod unlink;
mod wire;

use row::Row;

/// Every table of rows by its name, and one test for each, so that tables run in parallel.
macro_rules! tables {
    ($($name:ident: $module:ident;)*) => {
        const TABLES: &[(&str, &[Row])] = &[$((stringify!($module), $module::ROWS)),*];

        $(
            #[test]
            fn $name() {
                row::play_once(stringify!($module));
            }
        )*
    };
}

tables! {
    attribute_maps: attributes;
    choices_of_this_library: choices;
    credentials_and_their_roles: credentials;
    descriptions_of_identities: descriptions;
    developer_users: developer;
    headers_of_http: headers;
    lookups_merges_and_unlinks: lookup;
    logins_of_openid_connect: oidc;
    pools_of_identities: pools;
    public_operations: public;
    regions_and_their_partitions: regions;
    resolution_of_logins: resolution;
    roles_of_a_pool: roles;
    tokens_beside_logins: beside;
    values_of_another_type: serialization;
    tags_of_a_pool: tags;
    tokens_of_the_engine: tokens;
    unlinked_public_logins: unlink;
    the_wire: wire;
}

fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().flat_map(|(_, rows)| *rows)
}
