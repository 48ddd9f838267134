//! The calls on a small world, and the texts of their refusals.

use crate::testkit::names::{
    Account, Caller, DeveloperProvider, IdToken, Identity, NumberedLogin, Pool, Presented,
    Provider, Role, Spelling, Token, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::settings::{Roles, Settings};
use crate::testkit::worlds::{OWNER, POOL, World};

/// Each clause that refuses a call of this file, with the texts that may say so.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("3 a developer user of another identity", "already registered with Cognito."),
    ("3 c3 no presented login of an authenticated identity", "Logins don't match."),
    ("3 d1 no login for an authenticated identity", "is forbidden."),
    ("3 d2 a disabled identity", "is forbidden."),
    ("3 e1 an unknown identity", "Identity '"),
    ("3 linking a second user of a public provider", "Login is already linked"),
    ("3 merging two users of a public provider", "Cannot merge these identities."),
    ("5 an unknown pool", "IdentityPool '"),
    ("5.1 no login of the developer provider", "You can only specify one developer provider"),
    ("5.1 another developer provider", "does not support the specified developer provider"),
    ("5.2 a bad token", "Token expired"),
    ("5.2 a key that is no provider of the pool", "Token is not from a supported provider"),
    ("5.2 a pool without guests", "Unauthenticated access is not supported"),
    ("5.2 an account that does not own the pool", "Access to this identity pool is forbidden."),
    ("5.2 the developer provider in a public call", "Please provide a valid public provider"),
    ("5.4 a token for another identity", "Logins don't match.|Not a Cognito token."),
    ("5.5 a lookup without a key", "Either IdentityId or DeveloperUserIdentifier"),
    ("5.5 a user of another identity", "is not associated with identity"),
    ("5.5 an unknown user", "Developer user identifier '"),
    ("5.6 an unknown destination", "Developer user identifier '"),
    ("5.6 an unknown source", "Developer user identifier '"),
    ("5.6 another developer provider", "does not support the specified developer provider"),
    ("5.7 a user of another identity", "is not associated with identity"),
    ("5.7 an unknown user", "Developer user identifier '"),
    ("5.7 another developer provider", "does not support the specified developer provider"),
    ("5.8 a disabled identity", "is forbidden."),
    ("5.8 no login of the identity", "Logins don't match."),
    ("5.8 the developer provider in LoginsToRemove", "Please provide a valid public provider"),
];

const GAME: DeveloperProvider = DeveloperProvider::Game;
const STRANGER: Caller = Caller::Account(Account { number: 1, region: 0 });

/// Signed calls with a developer provider: a good one, and one for each refusal.
const SIGNED: [(Caller, Pool, DeveloperProvider); 4] = [
    (OWNER, POOL, GAME),
    (OWNER, POOL, DeveloperProvider::Shop),
    (OWNER, Pool(0), DeveloperProvider::Shop),
    (STRANGER, POOL, GAME),
];

fn settings(guests: bool) -> Settings {
    Settings {
        name: 0,
        guests,
        classic_flow: None,
        developer: Some(GAME),
        providers: vec![Provider::Google],
        tags: None,
    }
}

/// Makes a pool with both kinds of providers, and with roles.
pub(super) fn pool(pool: Pool) -> [Operation; 2] {
    let roles = Roles {
        authenticated: Some(Role::Player),
        unauthenticated: Some(Role::Guest),
        ..Roles::default()
    };
    [
        Operation::CreateIdentityPool { caller: OWNER, settings: settings(true) },
        Operation::SetIdentityPoolRoles { caller: OWNER, pool, roles },
    ]
}

fn user(user: u8) -> Presented {
    Presented::User(GAME, User(user))
}

fn google(subject: u8) -> Presented {
    Presented::Public(Provider::Google, subject, IdToken::Genuine)
}

/// A key that may stand beside the usual one of the same provider.
fn google_too(subject: u8) -> Presented {
    Presented::Spelled(Spelling::Slash, Provider::Google, subject, IdToken::Refreshed)
}

/// Every set of public logins, and some with a bad one.
fn public() -> Vec<Vec<Presented>> {
    let expired = Presented::Public(Provider::Google, 0, IdToken::Expired);
    let unsupported = Presented::Public(Provider::OpenIdConnect, 0, IdToken::Genuine);
    vec![
        vec![],
        vec![google(0)],
        vec![google(1)],
        vec![google(0), google_too(1)],
        vec![google(0), google_too(0)],
        vec![google_too(1), expired],
        vec![expired, unsupported],
    ]
}

/// One call for each identity with logins, which presents as many of them as one call can.
pub(super) fn tokens(world: &World) -> Vec<Operation> {
    let with_logins = world.model.identities.iter().filter(|(_, state)| !state.logins.is_empty());
    let calls = with_logins.map(|(identity, state)| {
        let users = state.logins.iter().find_map(|login| match login {
            NumberedLogin::User(User(number)) => Some(user(*number)),
            NumberedLogin::Public(..) => None,
        });
        let subjects = state.logins.iter().filter_map(|login| match login {
            NumberedLogin::Public(_, subject) => Some(google(*subject)),
            NumberedLogin::User(_) => None,
        });
        let mut logins: Vec<_> = subjects.collect();
        let Some(user) = users else {
            return Operation::GetOpenIdToken { identity: *identity, logins };
        };
        logins.push(user);
        developer_token(Some(*identity), logins)
    });
    calls.collect()
}

