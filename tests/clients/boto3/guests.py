"""Guests: identities and tokens without logins, from clients without credentials."""

from check import equal, invalid, members, refused, true
from scene import (
    ACCOUNT,
    DEVELOPER,
    GOOGLE,
    ISSUER,
    OTHER_ACCOUNT,
    REGION,
    UNKNOWN_IDENTITY,
    UNKNOWN_POOL,
    identity_not_found,
    pool_not_found,
)

NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


def tell(scene):
    ids(scene)
    tokens(scene)


def ids(scene):
    public = scene.public
    pool = scene.new_pool("guests", guests=True)
    answer = members(public.get_id(IdentityPoolId=pool))
    equal("a guest gets an identity", list(answer), ["IdentityId"])
    guest = answer["IdentityId"]
    true("its id begins with the region", guest.startswith(f"{REGION}:"))
    other = public.get_id(IdentityPoolId=pool, AccountId=ACCOUNT, Logins={})["IdentityId"]
    true("every guest gets another", guest != other)
    other = scene.aws.get_id(IdentityPoolId=pool)["IdentityId"]
    true("a client that can sign gets one too", other not in (guest, None))

    private = scene.new_pool("no guests", DeveloperProviderName=DEVELOPER)
    bad_pool = "us-east-1/0"
    for what, code, message, arguments in [
        (
            "an id of an unknown pool",
            "ResourceNotFoundException",
            pool_not_found(UNKNOWN_POOL),
            {"IdentityPoolId": UNKNOWN_POOL},
        ),
        (
            "a pool id that is none",
            "ValidationException",
            invalid(
                f"Value '{bad_pool}' at 'identityPoolId' failed to satisfy constraint: Member "
                r"must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+"
            ),
            {"IdentityPoolId": bad_pool},
        ),
        (
            "an account that does not own the pool",
            "NotAuthorizedException",
            "Access to this identity pool is forbidden.",
            {"IdentityPoolId": pool, "AccountId": OTHER_ACCOUNT},
        ),
        (
            "a guest of a pool that has none",
            "NotAuthorizedException",
            NO_GUESTS,
            {"IdentityPoolId": private},
        ),
        (
            "a login to a pool without providers",
            "NotAuthorizedException",
            f"Identity pool - {pool} does not have identity providers configured.",
            {"IdentityPoolId": pool, "Logins": scene.login(GOOGLE)},
        ),
        (
            "a developer user without a signature",
            "InvalidParameterException",
            "Please provide a valid public provider",
            {"IdentityPoolId": private, "Logins": {DEVELOPER: "alice"}},
        ),
    ]:
        refused(what, code, message, public.get_id, **arguments)


def tokens(scene):
    public = scene.public
    pool = scene.new_pool("guests", guests=True, DeveloperProviderName=DEVELOPER)
    guest = public.get_id(IdentityPoolId=pool)["IdentityId"]
    answer = members(public.get_open_id_token(IdentityId=guest))
    equal("a guest gets a token", sorted(answer), ["IdentityId", "Token"])
    equal("for the identity itself", answer["IdentityId"], guest)
    claims = scene.claims(answer["Token"], pool)
    equal("it is good for 600 seconds", claims.pop("exp") - claims.pop("iat"), 600)
    expected = {"sub": guest, "aud": pool, "amr": ["unauthenticated"], "iss": ISSUER}
    equal("it says that nobody has logged in", claims, expected)

    answer = scene.developer_token(pool, "alice", IdentityId=guest)
    equal("a user who was this guest keeps the identity", answer["IdentityId"], guest)
    call = public.get_open_id_token
    forbidden = f"Access to Identity '{guest}' is forbidden."
    refused(
        "which is no guest's any more",
        "NotAuthorizedException",
        forbidden,
        call,
        IdentityId=guest,
    )
    refused(
        "a token of an unknown identity",
        "ResourceNotFoundException",
        identity_not_found(UNKNOWN_IDENTITY),
        call,
        IdentityId=UNKNOWN_IDENTITY,
    )
    refused(
        "logins and an identity that are none, all failures at once",
        "ValidationException",
        invalid(
            "Value '' at 'identityId' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1",
            "Value '' at 'identityId' failed to satisfy constraint: Member must satisfy regular "
            r"expression pattern: [\w-]+:[0-9a-f-]+",
        ),
        scene.unchecked_public.get_open_id_token,
        IdentityId="",
    )
    classic_flow(scene)


def classic_flow(scene):
    public = scene.public
    settings = {"IdentityPoolName": "flow", "AllowUnauthenticatedIdentities": True}
    pool = scene.new_pool("flow", guests=True, DeveloperProviderName=DEVELOPER)
    guest = public.get_id(IdentityPoolId=pool)["IdentityId"]
    for allowed in (None, True, False):
        if allowed is not None:
            settings["AllowClassicFlow"] = allowed
        scene.aws.update_identity_pool(IdentityPoolId=pool, **settings)
        if allowed is False:
            refused(
                "a token when the pool forbids the classic flow",
                "InvalidParameterException",
                "Basic (classic) flow is not enabled, please use enhanced flow.",
                public.get_open_id_token,
                IdentityId=guest,
            )
        else:
            answer = public.get_open_id_token(IdentityId=guest)
            said = "allows" if allowed else "says nothing of"
            true(f"a token when the pool {said} the classic flow", answer["Token"])
    true("a backend gets one all the same", scene.developer_token(pool, "alice")["Token"])
    settings.update({"AllowUnauthenticatedIdentities": False, "AllowClassicFlow": True})
    scene.aws.update_identity_pool(IdentityPoolId=pool, **settings)
    refused(
        "a guest of a pool that has none any more",
        "NotAuthorizedException",
        NO_GUESTS,
        public.get_open_id_token,
        IdentityId=guest,
    )
