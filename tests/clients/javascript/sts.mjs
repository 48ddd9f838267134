// The STS: a token for credentials, and credentials that ask who they are.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  ExpiredTokenException,
  InvalidIdentityTokenException,
  STS,
} from "@aws-sdk/client-sts";
import { fromTokenFile, fromWebToken } from "@aws-sdk/credential-providers";

import { equal, members, refusedAs, truth } from "./check.mjs";
import { ACCOUNT, COGNITO, DEVELOPER, role } from "./scene.mjs";

export const title = "The STS";

const DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
const RETRY = "Get a new identity token from the identity provider and then retry the request.";

const arn = (session) => `arn:aws:sts::${ACCOUNT}:assumed-role/player/${session}`;

export async function tell(scene) {
  const settings = { DeveloperProviderName: DEVELOPER, AllowUnauthenticatedIdentities: true };
  const pool = await scene.newPool(settings);
  const Roles = { authenticated: role("player"), unauthenticated: role("guest") };
  await scene.aws.setIdentityPoolRoles({ IdentityPoolId: pool, Roles });
  const alice = await scene.developerToken(pool, "alice");
  await exchange(scene, pool, alice);
  await refusals(scene, pool, alice);
  await providers(scene, alice);
}

const client = (scene, credentials) => new STS({ ...scene.reach, credentials });
const ask = async (scene, credentials) =>
  members(await client(scene, credentials).getCallerIdentity({}));

function call(token, name = "player", options = {}) {
  const session = { RoleArn: role(name), RoleSessionName: "alice@home", WebIdentityToken: token };
  return { ...session, ...options };
}

async function exchange(scene, pool, alice) {
  const sts = client(scene);
  const options = { DurationSeconds: 43_200 };
  const answer = await sts.assumeRoleWithWebIdentity(call(alice.Token, "player", options));
  const { Credentials: made, AssumedRoleUser: user, ...rest } = members(answer);
  equal("a developer token is exchanged", rest, {
    SubjectFromWebIdentityToken: alice.IdentityId,
    Audience: pool,
    Provider: COGNITO,
  });
  equal("for the role and the session", user.Arn, arn("alice@home"));
  const left = made.Expiration - Date.now();
  truth("for twelve hours", Math.abs(left - 43_200_000) < 60_000);
  const credentials = {
    accessKeyId: made.AccessKeyId,
    secretAccessKey: made.SecretAccessKey,
    sessionToken: made.SessionToken,
  };
  equal("the credentials are told who they are", await ask(scene, credentials), {
    UserId: user.AssumedRoleId,
    Account: ACCOUNT,
    Arn: user.Arn,
  });
  const { Credentials: own } = await scene.public.getCredentialsForIdentity({
    IdentityId: alice.IdentityId,
    Logins: { [COGNITO]: alice.Token },
  });
  const who = await ask(scene, {
    accessKeyId: own.AccessKeyId,
    secretAccessKey: own.SecretKey,
    sessionToken: own.SessionToken,
  });
  equal("and so are others", who.Arn, arn("CognitoIdentityCredentials"));

  const mismatch =
    "The request signature we calculated does not match the signature you provided. Check your " +
    "AWS Secret Access Key and signing method. Consult the service documentation for details.";
  const wrong = ask(scene, { ...credentials, secretAccessKey: own.SecretKey });
  await refusedAs("another secret key", "SignatureDoesNotMatch", 403, mismatch, wrong);
  const text = "The security token included in the request is invalid.";
  const unknown = ask(scene, { accessKeyId: ACCOUNT, secretAccessKey: "x" });
  await refusedAs("credentials of an account", "InvalidClientTokenId", 403, text, unknown);
}

async function refusals(scene, pool, alice) {
  const sts = client(scene);
  const { IdentityId } = await scene.public.getId({ IdentityPoolId: pool });
  const { Token: guest } = await scene.public.getOpenIdToken({ IdentityId });
  const assumed = await sts.assumeRoleWithWebIdentity(call(guest, "guest"));
  equal("a guest assumes its role", assumed.SubjectFromWebIdentityToken, IdentityId);
  const short = await scene.developerToken(pool, "alice", { TokenDuration: 1 });
  for (const [what, token, name] of [
    ["a guest as user", guest, "player"],
    ["a user as guest", alice.Token, "guest"],
  ]) {
    const denied = sts.assumeRoleWithWebIdentity(call(token, name));
    await refusedAs(what, "AccessDenied", 403, DENIED, denied);
  }
  const invalid = sts.assumeRoleWithWebIdentity(call("none"));
  const foreign = `The web identity token that was passed could not be validated by AWS. ${RETRY}`;
  await refusedAs("what is no token", InvalidIdentityTokenException.name, 400, foreign, invalid);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const late = sts.assumeRoleWithWebIdentity(call(short.Token));
  const over = `The web identity token that was passed is expired or is not valid. ${RETRY}`;
  await refusedAs("a token that was for a second", ExpiredTokenException.name, 400, over, late);
  const other = client(scene, { accessKeyId: ACCOUNT, secretAccessKey: "x" }).getSessionToken({});
  const unknown = "Could not find operation GetSessionToken for version 2011-06-15";
  await refusedAs("another action", "InvalidAction", 400, unknown, other);
}

async function providers(scene, alice) {
  const clientConfig = scene.reach;
  const options = { roleArn: role("player"), roleSessionName: "from-a-token", clientConfig };
  const fromToken = await fromWebToken({ ...options, webIdentityToken: alice.Token })();
  equal("fromWebToken", (await ask(scene, fromToken)).Arn, arn("from-a-token"));

  const folder = mkdtempSync(join(tmpdir(), "cognate-javascript-sts-"));
  const file = join(folder, "token");
  writeFileSync(file, alice.Token);
  const variables = {
    AWS_ENDPOINT_URL_STS: scene.url,
    AWS_REGION: scene.reach.region,
    AWS_ROLE_ARN: role("player"),
    AWS_ROLE_SESSION_NAME: "from-a-file",
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
  };
  Object.assign(process.env, variables);
  try {
    // Nothing but the environment tells where to go, and with which credentials.
    const who = await new STS({ credentials: fromTokenFile() }).getCallerIdentity({});
    equal("fromTokenFile in its environment", who.Arn, arn("from-a-file"));
    const found = await new STS({}).getCallerIdentity({});
    equal("and the default providers there", found.Arn, arn("from-a-file"));
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    rmSync(folder, { recursive: true, force: true });
  }
}
