"""Unlinking: a user removes a login from the identity, without credentials."""

from check import equal, invalid, members, refused, true
from scene import (
    APPLE,
    COGNITO,
    DEVELOPER,
    GOOGLE,
    UNKNOWN_IDENTITY,
    identity_not_found,
    public_providers,
)


def tell(scene):
    aws, public = scene.aws, scene.public
    pool = scene.new_pool(
        "unlink", DeveloperProviderName=DEVELOPER, **public_providers(scene.issuers)
    )
    google, apple = scene.login(GOOGLE), scene.login(APPLE)

    def identity(logins):
        return public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]

    ann = identity(google | apple)
    good = {"IdentityId": ann, "Logins": google, "LoginsToRemove": [GOOGLE]}
    for what, code, message, changes in [
        (
            "without a login of the identity",
            "NotAuthorizedException",
            "Logins don't match. Please include at least one valid login for this identity or "
            "identity pool.",
            {"Logins": scene.login(GOOGLE, "ben")},
        ),
        (
            "with a login for another application",
            "NotAuthorizedException",
            "Token is not from a supported provider of this identity pool.",
            {"Logins": scene.login(GOOGLE, aud="other")},
        ),
        (
            "from an unknown identity",
            "ResourceNotFoundException",
            identity_not_found(UNKNOWN_IDENTITY),
            {"IdentityId": UNKNOWN_IDENTITY},
        ),
        (
            "of a developer user",
            "InvalidParameterException",
            "Please provide a valid public provider",
            {"LoginsToRemove": [DEVELOPER]},
        ),
    ]:
        refused(f"unlinking {what}", code, message, public.unlink_identity, **good | changes)
    refused(
        "unlinking without its members",
        "ValidationException",
        invalid(
            *(
                f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
                for name in ("logins", "identityId", "loginsToRemove")
            )
        ),
        scene.unchecked_public.unlink_identity,
    )
    equal("a refused call unlinks nothing", identity(google), ann)

    equal("a login is unlinked", members(public.unlink_identity(**good)), {})
    logins = members(aws.describe_identity(IdentityId=ann))["Logins"]
    equal("the other one is left", logins, [APPLE])
    other = identity(google)
    true("the login makes a new identity when it is seen again", other != ann)
    public.unlink_identity(IdentityId=ann, Logins=apple, LoginsToRemove=[GOOGLE])
    equal("a login that is not there is passed over", identity(apple), ann)

    public.unlink_identity(IdentityId=ann, Logins=apple, LoginsToRemove=[APPLE])
    described = members(aws.describe_identity(IdentityId=ann))
    equal("an identity that lost its last login is disabled", described["Logins"], ["DISABLED"])
    refused(
        "and is no guest's",
        "NotAuthorizedException",
        f"Access to Identity '{ann}' is forbidden.",
        public.get_open_id_token,
        IdentityId=ann,
    )

    token = aws.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, IdentityId=other, Logins={DEVELOPER: "ann"}
    )["Token"]
    public.unlink_identity(IdentityId=other, Logins={COGNITO: token}, LoginsToRemove=[GOOGLE])
    logins = members(aws.describe_identity(IdentityId=other))["Logins"]
    equal("a token of the server opens the identity, too", logins, [DEVELOPER])
