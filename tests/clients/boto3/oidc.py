"""OpenID Connect issuers: their keys, and the tokens that they sign."""

import base64
import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]


def new_key(algorithm):
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "ES384":
        return ec.generate_private_key(ec.SECP384R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(algorithm, key):
    if algorithm.startswith("ES"):
        return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    if algorithm == "EdDSA":
        return OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


class Issuer:
    """`name` is the issuer without `https://`, `client` the application of its tokens."""

    def __init__(self, name, client):
        self.name = name
        self.client = client
        self.keys = {algorithm: new_key(algorithm) for algorithm in ALGORITHMS}

    def key_set(self):
        """The key set that the issuer publishes. Some name the algorithm of a key, some do not."""
        keys = []
        for algorithm, key in self.keys.items():
            public = jwk(algorithm, key)
            public.update({"kid": f"{algorithm}-1", "use": "sig"})
            if algorithm in ("RS256", "PS256"):
                public["alg"] = algorithm
            keys.append(public)
        return {"keys": keys}

    def claims(self, sub="ann", **changes):
        """Valid claims with changes. A claim that is changed to None is left out."""
        now = int(time.time())
        claims = {"iss": f"https://{self.name}", "sub": sub, "aud": self.client}
        claims.update({"iat": now, "exp": now + 300})
        claims.update(changes)
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, sub="ann", algorithm="RS256", key=None, kid="", **changes):
        """A token signed with `key` or the issuer's own key. With `kid` None it names no key."""
        key = key or self.keys[algorithm]
        headers = {} if kid is None else {"kid": kid or f"{algorithm}-1"}
        return jwt.encode(self.claims(sub, **changes), key, algorithm, headers)

    def unsigned(self, sub="ann", **changes):
        return jwt.encode(self.claims(sub, **changes), None, "none", {"kid": "RS256-1"})

    def symmetric(self, sub="ann"):
        """A token signed with HS256 and the public key as the secret. PyJWT refuses to make it."""
        public = self.keys["RS256"].public_key()
        secret = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        header = {"alg": "HS256", "typ": "JWT", "kid": "RS256-1"}
        parts = [encoded(json.dumps(part).encode()) for part in (header, self.claims(sub))]
        signed = ".".join(parts)
        signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{encoded(signature)}"
