//! Pages of a listing: their size and the start of the next page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::constraint::{Constraint, Violation, Violations};
use crate::name::NextToken;
use crate::rules::Refusal;

/// The maximum number of results of a call: 1 to 60.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct PageSize(u8);

impl PageSize {
    pub(crate) const MIN: i64 = 1;
    pub(crate) const LIMIT: i64 = 60;

    /// The largest page size, 60.
    pub const MAX: Self = Self(60);

    pub(crate) fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<i64> for PageSize {
    type Error = Violations;

    fn try_from(results: i64) -> Result<Self, Violations> {
        let failed = match results {
            ..Self::MIN => Constraint::ValueAtLeast(Self::MIN),
            Self::MIN..=Self::LIMIT => return Ok(Self(u8::try_from(results).unwrap_or(u8::MAX))),
            _ => Constraint::ValueAtMost(Self::LIMIT),
        };
        Err(Violations::one(Violation::new(Some(results.to_string()), "maxResults", failed)))
    }
}

/// A listing in pages. Each entry has a position; the listing is sorted by the bytes of the
/// positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    Pools,
    Identities,
    DeveloperUsers,
    /// The pools of all accounts and regions.
    AllPools,
    /// The identities of a pool that fit a filter.
    FilteredIdentities,
    Logins,
    /// The events of an identity.
    History,
    /// The events of a pool.
    Activity,
}

impl Listing {
    fn tag(self) -> u8 {
        match self {
            Self::Pools => b'p',
            Self::Identities => b'i',
            Self::DeveloperUsers => b'u',
            Self::AllPools => b'P',
            Self::FilteredIdentities => b'I',
            Self::Logins => b'l',
            Self::History => b'h',
            Self::Activity => b'a',
        }
    }

    /// The token of a page whose last entry is at `position`.
    pub(crate) fn token(self, position: &[u8]) -> Option<NextToken> {
        let tagged = [&[self.tag()], position].concat();
        URL_SAFE_NO_PAD.encode(tagged).try_into().ok()
    }

    /// The position in a token. It must begin with `prefix` and be `length` bytes long.
    pub(crate) fn position(
        self,
        token: &NextToken,
        prefix: &[u8],
        length: usize,
    ) -> Result<Vec<u8>, Refusal> {
        self.position_where(token, |position| {
            position.len() == length && position.starts_with(prefix)
        })
    }

    /// The position in a token, if `fits` accepts it.
    pub(crate) fn position_where(
        self,
        token: &NextToken,
        fits: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Refusal> {
        let tagged =
            URL_SAFE_NO_PAD.decode(token.as_str()).map_err(|_| Refusal::NextTokenInvalid)?;
        match tagged.split_first() {
            Some((tag, position)) if *tag == self.tag() && fits(position) => {
                Ok(position.to_owned())
            }
            _ => Err(Refusal::NextTokenInvalid),
        }
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) next: Option<NextToken>,
}

impl<T> Page<T> {
    /// Cuts `entries` to `size`, each entry with its position. One extra entry means that there is
    /// another page.
    pub(crate) fn cut<P: AsRef<[u8]>>(
        listing: Listing,
        mut entries: Vec<(P, T)>,
        size: PageSize,
    ) -> Self {
        let more = entries.len() > size.get();
        entries.truncate(size.get());
        let last = entries.last().filter(|_| more);
        let next = last.and_then(|(position, _)| listing.token(position.as_ref()));
        Self { entries: entries.into_iter().map(|(_, entry)| entry).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(entries: u8, size: i64) -> Page<u8> {
        let entries = (0..entries).map(|n| (vec![7, n], n)).collect();
        Page::cut(Listing::Identities, entries, size.try_into().expect("a size"))
    }

    #[test]
    fn sizes_keep_their_bounds() {
        let kept = |results: i64| PageSize::try_from(results).map(PageSize::get);
        assert_eq!((kept(1), kept(60)), (Ok(1), Ok(60)));
        for (results, bound) in [
            (i64::MIN, "greater than or equal to 1"),
            (0, "greater than or equal to 1"),
            (61, "less than or equal to 60"),
            (i64::MAX, "less than or equal to 60"),
        ] {
            let refused = format!(
                "1 validation error detected: Value '{results}' at 'maxResults' failed to satisfy \
                 constraint: Member must have value {bound}"
            );
            assert_eq!(kept(results).map_err(|v| v.to_string()), Err(refused));
        }
    }

    #[test]
    fn there_is_a_token_only_if_there_is_more() {
        assert_eq!(page(3, 3).entries, [0, 1, 2]);
        assert_eq!(page(3, 3).next, None);
        assert_eq!(page(0, 1).next, None);
        let cut = page(3, 2);
        let next = cut.next.expect("there is more");
        assert_eq!(cut.entries, [0, 1]);
        assert_eq!(Listing::Identities.position(&next, &[7], 2), Ok(vec![7, 1]));
    }

    #[test]
    fn a_token_of_another_listing_is_refused() {
        let next = page(2, 1).next.expect("there is more");
        let refused = Err(Refusal::NextTokenInvalid);
        assert_eq!(Listing::Pools.position(&next, &[7], 2), refused);
        assert_eq!(Listing::Identities.position(&next, &[8], 2), refused);
        assert_eq!(Listing::Identities.position(&next, &[7], 3), refused);
        let noise = "!".parse().expect("fits the shape");
        assert_eq!(Listing::Identities.position(&noise, &[], 0), refused);
    }
}
