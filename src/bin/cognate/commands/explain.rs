//! The command `explain`.

use std::str::FromStr;

use bytes::Bytes;
use clap::Args;
use cognate::name::{AccountId, Region};
use cognate::wire::ServiceOperation;
use http::{HeaderValue, Method, header};

use crate::commands::client::request;
use crate::commands::given::GivenText;
use crate::commands::output::{Form, Verdict};
use crate::commands::source::Source;
use crate::commands::trouble::Trouble;
use crate::commands::{explained, parse};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    source: Source,
    /// The operation of the service, such as `GetId`.
    #[arg(value_name = "OPERATION", value_parser = target)]
    operation: Target,
    /// The input of the operation: JSON, `@FILE`, or `-` for the standard input stream.
    #[arg(long, value_name = "JSON|@FILE|-")]
    body: GivenText,
    /// The caller of an operation that needs credentials.
    #[arg(long = "as", value_name = "ACCOUNT/REGION", value_parser = parse::<Caller>)]
    caller: Option<Caller>,
    #[command(flatten)]
    form: Form,
}

/// The value of the header `X-Amz-Target`.
#[derive(Debug, Clone)]
struct Target(HeaderValue);

fn target(operation: &str) -> Result<Target, &'static str> {
    let unknown = "no operation of the service";
    let target = format!("AWSCognitoIdentityService.{operation}");
    ServiceOperation::of_target(&target).ok_or(unknown)?;
    target.try_into().map(Target).map_err(|_| unknown)
}

#[derive(Debug, Clone)]
struct Caller {
    account: AccountId,
    region: Region,
}

impl FromStr for Caller {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "expected an account, `/` and a region";
        let (account, region) = text.split_once('/').ok_or(form)?;
        let (account, region) = (account.parse(), region.parse());
        Ok(Self { account: account.map_err(|_| form)?, region: region.map_err(|_| form)? })
    }
}

impl Caller {
    /// An `Authorization` header: nobody checks the signature.
    fn authorization(&self) -> String {
        let Self { account, region } = self;
        let scope = format!("{account}/20000101/{region}/cognito-identity/aws4_request");
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
    }
}

pub(crate) fn explain(command: &Explain) -> Result<Verdict, Trouble> {
    let body = Bytes::from(command.body.read()?);
    let mut call = request(Method::POST, "/explain", &[], body)?;
    call.headers_mut().insert("x-amz-target", command.operation.0.clone());
    if let Some(caller) = &command.caller {
        let authorization = HeaderValue::try_from(caller.authorization());
        let authorization = authorization.map_err(|error| Trouble::Failed(error.to_string()))?;
        call.headers_mut().insert(header::AUTHORIZATION, authorization);
    }
    explained(command.form, &command.source.open()?.ask(call)?)
}
