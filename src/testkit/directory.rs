//! Numbers for the ids and tokens that an implementation has generated.

mod answers;
mod events;

use std::collections::HashMap;

use serde_json::Value;

use crate::testkit::issuer::id_token;
use crate::testkit::json::Json;
use crate::testkit::model::Model;
use crate::testkit::names::{
    Account, Caller, Cursor, DeveloperProvider, IdToken, Identity, Pool, Presented, Provider, Role,
    Token, cognito_name, cognito_name_abroad, partition,
};
use crate::testkit::operation::Operation;
use crate::testkit::request::{Call, Request};

/// Numbers below this stand for existing things, the others for anything that was seen.
const LIVING: u16 = 112;

/// The values that were seen. Each has a number, in the order of their first appearance.
#[derive(Debug, Clone)]
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

#[derive(Debug, Clone, Default)]
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
    /// Account 0 has the number `first_account`, and the others follow it, except for the unknown
    /// account.
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

    /// The operation with names that were seen. If there is a `model`, most of them exist according
    /// to it.
    pub(crate) fn settle(&self, mut operation: Operation, model: Option<&Model>) -> Operation {
        let last = model.and_then(|model| model.last_page(&operation));
        let names = operation.names_mut();
        let mut pool = None;
        if let Some(named) = names.pool {
            let living = model.map(Model::living_pools).unwrap_or_default();
            *named = match one_of(&living, named.0) {
                _ if *named == Pool::SPARE => match living.as_slice() {
                    [_, .., last] => *last,
                    _ => Pool::UNKNOWN,
                },
                Some(living) if named.0 < LIVING => living,
                _ => named.among(self.pools.values.len()),
            };
            pool = Some(*named);
        }
        let game = DeveloperProvider::Game;
        let mut presented: Vec<_> =
            names.user.into_iter().map(|user| Presented::User(game, user)).collect();
        if let Some(logins) = names.logins {
            self.settle_logins(logins, pool, model);
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

    /// A map has each key once, and uses tokens only if there are any.
    fn settle_logins(
        &self,
        logins: &mut Vec<Presented>,
        pool: Option<Pool>,
        model: Option<&Model>,
    ) {
        for login in logins.iter_mut() {
            if let Presented::Public(provider, subject @ Presented::LINKED, _) = login {
                let linked = model.and_then(|model| model.linked_user(pool, *provider));
                (*provider, *subject) = linked.unwrap_or((*provider, 0));
            }
        }
        let of_logins = model.and_then(|model| model.token_of_any(logins));
        let mut keys = Vec::new();
        logins.retain_mut(|login| {
            if let Presented::Cognito(token)
            | Presented::Tampered(token)
            | Presented::Abroad(token) = login
            {
                *token = match of_logins {
                    Some(of_logins) if *token == Token::OF_LOGINS => of_logins,
                    _ => token.among(self.tokens.values.len()),
                };
                if *token == Token::UNKNOWN {
                    return false;
                }
            }
            let is_new = !keys.contains(&login.key());
            keys.push(login.key());
            is_new
        });
    }

    /// The number of an identity, if it was seen.
    pub(crate) fn number_of(&self, identity: &str) -> Option<Identity> {
        self.identities.numbers.get(identity).map(|number| Identity(*number))
    }

    /// The number of pools and of identities that were seen.
    pub(crate) fn seen(&self) -> (u16, u16) {
        let count = |seen: &Seen| u16::try_from(seen.values.len()).unwrap_or(u16::MAX);
        (count(&self.pools), count(&self.identities))
    }

    /// The call for a request.
    pub(crate) fn fill(&mut self, request: &Request) -> Call {
        let caller = request
            .caller
            .map(|caller| (self.account_id(caller.number), caller.region_name().to_owned()));
        let region = match &caller {
            Some((_, region)) => region.clone(),
            None => self.region_of(&request.body),
        };
        let body = request.body.clone().map_texts(&mut |text| self.expand(&text, &region));
        let (operation, target) = (request.operation.clone(), request.target());
        Call { caller, region, operation, target, body: body.to_string() }
    }

    /// The region of the first id in the body of an operation that has no caller.
    fn region_of(&mut self, body: &Json) -> String {
        let first = Account::FIRST.region_name();
        let Json::Object(members) = body else { return first.to_owned() };
        let id = ["IdentityPoolId", "IdentityId"].into_iter().find_map(|id| {
            members.iter().find_map(|(name, value)| match value {
                Json::Text(text) if name == id => Some(text),
                _ => None,
            })
        });
        let id = id.map(|id| self.expand(id, first)).unwrap_or_default();
        let region = id.split_once(':').map(|(region, _)| region);
        region.unwrap_or(first).to_owned()
    }

    pub(crate) fn account_id(&self, number: u8) -> String {
        let first = if number == Account::NOT_KNOWN { None } else { Some(self.first_account) };
        format!("{:012}", first.map_or(0, |first| first.saturating_add(number.into())))
    }

    /// Replaces each `$variable` of a call to a region by its value.
    fn expand(&mut self, text: &str, region: &str) -> String {
        let mut parts = text.split('$');
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let end = part.find(|c| !legal(c)).unwrap_or(part.len());
            let (variable, rest) = part.split_at(end);
            expanded.push_str(&self.value(variable, region));
            expanded.push_str(rest);
        }
        expanded
    }

    fn value(&mut self, variable: &str, region: &str) -> String {
        if let Some(login) = variable.strip_prefix("login.") {
            return self.id_token(login, region);
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
            "cognito" => cognito_name(region),
            "abroad" => cognito_name_abroad(region),
            "partition" => partition(region).to_owned(),
            Cursor::WORD => self.cursors.get(number).unwrap_or("bm90aGluZw").to_owned(),
            _ => format!("${variable}"),
        }
    }

    /// A token for `PROVIDER.SUBJECT.KIND`. If it names a role, the role is in the region's
    /// partition.
    fn id_token(&mut self, login: &str, region: &str) -> String {
        let key = format!("{login} {}", partition(region));
        if let Some(made) = self.id_tokens.get(&key) {
            return made.clone();
        }
        let mut parts = login.split('.');
        let mut part = || parts.next().unwrap_or_default();
        let (provider, subject, kind) = (part(), part(), part());
        let provider = Provider::ALL.into_iter().find(|p| format!("{p:?}") == provider);
        let kind = IdToken::ALL.into_iter().find(|k| format!("{k:?}") == kind);
        let (Some(provider), Some(kind)) = (provider, kind) else { return login.to_owned() };
        let role = self.expand(&Role::Boss.arn(), region);
        let made = id_token(provider, subject.parse().unwrap_or_default(), kind, &role);
        self.id_tokens.insert(key, made.clone());
        made
    }
}

