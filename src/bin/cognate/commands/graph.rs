//! The command `graph`.

mod dot;
mod mermaid;
mod picture;

use clap::{ArgGroup, Args, ValueEnum};
use cognate::name::{IdentityId, IdentityPoolId};

use crate::commands::output::{Form, Verdict};
use crate::commands::parse;
use crate::commands::source::Source;
use crate::commands::trouble::Trouble;
use picture::Picture;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["identity", "pool"])))]
pub(crate) struct Graph {
    #[command(flatten)]
    source: Source,
    /// An identity, with all that it was merged with.
    #[arg(value_name = "IDENTITY", value_parser = parse::<IdentityId>)]
    identity: Option<IdentityId>,
    /// All identities of a pool.
    #[arg(long, value_name = "ID", value_parser = parse::<IdentityPoolId>)]
    pool: Option<IdentityPoolId>,
    /// The language of the graph.
    #[arg(long, value_name = "NAME", value_enum, default_value = "dot", conflicts_with = "json")]
    format: Format,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Graphviz.
    Dot,
    /// Mermaid, which Markdown of many sites shows.
    Mermaid,
}

pub(crate) fn graph(command: &Graph) -> Result<Verdict, Trouble> {
    let client = command.source.open()?;
    let picture = match (&command.identity, &command.pool) {
        (Some(identity), _) => Picture::of_identity(&client, identity)?,
        (None, Some(pool)) => Picture::of_pool(&client, pool)?,
        // The group is required.
        (None, None) => Picture::default(),
    };
    command.form.print(&picture.json(), || match command.format {
        Format::Dot => dot::drawn(&picture),
        Format::Mermaid => mermaid::drawn(&picture),
    })?;
    Ok(Verdict::Yes)
}
