//! A guest's token of this service opens no more than the guest's id does.

use cognate::operation::{
    CognitoIdentityProvider, DeleteIdentitiesInput, GuestAccess, UpdateIdentityPoolInput,
};
use serde_json::json;

use crate::attacks::MISMATCH;
use crate::mint::{EXAMPLE, EXAMPLE_ARN, GOOGLE, USER_POOL, makers};
use crate::ours::guest_token;
use crate::site::{Call, Door, Operation, Site};
use crate::support::{GAME, parse};

const OURS: &str = "cognito-identity.amazonaws.com";

/// Updates the pool so that it no longer allows guests.
fn forbid_guests(site: &Site) {
    let input = UpdateIdentityPoolInput::new(&site.pool, "game", GuestAccess::Denied)
        .developer_provider_name(GAME)
        .supported_login_providers(GOOGLE, "42.apps.example")
        .open_id_connect_provider_arns(EXAMPLE_ARN)
        .cognito_identity_providers(CognitoIdentityProvider::new(
            parse(USER_POOL),
            parse("gameclient"),
        ));
    site.world.aws.update_identity_pool(input).expect("updated");
}

#[test]
fn a_guest_token_opens_what_the_id_opens() {
    let site = Site::new();
    let token = guest_token(&site.world, &site.guest);
    let guest = Some(site.guest.clone());
    for door in Door::BOTH {
        let call = Call(Operation::GetCredentialsForIdentity, guest.clone());
        site.call(door, &call, &[]).expect("a guest");
        site.call(door, &call, &[(OURS, &token)]).expect("a guest with its token");
        let before = site.world.dump();
        let call = Call(Operation::UnlinkIdentity, guest.clone());
        let refused = site.call(door, &call, &[(OURS, &token)]).expect_err("no login");
        assert_eq!(refused.message, MISMATCH);
        assert!(site.world.dump() == before);
    }
}

/// Contract, sections 5.3 and 5.4: once the pool no longer allows guests, a guest without logins is
/// refused. An older token of the guest proves no login.
#[test]
fn a_guest_token_is_no_way_around_a_pool_without_guests() {
    let site = Site::new();
    let token = guest_token(&site.world, &site.guest);
    forbid_guests(&site);
    let before = site.world.dump();
    let call = Call(Operation::GetCredentialsForIdentity, Some(site.guest.clone()));
    for door in Door::BOTH {
        for logins in [vec![], vec![(OURS, token.as_str())]] {
            let presented = logins.len();
            let refused = site.call(door, &call, &logins).err();
            let refused = refused.unwrap_or_else(|| panic!("{presented} logins, {door:?}: let in"));
            let text = "Unauthenticated access is not supported for this identity pool.";
            let wanted = ("NotAuthorizedException", text);
            assert_eq!((refused.kind.as_str(), refused.message.as_str()), wanted, "{door:?}");
            assert!(site.world.dump() == before);
        }
    }
}

/// If a login is presented too, only the login counts.
#[test]
fn a_guest_token_beside_a_login_adds_nothing() {
    let site = Site::new();
    let token = guest_token(&site.world, &site.guest);
    let before = site.world.dump();
    let genuine = makers()[3].genuine().text();
    let forged = makers()[3].with("exp", json!(0));
    let call = Call(Operation::GetCredentialsForIdentity, Some(site.guest.clone()));
    for logins in
        [[(OURS, token.as_str()), (EXAMPLE, &forged)], [(EXAMPLE, &forged), (OURS, &token)]]
    {
        site.call(Door::Wire, &call, &logins).expect_err("one is bad");
        assert!(site.world.dump() == before);
    }
    let alice = Call(Operation::GetCredentialsForIdentity, Some(site.alice.clone()));
    let refused = site.call(Door::Wire, &alice, &[(EXAMPLE, &genuine), (OURS, &token)]);
    assert_eq!(refused.expect_err("a token for another").message, MISMATCH);
    assert!(site.world.dump() == before);
}

#[test]
fn a_token_does_not_outlive_its_identity() {
    let site = Site::new();
    let token = guest_token(&site.world, &site.guest);
    let delete = DeleteIdentitiesInput::new([&site.guest]);
    site.world.aws.delete_identities(delete).expect("deleted");
    let before = site.world.dump();
    for operation in [Operation::GetCredentialsForIdentity, Operation::UnlinkIdentity] {
        let call = Call(operation, Some(site.guest.clone()));
        let refused = site.call(Door::Wire, &call, &[(OURS, &token)]).expect_err("gone");
        assert_eq!(refused.message, format!("Identity '{}' not found.", site.guest));
        assert!(site.world.dump() == before);
    }
}
