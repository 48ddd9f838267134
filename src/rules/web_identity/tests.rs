use std::collections::BTreeMap;

use super::*;
use crate::ambient::Timestamp;
use crate::id::{Guid, IdentityId, IdentityPoolId};
use crate::rules::properties::world::{NOW, pool};
use crate::state::{AmbiguousRoleResolution, MappingRule, MatchType, PrincipalTags, RoleMapping};

fn role(name: &str) -> Arn {
    format!("arn:aws:iam::123456789012:role/{name}").parse().expect("an ARN")
}

/// A pool with a role for guests, one for users, and two of mapping rules.
fn pool_with_roles() -> Pool {
    let rule = |role: &Arn| MappingRule::new("claim", MatchType::Equals, "value", role.as_str());
    let mapping = |name: &str| {
        let rules = [rule(&role(name)).expect("a rule")];
        RoleMapping::rules(AmbiguousRoleResolution::Deny, rules)
    };
    let mut pool = pool();
    pool.roles.defaults = BTreeMap::from([
        (RoleType::Authenticated, role("user")),
        (RoleType::Unauthenticated, role("guest")),
    ]);
    pool.roles.mappings = BTreeMap::from([
        ("one.example".parse().expect("a name"), mapping("one")),
        ("two.example".parse().expect("a name"), mapping("two")),
    ]);
    pool
}

fn claims(pool: &IdentityPoolId, identity: &IdentityId, amr: &str) -> Claims {
    let issuer = pool.region().expect("a region").token_issuer();
    let amr = amr.split(' ').map(str::to_owned).collect();
    let (ids, tags) = ((identity.clone(), pool.clone()), PrincipalTags::new());
    Claims::verified(issuer, ids, amr, tags, None, (0, 1))
}

#[test]
#[rustfmt::skip]
fn a_token_opens_the_roles_of_its_pool_for_its_kind() {
    const OWN: &str = "us-east-1:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
    const OTHER: &str = "us-east-1:bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb";
    const USER: &str = "authenticated p p:1";
    const GUEST: &str = "unauthenticated";

    let pool = pool_with_roles();
    let id = IdentityId::new(&pool.region, Guid([7; 16]));
    let identity = |is_disabled: bool| {
        let mut identity = Identity::guest(id.clone(), pool.id().clone(), Timestamp::from_millis(0));
        if is_disabled {
            drop(identity.empty(NOW));
        }
        identity
    };
    for (aud, amr, is_disabled, name, expected) in [
        // aud   amr    disabled  role     answer
        (OWN,   USER,  false,    "user",  "accepted"),
        (OWN,   USER,  false,    "one",   "accepted"),
        (OWN,   USER,  false,    "two",   "accepted"),
        (OWN,   USER,  false,    "guest", "no role"),
        (OWN,   USER,  false,    "other", "no role"),
        (OWN,   USER,  false,    "User",  "no role"),
        (OWN,   GUEST, false,    "guest", "accepted"),
        (OWN,   GUEST, false,    "user",  "no role"),
        (OWN,   GUEST, false,    "one",   "no role"),
        (OWN,   GUEST, false,    "other", "no role"),
        (OTHER, USER,  false,    "user",  "no identity"),
        (OTHER, GUEST, false,    "guest", "no identity"),
        (OTHER, USER,  false,    "other", "no identity"),
        (OWN,   USER,  true,     "user",  "no identity"),
        (OWN,   GUEST, true,     "guest", "no identity"),
        (OWN,   USER,  true,     "other", "no identity"),
    ] {
        let claims = claims(&aud.parse().expect("an id"), &id, amr);
        let expected = match expected {
            "no identity" => Err(Refusal::IdentityForbidden { identity_id: id.clone() }),
            "no role" => Err(Refusal::RoleForbidden { role: role(name) }),
            _ => Ok(()),
        };
        let known = (&pool, &identity(is_disabled));
        let found = check(known, &claims, &role(name), RoleAccounts::OwnOnly);
        assert_eq!(found, expected, "{aud} {amr} {is_disabled} {name}");
    }
}

/// The owner could not set such a role now, so nobody gets it.
#[test]
fn a_role_of_another_account_needs_the_option() {
    let mut pool = pool_with_roles();
    let foreign: Arn = "arn:aws:iam::999999999999:role/user".parse().expect("an ARN");
    pool.roles.defaults.insert(RoleType::Authenticated, foreign.clone());
    let id = IdentityId::new(&pool.region, Guid([7; 16]));
    let identity = Identity::guest(id.clone(), pool.id().clone(), NOW);
    let claims = claims(pool.id(), &id, "authenticated p p:1");
    let check = |accounts| check((&pool, &identity), &claims, &foreign, accounts);
    assert_eq!(check(RoleAccounts::Any), Ok(()));
    assert_eq!(check(RoleAccounts::OwnOnly), Err(Refusal::RoleForbidden { role: foreign.clone() }));
}

#[test]
fn a_pool_without_roles_gives_none() {
    let pool = pool();
    let id = IdentityId::new(&pool.region, Guid([7; 16]));
    let identity = Identity::guest(id.clone(), pool.id().clone(), NOW);
    for amr in ["authenticated p p:1", "unauthenticated"] {
        let claims = claims(pool.id(), &id, amr);
        let found = check((&pool, &identity), &claims, &role("user"), RoleAccounts::Any);
        assert_eq!(found, Err(Refusal::RoleForbidden { role: role("user") }), "{amr}");
    }
}
