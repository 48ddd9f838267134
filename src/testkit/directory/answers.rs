//! The content of replies, with numbers for generated names.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::credentials::Session;
use crate::testkit::directory::{Directory, text};
use crate::testkit::json::Json;
use crate::testkit::names::{Account, Cursor, Identity, Pool, Token, partition};
use crate::testkit::outcome::{Description, OperationOutcome, Page, Statement};
use crate::testkit::request::{CallReply, Request};

impl Directory {
    /// Reads a reply. `session` returns the content of a session token.
    pub(crate) fn read(
        &mut self,
        request: &Request,
        reply: &CallReply,
        session: impl FnOnce(&str) -> Option<Session>,
    ) -> OperationOutcome {
        let parsed = if reply.body.is_empty() {
            Ok(Value::Object(serde_json::Map::new()))
        } else {
            serde_json::from_str(&reply.body)
        };
        let unreadable =
            || OperationOutcome::Unreadable(format!("{} {}", reply.status, reply.body));
        let Ok(body @ Value::Object(_)) = parsed else {
            return unreadable();
        };
        if reply.status != 200 {
            let name = text(&body, "__type").unwrap_or_default();
            let name = name.rsplit('#').next().unwrap_or_default();
            if name.is_empty() {
                return unreadable();
            }
            // The model accepts only exceptions with these two statuses.
            let status = if name == "InternalErrorException" { 500 } else { 400 };
            if name.ends_with("Exception") && reply.status != status {
                return OperationOutcome::Unreadable(format!(
                    "status {} with {name}",
                    reply.status
                ));
            }
            let message = text(&body, "message").or_else(|| text(&body, "Message"));
            let message = message.unwrap_or_default().to_owned();
            return OperationOutcome::Refused { exception: name.to_owned(), message };
        }
        self.read_body(request, &body, session).unwrap_or_else(unreadable)
    }

    fn read_body(
        &mut self,
        request: &Request,
        body: &Value,
        session: impl FnOnce(&str) -> Option<Session>,
    ) -> Option<OperationOutcome> {
        let owner = request.caller;
        Some(match request.operation.as_str() {
            "CreateIdentityPool" | "DescribeIdentityPool" | "UpdateIdentityPool" => {
                OperationOutcome::Pool(self.pool(body, owner)?, self.settings(body, owner))
            }
            "ListIdentityPools" => {
                let entries = list(body, "IdentityPools")?.iter().map(|entry| {
                    let name = text(entry, "IdentityPoolName")?.to_owned();
                    Some((self.pool(entry, owner)?, name))
                });
                let entries = entries.collect::<Option<_>>()?;
                OperationOutcome::Pools(Page { entries, next: self.next(body) })
            }
            "GetId" | "MergeDeveloperIdentities" => {
                OperationOutcome::Identity(self.identity(request, body)?)
            }
            "GetOpenIdToken" | "GetOpenIdTokenForDeveloperIdentity" => {
                let identity = self.identity(request, body)?;
                let token = text(body, "Token")?;
                let statement = self.statement(token)?;
                let token = Token(self.tokens.number(token));
                OperationOutcome::Token(identity, token, Box::new(statement))
            }
            "GetCredentialsForIdentity" => {
                let identity = self.identity(request, body)?;
                let credentials = body.get("Credentials")?;
                text(credentials, "AccessKeyId")?;
                text(credentials, "SecretKey")?;
                let session = session(text(credentials, "SessionToken")?);
                let statement = session.map(|session| Box::new(self.stated(&session)));
                OperationOutcome::Credentials(identity, statement)
            }
            "DescribeIdentity" => OperationOutcome::Description(self.description(request, body)?),
            "ListIdentities" => {
                let pool = self.pool(body, owner)?;
                let entries = list(body, "Identities")?.iter();
                let entries = entries.map(|entry| self.description(request, entry));
                let entries = entries.collect::<Option<_>>()?;
                OperationOutcome::Identities(pool, Page { entries, next: self.next(body) })
            }
            "LookupDeveloperIdentity" => {
                let identity = self.identity(request, body)?;
                let users = list(body, "DeveloperUserIdentifierList").unwrap_or_default();
                let entries = users.iter().map(|user| Some(user.as_str()?.to_owned()));
                let entries = entries.collect::<Option<_>>()?;
                OperationOutcome::Users(identity, Page { entries, next: self.next(body) })
            }
            "DeleteIdentities" => {
                let ids = list(body, "UnprocessedIdentityIds").unwrap_or_default().iter();
                let ids = ids.map(|entry| {
                    let code = text(entry, "ErrorCode")?.to_owned();
                    Some((self.identity(request, entry)?, code))
                });
                OperationOutcome::Unprocessed(ids.collect::<Option<_>>()?)
            }
            "GetIdentityPoolRoles"
            | "ListTagsForResource"
            | "GetPrincipalTagAttributeMap"
            | "SetPrincipalTagAttributeMap" => {
                OperationOutcome::Settings(self.settings(body, owner))
            }
            _ => OperationOutcome::Done,
        })
    }

    fn pool(&mut self, body: &Value, owner: Option<Account>) -> Option<Pool> {
        let pool = Pool(self.pools.number(text(body, "IdentityPoolId")?));
        if usize::from(pool.0) >= self.owners.len() {
            self.owners.push(owner.unwrap_or(Account::FIRST));
        }
        Some(pool)
    }

    fn identity(&mut self, request: &Request, body: &Value) -> Option<Identity> {
        let identity = Identity(self.identities.number(text(body, "IdentityId")?));
        if let Some(pool) = pool_of(request) {
            self.pool_of.entry(identity.0).or_insert(pool);
        }
        Some(identity)
    }

