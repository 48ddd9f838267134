use serde_json::{Map, Value};

use super::call::Kind;
use super::route::{ControlRoute, ROUTES};
use super::target::Target;

fn document() -> Value {
    serde_json::from_str(include_str!("openapi.json")).expect("JSON")
}

fn described<'d>(document: &'d Value, route: &ControlRoute) -> &'d Value {
    let path = format!("/_cognate{}", route.form.path);
    &document["paths"][path.as_str()][route.form.method.to_lowercase().as_str()]
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Number => "number",
        Kind::Flag => "boolean",
        Kind::List => "array",
    }
}

#[test]
fn the_description_has_the_routes_and_no_others() {
    let document = document();
    let paths = document["paths"].as_object().expect("an object");
    let described: usize = paths.values().filter_map(Value::as_object).map(Map::len).sum();
    assert_eq!(described, ROUTES.len());
    for route in &ROUTES {
        let found = self::described(&document, route);
        assert!(
            found["summary"].is_string(),
            "{} {} is not described",
            route.form.method,
            route.form.path
        );
        assert_eq!(found["security"][0].is_null(), route.is_open, "{}", route.form.path);
    }
}

#[test]
fn the_description_has_the_members_of_each_route_and_no_others() {
    let document = document();
    for route in &ROUTES {
        let found = described(&document, route);
        let mut known: Vec<(String, &str)> = Vec::new();
        for parameter in found["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name").to_owned();
            if parameter["in"] == "path" {
                assert!(
                    route.form.path.contains(&format!("{{{name}}}")),
                    "{} {name}",
                    route.form.path
                );
            } else {
                known.push((name, parameter["schema"]["type"].as_str().expect("a type")));
            }
        }
        let body = &found["requestBody"]["content"]["application/json"]["schema"]["properties"];
        for (name, schema) in body.as_object().into_iter().flatten() {
            known.push((name.clone(), schema["type"].as_str().expect("a type")));
        }
        known.sort();
        let members = route.form.members.iter();
        let mut members: Vec<_> =
            members.map(|member| (member.name.to_owned(), type_of(member.kind))).collect();
        members.sort();
        assert_eq!(known, members, "{} {}", route.form.method, route.form.path);
        let in_path = route.form.path.matches('{').count();
        let described = found["parameters"].as_array().into_iter().flatten();
        assert_eq!(described.filter(|parameter| parameter["in"] == "path").count(), in_path);
    }
}

#[test]
fn paths_of_the_service_the_page_and_the_control_plane() {
    for (path, target) in [
        ("/", Target::Service),
        ("/.well-known/jwks.json", Target::Service),
        ("/_cognateur", Target::Service),
        ("/_cognate", Target::Page),
        ("/_cognate/", Target::Page),
        ("/_cognate/inspector.js", Target::Page),
        ("/_cognate/health", Target::Control("/health")),
        ("/_cognate//", Target::Control("//")),
        ("/_localstack/health", Target::Control("/health")),
        ("/_localstack/state/reset", Target::Control("/reset")),
        ("/_localstack/other", Target::Service),
        ("/moto-api/reset", Target::Control("/reset")),
        ("/moto-api/data.json", Target::Service),
    ] {
        assert_eq!(Target::of(path), target, "{path}");
    }
}
