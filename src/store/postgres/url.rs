//! The URL of a database. Errors name a part of it and show no part that may belong to a password.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::store::postgres::options::{Password, PostgresHost, PostgresOptions};
use crate::store::postgres::tls::{PostgresTls, Roots};

/// The part of a PostgreSQL URL that is wrong. It shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresUrlError(String);

impl fmt::Display for PostgresUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URL of the store: {}", self.0)
    }
}

impl std::error::Error for PostgresUrlError {}

fn wrong(what: impl Into<String>) -> PostgresUrlError {
    PostgresUrlError(what.into())
}

const PORT: u16 = 5432;

pub(super) fn parse(url: &str) -> Result<PostgresOptions, PostgresUrlError> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or_else(|| wrong("it does not begin with `postgres://`"))?;
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (authority, database) = match before.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (before, None),
    };
    let behind = [database, query];
    if behind.iter().flatten().any(|part| part.contains('@')) || rest.contains('#') {
        return Err(wrong(
            "percent-encode `@`, `/`, `?`, `#` and `%` in the user, the password and the values",
        ));
    }
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    let (user, password) = match user.and_then(|user| user.split_once(':')) {
        Some((user, password)) => (Some(user), Some(password)),
        None => (user, None),
    };
    let decode = |part: &str, name: &str| decode(part).ok_or_else(|| undecodable(name));
    let user = match user.filter(|user| !user.is_empty()) {
        Some(user) => decode(user, "user")?,
        None => env::var("PGUSER").map_err(|_| wrong("it names no user, and PGUSER is not set"))?,
    };
    let password = password.map(|password| decode(password, "password")).transpose()?;
    let database = match database.filter(|database| !database.is_empty()) {
        Some(database) => decode(database, "database")?,
        None => user.clone(),
    };
    let hosts = hosts.split(',').zip(1..).map(|(host, number)| parse_host(host, number));
    let mut options = PostgresOptions {
        hosts: hosts.collect::<Result<_, _>>()?,
        user,
        password: password.map(Password),
        database,
        tls: None,
        roots: Roots::System,
        connect_timeout: Duration::from_secs(3),
        application_name: "cognate".to_owned(),
        schema: "cognate".to_owned(),
        pools_transactions: false,
        connections: 8,
        timeout: Duration::from_secs(10),
        is_relaxed: false,
    };
    let mut seen = Vec::new();
    for parameter in query.into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = parameter
            .split_once('=')
            .ok_or_else(|| wrong("a parameter has no `=` between its name and its value"))?;
        if seen.contains(&name) {
            return Err(wrong(format!("the parameter `{}` appears twice", shown(name))));
        }
        seen.push(name);
        set(&mut options, name, &decode(value, shown(name))?)?;
    }
    Ok(options)
}

fn undecodable(name: &str) -> PostgresUrlError {
    wrong(format!("the {name} has a `%` that no two hexadecimal digits follow, or is no UTF-8"))
}

/// The name of a parameter for messages, unless it looks like a piece of something else.
fn shown(name: &str) -> &str {
    let is_name = name.len() <= 30 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_name { name } else { "(unreadable)" }
}

fn parse_host(host: &str, number: usize) -> Result<PostgresHost, PostgresUrlError> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest
                .split_once(']')
                .ok_or_else(|| wrong(format!("host {number} has no `]` behind its address")))?;
            let address: std::net::Ipv6Addr = address
                .parse()
                .map_err(|_| wrong(format!("host {number} is not an address in brackets")))?;
            (address.to_string(), port.strip_prefix(':'))
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name.to_owned(), Some(port)),
            None => (host.to_owned(), None),
        },
    };
    let port = port.map_or(Ok(PORT), |port| {
        port.parse().map_err(|_| wrong(format!("the port of host {number} is not a number")))
    })?;
    let name = decode(&name).ok_or_else(|| undecodable("name of a host"))?;
    if name.is_empty() {
        return Err(wrong(format!("host {number} has no name")));
    }
    if name.starts_with('/') {
        return Ok(PostgresHost::Unix(PathBuf::from(name), port));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if !name.chars().all(is_plain) {
        return Err(wrong(format!("host {number} is neither a name nor an address")));
    }
    Ok(PostgresHost::Tcp(name, port))
}

fn set(options: &mut PostgresOptions, name: &str, value: &str) -> Result<(), PostgresUrlError> {
    let one_of = |values: &str| Err(wrong(format!("`{name}` is one of {values}")));
    match name {
        "sslmode" => {
            options.tls = Some(match value {
                "disable" => PostgresTls::Disable,
                "require" => PostgresTls::Require,
                "verify-ca" => PostgresTls::VerifyCa,
                "verify-full" => PostgresTls::VerifyFull,
                _ => return one_of("`disable`, `require`, `verify-ca` and `verify-full`"),
            });
        }
        "sslrootcert" => {
            options.roots = match value {
                "" => return Err(wrong("`sslrootcert` is a file or `system`")),
                "system" => Roots::System,
                path => Roots::File(PathBuf::from(path)),
            };
        }
        "connect_timeout" => match value.parse() {
            Ok(seconds @ 1..=3600) => options.connect_timeout = Duration::from_secs(seconds),
            _ => return Err(wrong("`connect_timeout` is a number of seconds from 1 to 3600")),
        },
        "application_name" => value.clone_into(&mut options.application_name),
        "target_session_attrs" if value == "read-write" => {}
        "target_session_attrs" => return one_of("`read-write`"),
        "pooler" => {
            options.pools_transactions = match value {
                "transaction" => true,
                "none" => false,
                _ => return one_of("`transaction` and `none`"),
            };
        }
        "schema" => {
            let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let first = value.bytes().next();
            let is_name = first.is_some_and(|b| b.is_ascii_lowercase())
                && value.len() <= 40
                && !value.starts_with("pg_")
                && value.bytes().all(is_part);
            if !is_name {
                return Err(wrong(
                    "`schema` is a letter and then at most 39 of a-z, 0-9 and _, not pg_ first",
                ));
            }
            value.clone_into(&mut options.schema);
        }
        _ => return Err(wrong(format!("the parameter `{}` is unknown", shown(name)))),
    }
    Ok(())
}

/// The text that percent-encoding stands for.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [char::from(rest.next()?), char::from(rest.next()?)];
            let [high, low] = digits.map(|digit| digit.to_digit(16));
            let code = high?.checked_mul(16)?.checked_add(low?)?;
            bytes.push(u8::try_from(code).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    // The server's protocol ends texts with a zero.
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests;
