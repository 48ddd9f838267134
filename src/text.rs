//! The common parts of all validated text types.

/// Declares a text type with its shape and the conversions that all text types share.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident at $member:literal, $shape:expr) => {
        text_type!(@type $(#[$doc])* #[derive(Debug)] $name at $member, $shape);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    ($(#[$doc:meta])* secret $name:ident at $member:literal, $shape:expr) => {
        text_type!(@type $(#[$doc])* $name at $member, $shape.sensitive());

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), $crate::constraint::REDACTED)
            }
        }
    };
    (@type $(#[$doc:meta])* $name:ident at $member:literal, $shape:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub(crate) const SHAPE: $crate::constraint::StringShape = $shape;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::constraint::Violations;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::SHAPE.check(text, $member)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::constraint::Violations;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<&String> for $name {
            type Error = $crate::constraint::Violations;

            fn try_from(text: &String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::constraint::Violations;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::SHAPE.check(&text, $member)?;
                Ok(Self(text.into()))
            }
        }

        impl From<&Self> for $name {
            fn from(same: &Self) -> Self {
                same.clone()
            }
        }
    };
}
pub(crate) use text_type;
