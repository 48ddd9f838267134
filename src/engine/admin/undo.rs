//! Undo of a merge, a link or an unlink.

use crate::admin::{IdentityDetails, Undo, UndoInput, UndoOutput};
use crate::engine::Admin;
use crate::engine::admin::walk::{STEP, STEPS_MAX};
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::rules::rule::AppliedRule;
use crate::rules::undo::{self, Obstacle, Reversible};
use crate::rules::{Decided, Refusal};
use crate::state::{ChangeKind, ChangeOperation, EventId, Identity, Link, Login};
use crate::store::Key;
use crate::store::key::EventNumber;
use crate::store::record::EventRecord;

impl Admin {
    /// Undoes the change of an event: a merge, a link or an unlink, or that an identity was
    /// disabled.
    ///
    /// * A merge: the other identity gets back its id, its state and its logins. The event of
    ///   either identity names the merge. If several identities were merged at once, the event of
    ///   the one that took over undoes all of it, and that of one that gave up undoes its part.
    /// * A link: the logins are unlinked. An identity that was a guest before is a guest again; any
    ///   other one without a login is disabled.
    /// * An unlink: the logins are linked again, and the identity is no longer disabled.
    ///
    /// What has happened to the identities since stays. Tokens that were issued stay valid, for the
    /// identity that they name. [`explain`](Self::explain) of the same input tells what would
    /// change.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): the event's name violates its constraints.
    /// * [`IdentityNotFound`](Refusal::IdentityNotFound): the identity of the event is gone.
    /// * [`EventNotFound`](Refusal::EventNotFound): the journal does not have the event, or no
    ///   longer.
    /// * [`UndoOvertaken`](Refusal::UndoOvertaken): the event is undone already.
    /// * [`EventNotReversible`](Refusal::EventNotReversible): an event of another kind.
    /// * [`IdentityNotFound`](Refusal::IdentityNotFound) or
    ///   [`EventNotFound`](Refusal::EventNotFound) for another identity of a merge.
    /// * [`UndoOvertaken`](Refusal::UndoOvertaken): something since contradicts the undo: the other
    ///   identity of a merge has changed, a login is no longer where the change has put it, an
    ///   unlinked login belongs to an identity, or the identity was disabled in another way, has
    ///   another user of the provider, or has no room for the logins.
    ///
    /// # Example: a mistaken merge
    ///
    /// ```
    /// use cognate::admin::{HistoryInput, UndoInput};
    /// use cognate::{Engine, Journal};
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// let engine = Engine::builder().journal(Journal::keep(90)).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #     .developer_provider_name("login.game");
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// # let user = |user: &str| {
    /// #     let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
    /// #     aws.resolve_developer_identity(call.logins("login.game", user))
    /// # };
    /// let (bob, alice) = (user("bob")?, user("alice")?);
    /// let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", "bob", "alice");
    /// aws.merge_developer_identities(merge)?;
    /// assert_eq!(user("bob")?, alice);
    ///
    /// let admin = engine.admin();
    /// let history = admin.history(HistoryInput::new(&alice, 1))?;
    /// let merged = history.events[0].id().expect("an identity's event");
    /// admin.undo(UndoInput::new(&merged))?;
    /// assert_eq!(user("bob")?, bob);
    /// assert!(matches!(
    ///     admin.undo(UndoInput::new(&merged)),
    ///     Err(Error::Refused(Refusal::UndoOvertaken { .. }))
    /// ));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn undo(&self, input: UndoInput) -> Result<UndoOutput> {
        let input = input.checked()?;
        let changed = self.run(ChangeOperation::Undo, |reads| self.decide_undo(reads, &input))?;
        Ok(UndoOutput { identities: changed.iter().map(IdentityDetails::from).collect() })
    }

    pub(in crate::engine) fn decide_undo(
        &self,
        reads: &mut Reads<'_>,
        input: &Undo,
    ) -> Result<Decided<Vec<Identity>>> {
        let Undo { event_id } = input;
        let (kept, identity) = reads.known_identity(&event_id.identity_id)?;
        reads.rule = Some(AppliedRule::Undo);
        let event = reads.reversible_event(&kept, &identity, event_id)?;
        if let Some(by) = event.undone_by {
            return Err(Refusal::UndoOvertaken { by }.into());
        }
        let mut parts = Vec::new();
        let mut subject = identity.clone();
        for change in &event.changes {
            match change {
                ChangeKind::Linked { links, was_guest } => {
                    parts.push(Reversible::Link { links: links.clone(), was_guest: *was_guest });
                }
                ChangeKind::TookOver { links, from } => {
                    let (source, given) = reads.given_up(&kept, from, event_id)?;
                    let (gave_up, taken) = (from.clone(), links.clone());
                    parts.push(Reversible::Merge { source, gave_up, given, taken });
                }
                ChangeKind::GaveUp { links, to } => {
                    let (destination, taken) = reads.taken_over(&kept, to, event_id)?;
                    let (gave_up, given) = (event_id.clone(), links.clone());
                    parts.push(Reversible::Merge {
                        source: identity.clone(),
                        gave_up,
                        given,
                        taken,
                    });
                    subject = destination;
                }
                ChangeKind::Unlinked { links } => {
                    let owners = reads.owners_of(&kept, links)?;
                    let disabled = event.changes.contains(&ChangeKind::Disabled);
                    parts.push(Reversible::Unlink { links: links.clone(), owners, disabled });
                }
                ChangeKind::Disabled if event.changes.len() == 1 => {
                    let (links, owners, disabled) = (Vec::new(), Vec::new(), true);
                    parts.push(Reversible::Unlink { links, owners, disabled });
                }
                ChangeKind::Disabled => {}
                ChangeKind::Created { .. }
                | ChangeKind::Imported { .. }
                | ChangeKind::GaveBack { .. }
                | ChangeKind::Restored { .. }
                | ChangeKind::Deleted
                | ChangeKind::PoolCreated
                | ChangeKind::PoolChanged { .. }
                | ChangeKind::PoolDeleted => {
                    return Err(Refusal::EventNotReversible { event: event_id.clone() }.into());
                }
            }
        }
        match undo::undo(event_id, &subject, &parts, self.core.now()) {
            Ok(decided) => Ok(decided),
            Err(obstacle) => {
                let by = reads.event_behind(&kept, &obstacle)?;
                Err(Refusal::UndoOvertaken { by }.into())
            }
        }
    }
}

