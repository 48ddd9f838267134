//! Constraints of the service model on members, and their error messages.
//!
//! Lengths are counted in Unicode code points, and a pattern must match the whole value. The
//! messages are the service's own: `1 validation error detected: Value 'a b' at
//! 'developerProviderName' failed to satisfy constraint: Member must satisfy regular expression
//! pattern: [\w._-]+`.

mod pattern;

use std::convert::Infallible;
use std::fmt;

pub(crate) use pattern::Pattern;

/// One constraint of the service model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Constraint {
    /// A required member is absent or null.
    NotNull,
    /// The minimum length, in code points for a string and in entries for a list or a map.
    LengthAtLeast(usize),
    /// The maximum length, in code points for a string and in entries for a list or a map.
    LengthAtMost(usize),
    /// The minimum of a number.
    ValueAtLeast(i64),
    /// The maximum of a number.
    ValueAtMost(i64),
    /// A pattern, as the service model spells it.
    Pattern(&'static str),
    /// The allowed values.
    Enumeration(&'static [&'static str]),
    /// The constraints of every element of a list.
    Elements(Vec<Self>),
    /// The constraints of every key of a map.
    MapKeys(Vec<Self>),
    /// The constraints of every value of a map.
    MapValues(Vec<Self>),
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull => write!(f, "Member must not be null"),
            Self::LengthAtLeast(n) => {
                write!(f, "Member must have length greater than or equal to {n}")
            }
            Self::LengthAtMost(n) => {
                write!(f, "Member must have length less than or equal to {n}")
            }
            Self::ValueAtLeast(n) => {
                write!(f, "Member must have value greater than or equal to {n}")
            }
            Self::ValueAtMost(n) => {
                write!(f, "Member must have value less than or equal to {n}")
            }
            Self::Pattern(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {pattern}")
            }
            Self::Enumeration(values) => {
                write!(f, "Member must satisfy enum value set: [{}]", values.join(", "))
            }
            Self::Elements(all) => write_all(f, "Member must satisfy constraint", all),
            Self::MapKeys(all) => write_all(f, "Map keys must satisfy constraint", all),
            Self::MapValues(all) => write_all(f, "Map value must satisfy constraint", all),
        }
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, what: &str, all: &[Constraint]) -> fmt::Result {
    write!(f, "{what}: [")?;
    for (i, constraint) in all.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{constraint}")?;
    }
    write!(f, "]")
}

/// A member that violates a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    value: Option<String>,
    member: String,
    constraint: Constraint,
}

impl Violation {
    pub(crate) fn new(value: Option<String>, member: &str, constraint: Constraint) -> Self {
        Self { value, member: member.to_owned(), constraint }
    }

    /// The same violation at a member with this wire name.
    pub(crate) fn at(mut self, name: &str) -> Self {
        let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
        self.member = [&first.to_ascii_lowercase(), rest].concat();
        self
    }

    /// Hides a value that is too long.
    pub(crate) fn redact_excess(&mut self) {
        if matches!(self.constraint, Constraint::LengthAtMost(_)) {
            self.value = Some(REDACTED.to_owned());
        }
    }

    /// The member's path, with a lower-case first letter: `tokenDuration`.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The violated constraint.
    pub fn constraint(&self) -> &Constraint {
        &self.constraint
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "Value '{value}'")?,
            None => write!(f, "Value null")?,
        }
        write!(f, " at '{}' failed to satisfy constraint: {}", self.member, self.constraint)
    }
}

/// All violated constraints of a request. Never empty.
///
/// # Example: the service's own message
///
/// ```
/// let violations = "a b".parse::<cognate::name::DeveloperProviderName>().unwrap_err();
/// assert_eq!(
///     violations.to_string(),
///     "1 validation error detected: Value 'a b' at 'developerProviderName' failed to satisfy \
///      constraint: Member must satisfy regular expression pattern: [\\w._-]+",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Returns `None` if there are no violations.
    pub(crate) fn of(all: Vec<Violation>) -> Option<Self> {
        (!all.is_empty()).then_some(Self(all))
    }

    /// Takes at least one violation.
    pub(crate) fn all(all: Vec<Violation>) -> Self {
        Self(all)
    }

    pub(crate) fn one(violation: Violation) -> Self {
        Self(vec![violation])
    }

    /// The same violations at a member with another name.
    pub(crate) fn at(self, member: &str) -> Self {
        Self(self.into_iter().map(|violation| violation.at(member)).collect())
    }

    /// The violations, in the order of the service.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "{} validation {errors} detected: ", self.0.len())?;
        for (i, violation) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl std::error::Error for Violations {}

