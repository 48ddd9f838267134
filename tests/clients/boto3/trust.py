"""A server that trusts logins whose signatures it does not verify."""

import re
import time

from check import equal, ok, refused, true
from scene import GOOGLE, OIDC, USER_POOL, Scene, public_providers, running


def tell(binary, issuers):
    with running(binary, options=["--trust-unverified-logins"]) as (url, log):
        warned = re.search(r"WARN.*the signatures of logins are not verified", log.read_text())
        true("it warns when it starts", warned)
        scene = Scene(url, issuers)
        pool = scene.new_pool("trust", **public_providers(issuers))
        for name in (USER_POOL, GOOGLE, OIDC):
            logins(scene, pool, issuers[name])
        access_tokens(scene)


def logins(scene, pool, issuer):
    def arguments(token):
        return {"IdentityPoolId": pool, "Logins": {issuer.name: token}}

    found = scene.public.get_id(**arguments(issuer.unsigned()))
    ok(f"{issuer.name}: a token that nobody has signed is accepted")
    again = scene.public.get_id(**arguments(issuer.token()))
    equal(f"{issuer.name}: for the user whom it names", again["IdentityId"], found["IdentityId"])
    end = int(time.time()) - 1
    bad = [
        (
            "that has expired",
            issuer.unsigned(exp=end),
            re.compile(rf"Invalid login token\. Token expired: \d+ >= {end}"),
        ),
        (
            "of another issuer",
            issuer.unsigned(iss="https://example.com"),
            "Invalid login token. Issuer doesn't match providerName",
        ),
        (
            "that is none",
            "abc",
            "Invalid login token. Not a valid OpenId Connect identity token.",
        ),
    ]
    # Issuers of OpenIdConnectProviderARNs need `--oidc-client-id` for their applications, which a
    # server with this option does not accept.
    if issuer.name != OIDC:
        message = "Token is not from a supported provider of this identity pool."
        bad.append(("for another application", issuer.unsigned(aud="other"), message))
    for what, token, message in bad:
        refused(
            f"{issuer.name}: a token {what} is not",
            "NotAuthorizedException",
            message,
            scene.public.get_id,
            **arguments(token),
        )


def access_tokens(scene):
    """If the provider's tokens have no claims, equal tokens mean the same user."""
    pool = scene.new_pool(
        "access", SupportedLoginProviders={"graph.facebook.com": "7346241598935552"}
    )

    def identity(token):
        logins = {"graph.facebook.com": token}
        return scene.public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]

    one = identity("one")
    equal("graph.facebook.com: an access token is a user", identity("one"), one)
    true("graph.facebook.com: and another one another", identity("two") != one)
