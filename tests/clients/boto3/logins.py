"""Logins: valid and invalid OpenID Connect tokens that PyJWT has signed."""

import re
import time

from check import equal, members, ok, refused, true
from oidc import ALGORITHMS, new_key
from scene import (
    ACCOUNT,
    APPLE,
    COGNITO,
    DEVELOPER,
    GOOGLE,
    OIDC,
    OIDC_ARN,
    POOL_ARN,
    REGION,
    USER_POOL,
    public_providers,
)

BAD_SIGNATURE = "Invalid login token. Couldn't verify signed token."
WRONG_ISSUER = "Invalid login token. Issuer doesn't match providerName"
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
UNREGISTERED = "Invalid login token. Incorrect token audience."
MALFORMED = "Invalid login token. Not a valid OpenId Connect identity token."
COGNITO_TOKEN = "Invalid login token. Can't pass in a Cognito token."


def tell(scene):
    pool = scene.new_pool(
        "logins", DeveloperProviderName=DEVELOPER, **public_providers(scene.issuers)
    )
    for name in scene.issuers:
        accepted(scene, pool, name)
        rejected(scene, pool, name)
    with_or_without_scheme(scene, pool)
    wrong_doors(scene, pool)
    linking(scene, pool)
    other_clients(scene)


def accepted(scene, pool, name):
    issuer = scene.issuers[name]

    def identity(token):
        return scene.public.get_id(IdentityPoolId=pool, Logins={name: token})["IdentityId"]

    ann = identity(issuer.token("ann"))
    now = int(time.time())
    good = {f"of {algorithm}": issuer.token(algorithm=algorithm) for algorithm in ALGORITHMS[1:]}
    good |= {
        "that was issued later": issuer.token(iat=now + 1, exp=now + 3600),
        "whose header names no key": issuer.token(kid=None),
        "for several applications": issuer.token(aud=["other", issuer.client]),
        "whose azp is the application": issuer.token(aud="other", azp=issuer.client),
        "that is over in a minute": issuer.token(exp=now + 60),
        "of a clock that is a minute ahead": issuer.token(iat=now + 60, nbf=now + 60),
    }
    for what, token in good.items():
        equal(f"{name}: a token {what}, the same identity", identity(token), ann)
    true(f"{name}: another user has another", identity(issuer.token("ben")) != ann)

    answer = scene.public.get_open_id_token(IdentityId=ann, Logins={name: issuer.token("ann")})
    equal(f"{name}: the login opens the identity", answer["IdentityId"], ann)
    claims = scene.claims(answer["Token"], pool)
    entry = {
        USER_POOL: f"{USER_POOL}:CognitoSignIn:ann",
        OIDC: f"{OIDC_ARN}:OIDC:ann",
    }.get(name, f"{name}:ann")
    equal(
        f"{name}: its token says who has logged in", claims["amr"], ["authenticated", name, entry]
    )
    arn = f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}"
    equal(f"{name}: and where", (claims["sub"], claims[POOL_ARN]), (ann, arn))


def rejected(scene, pool, name):
    issuer = scene.issuers[name]
    other = next(issuer for issuer in scene.issuers.values() if issuer.name != name)
    before = scene.identities(pool)
    now = int(time.time())
    head, body, signature = issuer.token().split(".")
    wrong_audience = UNREGISTERED if name == OIDC else UNSUPPORTED
    expired = r"Invalid login token\. Token expired: \d+ >= "
    bad = [
        ("expired by a second", issuer.token(exp=now - 1), re.compile(f"{expired}{now - 1}")),
        ("of which this is the end", issuer.token(exp=now), re.compile(f"{expired}{now}")),
        ("for another application", issuer.token(aud="other"), wrong_audience),
        ("for others only", issuer.token(aud=["other", "another"]), wrong_audience),
        ("for nobody", issuer.token(aud=[]), wrong_audience),
        ("whose azp is another", issuer.token(azp="other"), wrong_audience),
        (
            "with azp instead of aud",
            issuer.token(aud=None, azp=issuer.client),
            "Invalid login token. Missing a required claim: aud",
        ),
        ("of another issuer", issuer.token(iss="https://example.com"), WRONG_ISSUER),
        ("of an issuer with two slashes more", issuer.token(iss=f"https://{name}//"), WRONG_ISSUER),
        ("of an issuer over HTTP", issuer.token(iss=f"http://{name}"), WRONG_ISSUER),
        ("of another provider", other.token(), WRONG_ISSUER),
        ("that another key has signed", issuer.token(key=new_key("RS256")), BAD_SIGNATURE),
        (
            "that another issuer has signed",
            other.token(iss=f"https://{name}", aud=issuer.client),
            BAD_SIGNATURE,
        ),
        ("that names another key", issuer.token(kid="PS256-1"), BAD_SIGNATURE),
        ("that names an unknown key", issuer.token(kid="RS256-2"), BAD_SIGNATURE),
        (
            "of another algorithm than the key's",
            issuer.token(algorithm="PS256", key=issuer.keys["RS256"], kid="RS256-1"),
            BAD_SIGNATURE,
        ),
        ("that nobody has signed", issuer.unsigned(), BAD_SIGNATURE),
        ("of HS256 with the public key", issuer.symmetric(), BAD_SIGNATURE),
        (
            "whose claims are another's",
            f"{head}.{issuer.token('eve').split('.')[1]}.{signature}",
            BAD_SIGNATURE,
        ),
        ("that is none", "abc", MALFORMED),
        ("that has lost its signature", f"{head}.{body}", MALFORMED),
    ]
    for what, token, message in bad:
        refused(
            f"{name}: a token {what}",
            "NotAuthorizedException",
            message,
            scene.public.get_id,
            IdentityPoolId=pool,
            Logins={name: token},
        )
    equal(f"{name}: nothing has changed", scene.identities(pool), before)

    ann = scene.public.get_id(IdentityPoolId=pool, Logins={name: issuer.token()})["IdentityId"]
    public = scene.public
    for call in (public.get_open_id_token, public.get_credentials_for_identity):
        refused(
            f"{name}: {call.__name__} with a token for another application",
            "NotAuthorizedException",
            wrong_audience,
            call,
            IdentityId=ann,
            Logins={name: issuer.token(aud="other")},
        )


