//! The inputs of all operations against those of the service model, `model.json`.
//!
//! Every statement of the model about a member is tested, so a shape that differs from it fails
//! here.

mod values;

use serde_json::{Value, json};

use super::OPERATIONS;
use super::constraints::assert_refused;
use crate::support::{World, message, model};
use values::{Size, broken, escaped, fitting, fitting_input, lower_first, members};

fn is_accepted(world: &World, operation: &str, body: &Value) -> Result<(), String> {
    let fault = world.wire(operation, &body.to_string()).fault;
    match fault.filter(|fault| fault.name() == "ValidationException" || is_mistyped(fault.name())) {
        Some(fault) => Err(format!("{operation}: {}", fault.message())),
        None => Ok(()),
    }
}

fn is_mistyped(name: &str) -> bool {
    name == "SerializationException"
}

#[test]
fn the_model_has_the_same_operations() {
    let model = model();
    let names: Vec<_> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(model.keys().collect::<Vec<_>>(), names);
}

#[test]
fn the_smallest_and_the_largest_of_every_member_are_accepted() {
    let world = World::new();
    for (operation, input) in &model() {
        for size in [Size::Smallest, Size::Largest] {
            let whole = fitting_input(input, size);
            assert_eq!(is_accepted(&world, operation, &whole), Ok(()));
        }
        let smallest = fitting_input(input, Size::Smallest);
        for (name, shape) in members(input) {
            let mut body = smallest.clone();
            body[name] = fitting(shape, Size::Largest);
            assert_eq!(is_accepted(&world, operation, &body), Ok(()), "the largest {name}");
        }
    }
}

#[test]
fn each_violation_of_a_member_is_refused() {
    let world = World::new();
    let mut tried = 0;
    for (operation, input) in &model() {
        let fits = fitting_input(input, Size::Smallest);
        for (name, shape) in members(input) {
            let path = lower_first(name);
            let mut all = broken(shape, &path);
            if input["required"].as_array().expect("a list").contains(&json!(name)) {
                let failure = ("null".to_owned(), path, "Member must not be null".to_owned());
                all.push((Value::Null, vec![failure]));
            }
            for (value, failures) in all {
                let mut body = fits.clone();
                body[name] = value;
                let failures: Vec<_> = failures
                    .iter()
                    .map(|(v, at, c)| (v.as_str(), at.as_str(), c.as_str()))
                    .collect();
                let reply = world.wire(operation, &body.to_string());
                let request = format!("{operation}, {name}");
                assert_refused(&reply, "ValidationException", &message(&failures), &request);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 274);
    assert_eq!(world.dump(), []);
}

#[test]
fn every_member_has_the_type_that_the_model_gives_it() {
    let world = World::new();
    for (operation, input) in &model() {
        for (name, shape) in members(input) {
            let (wrong, wanted) = match shape["type"].as_str().expect("a type") {
                "string" => (json!(1), "NUMBER_VALUE can not be converted to a String"),
                "boolean" => (json!(1), "NUMBER_VALUE can not be converted to a Boolean"),
                "integer" => (json!("1"), "STRING_VALUE can not be converted to an Integer"),
                "long" => (json!("1"), "STRING_VALUE can not be converted to a Long"),
                "list" => (json!(1), "Expected list or null"),
                "map" => (json!(1), "Expected map or null"),
                other => panic!("unknown type {other}"),
            };
            let mut body = fitting_input(input, Size::Smallest);
            body[name] = wrong;
            let reply = world.wire(operation, &body.to_string());
            assert_refused(
                &reply,
                "SerializationException",
                wanted,
                &format!("{operation}, {name}"),
            );
        }
    }
}

#[test]
fn the_largest_body_is_read_to_its_end() {
    let world = World::new();
    for (operation, input) in &model() {
        let body =
            escaped(&fitting_input(input, Size::Largest)).replace(r"\u00e9", r"\ud83d\ude00");
        let fault = world.wire(operation, &body).fault;
        let refused = fault.filter(|fault| is_mistyped(fault.name()));
        assert_eq!(refused, None, "{operation}: {} bytes", body.len());
    }
}
