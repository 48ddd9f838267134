use super::*;
use crate::rules::properties::call::{Call, outcome};
use crate::rules::properties::world::{id, pool, pool_with_providers};

#[test]
fn guests() {
    let mut pool = pool();
    assert_eq!(check_guest_access(&pool), Ok(()));
    pool.settings.allow_unauthenticated_identities = false;
    assert_eq!(check_guest_access(&pool), Err(Refusal::GuestsUnsupported));
}

/// Contract section 5.3: three states of `AllowClassicFlow`.
#[test]
fn the_classic_flow() {
    let mut pool = pool();
    for (allowed, expected) in
        [(None, Ok(())), (Some(true), Ok(())), (Some(false), Err(Refusal::ClassicFlowDisabled))]
    {
        pool.settings.allow_classic_flow = allowed;
        assert_eq!(check_classic_flow(&pool, []), expected, "{allowed:?}");
    }
    pool.settings.allow_classic_flow = Some(true);
    let mapping = crate::state::RoleMapping::token(crate::state::AmbiguousRoleResolution::Deny);
    pool.roles.mappings = [("p".parse().unwrap(), mapping)].into();
    assert_eq!(check_classic_flow(&pool, []), Err(Refusal::ClassicFlowWithRoleMappings));
}

/// Contract section 5.3.3: a SAML provider of the pool, alone and among others.
#[test]
fn the_classic_flow_of_a_saml_login() {
    let mut pool = pool_with_providers();
    let [saml, other, facebook] = [
        "arn:aws:iam::123456789012:saml-provider/corp",
        "arn:aws:iam::123456789012:saml-provider/other",
        "graph.facebook.com",
    ]
    .map(|name| name.parse::<ProviderName>().expect("a name"));
    let refused = Err(Refusal::ClassicFlowWithSaml);
    for (providers, expected) in [
        (vec![&saml], refused.clone()),
        (vec![&facebook, &saml], refused),
        (vec![&facebook], Ok(())),
        (vec![&other], Ok(())),
    ] {
        assert_eq!(check_classic_flow(&pool, providers.iter().copied()), expected, "{providers:?}");
    }
    pool.settings.allow_classic_flow = Some(false);
    assert_eq!(check_classic_flow(&pool, [&saml]), Err(Refusal::ClassicFlowDisabled));
}

/// Open question Q10.
#[test]
fn the_owner_of_a_pool() {
    let claimed = |account: &str| account.parse().expect("an account");
    assert_eq!(check_account(&pool(), None), Ok(()));
    assert_eq!(check_account(&pool(), Some(&claimed("123456789012"))), Ok(()));
    for other in ["1", "999999999999", "123456789012345"] {
        assert_eq!(check_account(&pool(), Some(&claimed(other))), Err(Refusal::PoolForbidden));
    }
}

/// Contract section 5.8 and open questions Q17, Q18.
#[test]
fn unlinking() {
    let forbidden = format!("! Access to Identity '{}' is forbidden.", id("X"));
    let mismatch = format!("! {}", Refusal::LoginsDontMatch);
    for (world, proved, token, removed, expected) in [
        ("X=p:1,q:1", "p:1", "", "q", "- | X=p:1"),
        ("X=p:1,q:1", "p:1", "", "p", "- | X=q:1"),
        ("X=p:1,q:1", "p:1", "", "p,q", "- | X=disabled"),
        ("X=p:1,d:a", "p:1", "", "p", "- | X=d:a"),
        ("X=p:1", "p:1", "", "r", "- | X=p:1"),
        ("X=p:1", "p:1", "", "", "- | X=p:1"),
        ("X=p:1", "q:1", "", "p", mismatch.as_str()),
        ("X=p:1 Y=q:1", "q:1", "", "p", mismatch.as_str()),
        ("X=p:1", "", "", "p", mismatch.as_str()),
        ("X=p:1,d:a", "", "d:a", "p", "- | X=d:a"),
        ("X=p:1,d:a", "", "p:1", "p", "- | X=d:a"),
        ("X=p:1,d:a", "", "d:b", "p", mismatch.as_str()),
        ("X=p:1,d:a", "", "p:2", "p", mismatch.as_str()),
        ("X=disabled", "p:1", "", "p", forbidden.as_str()),
        ("X=disabled", "", "d:a", "p", forbidden.as_str()),
        ("X=guest", "p:1", "", "p", mismatch.as_str()),
    ] {
        let [logins, token, providers] = [proved, token, removed].map(str::to_owned);
        let identity = "X".to_owned();
        let call = Call::UnlinkPublic { identity, logins, token, providers };
        assert_eq!(outcome(world, &call), expected, "{proved} opens, {removed} goes");
    }
    assert_eq!(
        check_removal(&pool(), &["d".parse().unwrap()]),
        Err(Refusal::PublicProviderExpected),
    );
    assert_eq!(check_removal(&pool(), &["p".parse().unwrap()]), Ok(()));
}
