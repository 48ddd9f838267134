//! The verdict of an explanation against the answer and the changes of the call.

use std::collections::BTreeSet;
use std::error::Error;
use std::iter::successors;

use cognate::admin::{
    AppliedRule, ExplainedChange, ExplainedVerdict, Explanation, IdentityDetails,
};
use cognate::ambient::Clock;
use cognate::name::IdentityId;
use cognate::operation::IdentityState;
use cognate::testkit::CallReply;
use cognate::{ErrorKind, Refusal};
use serde_json::Value;

use crate::explained::asked::Asked;
use crate::explained::world::World;
use crate::explained::{Compared, Explained, ensure, same};
use crate::twin::records;

/// The name of an exception and its text.
pub(super) fn told_by(kind: ErrorKind, error: &dyn Error) -> (String, String) {
    let causes = successors(error.source(), |&cause| cause.source());
    let text = causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"));
    (kind.as_str().to_owned(), text)
}

/// The exception and the text of a reply.
pub(super) fn told(reply: &CallReply) -> (String, String) {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    (text("__type"), text("message"))
}

impl Explained<'_> {
    /// Checks that the call went as explained, and changed nothing else.
    pub(super) fn check_agreement(
        &self,
        asked: &Asked,
        (before, after): (&World, &World),
        explanation: &Explanation,
        reply: &CallReply,
    ) -> Compared {
        if told(reply).0 == ErrorKind::TooManyRequests.as_str() {
            self.count("a rate that is exceeded");
            return same("the store", &before.entries, &after.entries);
        }
        self.count_parts(explanation);
        check_display(explanation)?;
        match &explanation.verdict {
            ExplainedVerdict::Refused { refusal, obstacle, .. } => {
                let exception = told_by(refusal.into(), refusal);
                same("the exception", &exception, &told(reply))?;
                check_obstacle(before, explanation, refusal, obstacle.as_ref())?;
                same("the store", &before.entries, &after.entries)
            }
            ExplainedVerdict::Answered { identity_id, changes, role } => {
                same("the status", &200, &reply.status)?;
                let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
                let answered = answer["IdentityId"].as_str().map(|id| id.parse().expect("an id"));
                let created =
                    self.check_changes(asked, (before, after), changes, answered.as_ref())?;
                let expected = answered.filter(|id| created.as_ref() != Some(id));
                same("the identity", identity_id, &expected)?;
                let token = answer["Credentials"]["SessionToken"].as_str();
                let session = token.map(|token| self.engine.verify_session(token));
                let session = session.transpose().map_err(|error| error.to_string())?;
                self.check_role(asked, before, role.as_ref(), session.map(|it| it.session))
            }
            other => Err(format!("an unknown verdict {other:?}")),
        }
    }

    /// Checks all identities. Returns the created one.
    fn check_changes(
        &self,
        asked: &Asked,
        (before, after): (&World, &World),
        changes: &[ExplainedChange],
        answered: Option<&IdentityId>,
    ) -> Result<Option<IdentityId>, String> {
        let mut created = None;
        let mut touched = BTreeSet::new();
        let mut expected = before.identities.clone();
        for (change, left) in changes.iter().zip((0..changes.len()).rev()) {
            match change {
                ExplainedChange::Created { state, logins } => {
                    let id = answered.ok_or("a creation without an answer")?;
                    ensure(!expected.contains_key(id), || format!("{id} is not new"))?;
                    let details = after.identities.get(id).ok_or("nothing was created")?;
                    let now = self.clock.now();
                    let pool = details.identity_pool_id.as_str();
                    same("the pool", &asked.member("IdentityPoolId"), &Some(pool))?;
                    same("the new state", state, &details.state)?;
                    same("the new logins", logins, &details.logins)?;
                    same("the new dates", &(now, now), &dates(details))?;
                    expected.insert(id.clone(), details.clone());
                    created = Some(id.clone());
                }
                ExplainedChange::Changed { before, after } => {
                    same("the identity", &Some(before), &expected.get(&after.identity_id))?;
                    ensure(before != after, || "a change of nothing".to_owned())?;
                    same("the state", &after.state, &IdentityState::Authenticated)?;
                    ensure(touched.insert(&after.identity_id), || "changed twice".to_owned())?;
                    let is_gaining = after.logins.iter().any(|it| !before.logins.contains(it));
                    ensure(!is_gaining || left == 0, || "gains before others lose".to_owned())?;
                    expected.insert(after.identity_id.clone(), after.clone());
                }
                ExplainedChange::Disabled { before, after } => {
                    same("the identity", &Some(before), &expected.get(&after.identity_id))?;
                    same("the state", &after.state, &IdentityState::Disabled)?;
                    ensure(before.state != after.state, || "disabled twice".to_owned())?;
                    ensure(touched.insert(&after.identity_id), || "changed twice".to_owned())?;
                    expected.insert(after.identity_id.clone(), after.clone());
                }
                ExplainedChange::Deleted { before } => {
                    let deleted = expected.remove(&before.identity_id);
                    same("the identity", &Some(before), &deleted.as_ref())?;
                }
                ExplainedChange::PoolDeleted { identity_pool_id } => {
                    same(
                        "the pool",
                        &asked.member("IdentityPoolId"),
                        &Some(identity_pool_id.as_str()),
                    )?;
                    expected.retain(|_, details| details.identity_pool_id != *identity_pool_id);
                }
                other => return Err(format!("an unknown change {other:?}")),
            }
        }
        same("the identities", &expected, &after.identities)?;
        same("the number of identities", &expected.len(), &after.records())?;
        if changes.is_empty() {
            same("the records", &records(&before.entries), &records(&after.entries))?;
        }
        Ok(created)
    }
}

