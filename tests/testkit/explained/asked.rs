//! Calls that can be explained, and changes of them.

use cognate::admin::Explanation;
use cognate::login::Logins;
use cognate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput,
};
use cognate::testkit::Call;
use cognate::{Developer, Engine, Explain, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A call. Its logins keep their order.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) operation: String,
    pub(super) caller: Option<(String, String)>,
    pub(super) members: Map<String, Value>,
    pub(super) has_logins: bool,
    /// Providers, each with a token or a user.
    pub(super) logins: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Presenting {
    #[serde(default, rename = "Logins")]
    logins: Option<Logins>,
}

impl Asked {
    /// The call, if its logins can be read.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(&call.body).expect("a body");
        let has_logins = members.remove("Logins").is_some();
        let Presenting { logins } = serde_json::from_str(&call.body).ok()?;
        let logins = logins.iter().flat_map(Logins::iter);
        let logins = logins.map(|(name, token)| (name.to_string(), token.as_str().to_owned()));
        let (operation, caller) = (call.operation.clone(), call.caller.clone());
        Some(Self { operation, caller, members, has_logins, logins: logins.collect() })
    }

    pub(super) fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    pub(super) fn without(mut self, member: &str) -> Self {
        self.members.remove(member);
        self
    }

    pub(super) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    pub(super) fn with_login(mut self, provider: &str, token: &str) -> Self {
        self.has_logins = true;
        self.logins.push((provider.to_owned(), token.to_owned()));
        self
    }

    fn body(&self) -> String {
        let logins =
            self.logins.iter().map(|(name, token)| format!("{}:{}", json!(name), json!(token)));
        let logins = format!("\"Logins\":{{{}}}", logins.collect::<Vec<_>>().join(","));
        let members = self.members.iter().map(|(name, value)| format!("{}:{value}", json!(name)));
        let members = members.chain(self.has_logins.then_some(logins));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    fn developer(&self, engine: &Engine) -> Option<Developer> {
        let (account, region) = self.caller.as_ref()?;
        Some(engine.developer(account.parse().ok()?, region.parse().ok()?))
    }

    /// The explanation, if the operation can be explained and its input can be read.
    pub(super) fn explained(&self, engine: &Engine) -> Option<Result<Explanation>> {
        let public = &engine.public();
        match self.operation.as_str() {
            "GetCredentialsForIdentity" => {
                return self.explain::<GetCredentialsForIdentityInput>(engine, public);
            }
            "GetId" => return self.explain::<GetIdInput>(engine, public),
            "GetOpenIdToken" => return self.explain::<GetOpenIdTokenInput>(engine, public),
            "UnlinkIdentity" => return self.explain::<UnlinkIdentityInput>(engine, public),
            _ => {}
        }
        let aws = &self.developer(engine)?;
        match self.operation.as_str() {
            "DeleteIdentities" => self.explain::<DeleteIdentitiesInput>(engine, aws),
            "DeleteIdentityPool" => self.explain::<DeleteIdentityPoolInput>(engine, aws),
            "GetOpenIdTokenForDeveloperIdentity" => {
                self.explain::<GetOpenIdTokenForDeveloperIdentityInput>(engine, aws)
            }
            "MergeDeveloperIdentities" => {
                self.explain::<MergeDeveloperIdentitiesInput>(engine, aws)
            }
            "UnlinkDeveloperIdentity" => self.explain::<UnlinkDeveloperIdentityInput>(engine, aws),
            _ => None,
        }
    }

    fn explain<I: Explain + DeserializeOwned>(
        &self,
        engine: &Engine,
        caller: &I::Caller,
    ) -> Option<Result<Explanation>> {
        let input: I = serde_json::from_str(&self.body()).ok()?;
        Some(engine.admin().explain(caller, input))
    }

    /// Merges two developer users of the pool.
    pub(super) fn merge(&self, engine: &Engine, source: &str, destination: &str) -> Result<()> {
        let aws = self.developer(engine).expect("a caller");
        let pool = self.member("IdentityPoolId").expect("a pool");
        let input = cognate::operation::DescribeIdentityPoolInput::new(pool);
        let name = aws.describe_identity_pool(input)?.developer_provider_name.expect("a name");
        let input = MergeDeveloperIdentitiesInput::new(pool, name, source, destination);
        aws.merge_developer_identities(input).map(drop)
    }
}
