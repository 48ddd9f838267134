//! Bodies of calls without tokens.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::wire::ServiceOperation;

/// The longest body that is kept, in bytes.
const BODY_MAX: usize = 16 * 1024;

const LOGINS: &str = "Logins";

/// The body of a call, as far as it is kept: JSON with the members that the operation knows, and
/// with a [`KeptUser`] in the place of each token. It is read when somebody looks at it.
#[derive(Debug)]
pub(super) struct KeptBody(Box<str>);

/// The user of a login.
#[derive(Debug, Deserialize)]
enum KeptUser {
    /// Stated without a token.
    Stated(Value),
    /// The claims of a token in base64url. They prove nothing without their signature.
    Claims(String),
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
        operation: &ServiceOperation,
        body: &[u8],
        developer_provider: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Self> {
        let body = str::from_utf8(body).ok().filter(|body| body.len() <= BODY_MAX)?;
        let Entries(mut given) = serde_json::from_str(body).ok()?;
        // A member that the operation does not know may be anything.
        given.retain(|(name, _)| operation.has_member(name));
        let states_users = operation.name() == "GetOpenIdTokenForDeveloperIdentity";
        let pool = given.iter().find(|(name, _)| states_users && name == "IdentityPoolId");
        let pool: Option<String> = pool.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok());
        let stated = pool.and_then(|pool| developer_provider(&pool));
        let mut kept = String::with_capacity(body.len());
        kept.push('{');
        for (name, raw) in &given {
            if name != LOGINS {
                push_name(&mut kept, name);
                kept.push_str(raw.get());
            } else if let Ok(Entries(logins)) = serde_json::from_str(raw.get()) {
                push_name(&mut kept, name);
                kept.push('{');
                for (provider, raw) in logins {
                    push_name(&mut kept, &provider);
                    push_user(&mut kept, raw.get(), stated.as_deref() == Some(&*provider));
                }
                kept.push('}');
            }
        }
        kept.push('}');
        Some(Self(kept.into()))
    }

    /// The room that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    pub(super) fn logins(&self) -> Vec<PresentedLogin> {
        users_in(&self.members()).map(|(provider, user)| user.presented(provider)).collect()
    }

    /// The members, with a note in the place of each token.
    pub(super) fn shown(&self) -> Value {
        let mut members = self.members();
        let logins: Map<String, Value> = users_in(&members)
            .map(|(provider, user)| (provider.to_owned(), user.shown(provider)))
            .collect();
        if let Some(kept) = members.get_mut(LOGINS) {
            *kept = Value::Object(logins);
        }
        Value::Object(members)
    }

    fn members(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

fn users_in(members: &Map<String, Value>) -> impl Iterator<Item = (&str, KeptUser)> {
    let logins = members.get(LOGINS).and_then(Value::as_object).into_iter().flatten();
    logins.map(|(provider, kept)| {
        (provider.as_str(), KeptUser::deserialize(kept).unwrap_or(KeptUser::Unknown))
    })
}

/// The members of a JSON object, unread.
struct Entries<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

#[derive(Deserialize)]
struct Name<'b>(#[serde(borrow)] Cow<'b, str>);

impl<'b> Deserialize<'b> for Entries<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'b> Visitor<'b> for Members {
            type Value = Entries<'b>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Entries<'b>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Name(name), raw)) = map.next_entry()? {
                    entries.push((name, raw));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Begins a member of the object that the text ends with.
fn push_name(text: &mut String, name: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    // A text always encodes.
    text.push_str(&serde_json::to_string(name).unwrap_or_default());
    text.push(':');
}

/// Adds a [`KeptUser`] in the place of a login's value.
fn push_user(text: &mut String, raw: &str, is_stated: bool) {
    /// An object begins so in base64url. Other tokens with dots are no JWT.
    const OBJECT: &str = "ey";

    let is_base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let mut parts = raw.split('.').skip(1);
    let (claims, signature) = (parts.next(), parts.next());
    let claims = claims.filter(|claims| signature.is_some() && claims.starts_with(OBJECT));
    let claims = claims.filter(|claims| claims.bytes().all(is_base64url));
    let (kind, quote, kept) = match claims {
        _ if is_stated => ("Stated", "", raw),
        Some(claims) => ("Claims", "\"", claims),
        None => return text.push_str("\"Unknown\""),
    };
    for part in ["{\"", kind, "\":", quote, kept, quote, "}"] {
        text.push_str(part);
    }
}

impl KeptUser {
    fn presented(&self, provider: &str) -> PresentedLogin {
        let nobody = PresentedLogin { provider: provider.to_owned(), ..PresentedLogin::default() };
        let claims = match self {
            Self::Stated(user) => {
                return PresentedLogin { subject: user.as_str().map(str::to_owned), ..nobody };
            }
            Self::Claims(claims) => decoded(claims).unwrap_or_default(),
            Self::Unknown => return nobody,
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

    fn shown(self, provider: &str) -> Value {
        let issuer = self.presented(provider).issuer;
        match self {
            Self::Stated(user) => user,
            Self::Claims(_) | Self::Unknown => {
                format!("<token of {}>", issuer.as_deref().unwrap_or(provider)).into()
            }
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
