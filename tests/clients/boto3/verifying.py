"""Tokens that other libraries verify, each set up as in docs/tokens.md."""

import json

import jwt
from joserfc import jwt as joserfc
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from jose import jwt as python_jose
from jose.exceptions import JOSEError

from check import Wrong, equal, ok, read
from scene import DEVELOPER, ISSUER, UNKNOWN_POOL, Scene, running

REFUSALS = (jwt.InvalidTokenError, jwt.PyJWKError, JoseError, JOSEError, ValueError)


def tell(binary, issuers):
    with running(binary) as (url, _):
        pool, answer = alice(Scene(url, issuers))
        for library, verify in LIBRARIES.items():
            verifies(library, verify, url, pool, answer)
    with running(binary, options=["--modulus-encoding", "base64"]) as (url, _):
        pool, answer = alice(Scene(url, issuers))
        for library in ("PyJWT", "python-jose"):
            claims = LIBRARIES[library](url, answer["Token"], pool, ISSUER)
            what = f"{library} reads a modulus in plain base64"
            equal(what, claims["sub"], answer["IdentityId"])
        what = "joserfc refuses a modulus in plain base64"
        refuses(what, LIBRARIES["joserfc"], url, answer["Token"], pool, ISSUER)


def alice(scene):
    pool = scene.new_pool(DeveloperProviderName=DEVELOPER)
    return pool, scene.developer_token(pool, "alice")


def verifies(library, verify, url, pool, answer):
    token = answer["Token"]
    claims = verify(url, token, pool, ISSUER)
    equal(f"{library} verifies a token", claims["sub"], answer["IdentityId"])
    refuses(f"{library} refuses it for another pool", verify, url, token, UNKNOWN_POOL, ISSUER)
    other = "https://example.com"
    refuses(f"{library} refuses it from another issuer", verify, url, token, pool, other)


def refuses(what, verify, *arguments):
    try:
        claims = verify(*arguments)
    except REFUSALS as error:
        ok(f"{what}: {type(error).__name__}")
    else:
        raise Wrong(f"{what}: accepted {claims}")


def key_set(url):
    return json.loads(read(f"{url}/.well-known/jwks_uri"))


def with_pyjwt(url, token, audience, issuer):
    key = jwt.PyJWKClient(f"{url}/.well-known/jwks_uri").get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["RS512"], audience=audience, issuer=issuer)


def with_joserfc(url, token, audience, issuer):
    """The library that Authlib uses."""
    keys = KeySet.import_key_set(key_set(url))
    claims = joserfc.decode(token, keys, algorithms=["RS512"]).claims
    wanted = {"iss": issuer, "aud": audience}
    registry = joserfc.JWTClaimsRegistry(
        exp={"essential": True}, **{n: {"essential": True, "value": v} for n, v in wanted.items()}
    )
    registry.validate(claims)
    return claims


def with_python_jose(url, token, audience, issuer):
    return python_jose.decode(
        token, key_set(url), algorithms=["RS512"], audience=audience, issuer=issuer
    )


LIBRARIES = {"PyJWT": with_pyjwt, "joserfc": with_joserfc, "python-jose": with_python_jose}
