//! Explanations of administrative calls, compared with the calls that follow.

use std::fmt::Debug;

use cognate::admin::{
    AdminDeleteIdentitiesInput, AdminDeleteIdentitiesOutput, Alternative, ChangeKind,
    CreateIdentityInput, DisableIdentityInput, EventId, ExplainedChange, ExplainedVerdict,
    Explanation, HistoryInput, IdentityDetails, LinkLoginInput, LoginCheck, StatedLogin, UndoInput,
    UndoOutput, UnlinkLoginInput,
};
use cognate::name::IdentityId;
use cognate::operation::IdentityState;
use cognate::{Admin, Error, Explain, Refusal, Result};

use crate::support::{FACEBOOK, GAME};

/// An administrative call that is explained before it is made.
trait Explained: Explain<Caller = Admin> + Clone {
    type Output: Debug;

    fn call(self, admin: &Admin) -> Result<Self::Output>;

    /// The identities that the call names, as they are.
    fn named(&self, admin: &Admin) -> Vec<IdentityDetails>;

    /// The changes that lead from the named identities to the answer.
    fn changes(before: Vec<IdentityDetails>, output: &Self::Output) -> Vec<ExplainedChange>;

    /// The call as an alternative says, or the one before it.
    fn instead(self, alternative: &Alternative, admin: &Admin) -> Result<Explanation>;
}

/// Makes the call, and compares the answer and its changes with the explanation.
fn made<I: Explained>(admin: &Admin, input: I) -> Result<I::Output> {
    let before = input.named(admin);
    let explained = admin.explain(admin, input.clone());
    if let Ok(Explanation { verdict: ExplainedVerdict::Refused { alternatives, .. }, .. }) =
        &explained
    {
        for alternative in alternatives {
            let instead = input.clone().instead(alternative, admin).expect("explained");
            let is_answered = matches!(instead.verdict, ExplainedVerdict::Answered { .. });
            assert!(is_answered, "{alternative:?}: {instead}");
        }
    }
    assert_eq!(input.named(admin), before, "an explanation changes nothing");
    let answer = input.call(admin);
    match (explained, &answer) {
        (Ok(explained), Ok(output)) => {
            let ExplainedVerdict::Answered { changes, .. } = explained.verdict else {
                panic!("{explained} {output:?}")
            };
            assert_eq!(changes, I::changes(before, output));
        }
        (Ok(explained), Err(Error::Refused(refused))) => {
            let ExplainedVerdict::Refused { refusal, .. } = &explained.verdict else {
                panic!("{explained} {refused:?}")
            };
            assert_eq!(refusal, refused);
        }
        (Err(explained), Err(error)) => assert_eq!(explained.to_string(), error.to_string()),
        (explained, answer) => panic!("{explained:?} {answer:?}"),
    }
    answer
}

/// The change of one identity.
fn change(before: Vec<IdentityDetails>, after: &IdentityDetails) -> Vec<ExplainedChange> {
    let [before] = <[_; 1]>::try_from(before).expect("one identity");
    if before == *after { Vec::new() } else { vec![between(before, after.clone())] }
}

fn between(before: IdentityDetails, after: IdentityDetails) -> ExplainedChange {
    if after.state == IdentityState::Disabled {
        ExplainedChange::Disabled { before, after }
    } else if before.state == IdentityState::Disabled {
        ExplainedChange::Restored { before, after }
    } else {
        ExplainedChange::Changed { before, after }
    }
}

fn found(admin: &Admin, id: Option<&IdentityId>) -> Vec<IdentityDetails> {
    id.and_then(|id| admin.identity(id).ok()).into_iter().collect()
}

impl Explained for CreateIdentityInput {
    type Output = IdentityDetails;

