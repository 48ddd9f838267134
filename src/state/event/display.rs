//! Events as lines for a person.

use std::fmt;

use crate::state::{Actor, ChangeEvent, ChangeKind, Link};

impl fmt::Display for ChangeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity_pool_id, identity_id, revision, date, .. } = self;
        match identity_id {
            Some(identity_id) => write!(f, "{identity_id}/{revision}  {date}  ")?,
            None => write!(f, "{identity_pool_id}/{revision}  {date}  ")?,
        }
        list(f, "; ", &self.changes)?;
        write!(f, "  by {}, {}", self.by, self.operation)?;
        if let Some(request_id) = &self.request_id {
            write!(f, ", request {}", request_id.as_str().escape_debug())?;
        }
        if let Some(undid) = &self.undid {
            write!(f, ", undid {undid}")?;
        }
        if let Some(undone_by) = &self.undone_by {
            write!(f, ", undone by {undone_by}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Account(account) => write!(f, "{account}"),
            Self::Administrator => f.write_str("an administrator"),
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { links } if links.is_empty() => f.write_str("created as a guest"),
            Self::Created { links } => write!(f, "created with {}", Logins(links)),
            Self::Linked { links, was_guest: false } => write!(f, "linked {}", Logins(links)),
            Self::Linked { links, was_guest: true } => {
                write!(f, "linked {} to a guest", Logins(links))
            }
            Self::TookOver { links, from } => write!(f, "took over {} from {from}", Logins(links)),
            Self::GaveUp { links, to } => write!(f, "gave up {} to {to}", Logins(links)),
            Self::GaveBack { links, to } => write!(f, "gave back {} to {to}", Logins(links)),
            Self::Unlinked { links } => write!(f, "unlinked {}", Logins(links)),
            Self::Disabled => f.write_str("disabled"),
            Self::Restored { state, links } if links.is_empty() => write!(f, "restored as {state}"),
            Self::Restored { state, links } => {
                write!(f, "restored as {state} with {}", Logins(links))
            }
            Self::Imported { state, links } => {
                write!(f, "imported as {state} with {}", Logins(links))
            }
            Self::Deleted => f.write_str("deleted"),
            Self::PoolCreated => f.write_str("pool created"),
            Self::PoolChanged { members } if members.is_empty() => f.write_str("pool changed"),
            Self::PoolChanged { members } => {
                f.write_str("pool changed: ")?;
                list(f, ", ", members)
            }
            Self::PoolDeleted => f.write_str("pool deleted"),
        }
    }
}

struct Logins<'a>(&'a [Link]);

