// Pools, their tags and roles, and the claims that become principal tags.

import {
  InvalidParameterException,
  LimitExceededException,
  NotAuthorizedException,
  ResourceNotFoundException,
  paginateListIdentityPools,
} from "@aws-sdk/client-cognito-identity";

import { equal, members, refused, refusedByName, truth } from "./check.mjs";
import {
  ACCOUNT,
  DEVELOPER,
  GOOGLE,
  OIDC_ARN,
  OTHER_ACCOUNT,
  UNKNOWN_POOL,
  USER_POOL,
  arnOf,
  poolNotFound,
  role,
} from "./scene.mjs";

export const title = "Pools, their tags, roles and attribute maps";

export async function tell(scene) {
  await settings(scene);
  await listing(scene);
  await tags(scene);
  await roles(scene);
  await attributeMaps(scene);
}

async function settings({ aws, unsigned, other, providers }) {
  const name = { IdentityPoolName: "plain", AllowUnauthenticatedIdentities: true };
  const plain = members(await aws.createIdentityPool(name));
  const one = { IdentityPoolId: plain.IdentityPoolId };
  equal("a pool without options", plain, { ...one, ...name, IdentityPoolTags: {} });
  equal("is described as it was made", members(await aws.describeIdentityPool(one)), plain);

  const whole = {
    ...name,
    ...providers,
    AllowClassicFlow: true,
    DeveloperProviderName: DEVELOPER,
    SamlProviderARNs: [`arn:aws:iam::${ACCOUNT}:saml-provider/office`],
    IdentityPoolTags: { stage: "test" },
  };
  const made = members(await aws.createIdentityPool(whole));
  equal("a pool with every option", made, { IdentityPoolId: made.IdentityPoolId, ...whole });
  const id = { IdentityPoolId: made.IdentityPoolId };
  const updated = members(await aws.updateIdentityPool({ ...id, ...name }));
  const kept = { DeveloperProviderName: DEVELOPER, IdentityPoolTags: whole.IdentityPoolTags };
  equal("is reset to what an update says", updated, { ...id, ...name, ...kept });
  equal("and is so described", members(await aws.describeIdentityPool(id)), updated);

  await refused(
    "the developer provider cannot be changed",
    InvalidParameterException,
    "Developer provider name cannot be changed once it has been set.",
    aws.updateIdentityPool({ ...id, ...name, DeveloperProviderName: "login.other" }),
  );
  await refused(
    "a user pool of another name",
    InvalidParameterException,
    "Invalid Cognito Identity Provider",
    aws.createIdentityPool({ ...name, CognitoIdentityProviders: [{ ProviderName: "a.b/c" }] }),
  );
  const userPool = (_, number) => ({ ProviderName: `${USER_POOL}${number}`, ClientId: "a" });
  const many = Array.from({ length: 51 }, userPool);
  await refused(
    "too many user pools",
    LimitExceededException,
    /./,
    aws.createIdentityPool({ ...name, CognitoIdentityProviders: many }),
  );
  await refusedByName(
    "a pool of a name that is none",
    "ValidationException",
    "1 validation error detected: Value 'pool#1' at 'identityPoolName' failed to satisfy " +
      "constraint: Member must satisfy regular expression pattern: [\\w\\s+=,.@-]+",
    aws.createIdentityPool({ ...name, IdentityPoolName: "pool#1" }),
  );
  const missing = poolNotFound(made.IdentityPoolId);
  await refused(
    "another's pool",
    ResourceNotFoundException,
    missing,
    other.describeIdentityPool(id),
  );
  equal("a pool is deleted", members(await aws.deleteIdentityPool(id)), {});
  await refused("and gone", ResourceNotFoundException, missing, aws.describeIdentityPool(id));
  await refused("for good", ResourceNotFoundException, missing, aws.deleteIdentityPool(id));
  await refusedByName(
    "an operation that has to be signed, without credentials",
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
    unsigned.listIdentityPools({ MaxResults: 1 }),
  );
}

async function listing(scene) {
  const account = scene.client({ accessKeyId: "111122223333", secretAccessKey: "x" });
  const made = [];
  for (const IdentityPoolName of ["one", "two", "three"]) {
    const pool = { IdentityPoolName, AllowUnauthenticatedIdentities: false };
    const { IdentityPoolId } = await account.createIdentityPool(pool);
    made.push({ IdentityPoolId, IdentityPoolName });
  }
  const pages = [];
  for await (const page of paginateListIdentityPools({ client: account, pageSize: 2 }, {})) {
    pages.push(page.IdentityPools);
  }
  equal(
    "three pools have two pages of two",
    pages.map((page) => page.length),
    [2, 1],
  );
  const sorted = (pools) => pools.sort((a, b) => a.IdentityPoolId.localeCompare(b.IdentityPoolId));
  equal("which list each once", sorted(pages.flat()), sorted(made));
  await refused(
    "a page token of one's own making",
    InvalidParameterException,
    "NextToken is not valid.",
    account.listIdentityPools({ MaxResults: 2, NextToken: "abc" }),
  );
}