    fn call(self, admin: &Admin) -> Result<IdentityDetails> {
        admin.create_identity(self)
    }

    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        found(admin, self.get_identity_id())
    }

    fn changes(before: Vec<IdentityDetails>, output: &IdentityDetails) -> Vec<ExplainedChange> {
        assert_eq!(before, []);
        let (state, logins) = (output.state, output.logins.clone());
        vec![ExplainedChange::Created { state, logins }]
    }

    fn instead(self, alternative: &Alternative, admin: &Admin) -> Result<Explanation> {
        if let Alternative::WithoutIdentityId { identity_id: None } = alternative {
            let pool = self.get_identity_pool_id().expect("given");
            let logins = self.get_logins().into_iter().flatten();
            let without = logins.fold(Self::new(pool), |input, login| {
                input.logins(login.provider.as_str(), login.subject.as_str())
            });
            return admin.explain(admin, without);
        }
        let Alternative::AfterUnlinkLogin { identity_id } = alternative else {
            panic!("{alternative:?}")
        };
        let owner = admin.identity(identity_id).expect("found");
        let is_owned = |login: &&StatedLogin| {
            owner.logins.iter().any(|owned| *owned.subject() == login.subject)
        };
        let login = self.get_logins().into_iter().flatten().find(is_owned).expect("owned");
        let (provider, subject) = (login.provider.as_str(), login.subject.as_str());
        admin.explain(admin, UnlinkLoginInput::new(identity_id, provider, subject))
    }
}

impl Explained for LinkLoginInput {
    type Output = IdentityDetails;

    fn call(self, admin: &Admin) -> Result<IdentityDetails> {
        admin.link_login(self)
    }

    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        found(admin, self.get_identity_id())
    }

    fn changes(before: Vec<IdentityDetails>, output: &IdentityDetails) -> Vec<ExplainedChange> {
        change(before, output)
    }

    fn instead(self, alternative: &Alternative, admin: &Admin) -> Result<Explanation> {
        let Alternative::AfterUnlinkLogin { identity_id } = alternative else {
            panic!("{alternative:?}")
        };
        let (provider, subject) = (self.get_provider(), self.get_subject());
        let (provider, subject) = (provider.expect("given").as_str(), subject.expect("given"));
        admin.explain(admin, UnlinkLoginInput::new(identity_id, provider, subject.as_str()))
    }
}

impl Explained for UnlinkLoginInput {
    type Output = IdentityDetails;

    fn call(self, admin: &Admin) -> Result<IdentityDetails> {
        admin.unlink_login(self)
    }

    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        found(admin, self.get_identity_id())
    }

    fn changes(before: Vec<IdentityDetails>, output: &IdentityDetails) -> Vec<ExplainedChange> {
        change(before, output)
    }

    fn instead(self, alternative: &Alternative, admin: &Admin) -> Result<Explanation> {
        let Alternative::WithIdentityId { identity_id } = alternative else {
            panic!("{alternative:?}")
        };
        admin.explain(admin, self.identity_id(identity_id))
    }
}

impl Explained for DisableIdentityInput {
    type Output = IdentityDetails;

    fn call(self, admin: &Admin) -> Result<IdentityDetails> {
        admin.disable_identity(self)
    }

    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        found(admin, self.get_identity_id())
    }

    fn changes(before: Vec<IdentityDetails>, output: &IdentityDetails) -> Vec<ExplainedChange> {
        change(before, output)
    }

    fn instead(self, alternative: &Alternative, _: &Admin) -> Result<Explanation> {
        panic!("{alternative:?}")
    }
}

impl Explained for AdminDeleteIdentitiesInput {
    type Output = AdminDeleteIdentitiesOutput;

    fn call(self, admin: &Admin) -> Result<AdminDeleteIdentitiesOutput> {
        admin.delete_identities(self)
    }

    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        let mut ids: Vec<_> = self.get_identity_ids_to_delete().into_iter().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().flat_map(|id| found(admin, Some(id))).collect()
    }

    fn changes(
        before: Vec<IdentityDetails>,
        output: &AdminDeleteIdentitiesOutput,
    ) -> Vec<ExplainedChange> {
        assert_eq!(output.deleted_identity_ids.len(), before.len());
        before.into_iter().map(|before| ExplainedChange::Deleted { before }).collect()
    }

    fn instead(self, alternative: &Alternative, _: &Admin) -> Result<Explanation> {
        panic!("{alternative:?}")
    }
}

impl Explained for UndoInput {
    type Output = UndoOutput;

    fn call(self, admin: &Admin) -> Result<UndoOutput> {
        admin.undo(self)
    }

    /// The identity of the event, and those that it names.
    fn named(&self, admin: &Admin) -> Vec<IdentityDetails> {
        let Some(event) = self.get_event_id() else { return Vec::new() };
        let others = others_of(admin, event).unwrap_or_default();
        let ids = others.iter().chain([&event.identity_id]);
        ids.flat_map(|id| found(admin, Some(id))).collect()
    }

