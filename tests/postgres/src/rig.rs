//! The servers that the tests start.

mod bouncer;
mod certificates;
mod cluster;
mod command;
mod disk;
mod program;
mod proxy;
mod server;

pub(crate) use bouncer::Bouncer;
pub(crate) use certificates::Authority;
pub(crate) use cluster::Cluster;
pub(crate) use disk::Disk;
pub(crate) use program::{Program, cognate};
pub(crate) use proxy::{Cut, Proxy};
pub(crate) use server::{Server, Version};
