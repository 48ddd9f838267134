//! Exports beside writers, as over the other stores.

use std::time::Instant;

use cognate::Engine;

use crate::rig::{Bouncer, Server, Version};
use crate::store::{migrated, open};
use crate::writers::{builder, exports_have_one_moment, no_writer_waits_for_an_export};

/// Two engines that share a database.
fn engines(url: &str) -> Vec<Engine> {
    let open = |_| builder().open_shared(open(url)).expect("an engine");
    [0, 1].map(open).into()
}

#[test]
fn an_export_has_one_moment() {
    let server = Server::shared(Version::Fifteen);
    let url = server.url(&migrated(server));
    println!("PostgreSQL: {}", exports_have_one_moment(engines(&url), Instant::now));
}

#[test]
fn no_writer_waits_for_an_export_that_is_held() {
    let server = Server::shared(Version::Eighteen);
    no_writer_waits_for_an_export(engines(&server.url(&migrated(server))), Instant::now);
    let bouncer = Bouncer::start(server);
    no_writer_waits_for_an_export(engines(&bouncer.url(&migrated(server))), Instant::now);
}
