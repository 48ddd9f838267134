// Credentials, from the operation itself and from the SDK's credential providers.

import {
  ExternalServiceException,
  InvalidIdentityPoolConfigurationException,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity";
import { fromCognitoIdentity, fromCognitoIdentityPool } from "@aws-sdk/credential-providers";

import { equal, members, refused, truth } from "./check.mjs";
import {
  COGNITO,
  DEVELOPER,
  DONT_MATCH,
  GOOGLE,
  OIDC,
  OIDC_ARN,
  UNKNOWN_IDENTITY,
  UNKNOWN_POOL,
  USER_POOL,
  identityForbidden,
  identityNotFound,
  poolNotFound,
  role,
} from "./scene.mjs";

export const title = "Credentials";

const NO_ROLE = "Invalid identity pool configuration. Check assigned IAM roles for this pool.";
const ROLES = { authenticated: role("user"), unauthenticated: role("guest") };

export async function tell(scene) {
  await operation(scene);
  await providers(scene);
  await mappings(scene);
}

const isOfAnHour = (keyId, secret, token, expiration) =>
  /^ASIA[A-Z0-9]{16}$/.test(keyId) &&
  secret.length === 40 &&
  token.length > 100 &&
  expiration instanceof Date &&
  expiration.getMilliseconds() === 0 &&
  Math.abs(expiration - Date.now() - 3_600_000) < 60_000;

function good(what, answer, identity) {
  const { AccessKeyId, SecretKey, SessionToken, Expiration, ...rest } = answer.Credentials;
  equal(`${what}: for the identity`, [answer.IdentityId, rest], [identity, {}]);
  truth(`${what}: of an hour`, isOfAnHour(AccessKeyId, SecretKey, SessionToken, Expiration));
}

function provided(what, found, identity) {
  equal(`${what}: for the identity`, found.identityId, identity);
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = found;
  truth(`${what}: of an hour`, isOfAnHour(accessKeyId, secretAccessKey, sessionToken, expiration));
}

async function operation(scene) {
  const pool = await scene.newPool({
    AllowUnauthenticatedIdentities: true,
    DeveloperProviderName: DEVELOPER,
    ...scene.providers,
  });
  const call = async (IdentityId, Logins, options = {}) =>
    members(await scene.public.getCredentialsForIdentity({ IdentityId, Logins, ...options }));
  const guest = await scene.identity(pool);
  await refused(
    "a guest of a pool without roles",
    InvalidIdentityPoolConfigurationException,
    NO_ROLE,
    call(guest),
  );
  await scene.aws.setIdentityPoolRoles({ IdentityPoolId: pool, Roles: ROLES });
  good("a guest's credentials", await call(guest), guest);
  const google = await scene.login(GOOGLE);
  const ann = await scene.identity(pool, google);
  good("a user's credentials", await call(ann, google), ann);
  good("those of a guest who logs in", await call(guest, google), ann);
  await refused("the guest is gone", NotAuthorizedException, identityForbidden(guest), call(guest));
  await refused(
    "an unknown identity",
    ResourceNotFoundException,
    identityNotFound(UNKNOWN_IDENTITY),
    call(UNKNOWN_IDENTITY),
  );

  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map((u) => scene.developerToken(pool, u)),
  );
  const own = await call(alice.IdentityId, { [COGNITO]: alice.Token });
  good("those for a token of the server", own, alice.IdentityId);
  const other = call(alice.IdentityId, { [COGNITO]: bob.Token });
  await refused("another's token", NotAuthorizedException, DONT_MATCH, other);
  const foreign = call(alice.IdentityId, { [COGNITO]: google[GOOGLE] });
  const text = "Invalid login token. Not a Cognito token.";
  await refused("another issuer's token", NotAuthorizedException, text, foreign);
  const plain = call(alice.IdentityId, { [DEVELOPER]: "alice" });
  const expected = "Please provide a valid public provider";
  await refused("a user without a token", InvalidParameterException, expected, plain);

  const name = `${USER_POOL}2`;
  const entry = { ProviderName: name, ClientId: "app_client_1" };
  const unknown = await scene.newPool({ CognitoIdentityProviders: [entry] });
  const token = await scene.issuers[USER_POOL].token("ann", { iss: `https://${name}` });
  const login = scene.identity(unknown, { [name]: token });
  await refused("an issuer whose keys are not known", ExternalServiceException, /./, login);
}

