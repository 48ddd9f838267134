// Developer users: their tokens, lookups, merges and links, and their identities.

import {
  DeveloperUserAlreadyRegisteredException,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity";
import { createRemoteJWKSet, decodeProtectedHeader, errors } from "jose";

import { equal, members, ok, refused, refusedByName, truth, unverified } from "./check.mjs";
import {
  DEVELOPER,
  ISSUER,
  POOL_ARN,
  TAGS,
  UNKNOWN_IDENTITY,
  UNKNOWN_POOL,
  arnOf,
  identityForbidden,
  identityNotFound,
  poolNotFound,
} from "./scene.mjs";

export const title = "Users of a backend";

const UNSUPPORTED = "This identity pool does not support the specified developer provider";
const userNotFound = (user) => `Developer user identifier '${user}' not found.`;
const notAssociated = (identity) =>
  `The specified developer user identifier is not associated with identity '${identity}'.`;

export async function tell(scene) {
  const settings = { AllowUnauthenticatedIdentities: true, DeveloperProviderName: DEVELOPER };
  const pool = await scene.newPool(settings);
  await tokens(scene, pool);
  await changedTokens(scene, pool);
  await refusals(scene, pool);
  await lookups(scene, pool);
  await merges(scene, pool);
  await unlinks(scene, pool);
  await identities(scene, await scene.newPool(settings));
}

async function tokens(scene, pool) {
  const alice = members(await scene.developerToken(pool, "alice"));
  equal("a user gets an identity and a token", Object.keys(alice).sort(), ["IdentityId", "Token"]);
  const again = await scene.developerToken(pool, "alice");
  equal("and the same identity the next time", again.IdentityId, alice.IdentityId);
  const { kid, ...header } = decodeProtectedHeader(alice.Token);
  equal("the token is a JWS of RS512", header, { typ: "JWS", alg: "RS512" });
  const { iat, exp, ...claims } = await scene.claims(alice.Token, pool);
  ok("jose verifies it from /.well-known/jwks_uri alone");
  equal("it is good for 900 seconds", exp - iat, 900);
  equal("it says who, where and how", claims, {
    sub: alice.IdentityId,
    aud: pool,
    amr: ["authenticated", DEVELOPER, `${DEVELOPER}:${pool}:alice`],
    iss: ISSUER,
    [POOL_ARN]: arnOf(pool),
  });

  const options = { TokenDuration: 60, PrincipalTags: { team: "red" } };
  const short = await scene.claims(
    (await scene.developerToken(pool, "alice", options)).Token,
    pool,
  );
  equal("it lasts as long as was asked for", short.exp - short.iat, 60);
  equal("it has the tags of the call", short[TAGS], { principal_tags: { team: ["red"] } });

  const discovery = await (await fetch(`${scene.url}/.well-known/openid-configuration`)).json();
  equal("the discovery document names the issuer", discovery.issuer, ISSUER);
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
  await scene.claims(alice.Token, pool, keys);
  ok("jose verifies a token from what the discovery document says alone");
}

async function changedTokens(scene, pool) {
  const alice = (await scene.developerToken(pool, "alice")).Token.split(".");
  const bob = (await scene.developerToken(pool, "bob")).Token.split(".");
  const { JWSSignatureVerificationFailed, JWTClaimValidationFailed, JOSEAlgNotAllowed } = errors;
  const mixed = [alice[0], bob[1], alice[2]].join(".");
  const what = "jose refuses another's claims under a signature";
  await unverified(what, JWSSignatureVerificationFailed, scene.claims(mixed, pool));
  const other = "jose refuses a token of another pool";
  await unverified(other, JWTClaimValidationFailed, scene.claims(bob.join("."), UNKNOWN_POOL));
  const plain = Buffer.from('{"kid":"us-east-1-1","alg":"none"}').toString("base64url");
  const none = "jose refuses a token whose header says `none`";
  await unverified(none, JOSEAlgNotAllowed, scene.claims(`${plain}.${alice[1]}.`, pool));
}

async function refusals(scene, pool) {
  const good = { IdentityPoolId: pool, Logins: { [DEVELOPER]: "bob" } };
  const call = (change) => scene.aws.getOpenIdTokenForDeveloperIdentity({ ...good, ...change });
  const alice = (await scene.developerToken(pool, "alice")).IdentityId;
  await refused(
    "a user of another identity",
    DeveloperUserAlreadyRegisteredException,
    "This developer user identifier is already registered with Cognito.",
    call({ IdentityId: alice }),
  );
  await refused(
    "a user of an unknown pool",
    ResourceNotFoundException,
    poolNotFound(UNKNOWN_POOL),
    call({ IdentityPoolId: UNKNOWN_POOL }),
  );
  await refused(
    "a user of another developer provider",
    InvalidParameterException,
    UNSUPPORTED,
    call({ Logins: { "login.other": "bob" } }),
  );
  await refusedByName(
    "a token for more than a day",
    "ValidationException",
    "1 validation error detected: Value '86401' at 'tokenDuration' failed to satisfy " +
      "constraint: Member must have value less than or equal to 86400",
    call({ TokenDuration: 86_401 }),
  );
}

async function lookups(scene, pool) {
  const lookup = async (by) =>
    members(await scene.aws.lookupDeveloperIdentity({ IdentityPoolId: pool, ...by }));
  const carol = (await scene.developerToken(pool, "carol")).IdentityId;
  await scene.developerToken(pool, "carol-2", { IdentityId: carol });
  const both = { IdentityId: carol, DeveloperUserIdentifierList: ["carol", "carol-2"] };
  equal("a user is found", await lookup({ DeveloperUserIdentifier: "carol" }), both);
  equal("an identity is found", await lookup({ IdentityId: carol }), both);
  const { NextToken, ...first } = await lookup({ IdentityId: carol, MaxResults: 1 });
  equal("the first page has the first", first.DeveloperUserIdentifierList, ["carol"]);
  const last = await lookup({ IdentityId: carol, MaxResults: 1, NextToken });
  const second = { IdentityId: carol, DeveloperUserIdentifierList: ["carol-2"] };
  equal("the last page has the second and no NextToken", last, second);
  await refused(
    "a lookup of nothing",
    InvalidParameterException,
    "Either IdentityId or DeveloperUserIdentifier must be provided.",
    lookup({}),
  );
  await refused(
    "a lookup of a stranger",
    ResourceNotFoundException,
    userNotFound("Carol"),
    lookup({ DeveloperUserIdentifier: "Carol" }),
  );
  await refused(
    "a lookup of a user with another identity",
    ResourceConflictException,
    notAssociated(carol),
    lookup({ IdentityId: carol, DeveloperUserIdentifier: "alice" }),
  );
}

async function merges(scene, pool) {
  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map(async (user) => (await scene.developerToken(pool, user)).IdentityId),
  );
  const call = (source) =>
    scene.aws.mergeDeveloperIdentities({
      IdentityPoolId: pool,
      DeveloperProviderName: DEVELOPER,
      SourceUserIdentifier: source,
      DestinationUserIdentifier: "alice",
    });
  equal("bob is merged into alice", members(await call("bob")), { IdentityId: alice });
  equal("and has her identity", (await scene.developerToken(pool, "bob")).IdentityId, alice);
  const described = members(await scene.aws.describeIdentity({ IdentityId: bob }));
  equal("his old one is disabled", described.Logins, ["DISABLED"]);
  truth("and was changed", described.LastModifiedDate > described.CreationDate);
  const stranger = userNotFound("nobody");
  await refused("a merge of a stranger", ResourceNotFoundException, stranger, call("nobody"));
}

