//! The command `salvage`.

use std::path::PathBuf;

use clap::Args;
use cognate::Loss;
use cognate::store::SledOptions;
use serde_json::{Map, Value, json};

use crate::commands::output::{Form, Verdict, printable};
use crate::commands::trouble::Trouble;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Salvage {
    /// The folder of the damaged database. Its files stay as they are.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The folder of the new database. It must not exist.
    #[arg(long, value_name = "PATH")]
    into: PathBuf,
    #[command(flatten)]
    form: Form,
}

/// The answer is yes if nothing is missing.
pub(crate) fn salvage(command: &Salvage) -> Result<Verdict, Trouble> {
    let Salvage { data, into, form } = command;
    let salvaged = SledOptions::new(data).salvage(into);
    let salvaged = salvaged.map_err(|source| Failure::Salvage { path: data.clone(), source })?;
    let kept = salvaged.kept.iter().map(|(tree, count)| (tree.name().to_owned(), json!(count)));
    let losses = |losses: &[Loss]| losses.iter().map(loss).collect::<Vec<_>>();
    let answer = json!({
        "IsWhole": salvaged.is_whole(),
        "Kept": kept.collect::<Map<_, _>>(),
        "LeftOut": losses(&salvaged.left_out),
        "MadeAnew": losses(&salvaged.made_anew),
    });
    form.print(&answer, || printable(&salvaged.to_string()) + "\n")?;
    Ok(Verdict::yes_if(salvaged.is_whole()))
}

fn loss(loss: &Loss) -> Value {
    let key = loss.key.as_ref().map(ToString::to_string);
    json!({ "Key": key, "Reason": loss.reason, "Effect": loss.effect })
}