    fn next(&mut self, body: &Value) -> Option<Cursor> {
        text(body, "NextToken").map(|token| Cursor(self.cursors.number(token)))
    }

    fn description(&mut self, request: &Request, body: &Value) -> Option<Description> {
        let logins = list(body, "Logins").unwrap_or_default().iter();
        let logins = logins.map(|name| Some(name.as_str()?.to_owned()));
        Some(Description {
            identity: self.identity(request, body)?,
            logins: logins.collect::<Option<_>>()?,
            created_millis: millis(body, "CreationDate")?,
            modified_millis: millis(body, "LastModifiedDate")?,
        })
    }

    /// The content of a token. Its signature is not verified.
    fn statement(&self, token: &str) -> Option<Statement> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let (sub, aud) = (text(&claims, "sub")?, text(&claims, "aud")?);
        let issuer = text(&claims, "iss")?.to_owned();
        let tags = claims.get("https://aws.amazon.com/tags").and_then(|t| t.get("principal_tags"));
        let tags = tags.and_then(Value::as_object).into_iter().flatten();
        let tags = tags.map(|(key, values)| {
            let [value] = values.as_array()?.as_slice() else { return None };
            Some((key.clone(), value.as_str()?.to_owned()))
        });
        let tags = tags.collect::<Option<_>>()?;
        let amr = list(&claims, "amr")?.iter().map(|entry| Some(entry.as_str()?.to_owned()));
        let amr = amr.collect::<Option<Vec<String>>>()?;
        let lifetime = claims.get("exp")?.as_u64()?.checked_sub(claims.get("iat")?.as_u64()?)?;
        let statement = self.stating((sub, aud), &amr, tags);
        Some(Statement { issuer: Some(issuer), lifetime_secs: Some(lifetime), ..statement })
    }

    fn stated(&self, session: &Session) -> Statement {
        let ids = (session.identity_id.as_str(), session.identity_pool_id.as_str());
        let tags = session.principal_tags.iter();
        let tags = tags.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let role = self.by_number(session.role_arn.as_str(), region(ids.1));
        Statement { role: Some(role), ..self.stating(ids, &session.amr, tags) }
    }

    fn stating(
        &self,
        (sub, aud): (&str, &str),
        amr: &[String],
        tags: BTreeMap<String, String>,
    ) -> Statement {
        let pool = self.pools.numbers.get(aud).map_or(Pool::UNKNOWN, |number| Pool(*number));
        let amr = amr.iter().map(|entry| entry.replace(aud, &pool.to_string()));
        let amr = amr.map(|entry| self.by_number(&entry, region(aud))).collect();
        let identity = self.identities.numbers.get(sub);
        let identity = identity.map_or(Identity::UNKNOWN, |number| Identity(*number));
        Statement { identity, pool, issuer: None, amr, tags, role: None, lifetime_secs: None }
    }

    /// The settings of a pool of `owner`, without ids and without empty members.
    fn settings(&self, body: &Value, owner: Option<Account>) -> Value {
        let members = body.as_object().into_iter().flatten().filter(|(name, value)| {
            let says_nothing = match value {
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                Value::Bool(is_set) => !is_set && *name == "ServerSideTokenCheck",
                _ => value.is_null(),
            };
            *name != "IdentityPoolId" && *name != "IdentityProviderName" && !says_nothing
        });
        let members = members.map(|(name, value)| {
            (self.by_number(name, region_of(owner)), self.setting(value, owner))
        });
        Value::Object(members.collect())
    }

    fn setting(&self, value: &Value, owner: Option<Account>) -> Value {
        match value {
            Value::String(text) => self.by_number(text, region_of(owner)).into(),
            Value::Array(items) => items.iter().map(|item| self.setting(item, owner)).collect(),
            Value::Object(_) => self.settings(value, owner),
            _ => value.clone(),
        }
    }

    /// An ARN of IAM. The partition becomes `$partition` if it is the region's. In the ARN of a
    /// role, the account becomes a number: roles belong to account 0.
    fn by_number(&self, text: &str, region: &str) -> String {
        let head = format!("arn:{}:iam::", partition(region));
        let Some(rest) = text.strip_prefix(&head) else { return text.to_owned() };
        match rest.strip_prefix(&format!("{}:role/", self.account_id(0))) {
            Some(role) => format!("arn:$partition:iam::$account0:role/{role}"),
            None => format!("arn:$partition:iam::{rest}"),
        }
    }
}

/// The region of an id.
fn region(id: &str) -> &str {
    id.split_once(':').map_or(id, |(region, _)| region)
}

fn region_of(owner: Option<Account>) -> &'static str {
    owner.unwrap_or(Account::FIRST).region_name()
}

/// The pool in a request.
fn pool_of(request: &Request) -> Option<Pool> {
    let Json::Object(members) = &request.body else { return None };
    members.iter().find_map(|(name, value)| match value {
        Json::Text(text) if name == "IdentityPoolId" => {
            text.strip_prefix("$pool")?.parse().ok().map(Pool)
        }
        _ => None,
    })
}

fn list<'a>(body: &'a Value, member: &str) -> Option<&'a [Value]> {
    Some(body.get(member)?.as_array()?.as_slice())
}

/// Epoch seconds with a fraction, as milliseconds.
fn millis(body: &Value, member: &str) -> Option<u64> {
    let shown = body.get(member)?.to_string();
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    let fraction = format!("{fraction:0<3}");
    let (whole, fraction): (u64, u64) = (whole.parse().ok()?, fraction.get(..3)?.parse().ok()?);
    whole.checked_mul(1_000)?.checked_add(fraction)
}
