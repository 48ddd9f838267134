//! The patterns of the service model.

use unicode_general_category::{GeneralCategory, get_general_category};

/// A pattern of the service model: its text, and what it means.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) matches: fn(&str) -> bool,
}

impl Pattern {
    pub(crate) const ID: Self = Self { text: r"[\w-]+:[0-9a-f-]+", matches: is_id };
    pub(crate) const POOL_NAME: Self = Self {
        text: r"[\w\s+=,.@-]+",
        matches: |v| all(v, |c| is_word(c) || is_space(c) || "+=,.@-".contains(c)),
    };
    pub(crate) const DEVELOPER_PROVIDER: Self =
        Self { text: r"[\w._-]+", matches: |v| all(v, |c| is_word(c) || "._-".contains(c)) };
    pub(crate) const PROVIDER_APP: Self =
        Self { text: r"[\w.;_/-]+", matches: |v| all(v, |c| is_word(c) || ".;_/-".contains(c)) };
    pub(crate) const USER_POOL_PROVIDER: Self =
        Self { text: r"[\w._:/-]+", matches: |v| all(v, |c| is_word(c) || "._:/-".contains(c)) };
    pub(crate) const USER_POOL_CLIENT: Self =
        Self { text: r"[\w_]+", matches: |v| all(v, is_word) };
    pub(crate) const CLAIM_NAME: Self = Self {
        text: r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+",
        matches: |v| all(v, |c| is_visible(get_general_category(c))),
    };
    pub(crate) const ROLE_TYPE: Self = Self {
        text: "(un)?authenticated",
        matches: |v| matches!(v, "authenticated" | "unauthenticated"),
    };
    pub(crate) const ROLE_SESSION_NAME: Self = Self {
        text: r"[\w+=,.@-]*",
        matches: |v| v.chars().all(|c| is_word(c) || "+=,.@-".contains(c)),
    };
    pub(crate) const NOT_SPACE: Self =
        Self { text: r"[\S]+", matches: |v| all(v, |c| !is_space(c)) };
}

fn is_id(value: &str) -> bool {
    value.rsplit_once(':').is_some_and(|(region, guid)| {
        all(region, |c| is_word(c) || c == '-')
            && all(guid, |c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
    })
}

fn all(value: &str, mut accepts: impl FnMut(char) -> bool) -> bool {
    !value.is_empty() && value.chars().all(&mut accepts)
}

/// A letter, a mark, a symbol, a number or punctuation: no separator, and nothing of the categories
/// "other".
fn is_visible(category: GeneralCategory) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate,
        Unassigned,
    };
    !matches!(
        category,
        Control
            | Format
            | LineSeparator
            | ParagraphSeparator
            | PrivateUse
            | SpaceSeparator
            | Surrogate
            | Unassigned
    )
}

/// `\w` as the service means it: ASCII only.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `\s` as the service means it: ASCII only, the vertical tab included.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{0b}' | '\u{0c}' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_value() {
        for (pattern, value, matches) in [
            (&Pattern::ID, "us-east-1:0a-9", true),
            (&Pattern::ID, "us-east-1:0A", false),
            (&Pattern::ID, "us-east-1:", false),
            (&Pattern::ID, ":0a", false),
            (&Pattern::ID, "a:b:c", false),
            (&Pattern::ID, "us-east-1", false),
            (&Pattern::POOL_NAME, "a b\t+=,.@-_", true),
            (&Pattern::POOL_NAME, "pool#name", false),
            (&Pattern::POOL_NAME, "größe", false),
            (&Pattern::DEVELOPER_PROVIDER, "login.my-app_1", true),
            (&Pattern::DEVELOPER_PROVIDER, "Bruce Wayne", false),
            (&Pattern::PROVIDER_APP, "123;456/a.b-c", true),
            (&Pattern::PROVIDER_APP, "a:b", false),
            (&Pattern::USER_POOL_PROVIDER, "cognito-idp.us-east-1.amazonaws.com/us-east-1_x", true),
            (&Pattern::USER_POOL_CLIENT, "abc-1", false),
            (&Pattern::NOT_SPACE, "a b", false),
            (&Pattern::ROLE_SESSION_NAME, "a_1+=,.@-", true),
            (&Pattern::ROLE_SESSION_NAME, "", true),
            (&Pattern::ROLE_SESSION_NAME, "a/b", false),
            (&Pattern::ROLE_SESSION_NAME, "é", false),
            (&Pattern::ROLE_TYPE, "authenticated", true),
            (&Pattern::ROLE_TYPE, "unauthenticated", true),
            (&Pattern::ROLE_TYPE, "anauthenticated", false),
            (&Pattern::CLAIM_NAME, "custom:größe_1€", true),
            (&Pattern::CLAIM_NAME, "e\u{301}", true),
            (&Pattern::CLAIM_NAME, "a b", false),
            (&Pattern::CLAIM_NAME, "a\u{a0}", false),
            (&Pattern::CLAIM_NAME, "a\n", false),
            (&Pattern::CLAIM_NAME, "a\u{200b}", false),
            (&Pattern::CLAIM_NAME, "\u{e000}", false),
        ] {
            assert_eq!((pattern.matches)(value), matches, "{} of `{value}`", pattern.text);
        }
    }
}