async function tags(scene) {
  const { aws } = scene;
  const pool = await scene.newPool({ IdentityPoolTags: { stage: "test" } });
  const resource = { ResourceArn: arnOf(pool) };
  const listed = async () => (await aws.listTagsForResource(resource)).Tags;
  equal("a new pool's tags", await listed(), { stage: "test" });
  const Tags = { stage: "live", team: "red" };
  equal("tags are added", members(await aws.tagResource({ ...resource, Tags })), {});
  equal("and replaced", await listed(), Tags);
  const removed = members(await aws.untagResource({ ...resource, TagKeys: ["stage", "none"] }));
  equal("tags are removed", removed, {});
  equal("only those that were named", await listed(), { team: "red" });

  const unknown = { ResourceArn: arnOf(UNKNOWN_POOL) };
  const other = { ResourceArn: "arn:aws:s3:::a-bucket-of-the-account" };
  for (const [what, call] of [
    ["listing tags", (arn) => aws.listTagsForResource(arn)],
    ["tagging", (arn) => aws.tagResource({ ...arn, Tags: { a: "b" } })],
    ["untagging", (arn) => aws.untagResource({ ...arn, TagKeys: ["a"] })],
  ]) {
    const missing = poolNotFound(UNKNOWN_POOL);
    await refused(`${what} an unknown pool`, ResourceNotFoundException, missing, call(unknown));
    const invalid = `Invalid resource ARN '${other.ResourceArn}'.`;
    await refused(`${what} a bucket`, InvalidParameterException, invalid, call(other));
  }
}

async function roles(scene) {
  const { aws } = scene;
  const id = { IdentityPoolId: await scene.newPool(scene.providers) };
  const found = async () => members(await aws.getIdentityPoolRoles(id));
  equal("a new pool has no roles", await found(), id);
  const rule = { Claim: "email", MatchType: "StartsWith", Value: "ann@", RoleARN: role("ann") };
  const whole = {
    Roles: { authenticated: role("user"), unauthenticated: role("guest") },
    RoleMappings: {
      [`${USER_POOL}:app_client_1`]: { Type: "Token", AmbiguousRoleResolution: "Deny" },
      [OIDC_ARN]: {
        Type: "Rules",
        AmbiguousRoleResolution: "AuthenticatedRole",
        RulesConfiguration: { Rules: [rule] },
      },
    },
  };
  equal("roles are set", members(await aws.setIdentityPoolRoles({ ...id, ...whole })), {});
  equal("and read as they were set", await found(), { ...id, ...whole });
  const foreign = role("user", OTHER_ACCOUNT);
  await refused(
    "a role of another account",
    NotAuthorizedException,
    `Access to Role '${foreign}' is forbidden.`,
    aws.setIdentityPoolRoles({ ...id, Roles: { authenticated: foreign } }),
  );
  await refused(
    "a mapping of no provider of the pool",
    InvalidParameterException,
    "(www.amazon.com) is not a valid RoleMapping ProviderName or is not a configured provider.",
    aws.setIdentityPoolRoles({
      ...id,
      Roles: {},
      RoleMappings: { "www.amazon.com": { Type: "Token", AmbiguousRoleResolution: "Deny" } },
    }),
  );
  equal("a refused call sets nothing", await found(), { ...id, ...whole });
  await aws.setIdentityPoolRoles({ ...id, Roles: {} });
  equal("no roles clear them", await found(), id);
  await refused(
    "roles of an unknown pool",
    ResourceNotFoundException,
    poolNotFound(UNKNOWN_POOL),
    aws.getIdentityPoolRoles({ IdentityPoolId: UNKNOWN_POOL }),
  );
}

async function attributeMaps(scene) {
  const { aws } = scene;
  const pool = await scene.newPool(scene.providers);
  const one = { IdentityPoolId: pool, IdentityProviderName: GOOGLE };
  const found = async () => members(await aws.getPrincipalTagAttributeMap(one));
  await refused(
    "reading a map that was never set",
    ResourceNotFoundException,
    `Principal tag attribute map of '${GOOGLE}' not found.`,
    aws.getPrincipalTagAttributeMap(one),
  );
  const map = { UseDefaults: false, PrincipalTags: { team: "custom:team" } };
  const answer = members(await aws.setPrincipalTagAttributeMap({ ...one, ...map }));
  equal("a map is answered as it was set", answer, { ...one, ...map });
  equal("and read so", await found(), answer);

  const other = { ...one, IdentityProviderName: "www.amazon.com" };
  await refused(
    "setting a map of no provider of the pool",
    InvalidParameterException,
    "'www.amazon.com' is not a configured provider of this identity pool.",
    aws.setPrincipalTagAttributeMap(other),
  );
  await refused(
    "reading a map of no provider of the pool",
    ResourceNotFoundException,
    "Principal tag attribute map of 'www.amazon.com' not found.",
    aws.getPrincipalTagAttributeMap(other),
  );
  truth("which leaves the map", (await found()).PrincipalTags.team === "custom:team");
}
