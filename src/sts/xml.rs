//! Answers in XML.

use super::NAMESPACE;
use crate::name::RequestId;
use crate::wire::Fault;

/// An element with other elements in it.
pub(super) fn element(name: &str, children: &[String]) -> String {
    format!("<{name}>{}</{name}>", children.concat())
}

/// An element with text in it.
pub(super) fn text(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// The answer of an action.
pub(super) fn answer(action: &str, members: &[String], id: Option<&RequestId>) -> Vec<u8> {
    let result = element(&format!("{action}Result"), members);
    let metadata = element("ResponseMetadata", &request_id(id));
    document(&format!("{action}Response"), &[result, metadata])
}

/// The answer of a refused action.
pub(super) fn error(fault: &Fault, id: Option<&RequestId>) -> Vec<u8> {
    let side = if fault.status() < 500 { "Sender" } else { "Receiver" };
    let members =
        [text("Type", side), text("Code", fault.name()), text("Message", fault.message())];
    let id = request_id(id).concat();
    document("ErrorResponse", &[element("Error", &members), id])
}

fn document(name: &str, children: &[String]) -> Vec<u8> {
    format!("<{name} xmlns=\"{NAMESPACE}\">{}</{name}>\n", children.concat()).into_bytes()
}

fn request_id(id: Option<&RequestId>) -> Vec<String> {
    id.map(|id| text("RequestId", id.as_str())).into_iter().collect()
}

/// The text as XML 1.0 can hold it. A character that XML has no form for becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A parser turns a plain one into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        for (plain, written) in [
            ("", ""),
            ("arn:aws:iam::1:role/a+b", "arn:aws:iam::1:role/a+b"),
            ("<a b=\"c\">'&amp;'", "&lt;a b=&quot;c&quot;&gt;&apos;&amp;amp;&apos;"),
            ("]]>", "]]&gt;"),
            ("a\r\n\tb", "a&#13;\n\tb"),
            ("\0\u{1f}\u{7f}\u{fffe}\u{ffff}é😀", "\u{fffd}\u{fffd}\u{7f}\u{fffd}\u{fffd}é😀"),
        ] {
            assert_eq!(text("A", plain), format!("<A>{written}</A>"));
        }
    }

    #[test]
    fn an_answer_and_an_error_have_the_forms_of_the_service() {
        let id: RequestId = "0-1".parse().expect("an id");
        let namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
        let answered = answer("GetX", &[text("A", "1")], Some(&id));
        let expected = format!(
            "<GetXResponse xmlns=\"{namespace}\"><GetXResult><A>1</A></GetXResult>\
             <ResponseMetadata><RequestId>0-1</RequestId></ResponseMetadata></GetXResponse>\n"
        );
        assert_eq!(String::from_utf8_lossy(&answered), expected);
        for (status, side) in [(400, "Sender"), (403, "Sender"), (500, "Receiver")] {
            let refused = error(&Fault::new("Name", status, "a & b"), None);
            let expected = format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>Name</Code>\
                 <Message>a &amp; b</Message></Error></ErrorResponse>\n"
            );
            assert_eq!(String::from_utf8_lossy(&refused), expected);
        }
    }
}
