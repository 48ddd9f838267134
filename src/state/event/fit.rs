//! Whether events lead to an identity.

use crate::state::{ChangeKind, FoldedIdentity, Identity};

/// The reason why an event is no part of the history of an identity (I11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Nothing but its deletion is told of an identity that is gone.
    Gone,
    /// The identity has not made this revision yet, or is not deleted.
    NoSuchRevision,
    /// The identity cannot have become what it is by the event, or by one behind it.
    Contradicts,
    /// The identity was created later, or its own record tells the creation.
    BeforeCreation,
}

impl Misfit {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "an event of an identity that is gone",
            Self::NoSuchRevision => "the identity has no such revision",
            Self::Contradicts => "the events do not lead to the identity",
            Self::BeforeCreation => "an event before the creation of the identity",
        }
    }
}

/// How far the events behind the present one have led.
enum Told {
    /// To this identity.
    Identity(FoldedIdentity),
    /// To its creation.
    Creation,
    /// To a revision of a time without a journal. Any event may precede it.
    Gap,
    /// Nowhere.
    Contradiction,
}

/// Goes back from an identity, event by event, as far as there is no gap. The events are those of
/// its revisions, in their order. Says of each whether it does not fit.
pub(crate) fn misfits(
    identity: Option<&Identity>,
    events: &[(u32, &[ChangeKind])],
) -> Vec<Option<Misfit>> {
    let is_deletion = |changes: &[ChangeKind]| changes == [ChangeKind::Deleted];
    let Some(identity) = identity else {
        let gone =
            events.iter().map(|(_, changes)| (!is_deletion(changes)).then_some(Misfit::Gone));
        return gone.collect();
    };
    let mut told = Told::Identity(FoldedIdentity::from(identity));
    let mut misfits = Vec::with_capacity(events.len());
    for (revision, changes) in events.iter().rev() {
        let (next, misfit) = match told {
            Told::Identity(after) if is_deletion(changes) || *revision > after.revision => {
                (Told::Identity(after), Some(Misfit::NoSuchRevision))
            }
            Told::Identity(_) if identity.creation().is_some() => {
                (Told::Creation, Some(Misfit::BeforeCreation))
            }
            Told::Identity(after) if *revision < after.revision => (Told::Gap, None),
            Told::Identity(after) => match after.before(changes) {
                Some(before) if before.state.is_none() => (Told::Creation, None),
                Some(before) => (Told::Identity(before), None),
                None => (Told::Contradiction, Some(Misfit::Contradicts)),
            },
            Told::Creation => (Told::Creation, Some(Misfit::BeforeCreation)),
            Told::Gap => (Told::Gap, None),
            Told::Contradiction => (Told::Contradiction, Some(Misfit::Contradicts)),
        };
        told = next;
        misfits.push(misfit);
    }
    misfits.reverse();
    misfits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Timestamp;
    use crate::state::{ActorKind, ChangeOperation, IdentityState, Link, Login, Source};

    fn link(subject: &str, ordinal: u32) -> Link {
        let provider = "p".parse().unwrap();
        Link { login: Login::public(&provider, subject.parse().unwrap()), ordinal }
    }

    fn linked(subject: &str, ordinal: u32) -> Vec<ChangeKind> {
        vec![ChangeKind::Linked { links: vec![link(subject, ordinal)], was_guest: false }]
    }

    /// An identity of revision 4, and how it came to be.
    fn identity() -> (Identity, [Vec<ChangeKind>; 4]) {
        let ids = ("us-east-1:0-f".parse().unwrap(), "us-east-1:1-e".parse().unwrap());
        let (state, now) = (IdentityState::Authenticated, Timestamp::from_millis(1));
        let links = vec![link("a", 0), link("c", 2)];
        let identity = Identity::restored(ids, state, (now, now), 4, links);
        let created = vec![ChangeKind::Created { links: vec![link("a", 0)] }];
        let unlinked = vec![ChangeKind::Unlinked { links: vec![link("b", 1)] }];
        (identity, [created, linked("b", 1), linked("c", 2), unlinked])
    }

    /// The revisions of the events in the order of the numbers, each with the changes of one of
    /// the events, and the misfits.
    fn of(identity: Option<&Identity>, events: &[(u32, &Vec<ChangeKind>)]) -> Vec<Option<Misfit>> {
        let events: Vec<_> = events.iter().map(|(at, changes)| (*at, changes.as_slice())).collect();
        misfits(identity, &events)
    }

    #[test]
    fn events_fit_as_far_as_they_lead_to_the_identity() {
        use Misfit::{BeforeCreation, Contradicts, Gone, NoSuchRevision};
        let (identity, [one, two, three, four]) = &identity();
        let known = Some(identity);
        let deleted = &vec![ChangeKind::Deleted];
        assert_eq!(of(known, &[(1, one), (2, two), (3, three), (4, four)]), [None; 4]);
        assert_eq!(of(known, &[(3, three), (4, four)]), [None; 2]);
        assert_eq!(of(known, &[(1, one), (2, two)]), [None; 2], "a gap");
        assert_eq!(of(known, &[(1, three), (2, one), (4, four)]), [None; 3], "a gap");
        assert_eq!(
            of(known, &[(0, two), (1, one), (2, two), (3, three), (4, four)]),
            [Some(BeforeCreation), None, None, None, None]
        );
        assert_eq!(
            of(known, &[(1, one), (2, two), (3, four), (4, four)]),
            [Some(Contradicts), Some(Contradicts), Some(Contradicts), None]
        );
        assert_eq!(of(known, &[(3, one), (4, four)]), [Some(Contradicts), None]);
        assert_eq!(of(known, &[(4, four), (5, three)]), [None, Some(NoSuchRevision)]);
        assert_eq!(of(known, &[(3, three), (4, deleted)]), [None, Some(NoSuchRevision)]);
        assert_eq!(of(None, &[(4, four), (5, deleted)]), [Some(Gone), None]);

        // A record that tells the creation itself is alone.
        let (operation, by) = (ChangeOperation::GetId, ActorKind::Anyone);
        let source = Source { operation, by, request_id: None };
        let new = identity.clone().created_by(Some(source));
        let expected = [Some(BeforeCreation), Some(NoSuchRevision)];
        assert_eq!(of(Some(&new), &[(4, four), (5, four)]), expected);
        assert_eq!(of(Some(&new), &[]), []);
    }
}