fn developer_token(identity: Option<Identity>, logins: Vec<Presented>) -> Operation {
    Operation::GetOpenIdTokenForDeveloperIdentity {
        caller: OWNER,
        pool: POOL,
        identity,
        logins,
        principal_tags: Vec::new(),
        duration_secs: None,
    }
}

/// Every call on a world.
pub(super) fn all(world: &World) -> Vec<Operation> {
    let mut identities: Vec<_> = world.model.identities.keys().copied().collect();
    identities.push(Identity::UNKNOWN);
    let tokens: Vec<_> = world.model.tokens.keys().copied().collect();
    let mut calls = without_identity();
    for identity in &identities {
        calls.extend(with_identity(*identity, &identities));
        calls.extend(with_proof(*identity, &tokens));
    }
    let ids = identities.iter().copied().map(Some).chain([None]);
    calls.extend(ids.flat_map(developer_tokens));
    calls
}

/// Calls about the pool and about users.
fn without_identity() -> Vec<Operation> {
    let get_id = |pool, account, logins| Operation::GetId { pool, account, logins };
    let mut calls: Vec<_> = public().into_iter().map(|l| get_id(POOL, None, l)).collect();
    calls.push(get_id(POOL, Some(1), vec![user(0)]));
    calls.push(get_id(POOL, Some(0), vec![user(0)]));
    calls.push(get_id(Pool(0), Some(1), Vec::new()));
    for (caller, pool) in [(OWNER, POOL), (OWNER, Pool(0)), (STRANGER, POOL)] {
        let (max_results, after) = (60, None);
        for hide_disabled in [false, true] {
            calls.push(Operation::ListIdentities {
                caller,
                pool,
                max_results,
                after,
                hide_disabled,
            });
        }
        calls.extend(
            [None, Some(User(0)), Some(User(1))].map(|user| lookup(caller, pool, None, user)),
        );
    }
    for (source, destination) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
        for (caller, pool, provider) in SIGNED {
            let (source, destination) = (User(source), User(destination));
            calls.push(Operation::MergeDeveloperIdentities {
                caller,
                pool,
                provider,
                source,
                destination,
            });
        }
    }
    for guests in [false, true] {
        let settings = settings(guests);
        calls.push(Operation::UpdateIdentityPool { caller: OWNER, pool: POOL, settings });
    }
    calls.push(Operation::DeleteIdentityPool { caller: STRANGER, pool: POOL });
    calls.push(Operation::DeleteIdentityPool { caller: OWNER, pool: POOL });
    calls
}

fn lookup(caller: Caller, pool: Pool, identity: Option<Identity>, user: Option<User>) -> Operation {
    let (max_results, after) = (None, None);
    Operation::LookupDeveloperIdentity { caller, pool, identity, user, max_results, after }
}

/// Signed calls about an identity.
fn with_identity(identity: Identity, all: &[Identity]) -> Vec<Operation> {
    let mut calls = vec![
        Operation::DeleteIdentities { caller: OWNER, identities: vec![identity] },
        Operation::DeleteIdentities { caller: OWNER, identities: all.to_vec() },
        Operation::DeleteIdentities { caller: STRANGER, identities: vec![identity] },
        Operation::DescribeIdentity { caller: OWNER, identity },
        Operation::DescribeIdentity { caller: STRANGER, identity },
    ];
    calls.extend(
        [None, Some(User(0)), Some(User(1))].map(|user| lookup(OWNER, POOL, Some(identity), user)),
    );
    for user in [User(0), User(1)] {
        for (caller, pool, provider) in SIGNED {
            let unlink =
                Operation::UnlinkDeveloperIdentity { caller, pool, identity, provider, user };
            calls.push(unlink);
        }
    }
    calls
}

/// Public calls about an identity, with logins, and with each token of the service.
fn with_proof(identity: Identity, tokens: &[Token]) -> Vec<Operation> {
    let logins = || public().into_iter().chain([vec![user(0)]]);
    let mut calls: Vec<_> =
        logins().map(|logins| Operation::GetOpenIdToken { identity, logins }).collect();
    let own = tokens.iter().map(|token| Presented::Cognito(*token));
    let own = own.flat_map(|token| [vec![token], vec![token, google(0)], vec![google(1), token]]);
    let unlink = |logins: &[Presented], providers: &[Provider], developer| {
        let (logins, providers) = (logins.to_vec(), providers.to_vec());
        Operation::UnlinkIdentity { identity, logins, providers, developer }
    };
    for logins in logins() {
        calls.push(unlink(&logins, &[], false));
        calls.push(unlink(&logins, &[Provider::Google], true));
    }
    for logins in logins().chain(own) {
        calls.push(unlink(&logins, &[Provider::Google], false));
        let custom_role = None;
        calls.push(Operation::GetCredentialsForIdentity { identity, logins, custom_role });
    }
    calls
}

/// Every set of logins with at most one developer user, which comes first or last.
fn developer_tokens(identity: Option<Identity>) -> Vec<Operation> {
    let strange = Presented::User(DeveloperProvider::Shop, User(0));
    let users = [None, Some(user(0)), Some(user(1)), Some(strange)];
    let mut calls = Vec::new();
    for (logins, user) in public().into_iter().flat_map(|l| users.map(|user| (l.clone(), user))) {
        let last = logins.iter().copied().chain(user).collect();
        calls.push(developer_token(identity, last));
        if let (Some(user), false) = (user, logins.is_empty()) {
            let first = std::iter::once(user).chain(logins).collect();
            calls.push(developer_token(identity, first));
        }
    }
    calls
}
