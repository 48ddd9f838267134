//! Targets name operations.

use cognate::wire;

use super::OPERATIONS;
use super::constraints::assert_refused;
use crate::support::{ACCOUNT, World, expand, parse, target};

/// The API reference's sample requests name the model, and so do handwritten clients.
#[test]
fn a_target_may_name_the_model_before_the_service() {
    let context = wire::Context::signed(parse(ACCOUNT), parse("us-east-1"));
    for (operation, body) in OPERATIONS {
        let answer = |target: &str| {
            let world = World::new();
            let reply = wire::call(&world.engine, &context, target, body.as_bytes());
            (reply.status, reply.body)
        };
        let plain = target(operation);
        let named = format!("com.amazonaws.cognito.identity.model.{plain}");
        assert_eq!(answer(&named), answer(&plain), "{operation}");
        let name =
            |target| wire::ServiceOperation::of_target(target).map(wire::ServiceOperation::name);
        assert_eq!(name(&named), Some(operation));
        assert_eq!(name(&plain), Some(operation));
        assert_eq!(name(operation), None);
    }
}

#[test]
fn an_unknown_target_is_an_unknown_operation() {
    let world = World::new();
    let context = wire::Context::anonymous();
    let namespace = "com.amazonaws.cognito.identity.model.";
    for (target, message) in [
        ("AWSCognitoIdentityService.Describe", "Unknown operation 'Describe'"),
        ("AWSCognitoIdentityService.describeIdentity", "Unknown operation 'describeIdentity'"),
        ("AWSCognitoIdentityService.GetId ", "Unknown operation 'GetId '"),
        ("AWSCognitoIdentityService.", "Unknown operation ''"),
        ("AWSCognitoIdentityService.x*1000", "Unknown operation 'x*128'"),
        (
            "com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.Describe",
            "Unknown operation 'Describe'",
        ),
    ] {
        let reply = wire::call(&world.engine, &context, &expand(target), b"[");
        assert_refused(&reply, "UnknownOperationException", &expand(message), target);
    }
    for target in [
        "GetId",
        ".GetId",
        "Other.GetId",
        "awscognitoidentityservice.GetId",
        "AWSCognitoIdentityProviderService.GetId",
        "AWSCognitoIdentityServiceGetId",
        " AWSCognitoIdentityService.GetId",
        "com.amazonaws.cognito.identity.model.GetId",
        "com.amazonaws.AWSCognitoIdentityService.GetId",
        &format!("{namespace}{namespace}AWSCognitoIdentityService.GetId"),
    ] {
        let reply = wire::call(&world.engine, &context, target, b"[");
        let form = "a target has the form AWSCognitoIdentityService.OPERATION";
        let message = format!("Unknown target '{target}': {form}");
        assert_refused(&reply, "UnknownOperationException", &message, target);
    }
    let reply = wire::call(&world.engine, &context, &"x".repeat(1000), b"[");
    assert!(reply.body.len() < 300, "a long target is cut off");
}

#[test]
fn a_request_without_a_target_is_refused() {
    let world = World::new();
    let reply = wire::call(&world.engine, &wire::Context::anonymous(), "", b"{}");
    let message = "Missing header X-Amz-Target: it names the operation, as \
        AWSCognitoIdentityService.OPERATION";
    assert_refused(&reply, "UnknownOperationException", message, "no target");
}
