// Users of cognito-local, an emulator of user pools that others wrote, log in at a server.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";

const REGION = "eu-west-1";
const ROLE = "arn:aws:iam::123456789012:role/player";
const PASSWORD = "Secret-password-1";
const EMULATOR = fileURLToPath(new URL("emulator.cjs", import.meta.url));
/** Longer than the time between two fetches of the keys of a user pool. */
const ROTATION_SECS_MAX = 20;

const credentials = { accessKeyId: "123456789012", secretAccessKey: "x" };
const folder = mkdtempSync(join(tmpdir(), "cognate-user-pools-"));
const children = new Set();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function check(what, holds, found) {
  if (!holds) throw new Error(`${what}: found ${JSON.stringify(found)}`);
  console.log(`ok   ${what}`);
}

/** A port that nobody uses now. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a program and waits for the line that tells where it listens. */
async function start(program, options, settings, pattern) {
  const child = spawn(program, options, { stdio: ["ignore", "pipe", "pipe"], ...settings });
  children.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output = (output + text).slice(-8_000);
    });
  }
  for (let tries = 0; tries < 300; tries += 1) {
    const found = pattern.exec(output);
    if (found) return { child, url: found[0], log: () => output };
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`${program} does not start: ${output}`);
}

async function stop({ child }) {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  children.delete(child);
}

/** The same folder keeps its users, and each start has new keys. */
async function startEmulator(port) {
  const environment = { ...process.env, HOST: "127.0.0.1", PORT: String(port) };
  const settings = { cwd: folder, env: environment };
  const running = await start(process.execPath, [EMULATOR], settings, /running on http:\S+?:\d+/);
  return { ...running, url: `http://127.0.0.1:${port}` };
}

const clientOf = (Client, endpoint) =>
  new Client({ region: REGION, endpoint, credentials, maxAttempts: 1 });

/** A user pool with a user, who signs in. */
class UserPool {
  static async create(endpoint) {
    const pool = new UserPool();
    pool.idp = clientOf(CognitoIdentityProvider, endpoint);
    const settings = { PoolName: "players", AutoVerifiedAttributes: ["email"] };
    pool.id = (await pool.idp.createUserPool(settings)).UserPool.Id;
    const client = { UserPoolId: pool.id, ClientName: "game" };
    client.ExplicitAuthFlows = ["ALLOW_USER_PASSWORD_AUTH"];
    pool.client = (await pool.idp.createUserPoolClient(client)).UserPoolClient.ClientId;
    pool.provider = `cognito-idp.${REGION}.amazonaws.com/${pool.id}`;
    return pool;
  }

  async signUp(user) {
    const email = [{ Name: "email", Value: user }];
    const account = { ClientId: this.client, Username: user, Password: PASSWORD };
    await this.idp.signUp({ ...account, UserAttributes: email });
    await this.idp.adminConfirmSignUp({ UserPoolId: this.id, Username: user });
  }

  async signIn(user) {
    const parameters = { USERNAME: user, PASSWORD };
    const call = { ClientId: this.client, AuthFlow: "USER_PASSWORD_AUTH" };
    const answer = await this.idp.initiateAuth({ ...call, AuthParameters: parameters });
    return answer.AuthenticationResult;
  }
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

/** The identity of a user, and credentials for it. */
async function logIn(identities, identityPool, provider, token) {
  const call = { Logins: { [provider]: token } };
  const { IdentityId } = await identities.getId({ IdentityPoolId: identityPool, ...call });
  const answer = await identities.getCredentialsForIdentity({ IdentityId, ...call });
  return { id: IdentityId, keyId: answer.Credentials.AccessKeyId };
}

async function refused(what, name, promise) {
  const found = await promise.then(JSON.stringify, (error) => error.name);
  check(`${what}: ${name}`, found === name, found);
}

async function tell(binary) {
  mkdirSync(join(folder, ".cognito", "db"), { recursive: true });
  const port = await freePort();
  // The server starts first: it knows the address alone.
  const options = ["serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
  options.push("--signing-algorithm", "es256", "--user-pools", `http://127.0.0.1:${port}`);
  const server = await start(binary, options, {}, /http:\/\/127\.0\.0\.1:\d+(?=\n)/);
  let emulator = await startEmulator(port);

  const identities = clientOf(CognitoIdentity, server.url);
  const users = await UserPool.create(emulator.url);
  await users.signUp("alice@example.com");
  const ofUsers = { ProviderName: users.provider, ClientId: users.client };
  const pool = (
    await identities.createIdentityPool({
      IdentityPoolName: "game",
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [ofUsers],
    })
  ).IdentityPoolId;
  const roles = { IdentityPoolId: pool, Roles: { authenticated: ROLE } };
  await identities.setIdentityPoolRoles(roles);

  const first = await users.signIn("alice@example.com");
  const issuer = claimsOf(first.IdToken).iss;
  check("the emulator writes its own address", issuer === `${emulator.url}/${users.id}`, issuer);
  const alice = await logIn(identities, pool, users.provider, first.IdToken);
  check("a user of the emulator gets an identity", alice.id.startsWith(`${REGION}:`), alice.id);
  check("and credentials", alice.keyId.length >= 16, alice.keyId);
  const access = logIn(identities, pool, users.provider, first.AccessToken);
  await refused("an access token", "NotAuthorizedException", access);

  const later = await UserPool.create(emulator.url);
  await later.signUp("bob@example.com");
  const bobs = { ProviderName: later.provider, ClientId: later.client };
  const known = await identities.describeIdentityPool({ IdentityPoolId: pool });
  const { $metadata, ...settings } = known;
  await identities.updateIdentityPool({
    ...settings,
    CognitoIdentityProviders: [ofUsers, bobs],
  });
  const { IdToken } = await later.signIn("bob@example.com");
  const bob = await logIn(identities, pool, later.provider, IdToken);
  check("a user of a later user pool gets another identity", bob.id !== alice.id, bob.id);
  const crossed = logIn(identities, pool, users.provider, IdToken);
  await refused("this user's token for the first user pool", "NotAuthorizedException", crossed);

  await stop(emulator);
  const down = await logIn(identities, pool, users.provider, first.IdToken);
  check("a token is verified while the emulator is down", down.id === alice.id, down.id);
  emulator = await startEmulator(port);
  const rotated = (await users.signIn("alice@example.com")).IdToken;
  let again;
  for (let tries = 0; again === undefined && tries < ROTATION_SECS_MAX * 2; tries += 1) {
    again = await logIn(identities, pool, users.provider, rotated).catch((error) => {
      if (error.name !== "NotAuthorizedException") throw error;
    });
    if (again === undefined) await sleep(500);
  }
  check("after a rotation of keys the user is the same", again?.id === alice.id, again);
  const old = logIn(identities, pool, users.provider, first.IdToken);
  await refused("a token of the old keys", "NotAuthorizedException", old);
  await stop(emulator);
  await stop(server);
  check("the server ended well", server.child.exitCode === 0, server.log());
}

const started = Date.now();
try {
  await tell(process.argv[2]);
  console.log(`all checks passed in ${Math.round((Date.now() - started) / 1000)} s`);
} catch (error) {
  console.error(`FAILED ${error.stack}`);
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill("SIGKILL");
}
