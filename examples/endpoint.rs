//! Tests any HTTP endpoint that speaks AWS JSON 1.1 with the testkit, and reports its differences
//! from the service.
//!
//! ```text
//! cargo run --example endpoint --features testkit -- http://127.0.0.1:5000 100
//! ```
//!
//! Ends with status 1 if there is any disagreement.
#![expect(clippy::print_stderr, reason = "errors go to standard error")]

use std::error::Error;
use std::fmt::Display;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, fs};

use cognate::testkit::{self, HttpEndpoint, Model, Provider, Script, Survey};

const USAGE: &str = "\
usage: endpoint URL [CASES] [OPTION...]      surveys the endpoint
       endpoint URL --replay FILE [OPTION]   performs a script, and prints what comes of each line
       endpoint URL --verify FILE [OPTION]   performs a script, up to the first disagreement
       endpoint --issuer-keys                prints the key set of all providers
       endpoint --issuers                    prints the names of the issuers
       endpoint --clients                    prints each issuer with its application, ISSUER=CLIENT

  --reset URL          where to POST before each sequence, so that it meets nothing of the others;
                       without it each sequence has accounts of its own
  --first-account N    the first account's number of twelve digits
  --length N           how long a sequence is at most (40)
  --seed N             from another seed come other sequences (0)
  --only NAME,NAME...  the operations to be tried; all, if it is not given";

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(agrees) => ExitCode::from(u8::from(!agrees)),
        Err(error) => {
            eprintln!("endpoint: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Options {
    url: Option<String>,
    cases: Option<u32>,
    replay: Option<String>,
    verify: Option<String>,
    reset: Option<String>,
    first_account: Option<u64>,
    length: Option<usize>,
    seed: u64,
    only: Vec<String>,
}

/// Whether the endpoint agrees with the model.
fn run(mut arguments: impl Iterator<Item = String>) -> Result<bool, Box<dyn Error>> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} lacks its value"));
        match argument.as_str() {
            "--help" => return tell(USAGE),
            "--issuer-keys" => return tell(testkit::issuer_key_set()),
            "--issuers" => return tell(Provider::ISSUERS.map(Provider::issuer).join("\n")),
            "--clients" => return tell(Provider::ISSUERS.map(registered).join("\n")),
            "--replay" => options.replay = Some(value()?),
            "--verify" => options.verify = Some(value()?),
            "--reset" => options.reset = Some(value()?),
            "--first-account" => options.first_account = Some(value()?.parse()?),
            "--length" => options.length = Some(value()?.parse()?),
            "--seed" => options.seed = value()?.parse()?,
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            _ if argument.starts_with('-') => return Err(USAGE.into()),
            _ if options.url.is_none() => options.url = Some(argument),
            _ => options.cases = Some(argument.parse()?),
        }
    }
    let Some(url) = &options.url else { return Err(USAGE.into()) };
    // Any answer shows that the endpoint is there.
    minreq::get(url).with_timeout(30).send().map_err(|error| format!("{url}: {error}"))?;
    match (&options.replay, &options.verify) {
        (Some(file), _) => replay(url, &fs::read_to_string(file)?, &options),
        (None, Some(file)) => verify(url, &fs::read_to_string(file)?, &options),
        (None, None) => survey(url, &options),
    }
}

fn registered(provider: Provider) -> String {
    let clients = provider.clients().iter();
    let lines = clients.map(|client| format!("{}={client}", provider.issuer()));
    lines.collect::<Vec<_>>().join("\n")
}

fn tell(text: impl Display) -> Result<bool, Box<dyn Error>> {
    writeln!(io::stdout(), "{text}")?;
    Ok(true)
}

fn survey(url: &str, options: &Options) -> Result<bool, Box<dyn Error>> {
    let mut survey = Survey::new(options.cases.unwrap_or(50), options.length.unwrap_or(40));
    survey = survey.seed(options.seed).only(&options.only);
    if options.reset.is_none() {
        let first_account = options.first_account.unwrap_or_else(any_account);
        tell(format_args!("accounts from {first_account} on"))?;
        survey = survey.accounts_from(first_account);
    }
    let deviations = survey.run(&Model::new(), || {
        reset(options);
        HttpEndpoint::new(url)
    });
    tell(&deviations)?;
    Ok(deviations.is_empty())
}

fn replay(url: &str, script: &str, options: &Options) -> Result<bool, Box<dyn Error>> {
    let script: Script = script.parse()?;
    reset(options);
    let first_account = options.first_account.unwrap_or_else(any_account);
    tell(script.replay(&HttpEndpoint::new(url), first_account))
}

fn verify(url: &str, script: &str, options: &Options) -> Result<bool, Box<dyn Error>> {
    let script: Script = script.parse()?;
    reset(options);
    let first_account = options.first_account.unwrap_or_else(any_account);
    match script.verify(&HttpEndpoint::new(url), Model::new(), first_account) {
        Ok(verified) => tell(verified),
        Err(disagreement) => tell(disagreement).map(|_| false),
    }
}

/// A reset that fails shows in the survey.
fn reset(options: &Options) {
    if let Some(url) = &options.reset
        && let Err(error) = minreq::post(url).with_timeout(30).send()
    {
        eprintln!("endpoint: {url}: {error}");
    }
}

/// A base for account ids that the endpoint has probably never seen.
fn any_account() -> u64 {
    100_000_000_000 + RandomState::new().build_hasher().finish() % 800_000_000_000
}
