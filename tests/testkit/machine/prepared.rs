//! Sequences with a beginning that random operations seldom make.

use cognate::testkit::{
    Account, Ambiguous, Caller, DeveloperProvider, IdToken, Identity, Mapping, Match, Operation,
    Pool, Presented, Provider, Role, Roles, Rule, Settings, Tags, Token, User,
};
use proptest::prelude::*;

use super::{Case, THROTTLED, cases};

/// Sequences that begin with a pool of so many identities that its removal takes several steps.
pub(super) fn crowds() -> impl Strategy<Value = Case> {
    let is_guest = |operation: &&Operation| matches!(operation, Operation::GetId { .. });
    let crowds = cases().prop_filter("few identities", move |case| {
        case.operations.iter().take(64).filter(is_guest).count() > 60
    });
    // The rate of `GetId` would keep most of them out.
    crowds.prop_map(|case| Case { options: case.options & !THROTTLED, ..case })
}

/// Sequences that begin with every choice of a role, a merge of two users who have several logins
/// each, an identity with 20 logins, and one login too many.
pub(super) fn scenes() -> impl Strategy<Value = Case> {
    cases().prop_map(|case| {
        let operations = scene().into_iter().chain(case.operations);
        Case { operations: operations.collect(), ..case }
    })
}

/// Sequences that begin with every row of the resolution table.
pub(super) fn rows() -> impl Strategy<Value = Case> {
    cases().prop_map(|case| {
        let operations = table().into_iter().chain(case.operations);
        Case { operations: operations.collect(), ..case }
    })
}

/// Sequences that begin with more calls than the rates allow.
pub(super) fn bursts() -> impl Strategy<Value = Case> {
    cases().prop_map(|case| {
        let pool = Pool(0);
        let tag = |number| Operation::TagResource {
            caller: OWNER,
            pool,
            tags: Tags { first: number, others: 0, value: 0 },
        };
        let list = |_| Operation::ListTagsForResource { caller: OWNER, pool };
        let burst = (0..8).map(tag).chain((0..12).map(list));
        let operations = [create_pool()].into_iter().chain(burst).chain(case.operations);
        let operations = operations.collect();
        Case { options: case.options | THROTTLED, operations, events: case.events }
    })
}

const OWNER: Caller = Caller::Account(Account::FIRST);
const GAME: DeveloperProvider = DeveloperProvider::Game;
const BOSS: Presented = Presented::Public(Provider::UserPool, 2, IdToken::Genuine);

fn create_pool() -> Operation {
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: None,
        developer: Some(GAME),
        providers: Provider::ALL.to_vec(),
        tags: None,
    };
    Operation::CreateIdentityPool { caller: OWNER, settings }
}

fn scene() -> Vec<Operation> {
    let google = Presented::Public(Provider::Google, 0, IdToken::Genuine);
    let by_token = |ambiguous| Mapping { ambiguous, rules: Vec::new() };
    let by_rule = |ambiguous, value: &str| {
        let (claim, match_type, value) = ("sub", Match::Equals, value.to_owned());
        Mapping { ambiguous, rules: vec![Rule { claim, match_type, value, role: Role::Moderator }] }
    };
    let (deny, allow) = (Ambiguous::Deny, Ambiguous::AuthenticatedRole);
    let mut operations = vec![create_pool(), user(BOSS, 0), user(google, 1), roles(None)];
    let customs = [None, Some(Role::Boss), Some(Role::Moderator), Some(Role::Guest)];
    operations.extend(customs.map(credentials));
    for mapping in
        [by_token(deny), by_rule(deny, "2"), by_rule(allow, "nobody"), by_rule(deny, "nobody")]
    {
        operations.push(roles(Some(mapping)));
        operations.extend(customs.map(credentials));
    }
    operations.push(merge(0, 1));
    // After the merge there are four logins.
    operations.extend((2..=18).map(|number| user(google, number)));
    operations
}

/// Identities are named by their place among the existing ones: disabled ones come last.
fn table() -> Vec<Operation> {
    let public = |provider, subject| Presented::Public(provider, subject, IdToken::Genuine);
    let (google, id) =
        (|user| public(Provider::Google, user), |user| public(Provider::OpenIdConnect, user));
    let get_id = |logins| Operation::GetId { pool: Pool(0), account: None, logins };
    let token = |place, logins| Operation::GetOpenIdToken { identity: Identity(place), logins };
    let tampered = Operation::GetCredentialsForIdentity {
        identity: Identity(0),
        logins: vec![Presented::Tampered(Token(0))],
        custom_role: None,
    };
    vec![
        create_pool(),
        get_id(vec![]),
        get_id(vec![google(0)]),
        get_id(vec![id(0)]),
        get_id(vec![google(0), id(0)]),
        token(0, vec![google(0)]),
        token(1, vec![google(0)]),
        get_id(vec![]),
        token(1, vec![google(1)]),
        get_id(vec![id(1)]),
        token(1, vec![google(1), id(1)]),
        token(1, vec![]),
        token(1, vec![google(0)]),
        present(None, vec![Presented::User(GAME, User(0))]),
        present(None, vec![Presented::User(GAME, User(1))]),
        present(Some(2), vec![Presented::User(GAME, User(1))]),
        present(Some(2), vec![Presented::User(GAME, User(2))]),
        tampered,
        merge(0, 0),
        merge(1, 0),
        Operation::DeleteIdentityPool { caller: OWNER, pool: Pool(0) },
    ]
}

fn merge(source: u8, destination: u8) -> Operation {
    let (source, destination) = (User(source), User(destination));
    Operation::MergeDeveloperIdentities {
        caller: OWNER,
        pool: Pool(0),
        provider: GAME,
        source,
        destination,
    }
}

fn user(public: Presented, number: u8) -> Operation {
    present(None, vec![public, Presented::User(GAME, User(number))])
}

fn present(place: Option<u16>, logins: Vec<Presented>) -> Operation {
    Operation::GetOpenIdTokenForDeveloperIdentity {
        caller: OWNER,
        pool: Pool(0),
        identity: place.map(Identity),
        logins,
        principal_tags: Vec::new(),
        duration_secs: None,
    }
}

fn credentials(custom_role: Option<Role>) -> Operation {
    let (identity, logins) = (Identity::OF_LOGINS, vec![BOSS]);
    Operation::GetCredentialsForIdentity { identity, logins, custom_role }
}

fn roles(mapping: Option<Mapping>) -> Operation {
    let roles = Roles {
        authenticated: Some(Role::Player),
        unauthenticated: Some(Role::Guest),
        mappings: mapping.map(|mapping| (Provider::UserPool, mapping)).into_iter().collect(),
    };
    Operation::SetIdentityPoolRoles { caller: OWNER, pool: Pool(0), roles }
}
