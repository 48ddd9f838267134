//! Members of inputs, with all the constraints that the given values violate.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::constraint::{Constraint, Violation, Violations};
use crate::id::IdentityId;
use crate::login::Logins;
use crate::name::{
    Arn, LoginToken, PrincipalTagValue, ProviderAppId, ProviderName, TagKey, TagValue,
};
use crate::state::{CognitoIdentityProvider, RoleMapping};

/// A member of an input: its value, and the constraints that the given values violate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<T> {
    value: Option<T>,
    violations: Vec<Violation>,
    /// The number of entries of a list or a map that are not in the value, because they are
    /// invalid.
    rejected: usize,
}

impl<T> Given<T> {
    pub(crate) const fn absent() -> Self {
        Self { value: None, violations: Vec::new(), rejected: 0 }
    }

    pub(crate) fn of(value: impl Into<Option<T>>) -> Self {
        Self { value: value.into(), ..Self::absent() }
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.value.is_none() && self.violations.is_empty()
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.violations.is_empty())
    }

    /// Replaces any value that was given before.
    pub(crate) fn set(&mut self, value: impl TryInto<T, Error: Into<Violations>>) {
        *self = Self::absent();
        self.value = self.parse(value);
    }

    fn parse<P>(&mut self, value: impl TryInto<P, Error: Into<Violations>>) -> Option<P> {
        let parsed = value.try_into();
        parsed.map_err(|error| self.violations.extend(error.into())).ok()
    }

    /// The value of an optional member. Returns `None` if it is invalid, and adds its violations to
    /// `failed`.
    #[expect(clippy::option_option, reason = "whether it is valid, and whether it was given")]
    pub(crate) fn optional(self, name: &str, failed: &mut Vec<Violation>) -> Option<Option<T>> {
        let is_valid = self.violations.is_empty();
        failed.extend(self.violations.into_iter().map(|violation| violation.at(name)));
        is_valid.then_some(self.value)
    }

    /// The value of a required member.
    pub(crate) fn required(self, name: &str, failed: &mut Vec<Violation>) -> Option<T> {
        let value = self.optional(name, failed)?;
        if value.is_none() {
            failed.push(Violation::new(None, name, Constraint::NotNull).at(name));
        }
        value
    }

    /// The value of a member that is empty by default.
    pub(crate) fn defaulted(self, name: &str, failed: &mut Vec<Violation>) -> Option<T>
    where
        T: Default,
    {
        self.optional(name, failed).map(Option::unwrap_or_default)
    }
}

impl<T: Collection> Given<T> {
    pub(crate) fn empty() -> Self {
        Self::of(T::default())
    }

    /// Adds an element to a list.
    pub(crate) fn push<E>(&mut self, element: impl TryInto<E, Error: Into<Violations>>)
    where
        T: Add<E>,
    {
        let element = self.parse(element);
        self.add(element);
    }

    /// Adds an entry to a map, or replaces the entry with the same key.
    pub(crate) fn insert<K, V>(
        &mut self,
        key: impl TryInto<K, Error: Into<Violations>>,
        value: impl TryInto<V, Error: Into<Violations>>,
    ) where
        T: Add<(K, V)>,
    {
        let shown = self.violations.len();
        let key = self.parse(key);
        if T::KEY_MAY_BE_SECRET {
            self.violations.iter_mut().skip(shown).for_each(Violation::redact_excess);
        }
        let value = self.parse(value);
        self.add(key.zip(value));
    }

    fn add<E>(&mut self, element: Option<E>)
    where
        T: Add<E>,
    {
        let all = self.value.get_or_insert_default();
        match element {
            Some(element) => all.add(element),
            None => self.rejected = self.rejected.saturating_add(1),
        }
    }

    /// The same member, with a violation if its length is out of bounds. The service does not look
    /// into a list or a map that is too long.
    pub(crate) fn within(mut self, lengths: &RangeInclusive<usize>) -> Self {
        let Some(value) = &self.value else { return self };
        let failed = match value.length().saturating_add(self.rejected) {
            length if length < *lengths.start() => Constraint::LengthAtLeast(*lengths.start()),
            length if length > *lengths.end() => Constraint::LengthAtMost(*lengths.end()),
            _ => return self,
        };
        self.violations = vec![Violation::new(Some(value.shown()), "", failed)];
        self
    }
}

/// A list or a map whose length the service model limits.
pub(crate) trait Collection: Default {
    /// True if a key that is too long may be a token in the wrong place.
    const KEY_MAY_BE_SECRET: bool = false;

    fn length(&self) -> usize;

    /// The entries in the form of an error message.
    fn shown(&self) -> String;
}

/// A list or a map with elements of one type.
pub(crate) trait Add<E> {
    fn add(&mut self, element: E);
}

impl<T> Add<T> for Vec<T> {
    fn add(&mut self, element: T) {
        self.push(element);
    }
}

impl<K: Ord, V> Add<(K, V)> for BTreeMap<K, V> {
    fn add(&mut self, (key, value): (K, V)) {
        self.insert(key, value);
    }
}

impl Add<(ProviderName, LoginToken)> for Logins {
    fn add(&mut self, (provider, token): (ProviderName, LoginToken)) {
        self.present(provider, token);
    }
}

impl<T: Entry> Collection for Vec<T> {
    fn length(&self) -> usize {
        self.len()
    }

    fn shown(&self) -> String {
        let shown: Vec<_> = self.iter().map(T::shown).collect();
        format!("[{}]", shown.join(", "))
    }
}

impl<K: Display, V: Entry> Collection for BTreeMap<K, V> {
    fn length(&self) -> usize {
        self.len()
    }

