//! Which number stands for what an implementation minted.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::credentials::Session;
use crate::testkit::issuer::id_token;
use crate::testkit::json::Json;
use crate::testkit::model::Model;
use crate::testkit::names::{
    Account, Caller, Cursor, DeveloperProvider, IdToken, Identity, Pool, Presented, Provider, Token,
};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::{Description, Outcome, Page, Statement};
use crate::testkit::request::{Call, Reply, Request};

/// Numbers below this stand for what is there, those from here on for whatever was seen.
const LIVING: u16 = 112;

/// What was seen, each under its number, in the order of first sight.
#[derive(Debug)]
pub(crate) struct Directory {
    first_account: u64,
    pools: Seen,
    owners: Vec<Account>,
    identities: Seen,
    pool_of: HashMap<u16, Pool>,
    tokens: Seen,
    cursors: Seen,
    id_tokens: HashMap<String, String>,
}

#[derive(Debug, Default)]
struct Seen {
    values: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl Seen {
    fn number(&mut self, value: &str) -> u16 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u16::try_from(self.values.len()).unwrap_or(u16::MAX);
        self.values.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        number
    }

    fn get(&self, number: u16) -> Option<&str> {
        self.values.get(usize::from(number)).map(String::as_str)
    }
}

impl Directory {
    /// Account 0 has this number, and the others follow it.
    pub(crate) fn new(first_account: u64) -> Self {
        Self {
            first_account,
            pools: Seen::default(),
            owners: Vec::new(),
            identities: Seen::default(),
            pool_of: HashMap::new(),
            tokens: Seen::default(),
            cursors: Seen::default(),
            id_tokens: HashMap::new(),
        }
    }

    /// The operation about names that were seen; as far as `model` knows, mostly of what is there.
    pub(crate) fn settle(&self, mut operation: Operation, model: Option<&Model>) -> Operation {
        let last = model.and_then(|model| model.last_page(&operation));
        let names = operation.names_mut();
        let mut pool = None;
        if let Some(named) = names.pool {
            let living = model.map(Model::living_pools).unwrap_or_default();
            *named = match one_of(&living, named.0) {
                Some(living) if named.0 < LIVING => living,
                _ => named.among(self.pools.values.len()),
            };
            pool = Some(*named);
        }
        let game = DeveloperProvider::Game;
        let mut presented: Vec<_> =
            names.user.into_iter().map(|user| Presented::User(game, user)).collect();
        if let Some(logins) = names.logins {
            self.settle_logins(logins);
            presented.clone_from(logins);
        }
        for identity in names.identities {
            let living = model.map(|model| model.living_identities(pool)).unwrap_or_default();
            let of_logins = model.and_then(|model| model.identity_of_any(&living, &presented));
            let is_of_logins = *identity == Identity::OF_LOGINS;
            *identity = match (of_logins, one_of(&living, identity.0)) {
                (Some(of_logins), _) if is_of_logins => of_logins,
                (_, Some(living)) if is_of_logins || identity.0 < LIVING => living,
                _ => identity.among(self.identities.values.len()),
            };
            pool = pool.or_else(|| self.pool_of.get(&identity.0).copied());
        }
        if let Some(cursor) = names.cursor {
            *cursor = match (*cursor, last) {
                (Cursor::LAST, Some(last)) => last,
                _ => cursor.among(self.cursors.values.len()),
            };
        }
        if let Some(caller @ Caller::Owner) = names.caller {
            let owner = pool.and_then(|pool| self.owners.get(usize::from(pool.0)));
            *caller = Caller::Account(owner.copied().unwrap_or(Account::FIRST));
        }
        operation
    }

    /// A map has a key once, and presents tokens only if there are any.
    fn settle_logins(&self, logins: &mut Vec<Presented>) {
        let mut keys = Vec::new();
        logins.retain_mut(|login| {
            if let Presented::Cognito(token) | Presented::Tampered(token) = login {
                *token = token.among(self.tokens.values.len());
                if *token == Token::UNKNOWN {
                    return false;
                }
            }
            let is_new = !keys.contains(&login.key());
            keys.push(login.key());
            is_new
        });
    }

