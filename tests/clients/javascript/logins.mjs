// Guests, and logins with valid and invalid OpenID Connect tokens that jose has signed.

import {
  InvalidParameterException,
  NotAuthorizedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity";
import { generateKeyPair } from "jose";

import { equal, members, refused, truth } from "./check.mjs";
import { ALGORITHMS } from "./oidc.mjs";
import {
  DEVELOPER,
  DONT_MATCH,
  GOOGLE,
  ISSUER,
  OIDC,
  OIDC_ARN,
  TAGS,
  UNKNOWN_IDENTITY,
  UNKNOWN_POOL,
  USER_POOL,
  identityForbidden,
  identityNotFound,
  poolNotFound,
} from "./scene.mjs";

export const title = "Guests and logins";

const BAD_SIGNATURE = "Invalid login token. Couldn't verify signed token.";
const WRONG_ISSUER = "Invalid login token. Issuer doesn't match providerName";
const UNSUPPORTED = "Token is not from a supported provider of this identity pool.";
const UNREGISTERED = "Invalid login token. Incorrect token audience.";

export async function tell(scene) {
  await guests(scene);
  const pool = await scene.newPool({ DeveloperProviderName: DEVELOPER, ...scene.providers });
  for (const name of Object.keys(scene.issuers)) {
    await accepted(scene, pool, name);
    await rejected(scene, pool, name);
  }
  await linking(scene, pool);
  await tags(scene, pool);
  await unlinking(scene, pool);
}

async function guests(scene) {
  const pool = await scene.newPool({ AllowUnauthenticatedIdentities: true });
  const guest = await scene.identity(pool);
  truth("every guest has an identity", guest !== (await scene.identity(pool)));
  const answer = members(await scene.public.getOpenIdToken({ IdentityId: guest }));
  const { iat, exp, ...claims } = await scene.claims(answer.Token, pool);
  equal("a guest's token is good for 600 seconds", exp - iat, 600);
  const expected = { sub: guest, aud: pool, amr: ["unauthenticated"], iss: ISSUER };
  equal("and says that nobody has logged in", claims, expected);

  const closed = await scene.newPool();
  await refused(
    "a guest of a pool that has none",
    NotAuthorizedException,
    "Unauthenticated access is not supported for this identity pool.",
    scene.identity(closed),
  );
  const none = `Identity pool - ${pool} does not have identity providers configured.`;
  const login = scene.identity(pool, await scene.login(GOOGLE));
  await refused("a login to a pool without providers", NotAuthorizedException, none, login);
  await refused(
    "an unknown pool",
    ResourceNotFoundException,
    poolNotFound(UNKNOWN_POOL),
    scene.identity(UNKNOWN_POOL),
  );
  await refused(
    "an unknown identity",
    ResourceNotFoundException,
    identityNotFound(UNKNOWN_IDENTITY),
    scene.public.getOpenIdToken({ IdentityId: UNKNOWN_IDENTITY }),
  );
}

async function accepted(scene, pool, name) {
  const issuer = scene.issuers[name];
  const identity = async (token) => scene.identity(pool, { [name]: await token });
  const ann = await identity(issuer.token());
  for (const alg of ALGORITHMS) {
    const found = await identity(issuer.token("ann", {}, alg));
    equal(`${name}: a token of ${alg}, the same identity`, found, ann);
  }
  const list = issuer.token("ann", { aud: ["other", issuer.client] });
  equal(`${name}: a token for several applications`, await identity(list), ann);
  const party = issuer.token("ann", { aud: "other", azp: issuer.client });
  equal(`${name}: a token whose azp is the application`, await identity(party), ann);
  truth(`${name}: another user has another`, (await identity(issuer.token("ben"))) !== ann);

  const call = { IdentityId: ann, Logins: await scene.login(name) };
  const claims = await scene.claims((await scene.public.getOpenIdToken(call)).Token, pool);
  const entries = { [USER_POOL]: `${USER_POOL}:CognitoSignIn:ann`, [OIDC]: `${OIDC_ARN}:OIDC:ann` };
  const amr = ["authenticated", name, entries[name] ?? `${name}:ann`];
  equal(`${name}: its token says who has logged in`, claims.amr, amr);
}

async function rejected(scene, pool, name) {
  const issuer = scene.issuers[name];
  const end = Math.floor(Date.now() / 1000) - 1;
  const other = await generateKeyPair("RS256");
  const pss = { key: (await generateKeyPair("PS256")).privateKey };
  const wrongAudience = name === OIDC ? UNREGISTERED : UNSUPPORTED;
  const bad = [
    [
      "that expired a second ago",
      issuer.token("ann", { exp: end }),
      new RegExp(`^Invalid login token\\. Token expired: \\d+ >= ${end}$`),
    ],
    ["for another application", issuer.token("ann", { aud: "other" }), wrongAudience],
    ["whose azp is another", issuer.token("ann", { azp: "other" }), wrongAudience],
    [
      "with azp instead of aud",
      issuer.token("ann", { aud: undefined, azp: issuer.client }),
      "Invalid login token. Missing a required claim: aud",
    ],
    ["of another issuer", issuer.token("ann", { iss: "https://example.com" }), WRONG_ISSUER],
    [
      "that another key has signed",
      issuer.token("ann", {}, "RS256", { key: other.privateKey }),
      BAD_SIGNATURE,
    ],
    ["that names another key", issuer.token("ann", {}, "RS256", { kid: "PS256-1" }), BAD_SIGNATURE],
    ["of PS256 by another key", issuer.token("ann", {}, "PS256", pss), BAD_SIGNATURE],
    ["that nobody has signed", issuer.unsigned(), BAD_SIGNATURE],
    ["of HS256 with the public key", issuer.symmetric(), BAD_SIGNATURE],
    ["that is none", "abc", "Invalid login token. Not a valid OpenId Connect identity token."],
  ];
  for (const [what, token, message] of bad) {
    const call = scene.identity(pool, { [name]: await token });
    await refused(`${name}: a token ${what}`, NotAuthorizedException, message, call);
  }
}

async function linking(scene, pool) {
  const both = { ...(await scene.login(GOOGLE, "zoe")), ...(await scene.login(OIDC, "zoe")) };
  const zoe = await scene.identity(pool, await scene.login(GOOGLE, "zoe"));
  equal("a second login is linked", await scene.identity(pool, both), zoe);
  equal("and opens it", await scene.identity(pool, await scene.login(OIDC, "zoe")), zoe);
  const open = async (logins) =>
    scene.public.getOpenIdToken({ IdentityId: zoe, Logins: await logins });
  const stranger = open(scene.login(GOOGLE, "ben"));
  await refused("without its logins", NotAuthorizedException, DONT_MATCH, stranger);
  await refused("without any", NotAuthorizedException, identityForbidden(zoe), open());
  const two = { ...(await scene.login(GOOGLE, "zoe")), ...(await scene.login(OIDC, "ann")) };
  await refused(
    "a second user of one provider",
    ResourceConflictException,
    "Cannot merge these identities.",
    scene.identity(pool, two),
  );
  const user = scene.identity(pool, { [DEVELOPER]: "zoe" });
  const text = "Please provide a valid public provider";
  await refused("a developer user without a signature", InvalidParameterException, text, user);
  const token = (await scene.developerToken(pool, "zoe", { IdentityId: zoe })).Token;
  await refused(
    "a token of the server as a login",
    NotAuthorizedException,
    "Invalid login token. Can't pass in a Cognito token.",
    scene.identity(pool, { [GOOGLE]: token }),
  );
}

async function tags(scene, pool) {
  const map = { IdentityProviderName: OIDC_ARN, PrincipalTags: { team: "custom:team" } };
  await scene.aws.setPrincipalTagAttributeMap({ IdentityPoolId: pool, ...map });
  const logins = await scene.login(OIDC, "ann", { "custom:team": "red" });
  const call = { IdentityId: await scene.identity(pool, logins), Logins: logins };
  const claims = await scene.claims((await scene.public.getOpenIdToken(call)).Token, pool);
  equal("a claim becomes a tag", claims[TAGS], { principal_tags: { team: ["red"] } });
  const user = { IdentityPoolId: pool, Logins: { ...logins, [DEVELOPER]: "ann" } };
  const answer = await scene.aws.getOpenIdTokenForDeveloperIdentity(user);
  const found = (await scene.claims(answer.Token, pool))[TAGS];
  equal("in a backend's token, too", found, { principal_tags: { team: ["red"] } });
}

async function unlinking(scene, pool) {
  const google = await scene.login(GOOGLE, "zoe");
  const zoe = await scene.identity(pool, google);
  const unlink = async (Logins, ...LoginsToRemove) =>
    scene.public.unlinkIdentity({ IdentityId: zoe, Logins, LoginsToRemove });
  const stranger = unlink(await scene.login(GOOGLE, "ben"), GOOGLE);
  await refused("unlinking without its logins", NotAuthorizedException, DONT_MATCH, stranger);
  const text = "Please provide a valid public provider";
  const user = unlink(google, DEVELOPER);
  await refused("unlinking a developer user", InvalidParameterException, text, user);
  equal("a login is unlinked", members(await unlink(google, GOOGLE)), {});
  const described = await scene.aws.describeIdentity({ IdentityId: zoe });
  equal("the others are left", described.Logins.sort(), [OIDC, DEVELOPER].sort());
  const again = await scene.identity(pool, google);
  truth("it makes a new identity when it is seen again", again !== zoe);
}
