// OpenID Connect issuers: their keys, and the tokens that they sign.

import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from "jose";

export const ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

export class Issuer {
  /** `name` is the issuer without `https://`, `client` the application of its tokens. */
  constructor(name, client, keys) {
    Object.assign(this, { name, client, keys });
  }

  static async make(name, client) {
    const pair = async (alg) => [alg, await generateKeyPair(alg, { extractable: true })];
    return new Issuer(name, client, Object.fromEntries(await Promise.all(ALGORITHMS.map(pair))));
  }

  /** The key set that the issuer publishes. */
  async keySet() {
    const publish = async (alg) => {
      const key = await exportJWK(this.keys[alg].publicKey);
      return { ...key, alg, kid: `${alg}-1`, use: "sig" };
    };
    return { keys: await Promise.all(ALGORITHMS.map(publish)) };
  }

  /** Valid claims with changes. A claim that is changed to undefined is left out. */
  claims(sub, changes) {
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: `https://${this.name}`, sub, aud: this.client, iat: now, exp: now + 300 };
    return { ...good, ...changes };
  }

  token(sub = "ann", changes = {}, alg = "RS256", { key, kid = `${alg}-1` } = {}) {
    const token = new SignJWT(this.claims(sub, changes)).setProtectedHeader({ alg, kid });
    return token.sign(key ?? this.keys[alg].privateKey);
  }

  unsigned(sub = "ann", changes = {}) {
    return new UnsecuredJWT(this.claims(sub, changes)).encode();
  }

  /** A token signed with HS256 and the public key as the secret. */
  async symmetric(sub = "ann") {
    const key = new TextEncoder().encode(await exportSPKI(this.keys.RS256.publicKey));
    return this.token(sub, {}, "HS256", { key, kid: "RS256-1" });
  }
}