fn dates(details: &IdentityDetails) -> (cognate::ambient::Timestamp, cognate::ambient::Timestamp) {
    (details.creation_date, details.last_modified_date)
}

/// The identity in the way exists as it is shown, and is there if a refusal is about one.
fn check_obstacle(
    world: &World,
    explanation: &Explanation,
    refusal: &Refusal,
    obstacle: Option<&IdentityDetails>,
) -> Compared {
    if let Some(obstacle) = obstacle {
        let known = world.identities.get(&obstacle.identity_id);
        same("the obstacle", &Some(obstacle), &known)?;
    }
    let id = obstacle.map(|obstacle| &obstacle.identity_id);
    let rule = explanation.rule.map(AppliedRule::as_str);
    let given = explanation.given.as_ref().map(|given| &given.identity_id);
    match refusal {
        Refusal::DeveloperUserAlreadyRegistered { identity_id, .. } => {
            same("the obstacle", &id, &Some(identity_id))
        }
        Refusal::IdentityForbidden { identity_id } => {
            same("the obstacle", &id, &Some(identity_id))?;
            same("the given identity", &id, &given)
        }
        Refusal::DeveloperUserElsewhere { .. } => {
            let owner = explanation.logins.first().and_then(|login| login.owner.as_ref());
            same("the obstacle", &id, &owner)?;
            ensure(id.is_some() && id != given, || "no obstacle".to_owned())
        }
        // The call presents two users of one provider, and neither has an identity.
        Refusal::LoginTaken if matches!(rule, Some("a1" | "b1")) => {
            same("the obstacle", &id, &None)
        }
        Refusal::LoginTaken | Refusal::MergeOfTwoUsers | Refusal::TooManyLogins => {
            ensure(id.is_some(), || "no obstacle".to_owned())
        }
        _ => Ok(()),
    }
}

/// The lines tell the verdict, and no id that an explanation makes up.
fn check_display(explanation: &Explanation) -> Compared {
    let lines = explanation.to_string();
    let json = serde_json::to_string(explanation).map_err(|error| error.to_string())?;
    let nil = "00000000-0000-0000-0000-000000000000";
    ensure(![&lines, &json].iter().any(|told| told.contains(nil)), || lines.clone())?;
    let start = match &explanation.verdict {
        ExplainedVerdict::Answered { .. } => "answered    ",
        _ => "refused     ",
    };
    ensure(lines.starts_with(&format!("{start}{}", explanation.operation)), || lines.clone())
}
