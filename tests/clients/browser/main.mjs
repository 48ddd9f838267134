// Attacks a server from pages of other sites, and uses it from permitted pages.

import { byBeacon, byElements, byFetch, byForm, byXhr, inOpaqueFrame } from "./attacks.mjs";
import { ADMIN, ATTACKER, GAME, NAMED, REBOUND, SIGNED, callOf, staging } from "./scene.mjs";

const [binary, chromium] = process.argv.slice(2);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));
const PROVIDER = "login.game";
const ROLE = "arn:aws:iam::123456789012:role/guest";

let passed = 0;
const failed = [];
function check(name, holds, detail = "") {
  if (holds) passed += 1;
  else failed.push(name);
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds ? "" : `: ${detail}`}`);
}

/** The answer that a page got, or the reason why it got none. */
async function outcome(page, attack, argument) {
  try {
    return await page.evaluate(attack, argument);
  } catch (error) {
    return { failed: String(error).split("\n")[0] };
  }
}

async function tell(scene) {
  const settings = { IdentityPoolName: "game", AllowUnauthenticatedIdentities: true };
  const made = await scene.owner("CreateIdentityPool", {
    ...settings,
    DeveloperProviderName: PROVIDER,
  });
  const pool = made.json.IdentityPoolId;
  await scene.owner("SetIdentityPoolRoles", {
    IdentityPoolId: pool,
    Roles: { unauthenticated: ROLE },
  });

  /** Calls that a page of another site must not make. */
  const calls = {
    "list pools": ["ListIdentityPools", { MaxResults: 10 }],
    "a token for a developer user": [
      "GetOpenIdTokenForDeveloperIdentity",
      { IdentityPoolId: pool, Logins: { [PROVIDER]: "victim" } },
    ],
    "read an error": ["DescribeIdentityPool", { IdentityPoolId: `${pool.slice(0, -1)}x` }],
    "an unknown operation": ["Guess", {}],
    "delete the pool": ["DeleteIdentityPool", { IdentityPoolId: pool }],
  };
  /** Whether the browser blocked an attack, so that it got no answer. */
  const isBlocked = (got) =>
    got.failed
      ? /Failed to fetch|the request failed/.test(got.failed)
      : got.text === "" && (got.told ?? []).length === 0;

  async function unharmed(name) {
    const pools = await scene.owner("ListIdentityPools", { MaxResults: 10 });
    const stands = pools.text.includes(pool);
    check(`${name}: the pool stands`, stands, pools.text);
    const victim = await scene.owner("LookupDeveloperIdentity", {
      IdentityPoolId: pool,
      DeveloperUserIdentifier: "victim",
    });
    check(`${name}: nobody was registered`, victim.status === 400, victim.text);
    return stands;
  }

  console.log(`-- A page of ${ATTACKER}`);
  let page = await scene.page(ATTACKER);
  // Deletion comes last, so that earlier attacks that work remain visible.
  for (const [aim, [operation, input]] of Object.entries(calls)) {
    const body = JSON.stringify(input);
    const plain = { "content-type": "text/plain" };
    const headers = callOf(operation);
    const call = { url: scene.url, headers, body };
    const withSignature = { ...call, headers: { ...headers, ...SIGNED } };
    const ways = {
      "with a made-up signature": [byFetch, withSignature],
      "with a made-up signature by XMLHttpRequest": [byXhr, withSignature],
      "without a signature": [byFetch, call],
      "with cookies": [byFetch, { ...withSignature, options: { credentials: "include" } }],
      "without a referrer": [byFetch, { ...withSignature, options: { referrerPolicy: "no-referrer" } }],
      "as a simple request": [byFetch, { ...call, headers: plain }],
      "without CORS": [byFetch, { ...withSignature, options: { mode: "no-cors" } }],
    };
    for (const kind of ["sandbox", "data"]) {
      for (const [how, sent] of Object.entries({ signed: withSignature, unsigned: call })) {
        const argument = { call: sent, kind, source: byFetch.toString() };
        ways[`from a frame without an origin (${kind}, ${how})`] = [inOpaqueFrame, argument];
      }
    }
    for (const enctype of ["text/plain", "application/x-www-form-urlencoded"]) {
      ways[`by a form of ${enctype}`] = [byForm, { url: scene.url, body, enctype }];
    }
    ways["by a beacon"] = [byBeacon, { url: scene.url, body, type: "text/plain" }];
    ways["by a typed beacon"] = [byBeacon, { url: scene.url, body, type: headers["content-type"] }];
    for (const [way, [attack, argument]] of Object.entries(ways)) {
      const got = await outcome(page, attack, argument);
      check(`${aim}, ${way}`, isBlocked(got), JSON.stringify(got));
    }
  }
  const loaded = await outcome(page, byElements, { url: scene.url });
  check("nothing can be embedded", isBlocked(loaded), JSON.stringify(loaded));
  await unharmed(ATTACKER);

  console.log("-- DNS rebinding");
  page = await scene.reboundPage();
  for (const [aim, [operation, input]] of Object.entries({
    ...calls,
    "become a guest": ["GetId", { IdentityPoolId: pool }],
  })) {
    const headers = { ...callOf(operation), ...SIGNED };
    const got = await outcome(page, byFetch, { url: "/", headers, body: JSON.stringify(input) });
    // The page has the server's own origin, so it can read the refusal.
    const refused = got.status === 403 && got.text.includes("AccessDeniedException");
    check(`${aim}, from ${REBOUND}`, refused, JSON.stringify(got));
  }
  const keys = await outcome(page, byFetch, {
    url: "/.well-known/jwks_uri",
    options: { method: "GET" },
  });
  check(`read the keys, from ${REBOUND}`, keys.status === 403, JSON.stringify(keys));
  const stands = await unharmed(REBOUND);
  if (!stands) return;

  for (const origin of ["a page of another site", "a frame without an origin"]) {
    console.log(`-- A login from ${origin}`);
    page = await scene.page(GAME);
    // The headers that both versions of the SDK for JavaScript send.
    const sdk = {
      "amz-sdk-invocation-id": "00000000-0000-4000-8000-000000000000",
      "amz-sdk-request": "attempt=1; max=3",
      "x-amz-content-sha256": "00",
      "x-amz-user-agent": "aws-sdk-js/3",
    };
    const login = async (operation, input) => {
      const headers = { ...callOf(operation), ...sdk };
      const call = { url: scene.url, headers, body: JSON.stringify(input) };
      const got = origin.startsWith("a page")
        ? await outcome(page, byFetch, call)
        : await outcome(await scene.page(GAME), inOpaqueFrame, {
            call,
            kind: "sandbox",
            source: byFetch.toString(),
          });
      check(`${operation} is answered`, got.status === 200, JSON.stringify(got));
      return got.text ? JSON.parse(got.text) : {};
    };
    const { IdentityId } = await login("GetId", { IdentityPoolId: pool });
    const { Token } = await login("GetOpenIdToken", { IdentityId });
    check("a token", Token?.split(".").length === 3);
    const { Credentials } = await login("GetCredentialsForIdentity", { IdentityId });
    check("credentials", Credentials?.AccessKeyId?.startsWith("ASIA"));
  }
  const unknown = { IdentityPoolId: "us-east-1:00000000-0000-4000-8000-000000000000" };
  const refused = await outcome(page, byFetch, {
    url: scene.url,
    headers: callOf("GetId"),
    body: JSON.stringify(unknown),
  });
  const isTold = refused.told?.includes("x-amzn-errortype: ResourceNotFoundException:");
  check("its errors can be read", refused.status === 400 && isTold, JSON.stringify(refused));
  for (const path of ["jwks_uri", "jwks.json", "openid-configuration"]) {
    const url = `${scene.url}/.well-known/${path}`;
    const got = await outcome(page, byFetch, { url, options: { method: "GET" } });
    check(`${path} can be read`, got.status === 200 && got.type === "cors", JSON.stringify(got));
  }

  for (const [host, url] of [
    ["localhost", scene.url],
    ["127.0.0.1", `http://localhost:${scene.serverPort}`],
    ["game.localhost", scene.url],
    ["localhost", `http://${NAMED}:${scene.serverPort}`],
    [ADMIN, scene.url],
  ]) {
    console.log(`-- A page of ${host}, at ${url}`);
    page = await scene.page(host);
    const headers = { ...callOf("ListIdentityPools"), ...SIGNED };
    const call = { url, headers, body: JSON.stringify({ MaxResults: 10 }) };
    const got = await outcome(page, byFetch, call);
    check("it lists pools", got.status === 200 && got.text.includes(pool), JSON.stringify(got));
    const named = got.told?.some((header) => header.startsWith("x-amzn-requestid: "));
    check("it reads the headers", named, JSON.stringify(got));
  }
}

try {
  await staging(binary, chromium, tell);
} catch (error) {
  console.error(error);
  process.exit(1);
}
if (failed.length > 0) {
  console.error(`FAIL ${failed.length} of ${passed + failed.length} checks`);
  process.exit(1);
}
console.log(`${passed} checks passed`);
