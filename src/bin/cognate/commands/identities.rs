//! The commands `find`, `history` and `undo`.

use clap::{ArgGroup, Args};
use cognate::admin::EventId;
use cognate::name::{IdentityId, IdentityPoolId, ProviderName, Subject};
use serde_json::{Map, Value, json};

use crate::commands::given::TextPlace;
use crate::commands::output::{Form, Verdict, coloured, entries, identity, printable};
use crate::commands::source::Source;
use crate::commands::trouble::Trouble;
use crate::commands::{explained, parse};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("user").required(true).args(["pool", "token"])))]
pub(crate) struct Find {
    #[command(flatten)]
    source: Source,
    /// The pool of the login.
    #[arg(long, value_name = "ID", value_parser = parse::<IdentityPoolId>,
        requires_all = ["provider", "subject"])]
    pool: Option<IdentityPoolId>,
    /// The provider of the login, such as `accounts.google.com`.
    #[arg(long, value_name = "NAME", value_parser = parse::<ProviderName>, requires = "pool")]
    provider: Option<ProviderName>,
    /// The user's id at the provider.
    #[arg(long, value_name = "SUBJECT", value_parser = parse::<Subject>, requires = "pool")]
    subject: Option<Subject>,
    /// A token of this engine, in a file or from the standard input stream.
    #[arg(long, value_name = "@FILE|-")]
    token: Option<TextPlace>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    source: Source,
    /// The identity.
    #[arg(value_name = "IDENTITY", value_parser = parse::<IdentityId>)]
    identity: IdentityId,
    /// Only the newest events.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    #[command(flatten)]
    source: Source,
    /// The event: `IDENTITY/REVISION`, as `history` prints it.
    #[arg(value_name = "EVENT", value_parser = parse::<EventId>)]
    event: EventId,
    /// Explains the undo, and changes nothing.
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    form: Form,
}

pub(crate) fn find(command: &Find) -> Result<Verdict, Trouble> {
    let token = command.token.as_ref().map(TextPlace::read_token).transpose()?;
    let given = [
        ("IdentityPoolId", command.pool.as_ref().map(IdentityPoolId::as_str)),
        ("Provider", command.provider.as_ref().map(ProviderName::as_str)),
        ("Subject", command.subject.as_ref().map(Subject::as_str)),
        ("Token", token.as_deref()),
    ];
    let members = given.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
    let found = command.source.open()?.post("/find", members.collect())?;
    command.form.print(&found, || identity(&found))?;
    Ok(Verdict::Yes)
}

pub(crate) fn history(command: &History) -> Result<Verdict, Trouble> {
    let path = format!("/identities/{}/history", command.identity);
    let events = command.source.open()?.list(&path, "Events", command.limit)?;
    let answer = json!({ "Events": events });
    command.form.print(&answer, || events.iter().map(line_of).collect())?;
    Ok(Verdict::Yes)
}

/// An event, as a line.
fn line_of(event: &Value) -> String {
    let text = event.get("Text").and_then(Value::as_str);
    printable(text.unwrap_or_default()) + "\n"
}

pub(crate) fn undo(command: &Undo) -> Result<Verdict, Trouble> {
    let mut members = Map::new();
    members.insert("EventId".to_owned(), command.event.to_string().into());
    if command.preview {
        members.insert("Preview".to_owned(), true.into());
    }
    let answer = command.source.open()?.post("/undo", members)?;
    if command.preview {
        return explained(command.form, &answer);
    }
    command.form.print(&answer, || {
        let identities: String = entries(&answer, "Identities").iter().map(identity).collect();
        format!("{}  {}\n{identities}", coloured(Verdict::Yes, "undone"), command.event)
    })?;
    Ok(Verdict::Yes)
}
