//! Arguments that are a text, or name the place of one.

use std::fs;
use std::io::{self, Read};
use std::str::FromStr;

use crate::commands::trouble::Trouble;

/// A text: as it is, in a file (`@FILE`), or from the standard input stream (`-`).
#[derive(Debug, Clone)]
pub(crate) enum GivenText {
    Literal(String),
    At(TextPlace),
}

/// The place of a text, which may be a secret: `@FILE` or `-`.
#[derive(Debug, Clone)]
pub(crate) enum TextPlace {
    File(String),
    Input,
}

impl FromStr for TextPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('@').filter(|path| !path.is_empty()) {
            Some(path) => Ok(Self::File(path.to_owned())),
            None if text == "-" => Ok(Self::Input),
            None => Err("expected `@FILE`, or `-` for the standard input stream"),
        }
    }
}

impl From<String> for GivenText {
    fn from(text: String) -> Self {
        text.parse().map_or(Self::Literal(text), Self::At)
    }
}

impl TextPlace {
    /// The text, which has to be UTF-8.
    pub(crate) fn read(&self) -> Result<String, Trouble> {
        match self {
            Self::File(path) => {
                fs::read_to_string(path).map_err(|error| Trouble::Read(path.clone(), error))
            }
            Self::Input => {
                let mut text = String::new();
                let failed = |error| Trouble::Read("the standard input stream".to_owned(), error);
                io::stdin().read_to_string(&mut text).map_err(failed)?;
                Ok(text)
            }
        }
    }

    /// The text without white space around it.
    pub(crate) fn read_token(&self) -> Result<String, Trouble> {
        self.read().map(|text| text.trim().to_owned())
    }
}

impl GivenText {
    pub(crate) fn read(&self) -> Result<String, Trouble> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::At(place) => place.read(),
        }
    }
}
