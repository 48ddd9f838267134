//! Sequences with a beginning that random operations seldom make.

use cognate::testkit::{
    Account, Ambiguous, Caller, DeveloperProvider, IdToken, Identity, Mapping, Match, Operation,
    Pool, Presented, Provider, Role, Roles, Rule, Settings, Tags, User,
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
    operations.push(Operation::MergeDeveloperIdentities {
        caller: OWNER,
        pool: Pool(0),
        provider: GAME,
        source: User(0),
        destination: User(1),
    });
    // After the merge there are four logins.
    operations.extend((2..=18).map(|number| user(google, number)));
    operations
}

fn user(public: Presented, number: u8) -> Operation {
    Operation::GetOpenIdTokenForDeveloperIdentity {
        caller: OWNER,
        pool: Pool(0),
        identity: None,
        logins: vec![public, Presented::User(GAME, User(number))],
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
