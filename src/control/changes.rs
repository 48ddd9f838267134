//! Requests that change something, or with `Preview=true` only explain it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::admin::{
    AdminDeleteIdentitiesInput, CreateIdentityInput, DisableIdentityInput, LinkLoginInput,
    UndoInput, UnlinkLoginInput,
};
use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::listings::{ShownExplanation, identity_of};
use crate::engine::{Admin, Explain};
use crate::error::Result as EngineResult;
use crate::operation::DeleteIdentityPoolInput;

type Answered = Result<Answer, Denied>;

/// Makes a change, or explains it.
fn change<I: Explain<Caller = Admin> + DeserializeOwned, O: Serialize>(
    control: &Control,
    call: &Call<'_>,
    make: impl FnOnce(&Admin, I) -> EngineResult<O>,
) -> Answered {
    made(control, call, call.input()?, make)
}

fn made<I: Explain<Caller = Admin>, O: Serialize>(
    control: &Control,
    call: &Call<'_>,
    input: I,
    make: impl FnOnce(&Admin, I) -> EngineResult<O>,
) -> Answered {
    let admin = control.engine.admin();
    if call.flag("Preview") {
        return Answer::json(&ShownExplanation::of(&admin.explain(&admin, input)?));
    }
    Answer::json(&make(&admin, input)?)
}

pub(super) fn create_identity(control: &Control, call: &Call<'_>) -> Answered {
    change(control, call, |admin, input: CreateIdentityInput| admin.create_identity(input))
}

pub(super) fn link(control: &Control, call: &Call<'_>) -> Answered {
    change(control, call, |admin, input: LinkLoginInput| admin.link_login(input))
}

pub(super) fn unlink(control: &Control, call: &Call<'_>) -> Answered {
    change(control, call, |admin, input: UnlinkLoginInput| admin.unlink_login(input))
}

pub(super) fn disable(control: &Control, call: &Call<'_>) -> Answered {
    change(control, call, |admin, input: DisableIdentityInput| admin.disable_identity(input))
}

pub(super) fn delete(control: &Control, call: &Call<'_>) -> Answered {
    let input = AdminDeleteIdentitiesInput::new([&identity_of(call)?]);
    made(control, call, input, Admin::delete_identities)
}

pub(super) fn undo(control: &Control, call: &Call<'_>) -> Answered {
    change(control, call, |admin, input: UndoInput| admin.undo(input))
}

/// Deletes one pool, or all of them. The keys that sign tokens stay: clients keep key sets.
pub(super) fn reset(control: &Control, call: &Call<'_>) -> Answered {
    let admin = control.engine.admin();
    let Some(pool) = call.text("IdentityPoolId") else {
        return Answer::json(&admin.reset()?);
    };
    admin.delete_identity_pool(DeleteIdentityPoolInput::new(pool))?;
    Answer::json(&json!({ "DeletedIdentityPoolIds": [pool] }))
}

/// Moves the clock of a test.
pub(super) fn advance(control: &Control, call: &Call<'_>) -> Answered {
    let Some(advance) = &control.advance else {
        return Err(Denied::invalid("The clock of this server cannot be moved"));
    };
    let seconds = call.number("AdvanceSeconds");
    let seconds = seconds.ok_or_else(|| {
        Denied::invalid("The member AdvanceSeconds must be a whole number of seconds")
    })?;
    let now = advance(Duration::from_secs(seconds));
    Answer::json(&json!({ "Now": now.to_string() }))
}