async function providers(scene) {
  const clientConfig = scene.reach;
  const settings = { AllowUnauthenticatedIdentities: true, ...scene.providers };
  const identityPoolId = await scene.newPool(settings);
  await scene.aws.setIdentityPoolRoles({ IdentityPoolId: identityPoolId, Roles: ROLES });
  const issuer = scene.issuers[OIDC];

  const asGuest = await fromCognitoIdentityPool({ identityPoolId, clientConfig })();
  const listed = await scene.aws.listIdentities({ IdentityPoolId: identityPoolId, MaxResults: 60 });
  const [guest, ...others] = listed.Identities;
  equal("fromCognitoIdentityPool makes a guest", [guest.Logins, others], [undefined, []]);
  provided("fromCognitoIdentityPool as a guest", asGuest, guest.IdentityId);

  const logins = { [OIDC]: await issuer.token() };
  const ann = await scene.identity(identityPoolId, logins);
  const asUser = await fromCognitoIdentityPool({ identityPoolId, logins, clientConfig })();
  provided("fromCognitoIdentityPool with a login", asUser, ann);
  // The token is requested only when it is needed.
  const later = { [OIDC]: () => issuer.token() };
  const again = await fromCognitoIdentityPool({ identityPoolId, logins: later, clientConfig })();
  provided("fromCognitoIdentityPool with a refreshed login", again, ann);

  const { identityId } = asGuest;
  const known = await fromCognitoIdentity({ identityId, clientConfig })();
  provided("fromCognitoIdentity as a guest", known, identityId);
  const asAnn = fromCognitoIdentity({ identityId: ann, logins, clientConfig });
  provided("fromCognitoIdentity with a login", await asAnn(), ann);

  const client = scene.client(asAnn);
  const pools = await client.listIdentityPools({ MaxResults: 1 });
  truth("a client signs with them", Array.isArray(pools.IdentityPools));

  await refused(
    "fromCognitoIdentity without a login of the user",
    NotAuthorizedException,
    identityForbidden(ann),
    fromCognitoIdentity({ identityId: ann, clientConfig })(),
  );
  await refused(
    "fromCognitoIdentityPool of an unknown pool",
    ResourceNotFoundException,
    poolNotFound(UNKNOWN_POOL),
    fromCognitoIdentityPool({ identityPoolId: UNKNOWN_POOL, clientConfig })(),
  );
}

async function mappings(scene) {
  const identityPoolId = await scene.newPool(scene.providers);
  const client = `${USER_POOL}:${scene.issuers[USER_POOL].client}`;
  const rule = { Claim: "email", MatchType: "StartsWith", Value: "ann@", RoleARN: role("ann") };
  await scene.aws.setIdentityPoolRoles({
    IdentityPoolId: identityPoolId,
    Roles: {},
    RoleMappings: {
      [client]: { Type: "Token", AmbiguousRoleResolution: "Deny" },
      [OIDC_ARN]: {
        Type: "Rules",
        AmbiguousRoleResolution: "Deny",
        RulesConfiguration: { Rules: [rule] },
      },
    },
  });
  const credentials = async (name, claims, customRoleArn) => {
    const logins = await scene.login(name, "ann", claims);
    const clientConfig = scene.reach;
    return fromCognitoIdentityPool({ identityPoolId, logins, customRoleArn, clientConfig })();
  };
  const denied = (provider) =>
    `The ambiguous role mapping rules for: ${provider} denied this request.`;

  const ann = await scene.identity(identityPoolId, await scene.login(OIDC));
  const matching = await credentials(OIDC, { email: "ann@example.com" });
  provided("a rule that matches", matching, ann);
  const other = credentials(OIDC, { email: "ben@example.com" });
  await refused("no rule that matches", NotAuthorizedException, denied(OIDC_ARN), other);

  const listed = { "cognito:roles": [role("one"), role("two")] };
  const preferred = { ...listed, "cognito:preferred_role": role("two") };
  const user = await scene.identity(identityPoolId, await scene.login(USER_POOL));
  provided("a role that the token prefers", await credentials(USER_POOL, preferred), user);
  provided("a role asked for", await credentials(USER_POOL, listed, role("one")), user);
  const several = credentials(USER_POOL, listed);
  await refused("several roles and no choice", NotAuthorizedException, denied(client), several);
  const foreign = credentials(USER_POOL, listed, role("three"));
  const text = `Access to Role '${role("three")}' is forbidden.`;
  await refused("a role that the token does not list", NotAuthorizedException, text, foreign);
}
