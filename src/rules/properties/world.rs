//! Worlds as one line of text, for decision tables.
//!
//! `X=d:alice,p:1 G=guest Z=disabled` is three identities: X with the developer user `alice` and
//! the user `1` of the public provider `p`, a guest, and a disabled one. They were created in this
//! order, a second apart; `X@7` was created in second 7. `+18` stands for 18 developer users that
//! no other identity has.

use std::collections::{BTreeMap, BTreeSet};

use crate::ambient::Timestamp;
use crate::id::{Guid, IdentityId, IdentityPoolId, Region};
use crate::name::Arn;
use crate::rules::roles::{self, RoleAccounts};
use crate::rules::{Change, Effect, Refusal, claims};
use crate::state::{
    CognitoIdentityProvider, Identity, IdentityPool, IdentityState, LOGINS_MAX, Login, Pool,
    VerifiedLogin,
};

/// The time of every decision. All worlds are older.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn region() -> Region {
    "us-east-1".parse().expect("a region")
}

fn pool_id() -> IdentityPoolId {
    IdentityPoolId::new(&region(), Guid([0xaa; 16]))
}

pub(crate) fn pool() -> Pool {
    let settings = IdentityPool {
        identity_pool_id: pool_id(),
        identity_pool_name: "test".parse().expect("a name"),
        allow_unauthenticated_identities: true,
        allow_classic_flow: None,
        supported_login_providers: BTreeMap::new(),
        developer_provider_name: Some("d".parse().expect("a name")),
        open_id_connect_provider_arns: Vec::new(),
        cognito_identity_providers: Vec::new(),
        saml_provider_arns: Vec::new(),
        identity_pool_tags: BTreeMap::new(),
    };
    let account = "123456789012".parse().expect("an account");
    Pool::new((account, region()), Timestamp::from_millis(0), settings)
}

/// A pool with the developer provider `d` and a public one of every kind.
pub(crate) fn pool_with_providers() -> Pool {
    let mut pool = pool();
    let settings = &mut pool.settings;
    let facebook = ("graph.facebook.com".parse().unwrap(), "app".parse().unwrap());
    settings.supported_login_providers = [facebook].into();
    let user_pool = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a".parse().unwrap();
    let user_pool = CognitoIdentityProvider::new(user_pool, "client".parse().unwrap());
    settings.cognito_identity_providers = vec![user_pool];
    let arn = |of: &str| format!("arn:aws:iam::123456789012:{of}").parse().unwrap();
    settings.open_id_connect_provider_arns = vec![arn("oidc-provider/id.example.com/x")];
    settings.saml_provider_arns = vec![arn("saml-provider/corp")];
    pool
}

/// An identity, named by one letter.
pub(crate) fn id(name: &str) -> IdentityId {
    let letter = *name.as_bytes().first().expect("a name");
    IdentityId::new(&region(), Guid([letter; 16]))
}

pub(crate) fn name(id: &IdentityId) -> String {
    let Guid([letter, ..]) = id.guid().expect("minted");
    char::from(letter).to_string()
}

/// An identity without a login.
pub(crate) fn guest(name: &str) -> Identity {
    Identity::guest(id(name), pool_id(), Timestamp::from_millis(1_000))
}

/// `d:` stands for the developer provider, any other letter for a public one.
pub(crate) fn login(text: &str) -> Login {
    let (provider, subject) = text.split_once(':').expect("provider:subject");
    if provider == "d" {
        let (provider, user) = (provider.parse().expect("a name"), subject.parse());
        return Login::developer(&provider, &user.expect("a user"));
    }
    let provider = provider.parse().expect("a provider");
    VerifiedLogin::assertion(&provider, subject).expect("a subject").login().clone()
}

pub(crate) fn logins(text: &str) -> Vec<Login> {
    text.split(',').filter(|text| !text.is_empty()).map(login).collect()
}

fn fillers(identity: &str, count: u32) -> Vec<Login> {
    let letter = &identity[..1];
    (1..=count).map(|n| login(&format!("d:{letter}{n}"))).collect()
}

/// The `amr` of a token for logins.
pub(crate) fn amr(text: &str) -> Vec<String> {
    let used: Vec<_> = logins(text).into_iter().map(VerifiedLogin::of).collect();
    claims::amr(&pool().settings, &used)
}

/// Identities by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct World(pub(crate) Vec<Identity>);

impl World {
    pub(crate) fn parse(text: &str) -> Self {
        let identities = text.split_whitespace().zip(1_u64..).map(|(identity, place)| {
            let (name, state) = identity.split_once('=').expect("name=state");
            let second = name.split_once('@').map(|(_, second)| second.parse().expect("a second"));
            let created = Timestamp::from_millis(second.unwrap_or(place) * 1000);
            let mut identity = Identity::guest(id(name), pool_id(), created);
            match state {
                "guest" => {}
                "disabled" => {
                    let passing = login("d:passing");
                    identity.link([passing.clone()], created).expect("a login");
                    identity.unlink(&passing, created);
                }
                has => {
                    let has = has.split(',').flat_map(|has| match has.strip_prefix('+') {
                        Some(count) => fillers(name, count.parse().expect("a count")),
                        None => vec![login(has)],
                    });
                    identity.link(has, created).expect("logins that go together");
                }
            }
            identity
        });
        Self(identities.collect())
    }

