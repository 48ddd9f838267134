//! The role of an explanation against that of the session, and the rule against the pool's roles.

use cognate::admin::{RoleChoice, RoleRule};
use cognate::credentials::Session;
use cognate::operation::GetIdentityPoolRolesInput;
use serde_json::{Value, json};

use crate::explained::asked::Asked;
use crate::explained::world::World;
use crate::explained::{Compared, Explained, same};

impl Explained<'_> {
    pub(super) fn check_role(
        &self,
        asked: &Asked,
        world: &World,
        role: Option<&RoleChoice>,
        session: Option<Session>,
    ) -> Compared {
        let of_session = session.as_ref().map(|session| &session.role_arn);
        same("the role", &role.map(|role| &role.role_arn), &of_session)?;
        let Some(RoleChoice { role_arn, chosen_by, .. }) = role else { return Ok(()) };
        let given = asked.member("IdentityId").and_then(|id| id.parse().ok());
        let given = given.and_then(|id| world.identities.get(&id)).ok_or("no identity")?;
        let roles = self.roles(given.identity_pool_id.as_str())?;
        let mapping = |provider: &str| &roles["RoleMappings"][provider];
        let by_rule = match chosen_by {
            RoleRule::Unauthenticated => &roles["Roles"]["unauthenticated"],
            RoleRule::Authenticated => &roles["Roles"]["authenticated"],
            RoleRule::AmbiguousRole { provider } => {
                let resolution = &mapping(provider.as_str())["AmbiguousRoleResolution"];
                same("the resolution", &json!("AuthenticatedRole"), resolution)?;
                &roles["Roles"]["authenticated"]
            }
            RoleRule::RulesMapping { provider, number } => {
                let index = usize::try_from(*number).map_err(|error| error.to_string())? - 1;
                &mapping(provider.as_str())["RulesConfiguration"]["Rules"][index]["RoleARN"]
            }
            RoleRule::TokenMapping { provider } => {
                same("the mapping", &json!("Token"), &mapping(provider.as_str())["Type"])?;
                return Ok(());
            }
            RoleRule::CustomRole { .. } => {
                return same(
                    "the custom role",
                    &Some(role_arn.as_str()),
                    &asked.member("CustomRoleArn"),
                );
            }
            other => return Err(format!("no provider of this kit grants a role: {other:?}")),
        };
        same("the role of the rule", &json!(role_arn), by_rule)
    }

    /// The roles of a pool, as the service describes them.
    fn roles(&self, pool: &str) -> Result<Value, String> {
        let known = self.known.borrow();
        let (account, region) = known.owners.get(pool).ok_or("a pool without an owner")?;
        let aws = self.engine.developer(account.clone(), region.clone());
        let roles = aws.get_identity_pool_roles(GetIdentityPoolRolesInput::new(pool));
        Ok(json!(roles.map_err(|error| error.to_string())?))
    }
}
