//! Values that fit a shape of the service model, and values that break it.

use cognate::operation::RoleMapping;
use serde_json::{Map, Value, json};

pub(super) type Members = Map<String, Value>;

/// One violation: the shown value, the place and the reason.
pub(super) type Failure = (String, String, String);

pub(super) fn members(shape: &Value) -> &Members {
    shape["members"].as_object().expect("a structure")
}

fn number(shape: &Value, name: &str) -> Option<usize> {
    shape.get(name).map(|number| number.as_u64().expect("a number").try_into().expect("small"))
}

/// A text of the given length that matches the pattern, if the pattern matches any of that length.
fn text(shape: &Value, length: usize) -> String {
    match shape.get("pattern").map(|pattern| pattern.as_str().expect("text")) {
        Some(r"[\w-]+:[0-9a-f-]+") => format!("a:{}", "0".repeat(length.max(3) - 2)),
        Some(r"\d+") => "7".repeat(length),
        Some("(un)?authenticated") if length > 128 => "a".repeat(length),
        Some("(un)?authenticated") => "authenticated".to_owned(),
        Some(_) => "a".repeat(length),
        None => "é".repeat(length),
    }
}

/// A text of valid length that does not match the pattern.
fn mismatch(shape: &Value) -> Option<String> {
    Some(match shape.get("pattern")?.as_str().expect("text") {
        r"[\w-]+:[0-9a-f-]+" => "a:0\n".to_owned(),
        r"[\w\s+=,.@-]+" => "a/".to_owned(),
        r"[\w._-]+" | r"[\w._:/-]+" | r"[\S]+" | r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+" => "a ".to_owned(),
        r"[\w.;_/-]+" => "a:".to_owned(),
        r"[\w_]+" => "a-".to_owned(),
        r"\d+" => "7a".to_owned(),
        "(un)?authenticated" => "anauthenticated".to_owned(),
        other => panic!("no mismatch is known for {other}"),
    })
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Size {
    Smallest,
    Largest,
}

/// The number of entries of a list or map for which the model gives no maximum.
const UNBOUNDED: usize = 50;

impl Size {
    fn of(self, shape: &Value) -> usize {
        match self {
            Self::Smallest => number(shape, "min").unwrap_or(0),
            Self::Largest if shape["type"] == "list" && number(shape, "max") == Some(400) => {
                RoleMapping::RULES_MAX
            }
            Self::Largest => number(shape, "max").unwrap_or(UNBOUNDED),
        }
    }
}

/// The smallest or the largest value of a shape.
pub(super) fn fitting(shape: &Value, size: Size) -> Value {
    match shape["type"].as_str().expect("a type") {
        "string" if shape.get("enum").is_some() => shape["enum"][0].clone(),
        "string" => text(shape, size.of(shape)).into(),
        "integer" | "long" => size.of(shape).into(),
        "boolean" => (size == Size::Largest).into(),
        "list" => vec![fitting(&shape["member"], size); size.of(shape)].into(),
        "map" => entries(shape, size.of(shape), size),
        "structure" => {
            let members = members(shape).iter();
            members.map(|(name, shape)| (name.clone(), fitting(shape, size))).collect()
        }
        other => panic!("unknown type {other}"),
    }
}

fn entries(shape: &Value, count: usize, size: Size) -> Value {
    let width = size.of(&shape["key"]).max(count.to_string().len());
    let words = ["authenticated", "unauthenticated"];
    let key = |n: usize| match words.get(n) {
        Some(word) if shape["key"].get("pattern").is_some() => (*word).to_owned(),
        _ => format!("{n:é>width$}"),
    };
    (0..count).map(|n| (key(n), fitting(&shape["value"], size))).collect()
}

/// Every text that violates the shape, with its violations.
fn broken_texts(shape: &Value) -> Vec<(String, Vec<String>)> {
    if let Some(values) = shape.get("enum") {
        let mut values: Vec<_> =
            values.as_array().expect("a list").iter().map(|v| v.as_str().expect("text")).collect();
        values.sort_unstable();
        let set = format!("Member must satisfy enum value set: [{}]", values.join(", "));
        return vec![("other".to_owned(), vec![set.clone()]), (String::new(), vec![set])];
    }
    let mut all = Vec::new();
    let pattern = shape.get("pattern").map(|pattern| {
        format!(
            "Member must satisfy regular expression pattern: {}",
            pattern.as_str().expect("text")
        )
    });
    if let Some(min @ 1..) = number(shape, "min") {
        let empty = pattern.iter().filter(|_| min == 1).cloned();
        all.push(("x".repeat(min - 1), std::iter::once(at_least(min)).chain(empty).collect()));
    }
    let max = number(shape, "max").expect("every text has a maximum");
    let long = text(shape, max + 1);
    // Where the pattern lists words, a text that is too long violates the pattern, too.
    let also = pattern.iter().filter(|_| !fits_pattern(shape, &long)).cloned();
    all.push((long.clone(), std::iter::once(at_most(max)).chain(also).collect()));
    all.extend(mismatch(shape).into_iter().zip(pattern.map(|pattern| vec![pattern])));
    all
}

fn fits_pattern(shape: &Value, text: &str) -> bool {
    shape["pattern"] != "(un)?authenticated" || text == "authenticated"
}

fn at_least(min: usize) -> String {
    format!("Member must have length greater than or equal to {min}")
}

fn at_most(max: usize) -> String {
    format!("Member must have length less than or equal to {max}")
}

/// All constraints of a text, as listed in brackets.
fn listed(shape: &Value) -> String {
    let mut all = vec![at_most(Size::Largest.of(shape)), at_least(Size::Smallest.of(shape))];
    all.extend(shape.get("pattern").map(|pattern| {
        format!(
            "Member must satisfy regular expression pattern: {}",
            pattern.as_str().expect("text")
        )
    }));
    format!("[{}]", all.join(", "))
}

fn shown(shape: &Value, value: &Value) -> String {
    match value {
        Value::Object(_) if shape["type"] == "structure" => "...".to_owned(),
        _ if shape.get("sensitive").is_some() => "***Sensitive Data Redacted***".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| shown(&shape["member"], item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| {
                // A key that is too long may be secret if its value is, so it is not shown.
                let long = key.chars().count() > Size::Largest.of(&shape["key"]);
                let hidden = long && shape["value"].get("sensitive").is_some();
                let key = if hidden { "***Sensitive Data Redacted***" } else { key };
                format!("{key}={}", shown(&shape["value"], value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Every value that violates the shape, with its violations.
pub(super) fn broken(shape: &Value, path: &str) -> Vec<(Value, Vec<Failure>)> {
    let (min, max) = (number(shape, "min"), number(shape, "max"));
    match shape["type"].as_str().expect("a type") {
        "string" => {
            let all = broken_texts(shape).into_iter().map(|(text, constraints)| {
                let failures = constraints
                    .into_iter()
                    .map(|constraint| (format!("'{text}'"), path.to_owned(), constraint));
                (json!(text), failures.collect())
            });
            all.collect()
        }
        "integer" | "long" => {
            let (min, max) = (min.expect("a minimum"), max.expect("a maximum"));
            let from = format!("Member must have value greater than or equal to {min}");
            let to = format!("Member must have value less than or equal to {max}");
            vec![
                failing(shape, path, json!(min - 1), from),
                failing(shape, path, json!(max + 1), to),
            ]
        }
        "boolean" => vec![],
        "list" => broken_lists(shape, path),
        "map" => broken_maps(shape, path),
        "structure" => broken_structures(shape, path),
        other => panic!("unknown type {other}"),
    }
}

fn broken_structures(shape: &Value, path: &str) -> Vec<(Value, Vec<Failure>)> {
    let required = |name: &String| {
        let required = shape.get("required").and_then(Value::as_array);
        required.is_some_and(|required| required.contains(&json!(name)))
    };
    let smallest = members(shape).iter().filter(|(name, _)| required(name));
    let smallest: Value = smallest
        .map(|(name, shape)| (name.clone(), fitting(shape, Size::Smallest)))
        .collect::<Members>()
        .into();
    let mut all = Vec::new();
    for (name, shape) in members(shape) {
        let path = format!("{path}.{}", lower_first(name));
        let mut broken = broken(shape, &path);
        if required(name) {
            let failure = ("null".to_owned(), path, "Member must not be null".to_owned());
            broken.push((Value::Null, vec![failure]));
        }
        all.extend(broken.into_iter().map(|(value, failures)| {
            let mut whole = smallest.clone();
            whole[name] = value;
            (whole, failures)
        }));
    }
    all
}

fn failing(shape: &Value, path: &str, value: Value, constraint: String) -> (Value, Vec<Failure>) {
    let failure = (format!("'{}'", shown(shape, &value)), path.to_owned(), constraint);
    (value, vec![failure])
}

fn broken_lists(shape: &Value, path: &str) -> Vec<(Value, Vec<Failure>)> {
    let item = &shape["member"];
    let many = |count| json!(vec![fitting(item, Size::Smallest); count]);
    let mut all = Vec::new();
    if let Some(min) = number(shape, "min") {
        all.push(failing(shape, path, many(min - 1), at_least(min)));
    }
    if let Some(max) = number(shape, "max") {
        all.push(failing(shape, path, many(max + 1), at_most(max)));
    }
    if item["type"] == "string" {
        let constraint = format!("Member must satisfy constraint: {}", listed(item));
        let texts = broken_texts(item).into_iter();
        all.extend(texts.map(|(text, _)| failing(shape, path, json!([text]), constraint.clone())));
    } else {
        let items = broken(item, &format!("{path}.1.member")).into_iter();
        all.extend(items.map(|(item, failures)| (json!([item]), failures)));
    }
    all
}

fn broken_maps(shape: &Value, path: &str) -> Vec<(Value, Vec<Failure>)> {
    let (key, value) = (&shape["key"], &shape["value"]);
    let keys = format!("Map keys must satisfy constraint: {}", listed(key));
    let mut all = Vec::new();
    if let Some(max) = number(shape, "max") {
        let many = entries(shape, max + 1, Size::Smallest);
        all.push(failing(shape, path, many, at_most(max)));
    }
    for (text, _) in broken_texts(key) {
        let entry = json!({text: fitting(value, Size::Smallest)});
        all.push(failing(shape, path, entry, keys.clone()));
    }
    let name = fitting(key, Size::Smallest);
    let name = if key.get("pattern").is_some() { name.as_str().expect("text") } else { "key" };
    if value["type"] != "string" {
        let broken = broken(value, &format!("{path}.{name}.member"));
        all.extend(broken.into_iter().map(|(value, failures)| (json!({name: value}), failures)));
        return all;
    }
    let constraint = format!("Map value must satisfy constraint: {}", listed(value));
    for (text, _) in broken_texts(value) {
        all.push(failing(shape, path, json!({name: text}), constraint.clone()));
    }
    all
}

pub(super) fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_lowercase())
}

pub(super) fn fitting_input(input: &Value, size: Size) -> Value {
    let members = members(input).iter();
    members.map(|(name, shape)| (name.clone(), fitting(shape, size))).collect()
}

/// JSON with every character of a text escaped.
pub(super) fn escaped(value: &Value) -> String {
    let quoted = |text: &str| {
        let units: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        format!("\"{}\"", units.concat())
    };
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(escaped).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members =
                members.map(|(name, value)| format!("{}:{}", quoted(name), escaped(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