    pub(crate) fn get(&self, id: &IdentityId) -> Option<&Identity> {
        self.0.iter().find(|identity| identity.id() == id)
    }

    pub(crate) fn owners(&self, logins: &[Login]) -> Vec<Identity> {
        let owns = |identity: &&Identity| logins.iter().any(|login| identity.has(login));
        self.0.iter().filter(owns).cloned().collect()
    }

    /// The owner of a developer user.
    pub(crate) fn owner(&self, user: &str) -> Option<&Identity> {
        let login = login(&format!("d:{user}"));
        self.0.iter().find(|identity| identity.has(&login))
    }

    /// Applies effects. Each one must start from the current record and change it, unless others
    /// are merged into the identity.
    pub(crate) fn apply(&mut self, effects: Vec<Effect>) {
        let is_merge = effects.len() > 1;
        for effect in effects {
            match effect.clone() {
                Effect::Identity(Change::Create(identity)) => {
                    assert!(self.get(identity.id()).is_none(), "I9: {identity:?}");
                    assert_eq!(identity.revision(), 1, "{identity:?}");
                    self.0.push(identity);
                }
                Effect::Identity(Change::Update { before, after }) => {
                    let unrevised = before.clone().succeeding(&before);
                    assert!(is_merge || unrevised != after, "an effect without an effect");
                    assert_eq!(unrevised.revision(), after.revision(), "{after:?}");
                    let known = self.0.iter_mut().find(|known| **known == before);
                    *known.expect("what was before") = after;
                }
                Effect::Identity(Change::Delete(identity)) => {
                    let known = self.0.iter().position(|known| *known == identity);
                    self.0.remove(known.expect("what is deleted"));
                }
                Effect::Undone(_) => {}
                Effect::Pool(_) => panic!("no rule of logins does this: {effect:?}"),
            }
        }
    }

    pub(crate) fn print(&self) -> String {
        let shown = self.0.iter().map(|identity| {
            let state = match identity.state() {
                IdentityState::Unauthenticated => "guest".to_owned(),
                IdentityState::Disabled => "disabled".to_owned(),
                IdentityState::Authenticated => {
                    let logins = identity.logins();
                    let logins: Vec<_> =
                        logins.map(|l| format!("{}:{}", l.provider(), l.subject())).collect();
                    logins.join(",")
                }
            };
            format!("{}={state}", name(identity.id()))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    /// The same identities without the order of their links, which depends on the order of the
    /// logins.
    pub(crate) fn unordered(&self) -> BTreeSet<(IdentityId, String, BTreeSet<Login>)> {
        let parts = self.0.iter().map(|identity| {
            let logins = identity.logins().cloned().collect();
            let dates = (identity.created(), identity.modified());
            (identity.id().clone(), format!("{:?} {dates:?}", identity.state()), logins)
        });
        parts.collect()
    }

    /// Asserts the parts of I1, I3, I4, I5 and I9 that need no store.
    pub(crate) fn assert_invariants(&self) {
        let mut owned = BTreeSet::new();
        for identity in &self.0 {
            let links = identity.links();
            let authenticated = identity.state() == IdentityState::Authenticated;
            assert_eq!(authenticated, !links.is_empty(), "I5: {identity:?}");
            assert_eq!(*identity.pool(), pool_id(), "I1: {identity:?}");
            assert!(links.len() <= LOGINS_MAX, "I4: {identity:?}");
            assert!(identity.created() <= identity.modified(), "I9: {identity:?}");
            let rises = links.windows(2).all(|pair| pair[0].ordinal < pair[1].ordinal);
            assert!(rises, "the order of links: {identity:?}");
            let mut providers = BTreeSet::new();
            for login in identity.logins() {
                assert!(owned.insert(login), "I1: {login:?}");
                let first = login.is_developer() || providers.insert(login.provider());
                assert!(first, "I3: {identity:?}");
            }
        }
    }

    /// Asserts the parts of I5 and I9 that compare an identity with its former state.
    pub(crate) fn assert_follows(&self, before: &Self) {
        use IdentityState::{Authenticated, Disabled, Unauthenticated};
        for before in &before.0 {
            let Some(after) = self.get(before.id()) else { continue };
            let follows = match (before.state(), after.state()) {
                (Disabled, _) => before == after,
                (Unauthenticated, _) | (Authenticated, Authenticated | Disabled) => true,
                (Authenticated, Unauthenticated) => false,
            };
            assert!(follows, "I5: {before:?} becomes {after:?}");
            assert_eq!(before.created(), after.created(), "I9");
            assert!(before.modified() <= after.modified(), "I9: {before:?} becomes {after:?}");
        }
    }
}

/// The role that is chosen, by whatever rule.
pub(crate) fn choose(
    pool: &Pool,
    is_guest: bool,
    used: &[VerifiedLogin],
    custom: Option<&Arn>,
    accounts: RoleAccounts,
) -> Result<Arn, Refusal> {
    roles::choose(pool, is_guest, used, custom, accounts).map(|(role, _)| role)
}
