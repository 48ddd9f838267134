// Starts cognito-local with new keys. It has one pair for everybody in its package, with one name.

const { generateKeyPairSync } = require("node:crypto");

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const named = { use: "sig", kid: "CognitoLocal", alg: "RS256" };
for (const [part, key] of [["private", privateKey], ["public", publicKey]]) {
  // The emulator has the same object.
  const known = require(`cognito-local/lib/keys/cognitoLocal.${part}.json`);
  known.pem = key.export({ type: "pkcs1", format: "pem" });
  known.jwk = { ...key.export({ format: "jwk" }), ...named };
}
require("cognito-local/lib/bin/start.js");
