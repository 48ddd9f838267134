//! Graphs in the language of Mermaid.

use crate::commands::graph::picture::Picture;

pub(super) fn drawn(picture: &Picture) -> String {
    let (logins, identities) = (picture.logins(), picture.numbers());
    let mut lines = vec!["flowchart LR".to_owned()];
    for (login, number) in &logins {
        let label = login.label().map(|line| escaped(&line)).join("<br/>");
        lines.push(format!("  l{number}[\"{label}\"]"));
    }
    for (id, number) in &identities {
        let state = picture.state(id);
        let class = match state {
            "DISABLED" | "DELETED" => ":::gone",
            _ => "",
        };
        let (id, state) = (escaped(id), escaped(state));
        lines.push(format!("  i{number}([\"{id}<br/>{state}\"]){class}"));
    }
    for ((login, id), is_linked) in &picture.links {
        if let (Some(login), Some(id)) = (logins.get(login), identities.get(id.as_str())) {
            let line = if *is_linked { "-->" } else { "-.->" };
            lines.push(format!("  l{login} {line} i{id}"));
        }
    }
    for (from, into) in &picture.merges {
        if let (Some(from), Some(into)) =
            (identities.get(from.as_str()), identities.get(into.as_str()))
        {
            lines.push(format!("  i{from} -. merged into .-> i{into}"));
        }
    }
    lines.push("  classDef gone fill:#eee,stroke:#999,color:#666".to_owned());
    lines.join("\n") + "\n"
}

/// A text between quotation marks. A character that Mermaid or HTML could obey is a number.
fn escaped(text: &str) -> String {
    let escape = |c: char| {
        let is_plain = c.is_alphanumeric() || " .:-_@/+,=".contains(c);
        if is_plain { c.to_string() } else { format!("#{};", u32::from(c)) }
    };
    text.chars().map(escape).collect()
}
