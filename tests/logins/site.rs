//! A pool with users, and every operation that takes a login, through both doors.

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CognitoIdentityProvider, CreateIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, GuestAccess, RoleType,
    SetIdentityPoolRolesInput, UnlinkIdentityInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Error, wire};
use serde_json::{Value, json};

use crate::mint::{EXAMPLE, EXAMPLE_ARN, GOOGLE, USER_POOL, makers, verifier};
use crate::support::{ACCOUNT, GAME, REGION, World, key, parse, target};

/// The operations that take logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    GetId,
    GetOpenIdToken,
    GetCredentialsForIdentity,
    UnlinkIdentity,
    /// With an unknown developer user besides the login.
    GetOpenIdTokenForDeveloperIdentity,
}

/// An operation, and the identity that it is called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call(pub(crate) Operation, pub(crate) Option<IdentityId>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Typed,
    Wire,
}

impl Door {
    pub(crate) const BOTH: [Self; 2] = [Self::Typed, Self::Wire];
}

/// The refusal of a call.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) kind: String,
    pub(crate) message: String,
    /// All text of the refusal that anyone can see.
    pub(crate) shown: String,
}

/// The answer to a call, as JSON.
pub(crate) type Answer = Result<Value, Refused>;

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) pool: IdentityPoolId,
    /// The identity with a login of each public provider, and one of the developer provider.
    pub(crate) alice: IdentityId,
    pub(crate) guest: IdentityId,
}

