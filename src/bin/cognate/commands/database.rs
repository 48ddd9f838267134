//! The commands `check`, `stats` and `token`.

use clap::Args;
use cognate::name::IdentityPoolId;
use serde_json::{Map, Value, json};

use crate::commands::client::Client;
use crate::commands::given::TextPlace;
use crate::commands::output::{
    Form, Verdict, coloured, count, date, entries, indented, printable, shown, table, text,
};
use crate::commands::parse;
use crate::commands::source::Source;
use crate::commands::trouble::Trouble;

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    source: Source,
    /// Only this pool.
    #[arg(long, value_name = "ID", value_parser = parse::<IdentityPoolId>)]
    pool: Option<IdentityPoolId>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    source: Source,
    /// The file of the token, or `-` for the standard input stream.
    #[arg(value_name = "@FILE|-")]
    place: TextPlace,
    #[command(flatten)]
    form: Form,
}

pub(crate) fn check(command: &Check) -> Result<Verdict, Trouble> {
    let answer = command.source.open()?.get("/check", &[])?;
    let findings = entries(&answer, "Findings");
    let verdict = Verdict::yes_if(findings.is_empty());
    command.form.print(&answer, || {
        let lines = findings.iter().map(|finding| printable(finding.as_str().unwrap_or_default()));
        let summary = match findings.len() {
            0 => "no violations".to_owned(),
            1 => "1 violation".to_owned(),
            many => format!("{many} violations"),
        };
        let lines = lines.chain([coloured(verdict, &summary)]);
        lines.map(|line| line + "\n").collect()
    })?;
    Ok(verdict)
}

pub(crate) fn stats(command: &Stats) -> Result<Verdict, Trouble> {
    let client = command.source.open()?;
    let pools = match &command.pool {
        Some(pool) => vec![client.get(&format!("/pools/{pool}"), &[])?],
        None => client.list("/pools", "IdentityPools", None)?,
    };
    let pools: Result<Vec<Value>, Trouble> =
        pools.iter().map(|pool| with_counts(&client, pool)).collect();
    let pools = pools?;
    command.form.print(&json!({ "IdentityPools": pools }), || {
        let number = count(&json!({ "Pools": pools }), "Pools", "pool", "pools");
        pools.iter().map(pool_lines).fold(format!("{number}\n"), |lines, pool| lines + "\n" + &pool)
    })?;
    Ok(Verdict::Yes)
}

/// A pool of a listing, with its counts and the date of its last change.
fn with_counts(client: &Client, pool: &Value) -> Result<Value, Trouble> {
    let id = text(pool, "IdentityPoolId");
    let mut counted = Map::new();
    for member in ["IdentityPoolId", "IdentityPoolName", "AccountId", "CreationDate"] {
        counted.insert(member.to_owned(), pool.get(member).cloned().unwrap_or_default());
    }
    if let Value::Object(counts) = client.get(&format!("/pools/{id}/counts"), &[])? {
        counted.extend(counts);
    }
    let events = client.list(&format!("/pools/{id}/activity"), "Events", Some(1))?;
    if let Some(date) = events.first().and_then(|event| event.get("Date")) {
        counted.insert("LastEventDate".to_owned(), date.clone());
    }
    Ok(Value::Object(counted))
}

fn pool_lines(pool: &Value) -> String {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let identities = [
        count(pool, "Authenticated", "authenticated", "authenticated"),
        count(pool, "Unauthenticated", "guest", "guests"),
        count(pool, "Disabled", "disabled", "disabled"),
    ];
    let logins = pool.get("Logins").and_then(Value::as_object);
    let logins = logins.into_iter().flatten().map(|(provider, of)| (shown(provider), of.clone()));
    let others = pool.get("OtherLogins").filter(|others| **others != json!(0)).cloned();
    let logins = logins.chain(others.map(|others| ("other providers".to_owned(), others)));
    let logins = logins.enumerate().map(|(at, (provider, number))| {
        let name = if at == 0 { "logins" } else { "" };
        vec![name.to_owned(), format!("{number} of {provider}")]
    });
    let mut rows = vec![
        row("account", text(pool, "AccountId")),
        row("created", date(pool, "CreationDate")),
        row("identities", identities.join(", ")),
    ];
    rows.extend(logins);
    if pool.get("LastEventDate").is_some() {
        rows.push(row("journal", format!("last event {}", date(pool, "LastEventDate"))));
    }
    let head = format!("{}  {}\n", text(pool, "IdentityPoolId"), text(pool, "IdentityPoolName"));
    head + &indented(&table(&rows))
}

pub(crate) fn token(command: &Token) -> Result<Verdict, Trouble> {
    let mut members = Map::new();
    members.insert("Token".to_owned(), command.place.read_token()?.into());
    let answer = command.source.open()?.post("/token", members)?;
    let verdict = Verdict::yes_if(answer.get("Valid") == Some(&Value::Bool(true)));
    command.form.print(&answer, || {
        let head = match verdict {
            Verdict::Yes => coloured(verdict, "valid"),
            Verdict::No => {
                format!("{}: {}", coloured(verdict, "not valid"), text(&answer, "Reason"))
            }
        };
        let parts =
            ["Header", "Claims"].into_iter().filter_map(|part| answer.get(part)?.as_object());
        let lines = parts.flatten().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{:10}  {}\n", shown(name), shown(&value))
        });
        format!("{head}\n{}", indented(&lines.collect::<String>()))
    })?;
    Ok(verdict)
}