    fn shown(&self) -> String {
        let shown: Vec<_> =
            self.iter().map(|(key, value)| format!("{key}={}", value.shown())).collect();
        format!("{{{}}}", shown.join(", "))
    }
}

impl Collection for Logins {
    const KEY_MAY_BE_SECRET: bool = true;

    fn length(&self) -> usize {
        self.iter().len()
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

/// An element of a list, or the value of an entry of a map.
pub(crate) trait Entry {
    fn shown(&self) -> String;
}

macro_rules! entries {
    ($($entry:ty: $shown:expr;)*) => {
        $(impl Entry for $entry {
            fn shown(&self) -> String {
                let shown: fn(&Self) -> &str = $shown;
                shown(self).to_owned()
            }
        })*
    };
}

entries! {
    Arn: Self::as_str;
    CognitoIdentityProvider: |_| "...";
    IdentityId: Self::as_str;
    PrincipalTagValue: Self::as_str;
    ProviderAppId: Self::as_str;
    ProviderName: Self::as_str;
    RoleMapping: |_| "...";
    TagKey: Self::as_str;
    TagValue: Self::as_str;
}

impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Violations::of(self.violations.clone()) {
            Some(violations) => Err(S::Error::custom(violations)),
            None => self.value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(Self { value, ..Self::absent() })
    }
}

/// Declares the input of an operation, and its checked form that the operation receives.
///
/// Each member has a wire name, a setter, a getter, a type, and the word `required`, `optional` or
/// `defaulted`. The type is a name for a single value, `[T]` for a list, or `{Map: Key => Value}`
/// for a map. The setter of a list adds an element, the setter of a map adds an entry. The lengths
/// that the service model allows come after the word.
macro_rules! input {
    (
        $(#[$doc:meta])*
        $Input:ident => $Checked:ident
        $($(#[$new_doc:meta])* fn new($($param:ident: $Param:ty),*))?
        {
            $(
                $(#[$member_doc:meta])*
                $wire:literal, $member:ident, $getter:ident: $Type:tt,
                $presence:ident $(($lengths:expr))?;
            )*
        }
    ) => {
        $(#[$doc])*
        ///
        /// A setter takes a value of the member's type, or text that parses into it. Constraint
        /// violations are collected, and the operation refuses all of them at once.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $Input {
            $(
                #[serde(rename = $wire, default = "Given::absent")]
                #[serde(skip_serializing_if = "Given::is_absent")]
                $member: Given<input!(@type $Type)>,
            )*
        }

        impl $Input {
            $(
                $(#[$new_doc])*
                pub fn new(
                    $($param: impl TryInto<$Param, Error: Into<$crate::constraint::Violations>>),*
                ) -> Self {
                    Self::empty()$(.$param($param))*
                }
            )?

            /// An input without values. Required lists and maps are present but empty.
            fn empty() -> Self {
                Self { $($member: input!(@start $Type, $presence)),* }
            }

            $(input!(@setter $(#[$member_doc])* $member: $Type);)*

            $(
                #[doc = concat!("`", $wire, "`, if it was given and all its values are valid.")]
                pub fn $getter(&self) -> Option<&input!(@type $Type)> {
                    self.$member.get()
                }
            )*

            /// Checks the input in the same way as the operation, which refuses an invalid input
            /// with [`Error::Invalid`](crate::Error::Invalid).
            ///
            /// # Errors
            ///
            /// Returns every violated constraint, in the order of the service.
            pub fn check(&self) -> Result<(), $crate::constraint::Violations> {
                self.clone().checked().map(drop)
            }

            /// The checked input, unless a member violates a constraint.
            pub(crate) fn checked(self) -> Result<$Checked, $crate::constraint::Violations> {
                let mut failed = Vec::new();
                $(
                    let $member = self.$member$(.within(&$lengths))?;
                    let $member = $member.$presence($wire, &mut failed);
                )*
                let checked = (|| Some($Checked { $($member: $member?),* }))();
                checked.ok_or_else(|| $crate::constraint::Violations::all(failed))
            }
        }

        /// The checked members of the input.
        #[derive(Debug, Clone)]
        pub(crate) struct $Checked {
            $(pub(crate) $member: input!(@checked $Type, $presence),)*
        }
    };

    (@type [$T:ty]) => { Vec<$T> };
    (@type {$Map:ty: $K:ty => $V:ty}) => { $Map };
    (@type $T:ident) => { $T };

    (@checked $Type:tt, optional) => { Option<input!(@type $Type)> };
    (@checked $Type:tt, $presence:ident) => { input!(@type $Type) };

    (@start $T:ident, $presence:ident) => { Given::absent() };
    (@start $Type:tt, required) => { Given::empty() };
    (@start $Type:tt, $presence:ident) => { Given::absent() };

    (@setter $(#[$doc:meta])* $member:ident: [$T:ty]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $member(
            mut self,
            element: impl TryInto<$T, Error: Into<$crate::constraint::Violations>>,
        ) -> Self {
            self.$member.push::<$T>(element);
            self
        }
    };
    (@setter $(#[$doc:meta])* $member:ident: {$Map:ty: $K:ty => $V:ty}) => {
        $(#[$doc])*
        #[must_use]
        pub fn $member(
            mut self,
            key: impl TryInto<$K, Error: Into<$crate::constraint::Violations>>,
            value: impl TryInto<$V, Error: Into<$crate::constraint::Violations>>,
        ) -> Self {
            self.$member.insert::<$K, $V>(key, value);
            self
        }
    };
    (@setter $(#[$doc:meta])* $member:ident: $T:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $member(
            mut self,
            value: impl TryInto<$T, Error: Into<$crate::constraint::Violations>>,
        ) -> Self {
            self.$member.set(value);
            self
        }
    };
}
pub(crate) use input;
