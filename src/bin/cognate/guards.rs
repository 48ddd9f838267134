//! Guards against requests from other sites, against overload, and against other users of the
//! machine.

pub(crate) mod limits;

use std::net::SocketAddr;
use std::path::Path;

use cognate::http::{Guard, HostName, Origin};
use tracing::warn;

/// The guard for the requests of a server that is bound to this address.
pub(crate) fn of_requests(bound: SocketAddr, hosts: &[HostName], origins: &[Origin]) -> Guard {
    let guard = Guard::bound_to(bound.ip());
    let guard = hosts.iter().cloned().fold(guard, Guard::allow_host);
    let guard = origins.iter().cloned().fold(guard, Guard::allow_origin);
    if !guard.is_local() {
        warn!("signatures are not checked: anyone who can reach {bound} can act for every account");
    }
    guard
}

/// Warns if other users of the machine can access a file or folder that holds a secret.
#[cfg(unix)]
pub(crate) fn warn_of_others(path: &Path, name: &str) {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    // Opening the file reports why it cannot be read.
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        warn!("other users of this machine can access {name} in {path}: its mode is {mode:03o}");
    }
}

#[cfg(not(unix))]
pub(crate) fn warn_of_others(_path: &Path, _name: &str) {}