    /// The call that a request stands for.
    pub(crate) fn fill(&mut self, request: &Request) -> Call {
        let body = request.body.clone().map_texts(&mut |text| self.expand(&text)).to_string();
        let caller = request
            .caller
            .map(|caller| (self.account_id(caller.number), caller.region_name().to_owned()));
        let region = caller.as_ref().map_or_else(|| region_of(&body), |(_, r)| r.clone());
        Call { caller, region, operation: request.operation.clone(), body }
    }

    pub(crate) fn account_id(&self, number: u8) -> String {
        format!("{:012}", self.first_account.saturating_add(number.into()))
    }

    /// With a value for each `$variable`.
    fn expand(&mut self, text: &str) -> String {
        let mut parts = text.split('$');
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let end = part.find(|c| !legal(c)).unwrap_or(part.len());
            let (variable, rest) = part.split_at(end);
            expanded.push_str(&self.value(variable));
            expanded.push_str(rest);
        }
        expanded
    }

    fn value(&mut self, variable: &str) -> String {
        if let Some(login) = variable.strip_prefix("login.") {
            return self.id_token(login);
        }
        let digits = variable.find(|c: char| c.is_ascii_digit()).unwrap_or(variable.len());
        let (word, number) = variable.split_at(digits);
        let number = number.parse().unwrap_or(u16::MAX);
        let unknown = || format!("us-east-1:00000000-0000-4000-8000-{number:012x}");
        match word {
            "account" => self.account_id(u8::try_from(number).unwrap_or(u8::MAX)),
            Pool::WORD => self.pools.get(number).map_or_else(unknown, str::to_owned),
            Identity::WORD => self.identities.get(number).map_or_else(unknown, str::to_owned),
            Token::WORD => self.tokens.get(number).unwrap_or("no-token").to_owned(),
            "tampered" => tampered(self.tokens.get(number).unwrap_or("no-token")),
            Cursor::WORD => self.cursors.get(number).unwrap_or("bm90aGluZw").to_owned(),
            _ => format!("${variable}"),
        }
    }

    /// `PROVIDER.SUBJECT.KIND`
    fn id_token(&mut self, login: &str) -> String {
        if let Some(made) = self.id_tokens.get(login) {
            return made.clone();
        }
        let kinds = [
            IdToken::Genuine,
            IdToken::Refreshed,
            IdToken::Expired,
            IdToken::Forged,
            IdToken::ForAnotherClient,
            IdToken::OfAnotherIssuer,
            IdToken::WithoutSubject,
            IdToken::Garbage,
        ];
        let mut parts = login.split('.');
        let mut part = || parts.next().unwrap_or_default();
        let (provider, subject, kind) = (part(), part(), part());
        let provider = Provider::ALL.into_iter().find(|p| format!("{p:?}") == provider);
        let kind = kinds.into_iter().find(|k| format!("{k:?}") == kind);
        let (Some(provider), Some(kind)) = (provider, kind) else { return login.to_owned() };
        let account = self.account_id(0);
        let made = id_token(provider, subject.parse().unwrap_or_default(), kind, &account);
        self.id_tokens.insert(login.to_owned(), made.clone());
        made
    }

    /// What a reply says. `session` tells what is in a session token.
    pub(crate) fn read(
        &mut self,
        request: &Request,
        reply: &Reply,
        session: impl FnOnce(&str) -> Option<Session>,
    ) -> Outcome {
        let parsed = if reply.body.is_empty() {
            Ok(Value::Object(serde_json::Map::new()))
        } else {
            serde_json::from_str(&reply.body)
        };
        let unreadable = || Outcome::Unreadable(format!("{} {}", reply.status, reply.body));
        let Ok(body @ Value::Object(_)) = parsed else {
            return unreadable();
        };
        if reply.status != 200 {
            let name = text(&body, "__type").unwrap_or_default();
            let name = name.rsplit('#').next().unwrap_or_default();
            if name.is_empty() {
                return unreadable();
            }
            let message = text(&body, "message").or_else(|| text(&body, "Message"));
            let message = message.unwrap_or_default().to_owned();
            return Outcome::Refused { exception: name.to_owned(), message };
        }
        self.answer(request, &body, session).unwrap_or_else(unreadable)
    }

    fn answer(
        &mut self,
        request: &Request,
        body: &Value,
        session: impl FnOnce(&str) -> Option<Session>,
    ) -> Option<Outcome> {
        let owner = request.caller;
        Some(match request.operation.as_str() {
            "CreateIdentityPool" | "DescribeIdentityPool" | "UpdateIdentityPool" => {
                Outcome::Pool(self.pool(body, owner)?, self.settings(body))
            }
            "ListIdentityPools" => {
                let entries = list(body, "IdentityPools")?.iter().map(|entry| {
                    let name = text(entry, "IdentityPoolName")?.to_owned();
                    Some((self.pool(entry, owner)?, name))
                });
                let entries = entries.collect::<Option<_>>()?;
                Outcome::Pools(Page { entries, next: self.next(body) })
            }
            "GetId" | "MergeDeveloperIdentities" => {
                Outcome::Identity(self.identity(request, body)?)
            }
            "GetOpenIdToken" | "GetOpenIdTokenForDeveloperIdentity" => {
                let identity = self.identity(request, body)?;
                let token = text(body, "Token")?;
                let statement = self.statement(token)?;
                let token = Token(self.tokens.number(token));
                Outcome::Token(identity, token, Box::new(statement))
            }
            "GetCredentialsForIdentity" => {
                let identity = self.identity(request, body)?;
                let credentials = body.get("Credentials")?;
                text(credentials, "AccessKeyId")?;
                text(credentials, "SecretKey")?;
                let session = session(text(credentials, "SessionToken")?);
                let statement = session.map(|session| Box::new(self.stated(&session)));
                Outcome::Credentials(identity, statement)
            }
            "DescribeIdentity" => Outcome::Description(self.description(request, body)?),
            "ListIdentities" => {
                let pool = self.pool(body, owner)?;
                let entries = list(body, "Identities")?.iter();
                let entries = entries.map(|entry| self.description(request, entry));
                let entries = entries.collect::<Option<_>>()?;
                Outcome::Identities(pool, Page { entries, next: self.next(body) })
            }
            "LookupDeveloperIdentity" => {
                let identity = self.identity(request, body)?;
                let users = list(body, "DeveloperUserIdentifierList").unwrap_or_default();
                let entries = users.iter().map(|user| Some(user.as_str()?.to_owned()));
                let entries = entries.collect::<Option<_>>()?;
                Outcome::Users(identity, Page { entries, next: self.next(body) })
            }
            "DeleteIdentities" => {
                let ids = list(body, "UnprocessedIdentityIds").unwrap_or_default().iter();
                let ids = ids.map(|entry| {
                    let code = text(entry, "ErrorCode")?.to_owned();
                    Some((self.identity(request, entry)?, code))
                });
                Outcome::Unprocessed(ids.collect::<Option<_>>()?)
            }
            "GetIdentityPoolRoles"
            | "ListTagsForResource"
            | "GetPrincipalTagAttributeMap"
            | "SetPrincipalTagAttributeMap" => Outcome::Settings(self.settings(body)),
            _ => Outcome::Done,
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

    /// What a token states, whoever signed it.
    fn statement(&self, token: &str) -> Option<Statement> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let (sub, aud) = (text(&claims, "sub")?, text(&claims, "aud")?);
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
        Some(self.stating((sub, aud), &amr, tags, (None, Some(lifetime))))
    }

    fn stated(&self, session: &Session) -> Statement {
        let ids = (session.identity_id.as_str(), session.identity_pool_id.as_str());
        let tags = session.principal_tags.iter();
        let tags = tags.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let role = self.without_accounts(session.role_arn.as_str());
        self.stating(ids, &session.amr, tags, (Some(role), None))
    }

    fn stating(
        &self,
        (sub, aud): (&str, &str),
        amr: &[String],
        tags: BTreeMap<String, String>,
        (role, lifetime_secs): (Option<String>, Option<u64>),
    ) -> Statement {
        let pool = self.pools.numbers.get(aud).map_or(Pool::UNKNOWN, |number| Pool(*number));
        let amr = amr.iter().map(|entry| entry.replace(aud, &pool.to_string())).collect();
        let identity = self.identities.numbers.get(sub);
        let identity = identity.map_or(Identity::UNKNOWN, |number| Identity(*number));
        Statement { identity, pool, amr, tags, role, lifetime_secs }
    }

    /// What is set of a pool: without ids, and without what is there but says nothing.
    fn settings(&self, body: &Value) -> Value {
        let members = body.as_object().into_iter().flatten().filter(|(name, value)| {
            let says_nothing = match value {
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                Value::Bool(is_set) => !is_set && *name == "ServerSideTokenCheck",
                _ => value.is_null(),
            };
            *name != "IdentityPoolId" && *name != "IdentityProviderName" && !says_nothing
        });
        Value::Object(members.map(|(name, value)| (name.clone(), self.setting(value))).collect())
    }

    fn setting(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.without_accounts(text).into(),
            Value::Array(items) => items.iter().map(|item| self.setting(item)).collect(),
            Value::Object(_) => self.settings(value),
            _ => value.clone(),
        }
    }

    /// Roles are of account 0.
    fn without_accounts(&self, text: &str) -> String {
        let head = format!("arn:aws:iam::{}:role/", self.account_id(0));
        match text.strip_prefix(&head) {
            Some(role) => format!("arn:aws:iam::$account0:role/{role}"),
            None => text.to_owned(),
        }
    }
}