def with_or_without_scheme(scene, pool):
    """Only Google may omit the scheme."""
    issuers = scene.issuers
    google, apple = (issuers[name].token("kim", iss=name) for name in (GOOGLE, APPLE))
    found = scene.public.get_id(IdentityPoolId=pool, Logins={GOOGLE: google})
    again = scene.public.get_id(IdentityPoolId=pool, Logins=scene.login(GOOGLE, "kim"))
    equal(f"{GOOGLE}: an issuer without a scheme", members(found), members(again))
    refused(
        f"{APPLE}: an issuer without a scheme",
        "NotAuthorizedException",
        WRONG_ISSUER,
        scene.public.get_id,
        IdentityPoolId=pool,
        Logins={APPLE: apple},
    )


def wrong_doors(scene, pool):
    ours = scene.developer_token(pool, "alice")["Token"]
    good = scene.issuers[GOOGLE].token()
    for what, logins, message in [
        ("a login of no provider of the pool", {"www.amazon.com": "opaque"}, UNSUPPORTED),
        ("another issuer's token of no provider", {"www.amazon.com": good}, WRONG_ISSUER),
        ("a provider's name with a scheme", {f"https://{GOOGLE}": good}, WRONG_ISSUER),
        ("the server's own token as a login", {GOOGLE: ours}, COGNITO_TOKEN),
        ("and under its own name", {COGNITO: ours}, COGNITO_TOKEN),
        ("and under the developer's", {DEVELOPER: ours}, COGNITO_TOKEN),
        ("one good login and a bad one", {GOOGLE: good, APPLE: good}, WRONG_ISSUER),
    ]:
        refused(
            what,
            "NotAuthorizedException",
            message,
            scene.public.get_id,
            IdentityPoolId=pool,
            Logins=logins,
        )


def linking(scene, pool):
    """A user's identities at several providers are merged into one."""

    def identity(*names, user):
        logins = {name: scene.issuers[name].token(user) for name in names}
        return scene.public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]

    zoe = identity(GOOGLE, user="zoe")
    equal("a second login is linked", identity(GOOGLE, APPLE, user="zoe"), zoe)
    equal("and has the identity by itself", identity(APPLE, user="zoe"), zoe)
    other = identity(OIDC, user="zoe")
    true("a third one has an identity of its own", other != zoe)
    equal("until both come together", identity(APPLE, OIDC, user="zoe"), zoe)
    described = members(scene.aws.describe_identity(IdentityId=zoe))
    equal("all are described", sorted(described["Logins"]), sorted([GOOGLE, APPLE, OIDC]))

    scene.developer_token(pool, "zoe", IdentityId=zoe)
    answer = scene.aws.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, Logins={DEVELOPER: "zoe"} | scene.login(OIDC, "zoe")
    )
    claims = scene.claims(answer["Token"], pool)
    amr = [DEVELOPER, f"{DEVELOPER}:{pool}:zoe", OIDC, f"{OIDC_ARN}:OIDC:zoe"]
    equal("a token names the logins of the call, in its order", claims["amr"][1:], amr)

    call = scene.public.get_open_id_token
    refused(
        "an identity without one of its logins",
        "NotAuthorizedException",
        "Logins don't match. Please include at least one valid login for this identity or "
        "identity pool.",
        call,
        IdentityId=zoe,
        Logins=scene.login(GOOGLE, "ben"),
    )
    refused(
        "an identity without any login",
        "NotAuthorizedException",
        f"Access to Identity '{zoe}' is forbidden.",
        call,
        IdentityId=zoe,
    )
    refused(
        "a second user of one provider, of another identity",
        "ResourceConflictException",
        "Cannot merge these identities.",
        scene.public.get_id,
        IdentityPoolId=pool,
        Logins=scene.login(GOOGLE, "zoe") | scene.login(APPLE, "ann"),
    )
    refused(
        "a second user of one provider, of no identity",
        "ResourceConflictException",
        "Login is already linked to another account.",
        scene.public.get_id,
        IdentityPoolId=pool,
        Logins=scene.login(GOOGLE, "zoe") | scene.login(APPLE, "nobody"),
    )


def other_clients(scene):
    """A pool accepts the applications that it names, and the issuers whose keys are known."""
    user_pool = {"ProviderName": USER_POOL, "ClientId": "app_client_2"}
    unknown = {"ProviderName": f"{USER_POOL}2", "ClientId": "app_client_2"}
    pool = scene.new_pool("clients", CognitoIdentityProviders=[user_pool, unknown])
    issuer = scene.issuers[USER_POOL]
    good = {"IdentityPoolId": pool, "Logins": {USER_POOL: issuer.token(aud="app_client_2")}}
    scene.public.get_id(**good)
    ok("another pool accepts another application")
    refused(
        "and not the first one's",
        "NotAuthorizedException",
        UNSUPPORTED,
        scene.public.get_id,
        IdentityPoolId=pool,
        Logins={USER_POOL: issuer.token()},
    )
    refused(
        "an issuer whose keys the server was not given",
        "ExternalServiceException",
        re.compile(".+"),
        scene.public.get_id,
        IdentityPoolId=pool,
        Logins={f"{USER_POOL}2": issuer.token(iss=f"https://{USER_POOL}2", aud="app_client_2")},
    )