impl fmt::Display for Logins<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no login");
        }
        list(f, ", ", self.0.iter().map(|link| &link.login))
    }
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    items: impl IntoIterator<Item = T>,
) -> fmt::Result {
    let mut before = "";
    for item in items {
        write!(f, "{before}{item}")?;
        before = separator;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::ambient::Timestamp;
    use crate::state::{ChangeOperation, EventId, IdentityState, Login, LoginKind, PoolMember};

    use super::*;

    const POOL: &str = "us-east-1:9a3e0000-0000-4000-8000-000000000000";
    const ALICE: &str = "us-east-1:a11ce000-0000-4000-8000-000000000000";
    const BOB: &str = "us-east-1:b0b00000-0000-4000-8000-000000000000";

    fn link(provider: &str, subject: &str) -> Link {
        let provider = provider.parse().expect("a provider");
        let subject = subject.parse().expect("a subject");
        Link { login: Login::of(LoginKind::Public, provider, subject), ordinal: 0 }
    }

    fn event(identity: Option<&str>, changes: Vec<ChangeKind>) -> ChangeEvent {
        ChangeEvent {
            identity_pool_id: POOL.parse().expect("a pool"),
            identity_id: identity.map(|id| id.parse().expect("an identity")),
            revision: 3,
            date: Timestamp::from_millis(1_795_867_200_000),
            by: Actor::Anyone,
            operation: ChangeOperation::GetId,
            request_id: None,
            changes,
            undid: None,
            undone_by: None,
        }
    }

    #[test]
    fn an_event_is_one_line() {
        let of_bob = |revision| EventId::new(BOB.parse().expect("an identity"), revision);
        let two = || vec![link("login.game", "bob"), link("graph.facebook.com", "bob")];
        let (shown, guest) = ("login.game bob, graph.facebook.com bob", Vec::new);
        let authenticated = IdentityState::Authenticated;
        for (change, text) in [
            (ChangeKind::Created { links: two() }, format!("created with {shown}")),
            (ChangeKind::Created { links: guest() }, "created as a guest".to_owned()),
            (ChangeKind::Linked { links: two(), was_guest: false }, format!("linked {shown}")),
            (
                ChangeKind::Linked { links: two(), was_guest: true },
                format!("linked {shown} to a guest"),
            ),
            (
                ChangeKind::TookOver { links: two(), from: of_bob(7) },
                format!("took over {shown} from {BOB}/7"),
            ),
            (
                ChangeKind::TookOver { links: guest(), from: of_bob(7) },
                format!("took over no login from {BOB}/7"),
            ),
            (
                ChangeKind::GaveUp { links: two(), to: of_bob(7) },
                format!("gave up {shown} to {BOB}/7"),
            ),
            (
                ChangeKind::GaveBack { links: two(), to: of_bob(7) },
                format!("gave back {shown} to {BOB}/7"),
            ),
            (ChangeKind::Unlinked { links: two() }, format!("unlinked {shown}")),
            (ChangeKind::Disabled, "disabled".to_owned()),
            (
                ChangeKind::Restored { state: authenticated, links: two() },
                format!("restored as AUTHENTICATED with {shown}"),
            ),
            (
                ChangeKind::Restored { state: IdentityState::Unauthenticated, links: guest() },
                "restored as UNAUTHENTICATED".to_owned(),
            ),
            (ChangeKind::Deleted, "deleted".to_owned()),
        ] {
            let line = event(Some(ALICE), vec![change]).to_string();
            assert_eq!(
                line,
                format!("{ALICE}/3  2026-11-28T12:00:00.000Z  {text}  by anyone, GetId")
            );
        }
        for (change, text) in [
            (ChangeKind::PoolCreated, "pool created"),
            (ChangeKind::PoolChanged { members: Vec::new() }, "pool changed"),
            (
                ChangeKind::PoolChanged {
                    members: vec![PoolMember::SamlProviderArns, PoolMember::Roles],
                },
                "pool changed: SamlProviderARNs, Roles",
            ),
            (ChangeKind::PoolDeleted, "pool deleted"),
        ] {
            let line = event(None, vec![change]).to_string();
            assert_eq!(
                line,
                format!("{POOL}/3  2026-11-28T12:00:00.000Z  {text}  by anyone, GetId")
            );
        }
    }

    #[test]
    fn a_line_has_all_parts_and_escapes_what_users_chose() {
        let mut event = event(
            Some(ALICE),
            vec![
                ChangeKind::Unlinked { links: vec![link("login.game", "a\nb\u{202e}")] },
                ChangeKind::Disabled,
            ],
        );
        event.by = Actor::Account("123456789012".parse().expect("an account"));
        event.request_id = Some("r\u{7}1".parse().expect("a request"));
        event.undid = event.id();
        event.undone_by = event.id();
        let changes = "unlinked login.game a\\nb\\u{202e}; disabled";
        let call = "by 123456789012, GetId, request r\\u{7}1";
        let undo = format!("undid {ALICE}/3, undone by {ALICE}/3");
        assert_eq!(
            event.to_string(),
            format!("{ALICE}/3  2026-11-28T12:00:00.000Z  {changes}  {call}, {undo}")
        );
        event.by = Actor::Administrator;
        assert!(event.to_string().contains("  by an administrator, GetId, "));
    }
}
