//! `AssumeRoleWithWebIdentity`.

use super::form::Form;
use super::{fault, xml};
use crate::ambient::Timestamp;
use crate::constraint::{Constraint, StringShape, Violation, Violations};
use crate::credentials::SESSION_SECS_MAX;
use crate::engine::{Engine, RoleRequest};
use crate::name::{Arn, RoleSessionName};
use crate::rules::roles::is_role;
use crate::wire::Fault;

const DURATION_SECS_MIN: u64 = 900;
const DURATION_SECS_DEFAULT: u64 = 3_600;
const TOKEN: StringShape = StringShape::new(4, 20_000).sensitive();

/// The members of the result.
pub(super) fn perform(engine: &Engine, form: Form<'_>) -> Result<Vec<String>, Fault> {
    let (token, request) = read(form)?;
    let assumed = engine.assume_role(&token, request).map_err(fault::of_web_identity)?;
    let (session, credentials) = (&assumed.session, &assumed.credentials);
    let user = [
        xml::text("AssumedRoleId", &session.assumed_role_id()),
        xml::text("Arn", &session.assumed_role_arn().unwrap_or_default()),
    ];
    let credentials = [
        xml::text("AccessKeyId", &credentials.access_key_id),
        xml::text("SecretAccessKey", credentials.secret_key.as_str()),
        xml::text("SessionToken", credentials.session_token.as_str()),
        xml::text("Expiration", &date(credentials.expiration)),
    ];
    Ok(vec![
        xml::text("SubjectFromWebIdentityToken", assumed.claims.identity_id().as_str()),
        xml::text("Audience", assumed.claims.identity_pool_id().as_str()),
        xml::element("AssumedRoleUser", &user),
        xml::element("Credentials", &credentials),
        xml::text("Provider", assumed.claims.issuer().provider_name()),
    ])
}

/// The token, and the role to assume with it.
fn read(form: Form<'_>) -> Result<(String, RoleRequest), Fault> {
    let duration = duration(form)?;
    let mut broken = Vec::new();
    let role_arn = required(form, "RoleArn", Arn::SHAPE, &mut broken);
    let name = required(form, "RoleSessionName", RoleSessionName::SHAPE, &mut broken);
    let token = required(form, "WebIdentityToken", TOKEN, &mut broken);
    let duration_secs = in_bounds(duration, &mut broken);
    if let Some(violations) = Violations::of(broken) {
        return Err(fault::invalid(&violations));
    }
    if form.has_any(|name| name == "Policy" || name.starts_with("PolicyArns.")) {
        return Err(fault::session_policy());
    }
    let role_arn = Arn::try_from(role_arn).ok().filter(is_role).ok_or_else(fault::invalid_arn)?;
    let role_session_name = name.parse().map_err(|violations| fault::invalid(&violations))?;
    Ok((token, RoleRequest { role_arn, role_session_name, duration_secs }))
}

/// A parameter with its constraints; empty if it is missing.
fn required(form: Form<'_>, name: &str, shape: StringShape, broken: &mut Vec<Violation>) -> String {
    let Some(value) = form.value(name) else {
        broken.push(Violation::new(None, name, Constraint::NotNull).at(name));
        return String::new();
    };
    for failed in shape.failed_by(&value) {
        let mut violation = Violation::new(Some(shape.echo(&value)), name, failed).at(name);
        violation.redact_excess();
        broken.push(violation);
    }
    value
}

/// The requested duration in seconds, of any size.
fn duration(form: Form<'_>) -> Result<Option<i32>, Fault> {
    let Some(text) = form.value("DurationSeconds") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| fault::malformed_number(&text))
}

fn in_bounds(requested: Option<i32>, broken: &mut Vec<Violation>) -> u64 {
    let Some(requested) = requested else { return DURATION_SECS_DEFAULT };
    let secs = u64::try_from(requested).unwrap_or(0);
    let bound = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX);
    let failed = if secs < DURATION_SECS_MIN {
        Constraint::ValueAtLeast(bound(DURATION_SECS_MIN))
    } else if secs > SESSION_SECS_MAX {
        Constraint::ValueAtMost(bound(SESSION_SECS_MAX))
    } else {
        return secs;
    };
    broken.push(Violation::new(Some(requested.to_string()), "durationSeconds", failed));
    secs
}

/// The date without its fraction, which is zero.
fn date(moment: Timestamp) -> String {
    moment.to_string().replace(".000Z", "Z")
}
