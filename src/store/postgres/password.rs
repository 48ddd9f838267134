//! The password of a user at a host, from the usual places.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::store::postgres::options::{PostgresHost, PostgresOptions};
use crate::store::postgres::problem::Problem;

/// The password for a host: given with the options, in `PGPASSWORD`, or in the password file.
pub(super) fn find(
    options: &PostgresOptions,
    host: &PostgresHost,
) -> Result<Option<String>, Problem> {
    if let Some(password) = &options.password {
        return Ok(Some(password.0.clone()));
    }
    if let Ok(password) = env::var("PGPASSWORD") {
        return Ok(Some(password));
    }
    let named = env::var_os("PGPASSFILE").map(PathBuf::from);
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".pgpass"));
    let Some(path) = named.or(home) else {
        return Ok(None);
    };
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(None);
    };
    refuse_if_others_read(&path)?;
    Ok(find_in(&text, options, host))
}

#[cfg(unix)]
fn refuse_if_others_read(path: &Path) -> Result<(), Problem> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        let path = path.display();
        return Err(Problem::refused(format!("others can read {path}: set its mode to 0600")));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_others_read(_: &Path) -> Result<(), Problem> {
    Ok(())
}

/// The password of the first line `host:port:database:user:password` that fits. `*` fits anything.
fn find_in(text: &str, options: &PostgresOptions, host: &PostgresHost) -> Option<String> {
    let (name, port) = match host {
        PostgresHost::Tcp(name, port) => (name.as_str(), port),
        PostgresHost::Unix(_, port) => ("localhost", port),
    };
    let wanted = [name, &port.to_string(), &options.database, &options.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, fields) = fields.split_last()?;
        let fits = |(field, wanted): (&String, &&str)| field == "*" || field == wanted;
        let all = fields.len() == wanted.len() && fields.iter().zip(&wanted).all(fits);
        all.then(|| password.clone())
    })
}

/// The five fields of a line. A backslash takes the meaning from what follows it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => {
                if let (Some(next), Some(field)) = (characters.next(), fields.last_mut()) {
                    field.push(next);
                }
            }
            other => {
                if let Some(field) = fields.last_mut() {
                    field.push(other);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let options = PostgresOptions::parse("postgres://ann@db.example/shop").expect("a URL");
        let host = options.hosts.first().expect("a host").clone();
        find_in(text, &options, &host)
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        for (text, password) in [
            ("db.example:5432:shop:ann:one\n*:*:*:*:two", Some("one")),
            ("other:5432:shop:ann:one\n*:*:*:*:two", Some("two")),
            ("# *:*:*:*:one\n*:*:*:ann:two", Some("two")),
            ("*:*:*:*:a\\:b\\\\c:d", Some("a:b\\c:d")),
            ("*:5433:*:*:one", None),
            ("*:*:*:one", None),
            ("", None),
        ] {
            assert_eq!(found(text).as_deref(), password, "{text}");
        }
    }
}
