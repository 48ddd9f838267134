//! The IAM names, actions and resources of the operations.

use cognate::wire::{self, OPERATIONS};

use super::{OPERATIONS as BODIES, PUBLIC};
use crate::support::{ACCOUNT, REGION, parse, target};

const POOL: &str = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0";

/// The resources of the Service Authorization Reference for the bodies of [`BODIES`].
#[rustfmt::skip]
const RESOURCES: [(&str, &str); 23] = [
    ("CreateIdentityPool",                 "*"),
    ("DeleteIdentities",                   "*"),
    ("DeleteIdentityPool",                 POOL),
    ("DescribeIdentity",                   "*"),
    ("DescribeIdentityPool",               POOL),
    ("GetCredentialsForIdentity",          "*"),
    ("GetId",                              "*"),
    ("GetIdentityPoolRoles",               POOL),
    ("GetOpenIdToken",                     "*"),
    ("GetOpenIdTokenForDeveloperIdentity", POOL),
    ("GetPrincipalTagAttributeMap",        POOL),
    ("ListIdentities",                     POOL),
    ("ListIdentityPools",                  "*"),
    ("ListTagsForResource",                POOL),
    ("LookupDeveloperIdentity",            POOL),
    ("MergeDeveloperIdentities",           POOL),
    ("SetIdentityPoolRoles",               "*"),
    ("SetPrincipalTagAttributeMap",        "*"),
    ("TagResource",                        POOL),
    ("UnlinkDeveloperIdentity",            POOL),
    ("UnlinkIdentity",                     "*"),
    ("UntagResource",                      POOL),
    ("UpdateIdentityPool",                 POOL),
];

fn resource_in(region: &str, target: &str, body: &str) -> Option<String> {
    wire::resource(target, body.as_bytes(), &parse(ACCOUNT), &parse(region))
}

fn resource(target: &str, body: &str) -> Option<String> {
    resource_in(REGION, target, body)
}

#[test]
fn all_operations_with_their_credentials_actions_and_resources() {
    assert_eq!(OPERATIONS.len(), 23);
    for ((known, (name, body)), (of, wanted)) in OPERATIONS.iter().zip(BODIES).zip(RESOURCES) {
        assert_eq!((known.name(), of), (name, name));
        assert_eq!(known.needs_credentials(), !PUBLIC.contains(&name), "{name}");
        let action = format!("cognito-identity:{name}");
        assert_eq!(known.action(), action);
        for target in
            [target(name), format!("com.amazonaws.cognito.identity.model.{}", target(name))]
        {
            assert_eq!(
                wire::ServiceOperation::of_target(&target).map(wire::ServiceOperation::name),
                Some(name)
            );
            assert_eq!(wire::action(&target), Some(action.clone()));
            assert_eq!(resource(&target, body).as_deref(), Some(wanted), "{name}");
        }
    }
}

#[test]
fn a_target_without_an_operation_has_no_action_and_no_resource() {
    for target in ["", "GetId", "AWSCognitoIdentityService.", "AWSCognitoIdentityService.GetPool"] {
        assert!(wire::ServiceOperation::of_target(target).is_none(), "{target}");
        assert_eq!(wire::action(target), None, "{target}");
        assert_eq!(resource(target, "{}"), None, "{target}");
    }
}

#[test]
fn a_body_that_the_operation_does_not_read_has_no_resource() {
    let long = " ".repeat(wire::BODY_LENGTH_MAX + 1);
    for (name, fits) in BODIES {
        let target = target(name);
        for body in ["", "null", "[]", "{", "\u{0}", &long, &format!("{fits}x")] {
            assert_eq!(resource(&target, body), None, "{name}");
        }
        let member = fits.split('"').nth(1).expect("a member");
        let mistyped = format!(r#"{{"{member}": [[[]]]}}"#);
        assert_eq!(resource(&target, &mistyped), None, "{name} {mistyped}");
    }
}

#[test]
fn a_body_without_a_pool_has_no_resource() {
    for (name, wanted) in RESOURCES.iter().filter(|(_, wanted)| *wanted == POOL) {
        let (_, fits) = BODIES.iter().find(|(known, _)| known == name).expect("known");
        for (from, to) in [
            ("us-east-1:0", "us-east-1:G"),
            ("us-east-1:0", ""),
            ("identitypool/us-east-1:0", "userpool/us-east-1:0"),
            ("cognito-identity:", "cognito-idp:"),
            ("\"IdentityPoolId\"", "\"Other\""),
            ("\"ResourceArn\"", "\"Other\""),
        ] {
            let body = fits.replace(from, to);
            let expected = (body == *fits).then_some(*wanted);
            assert_eq!(resource(&target(name), &body).as_deref(), expected, "{name} {body}");
        }
    }
}

#[test]
fn a_pool_lies_in_the_partition_of_the_region() {
    let describe = target("DescribeIdentityPool");
    let body = r#"{"IdentityPoolId": "cn-north-1:0"}"#;
    let arn = "arn:aws-cn:cognito-identity:cn-north-1:123456789012:identitypool/cn-north-1:0";
    assert_eq!(resource_in("cn-north-1", &describe, body).as_deref(), Some(arn));
}

/// IAM checks the resource that a request names, even if another account owns it.
#[test]
fn the_arn_of_another_account_is_the_resource() {
    let arn = "arn:aws:cognito-identity:eu-west-1:999999999999:identitypool/eu-west-1:0";
    let body = format!(r#"{{"ResourceArn": "{arn}"}}"#);
    assert_eq!(resource(&target("ListTagsForResource"), &body).as_deref(), Some(arn));
}
