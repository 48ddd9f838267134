use super::*;
use crate::constraint::StringShape;
use crate::wire::shape::optional;

const TEXT: Shape = Shape::Text(StringShape::new(0, 10));
const MEMBERS: &[Member] = &[
    optional("text", TEXT),
    optional("number", Shape::Number { r#type: "an Integer", min: 0, max: 9 }),
    optional("yes", Shape::Boolean),
    optional("list", Shape::List { of: &TEXT, min: 0, max: None }),
    optional("map", Shape::Map { key: StringShape::new(0, 10), value: &TEXT, max: None }),
];

fn document(body: &str) -> Document<'_> {
    read(body.as_bytes(), MEMBERS).expect("an object")
}

fn fault(body: &[u8]) -> String {
    read(body, MEMBERS).expect_err("refused").message().to_owned()
}

#[test]
fn a_body_is_one_object() {
    assert_eq!(fault(b"[]"), "Start of list found where not expected");
    for body in ["1", "null", "true", r#""{}""#] {
        assert_eq!(fault(body.as_bytes()), "The request body is not a JSON object");
    }
    for body in [b"".as_slice(), b"{", b"{}x", b"{\"a\":\xff}", b"{\"a\":\"\xff\"}"] {
        assert_eq!(fault(body), "The request body is not valid JSON");
    }
    let deep = [vec![b'['; 1_000_000], vec![b']'; 1_000_000]].concat();
    assert_eq!(fault(&deep), "The request body is not valid JSON");
}

#[test]
fn the_last_member_of_a_name_counts() {
    let body = r#"{"text": "a", "number": 2, "text": null, "number": 3, "text": "b",
        "map": {"a": "1", "b": "2", "a": "3"}}"#;
    let document = document(body);
    assert_eq!(document.member("text"), &Document::Text("b".into()));
    assert_eq!(document.member("number"), &Document::Integer(3));
    assert_eq!(document.member("yes"), &Document::Null);
    let entries =
        [("b", "2"), ("a", "3")].map(|(name, value)| (name.into(), Document::Text(value.into())));
    assert_eq!(document.member("map"), &Document::Object(entries.to_vec()));
}

#[test]
fn numbers_without_a_fraction_are_integers() {
    for (number, read) in [
        ("10.0", Document::Integer(10)),
        ("1e1", Document::Integer(10)),
        ("-7", Document::Integer(-7)),
        ("-0.0", Document::Integer(0)),
        ("18446744073709551615", Document::Integer(i64::MAX)),
        ("1e300", Document::Integer(i64::MAX)),
        ("-1e300", Document::Integer(i64::MIN)),
        ("10.5", Document::Decimal),
        ("1e-300", Document::Decimal),
    ] {
        let body = format!(r#"{{"number": {number}}}"#);
        assert_eq!(document(&body).member("number"), &read, "{number}");
    }
}

#[test]
fn nothing_is_built_that_a_shape_does_not_take() {
    let body = r#"{"other": [1], "text": [{"a": 1}], "number": {"a": [1]}, "yes": ["a"],
        "list": {"a": 1}, "map": ["a"]}"#;
    let document = document(body);
    let (list, object) = (Document::List(Vec::new()), Document::Object(Vec::new()));
    for (name, read) in [
        ("other", &Document::Null),
        ("text", &list),
        ("number", &object),
        ("yes", &list),
        ("list", &object),
        ("map", &list),
    ] {
        assert_eq!(document.member(name), read, "{name}");
    }
}

#[test]
fn what_is_passed_over_is_json_too() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for value in ["01", "[1,]", r#"{"a" 1}"#, r#""\ud83d""#, "1e999", nested(128).as_str()] {
        for name in ["other", "text"] {
            let body = format!(r#"{{"{name}": {value}}}"#);
            assert_eq!(fault(body.as_bytes()), "The request body is not valid JSON", "{body}");
        }
    }
    document(&format!(r#"{{"other": {}}}"#, nested(126)));
}

#[test]
fn only_so_many_values_are_built() {
    // The body and the list are values themselves.
    let list = |count| {
        format!(r#"{{"other": [{}0], "list": [{}0]}}"#, "0,".repeat(50_000), "0,".repeat(count))
    };
    document(&list(VALUES_MAX - 3));
    assert_eq!(fault(list(VALUES_MAX - 2).as_bytes()), "The request body has too many values");
}
