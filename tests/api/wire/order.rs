//! Faults of a request are found in one order: types, credentials, constraints, everything else.

use cognate::wire::{self, Context};
use serde_json::Value;

use super::constraints::assert_refused;
use super::{OPERATIONS, PUBLIC};
use crate::support::{ACCOUNT, REGION, World, parse, target};

const MISSING: (&str, &str) =
    ("MissingAuthenticationTokenException", "Missing Authentication Token");
const UNRECOGNIZED: (&str, &str) =
    ("UnrecognizedClientException", "The security token included in the request is invalid.");
const MISTYPED: (&str, &str) = ("SerializationException", "Start of list found where not expected");

fn signed() -> Context {
    Context::signed(parse(ACCOUNT), parse(REGION))
}

fn unrecognized() -> Context {
    Context::from_authorization(Some("Bearer eyJ"))
}

/// Replaces each member by a list in a list, a type that no member has.
fn mistyped(fits: &str) -> String {
    let mut body: Value = serde_json::from_str(fits).expect("JSON");
    for member in body.as_object_mut().expect("an object").values_mut() {
        *member = serde_json::json!([[]]);
    }
    body.to_string()
}

#[test]
fn types_come_before_credentials_and_credentials_before_constraints() {
    let world = World::new();
    for (operation, fits) in OPERATIONS {
        let mistyped = mistyped(fits);
        if PUBLIC.contains(&operation) {
            public_operations_need_no_credentials(&world, operation, fits, &mistyped);
            continue;
        }
        for (context, body, (name, message)) in [
            (Context::anonymous(), mistyped.as_str(), MISTYPED),
            (unrecognized(), &mistyped, MISTYPED),
            (signed(), &mistyped, MISTYPED),
            (Context::anonymous(), "{}", MISSING),
            (unrecognized(), "{}", UNRECOGNIZED),
            (Context::anonymous(), fits, MISSING),
            (unrecognized(), fits, UNRECOGNIZED),
        ] {
            let reply = wire::call(&world.engine, &context, &target(operation), body.as_bytes());
            assert_refused(&reply, name, message, &format!("{operation} {context:?} {body}"));
        }
        let reply = wire::call(&world.engine, &signed(), &target(operation), b"{}");
        let name = reply.fault.expect("nothing is given").name();
        assert_eq!(name, "ValidationException", "{operation}");
    }
    assert_eq!(world.dump(), [], "not even a pool was created");
}

/// Calls with every kind of caller and signature.
fn public_operations_need_no_credentials(
    world: &World,
    operation: &str,
    fits: &str,
    mistyped: &str,
) {
    for context in [Context::anonymous(), unrecognized(), signed()] {
        for (body, expected) in [
            (mistyped, "SerializationException"),
            ("{}", "ValidationException"),
            (fits, "ResourceNotFoundException"),
        ] {
            let reply = wire::call(&world.engine, &context, &target(operation), body.as_bytes());
            let found = reply.fault.map(|fault| fault.name());
            assert_eq!(found, Some(expected), "{operation} {context:?} {body}");
        }
    }
}

#[test]
fn constraints_come_before_what_does_not_exist() {
    let world = World::new();
    for (operation, fits) in OPERATIONS.iter().filter(|(_, fits)| fits.contains("us-east-1:0")) {
        let reply = world.wire(operation, fits);
        let found = reply.fault.map(|fault| fault.name());
        // `DeleteIdentities` accepts identities that do not exist.
        let known = (*operation == "DeleteIdentities").then_some("ResourceNotFoundException");
        assert_eq!(found.xor(known), Some("ResourceNotFoundException"), "{operation}");
        // An ARN has no pattern.
        let is_arn = fits.contains("ResourceArn");
        let wanted = if is_arn { "InvalidParameterException" } else { "ValidationException" };
        let broken = fits.replacen("us-east-1:0", "us-east-1:G", 1);
        let found = world.wire(operation, &broken).fault.expect("an id has a pattern").name();
        assert_eq!(found, wanted, "{operation}");
    }
}

#[test]
fn credentials_are_read_from_the_header() {
    for header in ["", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Signature=0", "Basic YTpi"] {
        assert_eq!(Context::from_authorization(Some(header)), unrecognized(), "{header}");
    }
    assert_eq!(Context::from_authorization(None), Context::anonymous());
    let scope = "/20260101/us-east-1/cognito-identity/aws4_request";
    let header = format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}{scope}, SignedHeaders=host");
    let context = Context::from_authorization(Some(&header));
    assert_eq!((context.account(), context.region()), (Some(parse(ACCOUNT)), Some(&parse(REGION))));
    // A session token without credentials is ignored.
    for header in [None, Some("Bearer eyJ")] {
        let context = Context::from_authorization(header);
        assert_eq!(context.clone().with_session_token(Some("token")), context);
    }
}
