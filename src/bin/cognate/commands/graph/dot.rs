//! Graphs in the language of Graphviz.

use crate::commands::graph::picture::Picture;

pub(super) fn drawn(picture: &Picture) -> String {
    let (logins, identities) = (picture.logins(), picture.numbers());
    let mut lines = vec![
        "digraph cognate {".to_owned(),
        "  rankdir=LR".to_owned(),
        "  node [fontname=\"sans-serif\" fontsize=11]".to_owned(),
    ];
    for (login, number) in &logins {
        let label = login.label().map(|line| escaped(&line)).join("\\n");
        lines.push(format!("  l{number} [shape=box label=\"{label}\"]"));
    }
    for (id, number) in &identities {
        let state = picture.state(id);
        let style = match state {
            "DISABLED" | "DELETED" => " style=filled fillcolor=gray90 color=gray fontcolor=gray40",
            _ => "",
        };
        let (id, state) = (escaped(id), escaped(state));
        lines.push(format!("  i{number} [shape=ellipse{style} label=\"{id}\\n{state}\"]"));
    }
    for ((login, id), is_linked) in &picture.links {
        if let (Some(login), Some(id)) = (logins.get(login), identities.get(id.as_str())) {
            let style = if *is_linked { "" } else { " [style=dashed]" };
            lines.push(format!("  l{login} -> i{id}{style}"));
        }
    }
    for (from, into) in &picture.merges {
        if let (Some(from), Some(into)) =
            (identities.get(from.as_str()), identities.get(into.as_str()))
        {
            lines.push(format!("  i{from} -> i{into} [style=dotted label=\"merged into\"]"));
        }
    }
    lines.join("\n") + "\n}\n"
}

/// A text between quotation marks. A label obeys backslashes and entities of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}