fn one_of<T: Copy>(living: &[T], number: u16) -> Option<T> {
    living.get(usize::from(number).checked_rem(living.len())?).copied()
}

/// Changes one character of the signature.
fn tampered(token: &str) -> String {
    let place = token.rfind('.').and_then(|dot| dot.checked_add(5));
    let flip = |(at, c)| match c {
        'A' if Some(at) == place => 'B',
        _ if Some(at) == place => 'A',
        c => c,
    };
    token.char_indices().map(flip).collect()
}

fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call about an identity of the region, with all variables replaced.
    fn filled(region: &str, body: &[(&str, &str)]) -> Call {
        let mut directory = Directory::new(123_456_789_012);
        directory.identities.number(&format!("{region}:00000000-0000-4000-8000-000000000001"));
        let id = [("IdentityId", "$identity0")];
        let members = id.iter().chain(body).map(|(name, value)| (*name, Json::text(value)));
        let (operation, body) = ("GetOpenIdToken".to_owned(), Json::object(members));
        directory.fill(&Request { caller: None, operation, body })
    }

    #[test]
    fn names_follow_the_region() {
        for (region, cognito, abroad, partition) in [
            ("us-east-1", "cognito-identity", "cognito-identity-us-gov", "aws"),
            ("us-gov-west-1", "cognito-identity-us-gov", "cognito-identity", "aws-us-gov"),
            ("us-gov-east-1", "cognito-identity.us-gov-east-1", "cognito-identity", "aws-us-gov"),
            ("cn-north-1", "cognito-identity.cn-north-1", "cognito-identity", "aws-cn"),
        ] {
            let body = [("$cognito", ""), ("$abroad", ""), ("Role", "arn:$partition:$account0")];
            let call = filled(region, &body);
            assert_eq!(call.region, region);
            let suffix = if region == "cn-north-1" { ".cn" } else { "" };
            for told in [
                format!("\"{cognito}.amazonaws.com{suffix}\":"),
                format!("\"{abroad}.amazonaws.com\":"),
                format!("\"arn:{partition}:123456789012\""),
            ] {
                assert!(call.body.contains(&told), "{told} {}", call.body);
            }
        }
    }

    #[test]
    fn the_account_that_is_not_known_is_000000000000() {
        let directory = Directory::new(123_456_789_012);
        assert_eq!(directory.account_id(Account::NOT_KNOWN), "000000000000");
        assert_eq!(directory.account_id(1), "123456789013");
    }

    #[test]
    fn targets_are_spelled_in_two_ways() {
        let targets: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .map(|n| filled("us-east-1", &[(n, "")]).target)
            .into();
        let usual = "AWSCognitoIdentityService.GetOpenIdToken";
        let samples = format!("com.amazonaws.cognito.identity.model.{usual}");
        let count = |target: &str| targets.iter().filter(|known| *known == target).count();
        assert_eq!((count(usual), count(&samples)), (7, 1));
    }
}
