// Tests a server with the AWS SDK for JavaScript: every operation with its answers and refusals,
// and the SDK's credential providers.

import * as sdk from "@aws-sdk/client-cognito-identity";

import { Wrong, count, equal } from "./check.mjs";
import * as credentials from "./credentials.mjs";
import * as developer from "./developer.mjs";
import * as logins from "./logins.mjs";
import { Issuer } from "./oidc.mjs";
import * as pools from "./pools.mjs";
import { GOOGLE, OIDC, Scene, USER_POOL, running } from "./scene.mjs";
import * as sts from "./sts.mjs";
import * as verifying from "./verifying.mjs";

const started = Date.now();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));

async function tell(url, issuers) {
  const scene = new Scene(url, issuers);
  for (const chapter of [pools, developer, logins, credentials, sts, verifying]) {
    console.log(`-- ${chapter.title}`);
    await chapter.tell(scene);
  }
  console.log("-- Of all operations");
  const operations = Object.keys(sdk).filter((name) => /^[A-Z]\w*Command$/.test(name));
  const without = (found) => operations.filter((name) => !found.has(name));
  equal("there are 23", operations.length, 23);
  equal("each was answered", without(scene.answered), []);
  equal("each was refused", without(scene.refused), []);
}

try {
  const made = [
    Issuer.make(USER_POOL, "app_client_1"),
    Issuer.make(GOOGLE, "1234567890.apps.googleusercontent.com"),
    Issuer.make(OIDC, "game"),
  ];
  const issuers = {};
  for (const issuer of await Promise.all(made)) issuers[issuer.name] = issuer;
  await running(process.argv[2], issuers, (url) => tell(url, issuers));
  console.log("-- A server that writes the modulus in plain base64");
  const plain = ["--modulus-encoding", "base64"];
  await running(process.argv[2], issuers, (url) => verifying.tell(new Scene(url, issuers)), plain);
  console.log(`${count()} checks passed in ${Math.round((Date.now() - started) / 1000)} s`);
} catch (error) {
  console.error(error instanceof Wrong ? `FAIL ${error.message}` : error);
  process.exit(1);
}
