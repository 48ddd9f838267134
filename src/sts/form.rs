//! Parameters in a query or a body of the type `application/x-www-form-urlencoded`.

use std::borrow::Cow;

/// The parameters of a request, still encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    pub(super) fn new(encoded: &'a [u8]) -> Self {
        Self(encoded)
    }

    /// The value of a parameter. As in the service the first one of the name counts.
    pub(super) fn value(self, name: &str) -> Option<String> {
        let (_, value) = self.pairs().find(|(known, _)| text(known) == name)?;
        Some(text(value).into_owned())
    }

    /// Whether a parameter of such a name has a value.
    pub(super) fn has_any(self, is_wanted: impl Fn(&str) -> bool) -> bool {
        self.pairs().any(|(name, value)| !value.is_empty() && is_wanted(&text(name)))
    }

    /// The names and values, as they are encoded.
    fn pairs(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.0.split(|byte| *byte == b'&').map(pair)
    }
}

/// The name and the value of one parameter. A parameter without `=` is a name.
pub(super) fn pair(parameter: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = parameter.splitn(2, |byte| *byte == b'=');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The text that is encoded, where a plus stands for a space.
fn text(encoded: &[u8]) -> Cow<'_, str> {
    if encoded.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
        return String::from_utf8_lossy(encoded);
    }
    let spaced = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let spaced: Vec<u8> = encoded.iter().map(spaced).collect();
    String::from_utf8_lossy(&percent_decoded(&spaced)).into_owned().into()
}

/// The bytes that are encoded. A percent sign without two hexadecimal digits stands for itself.
pub(super) fn percent_decoded(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, behind @ ..] = rest {
        if let (b'%', [high, low, behind @ ..]) = (first, behind)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            decoded.push((high << 4) | low);
            rest = behind;
        } else {
            decoded.push(*first);
            rest = behind;
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_name() {
        let form = Form::new(b"A=1&B=a+b%2Bc%3d%C3%A9&A=2&C&D=&%45=e=f&=g&&F=%&G=%4&H=%zz&I=%ff");
        for (name, value) in [
            ("A", Some("1")),
            ("B", Some("a b+c=é")),
            ("C", Some("")),
            ("D", Some("")),
            ("E", Some("e=f")),
            ("", Some("g")),
            ("F", Some("%")),
            ("G", Some("%4")),
            ("H", Some("%zz")),
            ("I", Some("\u{fffd}")),
            ("a", None),
            ("J", None),
        ] {
            assert_eq!(form.value(name).as_deref(), value, "{name}");
        }
        assert_eq!(Form::new(b"").value("A"), None);
    }

    #[test]
    fn a_parameter_without_a_value_is_not_there() {
        let form = Form::new(b"A=&B.1=b&C");
        for (name, is_there) in [("A", false), ("B.1", true), ("C", false), ("D", false)] {
            assert_eq!(form.has_any(|known| known == name), is_there, "{name}");
        }
    }
}