async function unlinks(scene, pool) {
  const dave = (await scene.developerToken(pool, "dave")).IdentityId;
  const call = (user) =>
    scene.aws.unlinkDeveloperIdentity({
      IdentityId: dave,
      IdentityPoolId: pool,
      DeveloperProviderName: DEVELOPER,
      DeveloperUserIdentifier: user,
    });
  const elsewhere = notAssociated(dave);
  await refused("unlinking another's user", ResourceConflictException, elsewhere, call("alice"));
  const unknown = userNotFound("nobody");
  await refused("unlinking a stranger", ResourceNotFoundException, unknown, call("nobody"));
  equal("a user is unlinked", members(await call("dave")), {});
  const again = (await scene.developerToken(pool, "dave")).IdentityId;
  truth("and has a new identity the next time", again !== dave);
  await refused(
    "the old one is disabled",
    NotAuthorizedException,
    identityForbidden(dave),
    scene.developerToken(pool, "erin", { IdentityId: dave }),
  );
}

async function identities(scene, pool) {
  const { aws } = scene;
  const user = (await scene.developerToken(pool, "alice")).IdentityId;
  const guest = await scene.identity(pool);
  const { CreationDate, ...described } = members(await aws.describeIdentity({ IdentityId: user }));
  truth("a new identity's date is a Date of now", Math.abs(new Date() - CreationDate) < 60_000);
  const expected = { IdentityId: user, Logins: [DEVELOPER], LastModifiedDate: CreationDate };
  equal("the identity is described", described, expected);
  const nobody = members(await aws.describeIdentity({ IdentityId: guest }));
  truth("a guest has no Logins", !("Logins" in nobody));

  const page = async (options) =>
    members(await aws.listIdentities({ IdentityPoolId: pool, MaxResults: 1, ...options }));
  const { NextToken, ...first } = await page();
  const last = await page({ NextToken });
  const found = [...first.Identities, ...last.Identities].map((one) => one.IdentityId);
  equal("two pages list both", found.sort(), [user, guest].sort());
  equal("the last one has no NextToken", Object.keys(last).sort(), [
    "Identities",
    "IdentityPoolId",
  ]);
  const token = { NextToken: "abc" };
  const invalid = "NextToken is not valid.";
  await refused("a token of one's own", InvalidParameterException, invalid, page(token));

  const stranger = { IdentityPoolName: "theirs", AllowUnauthenticatedIdentities: true };
  const theirs = await scene.identity(
    (await scene.other.createIdentityPool(stranger)).IdentityPoolId,
  );
  const deleted = await aws.deleteIdentities({ IdentityIdsToDelete: [guest, theirs] });
  equal("identities are deleted, but not another account's", members(deleted), {
    UnprocessedIdentityIds: [{ IdentityId: theirs, ErrorCode: "AccessDenied" }],
  });
  for (const [what, id] of [
    ["a deleted identity", guest],
    ["an unknown identity", UNKNOWN_IDENTITY],
    ["another account's identity", theirs],
  ]) {
    const call = aws.describeIdentity({ IdentityId: id });
    await refused(what, ResourceNotFoundException, identityNotFound(id), call);
  }
  await refusedByName(
    "a deletion of nothing",
    "ValidationException",
    "1 validation error detected: Value '[]' at 'identityIdsToDelete' failed to satisfy " +
      "constraint: Member must have length greater than or equal to 1",
    aws.deleteIdentities({ IdentityIdsToDelete: [] }),
  );
}
