// A running server, its clients, and the issuers that it knows.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { createRemoteJWKSet, jwtVerify } from "jose";

import { Wrong } from "./check.mjs";

export const ACCOUNT = "123456789012";
export const OTHER_ACCOUNT = "210987654321";
export const REGION = "us-east-1";
export const ISSUER = "https://cognito-identity.amazonaws.com";
export const POOL_ARN = "https://cognito-identity.amazonaws.com/identity-pool-arn";
export const TAGS = "https://aws.amazon.com/tags";
export const COGNITO = "cognito-identity.amazonaws.com";
export const DEVELOPER = "login.game";
export const USER_POOL = `cognito-idp.${REGION}.amazonaws.com/${REGION}_x`;
export const GOOGLE = "accounts.google.com";
export const OIDC = "login.example.com/realms/game";
export const OIDC_ARN = `arn:aws:iam::${ACCOUNT}:oidc-provider/${OIDC}`;
export const UNKNOWN_POOL = `${REGION}:00000000-0000-4000-8000-000000000000`;
export const UNKNOWN_IDENTITY = `${REGION}:00000000-0000-4000-8000-000000000001`;

export const role = (name, account = ACCOUNT) => `arn:aws:iam::${account}:role/${name}`;
export const arnOf = (pool) => `arn:aws:cognito-identity:${REGION}:${ACCOUNT}:identitypool/${pool}`;
export const poolNotFound = (pool) => `IdentityPool '${pool}' not found.`;
export const identityNotFound = (identity) => `Identity '${identity}' not found.`;
export const identityForbidden = (identity) => `Access to Identity '${identity}' is forbidden.`;
export const DONT_MATCH =
  "Logins don't match. Please include at least one valid login for this identity or identity pool.";

/** The clients of one server. They record answers and refusals. */
export class Scene {
  answered = new Set();
  refused = new Set();

  constructor(url, issuers) {
    this.url = url;
    this.issuers = issuers;
    this.keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks_uri`));
    const signed = (accessKeyId) => ({ accessKeyId, secretAccessKey: "x" });
    this.aws = this.client(signed(ACCOUNT));
    this.other = this.client(signed(OTHER_ACCOUNT));
    this.unsigned = this.client(signed(ACCOUNT), { signer: { sign: async (call) => call } });
    this.public = this.client(async () => {
      throw new Wrong("credentials were asked for");
    });
  }

  /** The clients' settings to reach the server. */
  get reach() {
    return { region: REGION, endpoint: this.url, maxAttempts: 1 };
  }

  client(credentials, options = {}) {
    const client = new CognitoIdentity({ ...this.reach, credentials, ...options });
    const note = (next, context) => async (call) => {
      try {
        const answer = await next(call);
        this.answered.add(context.commandName);
        return answer;
      } catch (error) {
        if (error.$metadata?.httpStatusCode) this.refused.add(context.commandName);
        throw error;
      }
    };
    client.middlewareStack.add(note, { step: "initialize", name: "note" });
    return client;
  }

  async newPool(settings = {}) {
    const name = { IdentityPoolName: "game", AllowUnauthenticatedIdentities: false };
    return (await this.aws.createIdentityPool({ ...name, ...settings })).IdentityPoolId;
  }

  /** The members of a pool that accepts all issuers. */
  get providers() {
    const client = (name) => this.issuers[name].client;
    return {
      CognitoIdentityProviders: [{ ProviderName: USER_POOL, ClientId: client(USER_POOL) }],
      SupportedLoginProviders: { [GOOGLE]: client(GOOGLE) },
      OpenIdConnectProviderARNs: [OIDC_ARN],
    };
  }

  /** The answer for a developer user. */
  developerToken(pool, user, options = {}) {
    const call = { IdentityPoolId: pool, Logins: { [DEVELOPER]: user }, ...options };
    return this.aws.getOpenIdTokenForDeveloperIdentity(call);
  }

  /** A `Logins` map with a token of an issuer. */
  async login(name, ...token) {
    return { [name]: await this.issuers[name].token(...token) };
  }

  async identity(pool, logins) {
    return (await this.public.getId({ IdentityPoolId: pool, Logins: logins })).IdentityId;
  }

  /** The claims of a token of the server, verified with only the published keys. */
  async claims(token, pool, keys = this.keys) {
    const expected = { issuer: ISSUER, audience: pool, algorithms: ["RS512"] };
    return (await jwtVerify(token, keys, expected)).payload;
  }
}

/** Runs a server with an empty folder on a free port while `tell` runs, and always stops it. */
export async function running(binary, issuers, tell, more = []) {
  const folder = mkdtempSync(join(tmpdir(), "cognate-javascript-"));
  const options = ["serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", ...more];
  let server;
  const cleanUp = () => {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  for (const [number, issuer] of Object.values(issuers).entries()) {
    const file = join(folder, `keys-${number}.json`);
    writeFileSync(file, JSON.stringify(await issuer.keySet()));
    options.push("--oidc-jwks", `${issuer.name}=${file}`);
  }
  options.push("--oidc-client-id", `${OIDC}=${issuers[OIDC].client}`);

  server = spawn(binary, options, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "exit");
  let log = "";
  server.stderr.on("data", (text) => {
    log = (log + text).slice(-4_000);
  });
  try {
    await tell(await address(server, ended));
    server.kill("SIGTERM");
    const late = new Promise((resolve) => setTimeout(resolve, 20_000, ["late"]).unref());
    const [status] = await Promise.race([ended, late]);
    if (status !== 0) throw new Wrong(`the server ended with status ${status}`);
  } catch (error) {
    console.error(log);
    throw error;
  } finally {
    cleanUp();
    process.off("exit", cleanUp);
  }
}

async function address(server, ended) {
  const line = (async () => {
    let output = "";
    for await (const text of server.stdout) {
      output += text;
      const found = /http:\/\/127\.0\.0\.1:\d+(?=\n)/.exec(output);
      if (found) return found[0];
    }
    return undefined;
  })();
  const late = new Promise((resolve) => setTimeout(resolve, 60_000).unref());
  const gone = ended.then(() => undefined);
  const found = await Promise.race([line, gone, late]);
  if (!found) throw new Wrong("the server did not say where it listens");
  return found;
}
