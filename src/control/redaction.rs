//! Bodies of calls without tokens.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::wire::ServiceOperation;

/// The longest body that is kept, in bytes.
const BODY_MAX: usize = 16 * 1024;

/// The body of a call, as far as it is kept. It is decoded when somebody looks at it.
#[derive(Debug)]
pub(super) struct KeptBody {
    /// The members that the operation knows, in JSON, but for `Logins`.
    members: Vec<(&'static str, Box<str>)>,
    logins: Vec<KeptLogin>,
}

#[derive(Debug)]
struct KeptLogin {
    provider: String,
    user: KeptUser,
}

#[derive(Debug)]
enum KeptUser {
    /// Stated without a token, in JSON.
    Stated(Box<str>),
    /// The claims of a token in base64url. They prove nothing without their signature.
    Claims(Box<str>),
    Unknown,
}

/// A login of a call, without its token.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PresentedLogin {
    provider: String,
    /// The user, as stated or as the token says. Nothing of it need be true.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    /// The end of the token, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<u64>,
}

impl KeptBody {
    /// `None` if the body is too long, or is no JSON object. `developer_provider` finds the
    /// provider whose users are stated, in the pool of this id.
    pub(super) fn of(
        operation: &'static ServiceOperation,
        body: &[u8],
        developer_provider: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Self> {
        let body = str::from_utf8(body).ok().filter(|body| body.len() <= BODY_MAX)?;
        let given: BTreeMap<String, &RawValue> = serde_json::from_str(body).ok()?;
        // A member that the operation does not know may be anything.
        let known = |(name, raw): (&String, &&RawValue)| {
            let name = operation.member(name).filter(|name| *name != LOGINS)?;
            Some((name, raw.get().into()))
        };
        let members = given.iter().filter_map(known).collect();
        let logins = given.get(LOGINS).filter(|_| operation.member(LOGINS).is_some());
        let logins = logins.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let logins: BTreeMap<String, &RawValue> = logins.unwrap_or_default();
        let states_users = operation.name() == "GetOpenIdTokenForDeveloperIdentity";
        let pool = given.get("IdentityPoolId").filter(|_| states_users && !logins.is_empty());
        let pool: Option<String> = pool.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let stated = pool.and_then(|pool| developer_provider(&pool));
        let logins = logins.into_iter().map(|(provider, raw)| {
            let is_stated = stated.as_ref() == Some(&provider);
            KeptLogin { provider, user: KeptUser::of(raw.get(), is_stated) }
        });
        Some(Self { members, logins: logins.collect() })
    }

    /// The room that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let members = self.members.iter().map(|(_, value)| value.len());
        let logins = self.logins.iter().map(|login| match &login.user {
            KeptUser::Stated(text) | KeptUser::Claims(text) => text.len(),
            KeptUser::Unknown => 0,
        });
        members.chain(logins).fold(0, usize::saturating_add)
    }

    pub(super) fn logins(&self) -> Vec<PresentedLogin> {
        self.logins.iter().map(KeptLogin::presented).collect()
    }

    /// The members, with a note in the place of each token.
    pub(super) fn shown(&self) -> Value {
        let member = |(name, raw): &(&str, Box<str>)| {
            Some(((*name).to_owned(), serde_json::from_str(raw).ok()?))
        };
        let mut members: Map<String, Value> = self.members.iter().filter_map(member).collect();
        if !self.logins.is_empty() {
            let logins = self.logins.iter();
            let logins = logins.map(|login| (login.provider.clone(), login.shown().into()));
            members.insert(LOGINS.to_owned(), Value::Object(logins.collect()));
        }
        Value::Object(members)
    }
}

const LOGINS: &str = "Logins";

impl KeptLogin {
    fn presented(&self) -> PresentedLogin {
        let nobody =
            PresentedLogin { provider: self.provider.clone(), ..PresentedLogin::default() };
        let claims = match &self.user {
            KeptUser::Stated(raw) => {
                return PresentedLogin { subject: serde_json::from_str(raw).ok(), ..nobody };
            }
            KeptUser::Claims(claims) => decoded(claims).unwrap_or_default(),
            KeptUser::Unknown => return nobody,
        };
        let member = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
        let first_audience = || claims.get("aud")?.as_array()?.first()?.as_str().map(str::to_owned);
        PresentedLogin {
            subject: member("sub"),
            issuer: member("iss"),
            audience: member("aud").or_else(first_audience),
            expiry: claims.get("exp").and_then(Value::as_u64),
            ..nobody
        }
    }

    fn shown(&self) -> String {
        let PresentedLogin { provider, subject, issuer, .. } = self.presented();
        match (&self.user, subject) {
            (KeptUser::Stated(_), Some(subject)) => subject,
            _ => format!("<token of {}>", issuer.unwrap_or(provider)),
        }
    }
}

impl KeptUser {
    fn of(raw: &str, is_stated: bool) -> Self {
        /// An object begins so in base64url. Other tokens with dots are no JWT.
        const OBJECT: &str = "ey";

        let claims = raw.split('.').nth(1).filter(|claims| claims.starts_with(OBJECT));
        match claims {
            _ if is_stated => Self::Stated(raw.into()),
            Some(claims) => Self::Claims(claims.into()),
            None => Self::Unknown,
        }
    }
}

/// The header and the claims of a token, unverified.
pub(super) fn parts_of(token: &str) -> [Option<Map<String, Value>>; 2] {
    let mut parts = token.split('.');
    [parts.next(), parts.next()].map(|part| decoded(part?))
}

fn decoded(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