impl From<Infallible> for Violations {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The constraints of a string member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StringShape {
    pub(crate) length_min: usize,
    pub(crate) length_max: usize,
    pub(crate) pattern: Option<&'static Pattern>,
    /// Never echoed in a message, because the value is a token.
    pub(crate) sensitive: bool,
}

impl StringShape {
    pub(crate) const fn new(length_min: usize, length_max: usize) -> Self {
        Self { length_min, length_max, pattern: None, sensitive: false }
    }

    pub(crate) const fn matching(mut self, pattern: &'static Pattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    pub(crate) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The constraints that `value` violates: minimum length, maximum length, then the pattern.
    pub(crate) fn failed_by(&self, value: &str) -> Vec<Constraint> {
        let length = if value.is_ascii() { value.len() } else { value.chars().count() };
        let mut failed = Vec::new();
        if length < self.length_min {
            failed.push(Constraint::LengthAtLeast(self.length_min));
        }
        if length > self.length_max {
            failed.push(Constraint::LengthAtMost(self.length_max));
        }
        if let Some(pattern) = self.pattern
            && !(pattern.matches)(value)
        {
            failed.push(Constraint::Pattern(pattern.text));
        }
        failed
    }

    /// All constraints in the order inside brackets: the maximum precedes the minimum.
    pub(crate) fn listed(&self) -> Vec<Constraint> {
        let mut all = vec![
            Constraint::LengthAtMost(self.length_max),
            Constraint::LengthAtLeast(self.length_min),
        ];
        all.extend(self.pattern.map(|pattern| Constraint::Pattern(pattern.text)));
        all
    }

    pub(crate) fn echo(&self, value: &str) -> String {
        if self.sensitive { REDACTED.to_owned() } else { value.to_owned() }
    }

    pub(crate) fn check(&self, value: &str, member: &str) -> Result<(), Violations> {
        let failed = self.failed_by(value);
        if failed.is_empty() {
            return Ok(());
        }
        let violation = |failed| Violation::new(Some(self.echo(value)), member, failed);
        Err(Violations(failed.into_iter().map(violation).collect()))
    }
}

/// The text that replaces a secret in a message.
pub(crate) const REDACTED: &str = "***Sensitive Data Redacted***";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_code_points() {
        let shape = StringShape::new(1, 2);
        assert!(shape.failed_by("😀😀").is_empty());
        assert_eq!(shape.failed_by("😀😀😀"), [Constraint::LengthAtMost(2)]);
    }

    #[test]
    fn failures_are_counted_and_joined() {
        let violations = Violations::of(vec![
            Violation::new(
                Some("{a=}".to_owned()),
                "logins",
                Constraint::MapValues(StringShape::new(1, 50_000).listed()),
            ),
            Violation::new(Some(String::new()), "identityId", Constraint::LengthAtLeast(1)),
            Violation::new(
                Some(String::new()),
                "identityId",
                Constraint::Pattern(Pattern::ID.text),
            ),
        ]);
        let text = violations.map(|violations| violations.to_string()).expect("some");
        let expected = [
            "3 validation errors detected: Value '{a=}' at 'logins' failed to satisfy constraint: ",
            "Map value must satisfy constraint: [Member must have length less than or equal to ",
            "50000, Member must have length greater than or equal to 1]; Value '' at 'identityId' ",
            "failed to satisfy constraint: Member must have length greater than or equal to 1; ",
            "Value '' at 'identityId' failed to satisfy constraint: Member must satisfy regular ",
            "expression pattern: [\\w-]+:[0-9a-f-]+",
        ];
        assert_eq!(text, expected.concat());
    }
}