impl Reads<'_> {
    /// An event that is a record of its own.
    fn event(&mut self, pool: &KeptPool, id: &EventId) -> Result<Option<EventRecord>> {
        let Some(identity) = id.identity_id.guid() else { return Ok(None) };
        let (pool, identity) = (pool.guid, Some(identity));
        self.record(&Key::event(EventNumber { pool, identity, revision: id.revision }))
    }

    fn reversible_event(
        &mut self,
        pool: &KeptPool,
        identity: &Identity,
        id: &EventId,
    ) -> Result<EventRecord> {
        if let Some(event) = self.event(pool, id)? {
            return Ok(event);
        }
        let is_creation = identity.creation().is_some() && identity.revision() == id.revision;
        let event = id.clone();
        Err(if is_creation {
            Refusal::EventNotReversible { event }.into()
        } else {
            Refusal::EventNotFound { event }.into()
        })
    }

    /// The identity that was merged into another one, and the links that it had.
    fn given_up(
        &mut self,
        pool: &KeptPool,
        id: &EventId,
        destination: &EventId,
    ) -> Result<(Identity, Vec<Link>)> {
        let (_, source) = self.known_identity(&id.identity_id)?;
        let event = self.reversible_event(pool, &source, id)?;
        let given = event.changes.into_iter().find_map(|change| {
            let ChangeKind::GaveUp { links, to } = change else { return None };
            (to == *destination).then_some(links)
        });
        let not_found = || Refusal::EventNotFound { event: id.clone() };
        Ok((source, given.ok_or_else(not_found)?))
    }

    /// The identity that another one was merged into, and the links that it took over.
    fn taken_over(
        &mut self,
        pool: &KeptPool,
        id: &EventId,
        source: &EventId,
    ) -> Result<(Identity, Vec<Link>)> {
        let (_, destination) = self.known_identity(&id.identity_id)?;
        let event = self.reversible_event(pool, &destination, id)?;
        let taken = event.changes.into_iter().find_map(|change| {
            let ChangeKind::TookOver { links, from } = change else { return None };
            (from == *source).then_some(links)
        });
        let not_found = || Refusal::EventNotFound { event: id.clone() };
        Ok((destination, taken.ok_or_else(not_found)?))
    }

    /// The identities that have any of the logins.
    fn owners_of(&mut self, pool: &KeptPool, links: &[Link]) -> Result<Vec<Identity>> {
        let logins: Vec<Login> = links.iter().map(|link| link.login.clone()).collect();
        let owners = self.owners(pool, &logins)?;
        self.identities_at(pool, owners.into_iter().flatten())
    }

    /// The event that is an obstacle to an undo. It is the last one of the identity if the journal
    /// does not have it: events behind a gap may be contradicted in it.
    fn event_behind(&mut self, pool: &KeptPool, obstacle: &Obstacle) -> Result<EventId> {
        if let Obstacle::Event(event) = obstacle {
            return Ok(event.clone());
        }
        let (_, identity) = self.known_identity(obstacle.identity())?;
        let id_of = |revision| EventId::new(identity.id().clone(), revision);
        let (mut before, mut next) = (None, identity.revision());
        for _ in 0..STEPS_MAX {
            let events = self.history(pool, &identity, before, STEP)?;
            for (number, event) in &events {
                if number.revision != next {
                    return Ok(id_of(identity.revision()));
                }
                if obstacle.is_in(&event.changes) {
                    return Ok(id_of(next));
                }
                next = next.saturating_sub(1);
            }
            let Some((last, _)) = events.last() else { break };
            before = Some(Key::event(*last).bytes);
        }
        Ok(id_of(identity.revision()))
    }
}
