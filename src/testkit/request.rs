//! Requests to an implementation and its replies.

use std::fmt;

use crate::testkit::json::Json;
use crate::testkit::names::Account;

/// A call with variables: `$identity3` stands for the fourth identity that was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// The account of the caller. Public operations have none.
    pub(crate) caller: Option<Account>,
    pub(crate) operation: String,
    pub(crate) body: Json,
}

impl Request {
    /// The value of `X-Amz-Target`. One eighth of all requests spell the operation like the sample
    /// requests of the API reference. The request itself determines the spelling, so a shorter
    /// sequence and a replay send the same value.
    pub(crate) fn target(&self) -> String {
        let digest = self.to_string().bytes().fold(0_u8, u8::wrapping_add);
        let prefix = if digest.is_multiple_of(8) { SAMPLE_TARGET_PREFIX } else { TARGET_PREFIX };
        format!("{prefix}{}", self.operation)
    }
}

const TARGET_PREFIX: &str = "AWSCognitoIdentityService.";
const SAMPLE_TARGET_PREFIX: &str =
    "com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.";

/// `account0/us-east-1 DescribeIdentity {"IdentityId":"$identity3"}`
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.caller {
            Some(caller) => write!(f, "account{}/{}", caller.number, caller.region_name())?,
            None => f.write_str("public")?,
        }
        write!(f, " {} {}", self.operation, self.body)
    }
}

/// A call in the form that an implementation receives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The account, of twelve digits, and the region of the caller's credentials. Public operations
    /// have none.
    pub caller: Option<(String, String)>,
    /// The region that the call goes to.
    pub region: String,
    /// The operation's name, such as `GetId`.
    pub operation: String,
    /// The value of `X-Amz-Target`, in one of two spellings.
    pub target: String,
    /// The JSON object.
    pub body: String,
}

/// The reply of an implementation: the HTTP status and body of AWS JSON 1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "implementations make it, and it has no more")]
pub struct CallReply {
    /// 200, 400 or 500.
    pub status: u16,
    /// A JSON object, or an empty text.
    pub body: String,
}
