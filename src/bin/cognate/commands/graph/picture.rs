//! The nodes and edges of a graph, from identities and their histories.

use std::collections::{BTreeMap, BTreeSet};

use cognate::name::{IdentityId, IdentityPoolId};
use serde_json::{Map, Value, json};

use crate::commands::client::Client;
use crate::commands::output::{entries, shown};
use crate::commands::trouble::Trouble;

/// Identities with their logins, those that they have and those that they had.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// The state of each identity. `None` if it is no longer there.
    pub(super) identities: BTreeMap<String, Option<String>>,
    /// Whether the identity has the login now.
    pub(super) links: BTreeMap<(Login, String), bool>,
    /// The identities that were merged, each with the one that took it over.
    pub(super) merges: BTreeSet<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Login {
    pub(super) provider: String,
    pub(super) subject: String,
}

impl Picture {
    pub(super) fn of_pool(client: &Client, pool: &IdentityPoolId) -> Result<Self, Trouble> {
        let mut picture = Self::default();
        for identity in client.list(&format!("/pools/{pool}/identities"), "Identities", None)? {
            picture.add_identity(&identity);
        }
        for event in client.list(&format!("/pools/{pool}/activity"), "Events", None)? {
            picture.add_event(&event);
        }
        Ok(picture)
    }

    /// The identity and all that it was merged with, directly or through others.
    pub(super) fn of_identity(client: &Client, identity: &IdentityId) -> Result<Self, Trouble> {
        let mut picture = Self::default();
        picture.add(client, identity.as_str())?;
        while let Some(id) = picture.unknown() {
            match picture.add(client, &id) {
                // Deleted since.
                Err(Trouble::Refused(_)) => {
                    picture.identities.insert(id, None);
                }
                added => added?,
            }
        }
        Ok(picture)
    }

    /// An identity that was merged with another, and is not looked up yet.
    fn unknown(&self) -> Option<String> {
        let mut merged = self.merges.iter().flat_map(|(from, into)| [from, into]);
        merged.find(|id| !self.identities.contains_key(*id)).cloned()
    }

    fn add(&mut self, client: &Client, id: &str) -> Result<(), Trouble> {
        let identity = client.get(&format!("/identities/{id}"), &[])?;
        let events = client.list(&format!("/identities/{id}/history"), "Events", None)?;
        self.add_identity(&identity);
        for event in events {
            self.add_event(&event);
        }
        Ok(())
    }

    fn add_identity(&mut self, identity: &Value) {
        let Some(id) = text(identity, "IdentityId") else { return };
        for login in entries(identity, "Logins").iter().filter_map(Login::of) {
            self.links.insert((login, id.clone()), true);
        }
        self.identities.insert(id, text(identity, "State"));
    }

    fn add_event(&mut self, event: &Value) {
        let Some(id) = text(event, "IdentityId") else { return };
        let changes = entries(event, "Changes").iter().filter_map(Value::as_object);
        for (kind, change) in changes.flatten() {
            let links = entries(change, "Links").iter();
            for login in links.filter_map(|link| Login::of(link.get("Login")?)) {
                self.links.entry((login, id.clone())).or_insert(false);
            }
            let owner = |member| text(change, member).and_then(|event| owner_of(&event));
            match kind.as_str() {
                "TookOver" => self.merges.extend(owner("From").map(|from| (from, id.clone()))),
                "GaveUp" => self.merges.extend(owner("To").map(|into| (id.clone(), into))),
                _ => {}
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut identities = Map::new();
        for (id, state) in &self.identities {
            identities.insert(id.clone(), state.clone().map_or(Value::Null, Value::String));
        }
        let links = self.links.iter().map(|((login, id), is_linked)| {
            let Login { provider, subject } = login;
            json!({"Provider": provider, "Subject": subject, "IdentityId": id, "Linked": is_linked})
        });
        let merges = self.merges.iter().map(|(from, into)| json!({"From": from, "Into": into}));
        json!({
            "Identities": identities,
            "Links": links.collect::<Vec<_>>(),
            "Merges": merges.collect::<Vec<_>>(),
        })
    }

    /// The number of each login.
    pub(super) fn logins(&self) -> BTreeMap<&Login, usize> {
        let logins: BTreeSet<&Login> = self.links.keys().map(|(login, _)| login).collect();
        logins.into_iter().enumerate().map(|(number, login)| (login, number)).collect()
    }

    /// The number of each identity.
    pub(super) fn numbers(&self) -> BTreeMap<&str, usize> {
        let merged = self.merges.iter().flat_map(|(from, into)| [from, into]);
        let ids: BTreeSet<&str> =
            self.identities.keys().chain(merged).map(String::as_str).collect();
        ids.into_iter().enumerate().map(|(number, id)| (id, number)).collect()
    }

    /// The state of an identity, or that it is no longer there.
    pub(super) fn state(&self, id: &str) -> &str {
        self.identities.get(id).and_then(Option::as_deref).unwrap_or("DELETED")
    }
}

impl Login {
    fn of(login: &Value) -> Option<Self> {
        Some(Self { provider: text(login, "Provider")?, subject: text(login, "Subject")? })
    }

    /// The lines of a label: no control characters, and at most 60 characters each.
    pub(super) fn label(&self) -> [String; 2] {
        [&self.provider, &self.subject].map(|text| {
            let mut label: String = shown(text).chars().take(60).collect();
            if shown(text).chars().count() > 60 {
                label.push('…');
            }
            label
        })
    }
}

fn text(of: &Value, member: &str) -> Option<String> {
    of.get(member)?.as_str().map(str::to_owned)
}

/// The identity of an event.
fn owner_of(event: &str) -> Option<String> {
    event.rsplit_once('/').map(|(identity, _)| identity.to_owned())
}