/// The pool that a request names.
fn pool_of(request: &Request) -> Option<Pool> {
    let Json::Object(members) = &request.body else { return None };
    members.iter().find_map(|(name, value)| match value {
        Json::Text(text) if name == "IdentityPoolId" => {
            text.strip_prefix("$pool")?.parse().ok().map(Pool)
        }
        _ => None,
    })
}

fn one_of<T: Copy>(living: &[T], number: u16) -> Option<T> {
    living.get(usize::from(number).checked_rem(living.len())?).copied()
}

/// With another character within the signature.
fn tampered(token: &str) -> String {
    let place = token.rfind('.').and_then(|dot| dot.checked_add(5));
    let flip = |(at, c)| match c {
        'A' if Some(at) == place => 'B',
        _ if Some(at) == place => 'A',
        c => c,
    };
    token.char_indices().map(flip).collect()
}

/// The region of the first id in a body of an operation that has no caller.
fn region_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let id = text(&body, "IdentityPoolId").or_else(|| text(&body, "IdentityId"));
    let region = id.and_then(|id| id.split_once(':')).map(|(region, _)| region);
    region.unwrap_or(Account::FIRST.region_name()).to_owned()
}

fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)?.as_str()
}

fn list<'a>(body: &'a Value, member: &str) -> Option<&'a [Value]> {
    Some(body.get(member)?.as_array()?.as_slice())
}

/// Epoch seconds with a fraction, in milliseconds.
fn millis(body: &Value, member: &str) -> Option<u64> {
    let shown = body.get(member)?.to_string();
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    let fraction = format!("{fraction:0<3}");
    let (whole, fraction): (u64, u64) = (whole.parse().ok()?, fraction.get(..3)?.parse().ok()?);
    whole.checked_mul(1_000)?.checked_add(fraction)
}
