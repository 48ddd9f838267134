// Tokens that other libraries verify, each set up as in docs/tokens.md.

import { CognitoJwtVerifier, JwtVerifier } from "aws-jwt-verify";
import { createRemoteJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { JwksClient } from "jwks-rsa";

import { Wrong, equal, ok } from "./check.mjs";
import { DEVELOPER, ISSUER, UNKNOWN_POOL } from "./scene.mjs";

export const title = "Tokens that other libraries verify";

export async function tell(scene) {
  const pool = await scene.newPool({ DeveloperProviderName: DEVELOPER });
  const { IdentityId: alice, Token: token } = await scene.developerToken(pool, "alice");
  const keys = `${scene.url}/.well-known/jwks_uri`;
  for (const [library, verify] of [
    ["jose", withJose(keys)],
    ["jsonwebtoken with jwks-rsa", withJsonWebToken(keys)],
    ["aws-jwt-verify", withAwsJwtVerify(keys)],
  ]) {
    const payload = await verify(token, { issuer: ISSUER, audience: pool });
    equal(`${library} verifies a token`, payload.sub, alice);
    const wrong = { issuer: ISSUER, audience: UNKNOWN_POOL };
    await refuses(`${library} refuses it for another pool`, verify(token, wrong));
    const other = { issuer: "https://example.com", audience: pool };
    await refuses(`${library} refuses it from another issuer`, verify(token, other));
  }
  const typed = jwtVerify(token, createRemoteJWKSet(new URL(keys)), { typ: "JWT" });
  await refuses("jose refuses the type JWS where it is told to ask for JWT", typed);
  const direct = JwtVerifier.create({ issuer: ISSUER, audience: pool, jwksUri: keys });
  await refuses("aws-jwt-verify fetches no keys over plain HTTP", direct.verify(token));
  const ofUserPool = { userPoolId: pool, tokenUse: "id", clientId: "app" };
  const made = (async () => CognitoJwtVerifier.create(ofUserPool))();
  await refuses("CognitoJwtVerifier is for user pools", made);
}

function withJose(uri) {
  const keys = createRemoteJWKSet(new URL(uri));
  return async (token, expected) =>
    (await jwtVerify(token, keys, { ...expected, algorithms: ["RS512"] })).payload;
}

function withJsonWebToken(uri) {
  const client = new JwksClient({ jwksUri: uri });
  return async (token, expected) => {
    const { kid } = jsonwebtoken.decode(token, { complete: true }).header;
    const key = (await client.getSigningKey(kid)).getPublicKey();
    return jsonwebtoken.verify(token, key, { ...expected, algorithms: ["RS512"] });
  };
}

/** The library fetches over HTTPS only, so it is given the keys of a server without TLS. */
function withAwsJwtVerify(uri) {
  return async (token, expected) => {
    const verifier = JwtVerifier.create({ ...expected, jwksUri: uri });
    verifier.cacheJwks(await (await fetch(uri)).json());
    return verifier.verify(token);
  };
}

async function refuses(what, promise) {
  let payload;
  try {
    payload = await promise;
  } catch (error) {
    ok(`${what}: ${error.name}`);
    return;
  }
  throw new Wrong(`${what}: accepted ${JSON.stringify(payload)}`);
}
