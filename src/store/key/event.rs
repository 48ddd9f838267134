//! Keys of events.

use crate::ambient::Timestamp;
use crate::id::Guid;
use crate::store::key::{GUID_LENGTH, MOMENT_LENGTH};
use crate::store::{Key, KeyRange, Tree};

/// The number of an event: the identity or the pool that it is about, and the revision that it has
/// made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventNumber {
    pub(crate) pool: Guid,
    /// `None` for an event of the pool itself.
    pub(crate) identity: Option<Guid>,
    pub(crate) revision: u32,
}

const IDENTITY: u8 = b'i';
const POOL: u8 = b'p';
const REVISION_LENGTH: usize = 4;

impl EventNumber {
    /// The length of an identity's event in the activity of a pool.
    #[cfg(test)]
    pub(crate) const ACTIVITY_LENGTH: usize =
        GUID_LENGTH + MOMENT_LENGTH + 1 + GUID_LENGTH + REVISION_LENGTH;

    /// All but the pool.
    fn tail(&self) -> Vec<u8> {
        let mut tail = match self.identity {
            Some(identity) => [&[IDENTITY], identity.0.as_slice()].concat(),
            None => vec![POOL],
        };
        tail.extend(self.revision.to_be_bytes());
        tail
    }

    fn of_tail(pool: Guid, tail: &[u8]) -> Option<Self> {
        let (subject, revision) = tail.split_last_chunk::<REVISION_LENGTH>()?;
        let identity = match subject.split_first()? {
            (&IDENTITY, identity) => Some(Guid(identity.try_into().ok()?)),
            (&POOL, []) => None,
            _ => return None,
        };
        Some(Self { pool, identity, revision: u32::from_be_bytes(*revision) })
    }
}

impl Key {
    /// An event in the journal.
    pub(crate) fn event(number: EventNumber) -> Self {
        Self { tree: Tree::Journal, bytes: [number.pool.0.as_slice(), &number.tail()].concat() }
    }

    /// The number that an event's key consists of.
    pub(crate) fn event_number(&self) -> Option<EventNumber> {
        let (pool, tail) = self.bytes.split_first_chunk::<GUID_LENGTH>()?;
        EventNumber::of_tail(Guid(*pool), tail)
    }

    /// An event in the activity of its pool.
    pub(crate) fn activity(date: Timestamp, number: EventNumber) -> Self {
        let (pool, date) = (number.pool.0.as_slice(), date.as_millis().to_be_bytes());
        Self { tree: Tree::Activity, bytes: [pool, &date, &number.tail()].concat() }
    }

    /// The date and the number that the key of an event in the activity of its pool consists of.
    pub(crate) fn activity_parts(&self) -> Option<(Timestamp, EventNumber)> {
        let (pool, rest) = self.bytes.split_first_chunk::<GUID_LENGTH>()?;
        let (date, tail) = rest.split_first_chunk::<MOMENT_LENGTH>()?;
        let date = Timestamp::from_millis(u64::from_be_bytes(*date));
        Some((date, EventNumber::of_tail(Guid(*pool), tail)?))
    }
}

impl KeyRange {
    /// The events of an identity.
    pub(crate) fn events_of(pool: Guid, identity: Guid) -> Self {
        Self::prefix(Tree::Journal, [pool.0.as_slice(), &[IDENTITY], &identity.0].concat())
    }

    /// The events of a pool and of its identities, in the order of time.
    pub(crate) fn activity_of(pool: Guid) -> Self {
        Self::prefix(Tree::Activity, pool.0)
    }

    /// The events of a pool and of its identities before a moment.
    pub(crate) fn activity_before(pool: Guid, moment: Timestamp) -> Self {
        let end = [pool.0.as_slice(), &moment.as_millis().to_be_bytes()].concat();
        Self { end: Some(end), ..Self::activity_of(pool) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_event_says_its_number() {
        let (pool, identity) = (Guid([3; 16]), Guid([7; 16]));
        for (identity, revision) in [(Some(identity), 1), (None, 1), (None, u32::MAX)] {
            let number = EventNumber { pool, identity, revision };
            let date = Timestamp::from_millis(1_700_000_000_000);
            assert_eq!(Key::event(number).event_number(), Some(number));
            assert_eq!(Key::activity(date, number).activity_parts(), Some((date, number)));
            assert!(KeyRange::activity_of(pool).contains(&Key::activity(date, number)));
            let next = Timestamp::from_millis(1_700_000_000_001);
            assert!(KeyRange::activity_before(pool, next).contains(&Key::activity(date, number)));
            assert!(!KeyRange::activity_before(pool, date).contains(&Key::activity(date, number)));
        }
        let number = EventNumber { pool, identity: Some(identity), revision: 1 };
        assert!(KeyRange::events_of(pool, identity).contains(&Key::event(number)));
        assert_eq!(
            Key::activity(Timestamp::from_millis(0), number).bytes.len(),
            EventNumber::ACTIVITY_LENGTH
        );
        for bytes in [&[0; 16][..], &[0; 21], &[b'p'; 22], &[b'i'; 36], &[b'i'; 38]] {
            assert_eq!(Key::new(Tree::Journal, bytes).event_number(), None, "{bytes:?}");
        }
    }
}