    fn changes(before: Vec<IdentityDetails>, output: &UndoOutput) -> Vec<ExplainedChange> {
        let changes = output.identities.iter().map(|after| {
            let of_same = |before: &&IdentityDetails| before.identity_id == after.identity_id;
            let before = before.iter().find(of_same).expect("named by the event");
            between(before.clone(), after.clone())
        });
        changes.collect()
    }

    fn instead(self, alternative: &Alternative, _: &Admin) -> Result<Explanation> {
        panic!("{alternative:?}")
    }
}

/// The other identities of a merge.
fn others_of(admin: &Admin, event: &EventId) -> Result<Vec<IdentityId>> {
    let history = admin.history(HistoryInput::new(&event.identity_id, 60))?;
    let of_event = history.events.into_iter().filter(|known| known.revision == event.revision);
    let others = of_event.flat_map(|event| event.changes).filter_map(|change| {
        let (ChangeKind::TookOver { from: other, .. } | ChangeKind::GaveUp { to: other, .. }) =
            change
        else {
            return None;
        };
        Some(other.identity_id)
    });
    Ok(others.collect())
}

pub(crate) fn create_identity(
    admin: &Admin,
    input: CreateIdentityInput,
) -> Result<IdentityDetails> {
    made(admin, input)
}

pub(super) fn undo(admin: &Admin, event: &EventId) -> Result<UndoOutput> {
    made(admin, UndoInput::new(event))
}

pub(super) fn link(
    admin: &Admin,
    id: &IdentityId,
    provider: &str,
    user: &str,
) -> Result<IdentityDetails> {
    made(admin, LinkLoginInput::new(id, provider, user))
}

pub(super) fn unlink(
    admin: &Admin,
    id: &IdentityId,
    provider: &str,
    user: &str,
) -> Result<IdentityDetails> {
    made(admin, UnlinkLoginInput::new(id, provider, user))
}

pub(super) fn disable(admin: &Admin, id: &IdentityId) -> Result<IdentityDetails> {
    made(admin, DisableIdentityInput::new(id))
}

pub(super) fn delete<'a>(
    admin: &Admin,
    ids: impl IntoIterator<Item = &'a IdentityId>,
) -> Result<AdminDeleteIdentitiesOutput> {
    made(admin, AdminDeleteIdentitiesInput::new(ids))
}

#[test]
fn an_explained_creation_names_what_would_be_answered_instead() {
    let world = super::journal::world();
    let (pool, admin) = (super::town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let explained = |input: CreateIdentityInput| {
        let explained = admin.explain(&admin, input).expect("explained");
        let ExplainedVerdict::Refused { alternatives, .. } = &explained.verdict else {
            panic!("{explained}")
        };
        let checks = explained.logins.iter().map(|login| login.check.clone()).collect::<Vec<_>>();
        (alternatives.clone(), checks)
    };
    let new = || CreateIdentityInput::new(&pool);
    let without = Alternative::WithoutIdentityId { identity_id: None };
    let stated = LoginCheck::Stated;
    assert_eq!(
        explained(new().identity_id(&alice).logins(GAME, "bob")),
        (vec![without], vec![stated.clone()])
    );
    let after = Alternative::AfterUnlinkLogin { identity_id: alice.clone() };
    let taken = || new().logins(GAME, "bob").logins(GAME, "alice");
    assert_eq!(explained(taken()), (vec![after], vec![stated.clone(); 2]));
    // Another refusal would follow.
    assert_eq!(explained(taken().identity_id(&alice)), (Vec::new(), vec![stated.clone(); 2]));
    let two_users = taken().logins(FACEBOOK, "1").logins(FACEBOOK, "2");
    assert_eq!(explained(two_users).0, []);
    link(&admin, &alice, FACEBOOK, "1").expect("linked");
    assert_eq!(explained(taken().logins(FACEBOOK, "1")).0, []);
    let unsupported = LoginCheck::Refused(Refusal::ProviderUnsupported);
    assert_eq!(
        explained(new().logins(GAME, "bob").logins("nowhere", "x").logins(GAME, "carol")),
        (Vec::new(), vec![stated, unsupported, LoginCheck::NotReached])
    );
    world.check();
}
