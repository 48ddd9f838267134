//! The service model, `tests/api/model.json`, read independently of the library.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// The operations with their members.
pub(crate) static OPERATIONS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../tests/api/model.json")).expect("a model of JSON")
});

/// The constraints of a text.
#[derive(Debug)]
pub(crate) struct Shape {
    /// In code points.
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) pattern: Option<Pattern>,
    /// Whether messages must not show the text.
    pub(crate) is_sensitive: bool,
}

#[derive(Debug)]
pub(crate) struct Pattern {
    /// The pattern as the model spells it.
    pub(crate) text: String,
    matches: Regex,
}

impl Shape {
    /// The shape at a path of the model, such as `/GetId/members/AccountId`.
    pub(crate) fn at(place: &str) -> Self {
        let shape = OPERATIONS.pointer(place).unwrap_or_else(|| panic!("no {place} in the model"));
        assert_eq!(shape["type"], "string", "{place}");
        let length = |name: &str| {
            let length = shape[name].as_u64().unwrap_or_else(|| panic!("no {name} of {place}"));
            usize::try_from(length).expect("a length")
        };
        Self {
            min: length("min"),
            max: length("max"),
            pattern: shape["pattern"].as_str().map(Pattern::new),
            is_sensitive: shape["sensitive"] == true,
        }
    }

    /// A shape that the model does not have.
    pub(crate) fn new((min, max): (usize, usize), pattern: Option<&str>) -> Self {
        Self { min, max, pattern: pattern.map(Pattern::new), is_sensitive: false }
    }

    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.failed_by(text).is_empty()
    }

    /// The service's texts for each constraint that the text violates, in its order.
    pub(crate) fn failed_by(&self, text: &str) -> Vec<String> {
        let length = text.chars().count();
        let mut failed = Vec::new();
        if length < self.min {
            failed.push(format!("Member must have length greater than or equal to {}", self.min));
        }
        if length > self.max {
            failed.push(format!("Member must have length less than or equal to {}", self.max));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|p| !p.matches.is_match(text)) {
            let pattern = &pattern.text;
            failed.push(format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        failed
    }

    /// The complete message about an invalid text.
    pub(crate) fn message(&self, text: &str, member: &str) -> Option<String> {
        let failed = self.failed_by(text);
        let shown = if self.is_sensitive { "***Sensitive Data Redacted***" } else { text };
        let said = failed.iter().map(|failed| {
            format!("Value '{shown}' at '{member}' failed to satisfy constraint: {failed}")
        });
        let said = said.collect::<Vec<_>>().join("; ");
        match failed.len() {
            0 => None,
            1 => Some(format!("1 validation error detected: {said}")),
            errors => Some(format!("{errors} validation errors detected: {said}")),
        }
    }
}

impl Pattern {
    /// Matches the whole text, with ASCII classes as the service does.
    fn new(text: &str) -> Self {
        const SPACES: &str = r"\t\n\x0b\f\r\x20";
        let ascii = text
            .replace(r"[\S]", &format!("[^{SPACES}]"))
            .replace(r"\s", SPACES)
            .replace(r"\w", "0-9A-Za-z_")
            .replace(r"\d", "[0-9]");
        let matches = Regex::new(&format!(r"\A(?:{ascii})\z")).expect("a pattern of the model");
        Self { text: text.to_owned(), matches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_ascii_and_of_the_whole_text() {
        for (place, text, accepted) in [
            ("/GetId/members/AccountId", "123", true),
            ("/GetId/members/AccountId", "12\n", false),
            ("/GetId/members/AccountId", "\u{661}", false),
            ("/GetId/members/IdentityPoolId", "us-east-1:0a-9", true),
            ("/GetId/members/IdentityPoolId", "x us-east-1:0a", false),
            ("/CreateIdentityPool/members/IdentityPoolName", "a b\t=_", true),
            ("/CreateIdentityPool/members/IdentityPoolName", "größe", false),
            ("/ListIdentities/members/NextToken", "größe", true),
            ("/ListIdentities/members/NextToken", "a\u{b}", false),
            ("/GetId/members/Logins/key", &"é".repeat(128), true),
            ("/GetId/members/Logins/key", &"é".repeat(129), false),
        ] {
            assert_eq!(Shape::at(place).accepts(text), accepted, "{text} at {place}");
        }
    }
}