impl Site {
    /// A site over a store that the test can read. It has no key, because no token was issued yet.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)))
    }

    /// A site with a key and other parts. Its verifier must accept the makers' tokens of `alice`.
    pub(crate) fn with(parts: impl FnOnce(Builder) -> Builder) -> Self {
        let world = World::with(|builder| parts(builder.login_verifier(verifier())));
        let pool = open_pool(&world);
        let tokens = makers().map(|maker| (maker.provider, maker.genuine().text()));
        let mut call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
        call = call.logins(GAME, "alice");
        for (provider, token) in &tokens {
            call = call.logins(*provider, token.as_str());
        }
        let alice = world.aws.resolve_developer_identity(call).expect("registered");
        let guest = GetIdInput::new(&pool);
        let guest = world.engine.public().get_id(guest).expect("a guest").identity_id;
        Self { world, pool, alice, guest }
    }

    /// Every operation. Those that take an identity are called for an authenticated one and for a
    /// guest.
    pub(crate) fn calls(&self) -> Vec<Call> {
        use Operation::{
            GetCredentialsForIdentity, GetId, GetOpenIdToken, GetOpenIdTokenForDeveloperIdentity,
            UnlinkIdentity,
        };
        let (alice, guest) = (Some(self.alice.clone()), Some(self.guest.clone()));
        vec![
            Call(GetId, None),
            Call(GetOpenIdToken, alice.clone()),
            Call(GetOpenIdToken, guest.clone()),
            Call(GetCredentialsForIdentity, alice.clone()),
            Call(GetCredentialsForIdentity, guest.clone()),
            Call(UnlinkIdentity, alice.clone()),
            Call(GetOpenIdTokenForDeveloperIdentity, None),
            Call(GetOpenIdTokenForDeveloperIdentity, alice),
        ]
    }

    /// Every call through the typed door, and each operation once through the wire door.
    pub(crate) fn calls_and_doors(&self) -> Vec<(Call, Door)> {
        let calls = self.calls();
        let typed = calls.iter().cloned().map(|call| (call, Door::Typed));
        let twice = |call: &&Call| {
            call.1.as_ref() == Some(&self.guest)
                || *call == &Call(Operation::GetOpenIdTokenForDeveloperIdentity, None)
        };
        let wire = calls.iter().filter(|call| !twice(call)).cloned();
        typed.chain(wire.map(|call| (call, Door::Wire))).collect()
    }

    pub(crate) fn call(&self, door: Door, call: &Call, logins: &[(&str, &str)]) -> Answer {
        match door {
            Door::Typed => self.typed(call, logins).map_err(|error| Refused {
                kind: error.kind().to_string(),
                message: error.to_string(),
                shown: format!("{error} {error:?}"),
            }),
            Door::Wire => self.wire(call, logins),
        }
    }

    fn typed(
        &self,
        Call(operation, whose): &Call,
        logins: &[(&str, &str)],
    ) -> Result<Value, Error> {
        /// Presents all of the logins.
        macro_rules! presenting {
            ($input:expr) => {{
                let mut input = $input;
                for (provider, token) in logins {
                    input = input.logins(*provider, *token);
                }
                input
            }};
        }
        let public = self.world.engine.public();
        let id = || whose.as_ref().expect("an identity");
        Ok(match operation {
            Operation::GetId => {
                json!(public.get_id(presenting!(GetIdInput::new(&self.pool)))?)
            }
            Operation::GetOpenIdToken => {
                json!(public.get_open_id_token(presenting!(GetOpenIdTokenInput::new(id())))?)
            }
            Operation::GetCredentialsForIdentity => {
                let input = presenting!(GetCredentialsForIdentityInput::new(id()));
                json!(public.get_credentials_for_identity(input)?)
            }
            Operation::UnlinkIdentity => {
                let mut input = presenting!(UnlinkIdentityInput::new(id()));
                for provider in [GOOGLE, USER_POOL, EXAMPLE] {
                    input = input.logins_to_remove(provider);
                }
                json!(public.unlink_identity(input)?)
            }
            Operation::GetOpenIdTokenForDeveloperIdentity => {
                let input = GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool);
                let mut input = presenting!(input.logins(GAME, "carol"));
                if let Some(id) = whose {
                    input = input.identity_id(id);
                }
                json!(self.world.aws.get_open_id_token_for_developer_identity(input)?)
            }
        })
    }

    fn wire(&self, Call(operation, whose): &Call, logins: &[(&str, &str)]) -> Answer {
        let mut members = Vec::new();
        let signed = *operation == Operation::GetOpenIdTokenForDeveloperIdentity;
        if signed || *operation == Operation::GetId {
            members.push(format!(r#""IdentityPoolId":{}"#, json!(self.pool)));
        }
        members.extend(whose.iter().map(|id| format!(r#""IdentityId":{}"#, json!(id))));
        if *operation == Operation::UnlinkIdentity {
            members.push(format!(r#""LoginsToRemove":{}"#, json!([GOOGLE, USER_POOL, EXAMPLE])));
        }
        // Written by hand, because the order counts.
        let developer = signed.then_some((GAME, "carol"));
        let entries = developer.iter().chain(logins);
        let entries =
            entries.map(|(provider, token)| format!("{}:{}", json!(provider), json!(token)));
        members.push(format!(r#""Logins":{{{}}}"#, entries.collect::<Vec<_>>().join(",")));
        let context = if signed {
            wire::Context::signed(parse(ACCOUNT), parse(REGION))
        } else {
            wire::Context::anonymous()
        };
        let (target, body) =
            (target(&format!("{operation:?}")), format!("{{{}}}", members.join(",")));
        let reply = wire::call(&self.world.engine, &context, &target, body.as_bytes());
        let Some(fault) = reply.fault else {
            let body = if reply.body.is_empty() { b"null".as_slice() } else { &reply.body };
            return Ok(serde_json::from_slice(body).expect("JSON"));
        };
        let said: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let shown = format!("{} {:?}", String::from_utf8_lossy(&reply.body), fault.cause());
        assert_eq!(said["__type"], fault.name());
        assert_eq!(reply.status, if fault.name() == "InternalErrorException" { 500 } else { 400 });
        let message = fault.message().to_owned();
        assert_eq!(said["message"], message);
        Err(Refused { kind: fault.name().to_owned(), message, shown })
    }
}

/// A pool with all three providers, a developer provider and roles that allows guests.
pub(crate) fn open_pool(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name(GAME)
        .supported_login_providers(GOOGLE, "42.apps.example")
        .open_id_connect_provider_arns(EXAMPLE_ARN)
        .cognito_identity_providers(CognitoIdentityProvider::new(
            parse(USER_POOL),
            parse("gameclient"),
        ));
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let role = |name| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .roles(RoleType::Authenticated, role("user"))
        .roles(RoleType::Unauthenticated, role("guest"));
    world.aws.set_identity_pool_roles(roles).expect("set");
    pool
}
